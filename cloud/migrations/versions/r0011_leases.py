"""Leases: which process does a lane's work for a share of the boxes."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Nobody holds any yet: the first cloud that starts takes them."""
    op.create_table(
        "leases",
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("of", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("term", sa.BigInteger, nullable=False),
        sa.Column("beat", sa.BigInteger, nullable=False),
        sa.Column("is_wanted", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("lane", "of", "number", name="pk_leases"),
    )


def downgrade() -> None:
    """A cloud of before runs alone."""
    op.drop_table("leases")
