"""How the ledger's tables came to be: one Alembic migration a change, run when a ledger is opened."""
