"""What all tables share: their registry, how constraints are named, and the revision they have."""

from sqlalchemy import BigInteger, Integer, MetaData

REVISION = "0017"
"""The migration that leads to these tables."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
RowId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts rows by itself only in a column it calls INTEGER, which has 64 bits there."""
