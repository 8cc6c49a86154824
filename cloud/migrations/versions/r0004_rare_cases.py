"""Indexes of the few cases that some figures count hold what such cases are chosen by."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_RARE = {
    "sent_back": "reworked > 0",
    "extended": "extended > 0",
    "suspended": "suspended_ns IS NOT NULL",
    "false": "outcome IN ('', 'false_alarm', 'nothing_found')",
}


def upgrade() -> None:
    """Without them each of those cases is looked up to see whose it is."""
    _make(["number", "code_class", "code", "unit", "district", "street", "level"])


def downgrade() -> None:
    """By their numbers alone."""
    _make(["number"])


def _make(columns: list[str]) -> None:
    for name, words in _RARE.items():
        where = sa.text(words)
        op.drop_index(f"ix_cases_{name}", "cases")
        op.create_index(f"ix_cases_{name}", "cases", columns, sqlite_where=where, postgresql_where=where)
