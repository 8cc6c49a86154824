"""Gaps: what boxes had to let go, as they say it themselves."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Boxes of before never said any."""
    op.create_table(
        "gaps",
        sa.Column("box", sa.Text, nullable=False),
        sa.Column("spool_id", sa.Text, nullable=False),
        sa.Column("first_sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.Column("first_ns", sa.BigInteger, nullable=False),
        sa.Column("last_ns", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("sensors", sa.Text, nullable=False),
        sa.Column("known_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("box", "spool_id", "first_sequence", name="pk_gaps"),
    )
    op.create_index("ix_gaps_box_known_ns", "gaps", ["box", "known_ns"])
    op.create_index("ix_gaps_known_ns", "gaps", ["known_ns"])


def downgrade() -> None:
    """Watermarks stand beyond the gaps: boxes send nothing of them again."""
    op.drop_table("gaps")
