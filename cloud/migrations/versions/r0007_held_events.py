"""Which events were of alarms that were held then."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Of events of before nobody knows it any more: they count as they did."""
    op.create_table(
        "held_events",
        sa.Column("box", sa.Text, nullable=False),
        sa.Column("spool_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("box", "spool_id", "sequence", name="pk_held_events"),
    )


def downgrade() -> None:
    """They count again."""
    op.drop_table("held_events")
