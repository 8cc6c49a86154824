"""The data each box has used this month, and what it may use."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """None, until a box has spoken."""
    op.add_column("boxes", sa.Column("data_used_mb", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("boxes", sa.Column("data_budget_mb", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("boxes", sa.Column("is_sparing", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Every box says it again, to whoever knows how to listen."""
    for name in ("is_sparing", "data_budget_mb", "data_used_mb"):
        op.drop_column("boxes", name)
