"""What Alembic runs: the migrations, on the connection and in the transaction that the ledger gives it."""

from alembic import context

from cloud.schema.base import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
