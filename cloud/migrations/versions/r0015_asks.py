"""What people ask of boxes and what the boxes answer; the modes that boxes may be put into, and the one they are in."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Nobody has asked anything before."""
    op.create_table(
        "asks",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("box", sa.Text, nullable=False),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("lines", sa.Integer, nullable=False),
        sa.Column("since_s", sa.Float, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("asked_ns", sa.BigInteger, nullable=False),
        sa.Column("expires_ns", sa.BigInteger, nullable=False),
        sa.Column("answered_ns", sa.BigInteger, nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_asks"),
    )
    op.create_index("ix_asks_box_asked_ns", "asks", ["box", "asked_ns"])
    op.add_column("reported", sa.Column("modes", sa.Text, nullable=False, server_default="[]"))
    op.add_column("reported", sa.Column("mode", sa.Text, nullable=False, server_default=""))
    op.add_column("reported", sa.Column("mode_ends_ns", sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    """Whoever waits for an answer asks again."""
    for name in ("mode_ends_ns", "mode", "modes"):
        op.drop_column("reported", name)
    op.drop_table("asks")
