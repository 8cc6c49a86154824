"""What boxes keep of what they have a receipt for, and what is missing here that they may send again."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Nothing is known to be missing."""
    op.create_table(
        "kept",
        sa.Column("box", sa.Text, nullable=False),
        sa.Column("spool_id", sa.Text, nullable=False),
        sa.Column("readings_from", sa.BigInteger, nullable=False),
        sa.Column("readings_since_ns", sa.BigInteger, nullable=False),
        sa.Column("known_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("box", name="pk_kept"),
    )
    op.create_table(
        "backfills",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("box", sa.Text, nullable=False),
        sa.Column("spool_id", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("through", sa.BigInteger, nullable=False),
        sa.Column("since_ns", sa.BigInteger, nullable=False),
        sa.Column("reached", sa.BigInteger, nullable=False),
        sa.Column("missing", sa.BigInteger, nullable=False),
        sa.Column("found_ns", sa.BigInteger, nullable=False),
        sa.Column("asked_ns", sa.BigInteger),
        sa.Column("ended_ns", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_backfills"),
    )
    op.create_index("ix_backfills_box_found_ns", "backfills", ["box", "found_ns"])


def downgrade() -> None:
    """Boxes forget by themselves what they keep."""
    op.drop_table("backfills")
    op.drop_table("kept")
