"""What boxes are to run, and what they say to it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Nothing was pushed before."""
    op.create_table(
        "desired",
        sa.Column("box", sa.Text, nullable=False),
        sa.Column("counter", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("expires_ns", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("box", "counter", name="pk_desired"),
    )
    op.create_table(
        "reported",
        sa.Column("box", sa.Text, nullable=False),
        sa.Column("known_ns", sa.BigInteger, nullable=False),
        sa.Column("counter", sa.BigInteger, nullable=False),
        sa.Column("config_version", sa.Text, nullable=False),
        sa.Column("is_trial", sa.Boolean, nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("refusal", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("box", name="pk_reported"),
    )


def downgrade() -> None:
    """Boxes run on as they are, and say it again to whoever knows how to listen."""
    op.drop_table("reported")
    op.drop_table("desired")
