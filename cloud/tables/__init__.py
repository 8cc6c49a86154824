"""The SQL of the ledger, one file a noun. Every function runs inside a transaction of the ledger."""
