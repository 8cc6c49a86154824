"""How far the clock of each box is off."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Taken for right until a box has spoken."""
    op.add_column("boxes", sa.Column("clock_off_s", sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    """Every box says it again, to whoever knows how to listen."""
    op.drop_column("boxes", "clock_off_s")
