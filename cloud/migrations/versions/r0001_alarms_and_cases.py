"""The first tables: watermarks, boxes, alarms, cases, the event log, the outbox."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """From nothing."""
    _watermarks_and_boxes()
    _alarms()
    _cases()
    _events_and_outbox()


def downgrade() -> None:
    """To nothing; whatever the ledger holds is lost."""
    for table in (
        "outbox",
        "events",
        "case_log",
        "cases",
        "case_days",
        "alarm_events",
        "alarms",
        "boxes",
        "watermarks",
    ):
        op.drop_table(table)


def _watermarks_and_boxes() -> None:
    op.create_table(
        "watermarks",
        sa.Column("box", sa.Text, nullable=False),
        sa.Column("spool_id", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("stored_through", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("box", "spool_id", "lane", name="pk_watermarks"),
    )
    op.create_table(
        "boxes",
        sa.Column("box", sa.Text, nullable=False),
        sa.Column("online", sa.Boolean, nullable=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("boot", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("spool_id", sa.Text, nullable=False),
        sa.Column("waiting", sa.BigInteger, nullable=False),
        sa.Column("config_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("box", name="pk_boxes"),
    )


def _alarms() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("sensor", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("quantity", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("since_ns", sa.BigInteger, nullable=False),
        sa.Column("changed_ns", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("limit", sa.Float),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("case", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alarms"),
    )
    op.create_index("ix_alarms_state", "alarms", ["state"])
    op.create_table(
        "alarm_events",
        sa.Column("box", sa.Text, nullable=False),
        sa.Column("spool_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("alarm", sa.Text, nullable=False),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("limit", sa.Float),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("taken_ns", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("config_version", sa.Text, nullable=False),
        sa.Column("case", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("box", "spool_id", "sequence", name="pk_alarm_events"),
    )
    op.create_index("ix_alarm_events_alarm_time_ns", "alarm_events", ["alarm", "time_ns"])


def _cases() -> None:
    op.create_table(
        "case_days",
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("cases", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_case_days"),
    )
    op.create_table(
        "cases",
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("sensor", sa.Text, nullable=False),
        sa.Column("alarm", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("title_en", sa.Text, nullable=False),
        sa.Column("longitude", sa.Float),
        sa.Column("latitude", sa.Float),
        sa.Column("opened_ns", sa.BigInteger, nullable=False),
        sa.Column("closed_ns", sa.BigInteger),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_cases"),
    )
    is_open = sa.text("closed_ns IS NULL")
    op.create_index(
        "uq_cases_open_alarm", "cases", ["alarm"], unique=True, sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_table(
        "case_log",
        sa.Column("id", _RowId, sa.Identity(), nullable=False),
        sa.Column("case", sa.Text, nullable=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_log"),
        sa.ForeignKeyConstraint(["case"], ["cases.number"], name="fk_case_log_case"),
    )
    op.create_index("ix_case_log_case_id", "case_log", ["case", "id"])


def _events_and_outbox() -> None:
    op.create_table(
        "events",
        sa.Column("id", _RowId, sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "outbox",
        sa.Column("id", _RowId, sa.Identity(), nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("notice", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_ns", sa.BigInteger),
        sa.Column("error", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_target_due_ns", "outbox", ["target", "due_ns"])
