"""How sure each box is of its clock."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Boxes of before never said."""
    op.add_column("boxes", sa.Column("clock", sa.Text))


def downgrade() -> None:
    """Every box says it again, to whoever knows how to listen."""
    op.drop_column("boxes", "clock")
