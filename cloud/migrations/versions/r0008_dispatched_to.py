"""To which unit a case was given, wherever it has climbed since, and when it was given to one last."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Of cases of before it is the unit that has them now; from where they climbed stands in their logs alone."""
    op.add_column("cases", sa.Column("dispatched_to", sa.Text, nullable=False, server_default=""))
    op.add_column("cases", sa.Column("asked_ns", sa.BigInteger))
    op.execute("UPDATE cases SET dispatched_to = unit WHERE closed_ns IS NULL AND dispatched_ns IS NOT NULL")


def downgrade() -> None:
    """A case that has climbed belongs to the unit that it climbed to; who was asked again was asked at first."""
    op.drop_column("cases", "asked_ns")
    op.drop_column("cases", "dispatched_to")
