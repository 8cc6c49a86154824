"""Commissionings that were handed over."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Nobody handed one over before."""
    op.create_table(
        "handovers",
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("sensor", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("photo", sa.Text, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("added_ns", sa.BigInteger, nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_handovers"),
    )
    op.create_index("ix_handovers_site_added_ns", "handovers", ["site", "added_ns"])


def downgrade() -> None:
    """The bundles can be handed over again."""
    op.drop_table("handovers")
