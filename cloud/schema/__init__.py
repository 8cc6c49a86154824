"""The ledger's tables, one file a noun. A change here goes together with a migration in `cloud/migrations/versions/`.

Times are UTC in whole nanoseconds. Nothing here is of one database only.
"""
