"""The ledger's tables. A change here goes together with a migration in `cloud/migrations/versions/`.

Times are UTC in whole nanoseconds. Nothing here is of one database only.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Identity, Index, Integer, MetaData, Table, Text

REVISION = "0001"
"""The migration that leads to these tables."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_RowId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts rows by itself only in a column it calls INTEGER, which has 64 bits there."""

watermarks = Table(
    "watermarks",
    metadata,
    Column("box", Text, primary_key=True),
    Column("spool_id", Text, primary_key=True),
    Column("lane", Text, primary_key=True),
    Column("stored_through", BigInteger, nullable=False),
)

boxes = Table(
    "boxes",
    metadata,
    Column("box", Text, primary_key=True),
    Column("online", Boolean, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("boot", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("spool_id", Text, nullable=False),
    Column("waiting", BigInteger, nullable=False),
    Column("config_version", Text, nullable=False),
)

alarms = Table(
    "alarms",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("sensor", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("quantity", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("since_ns", BigInteger, nullable=False),
    Column("changed_ns", BigInteger, nullable=False),
    Column("value", Float),
    Column("limit", Float),
    Column("reason", Text, nullable=False),
    Column("case", Text, nullable=False),
)

alarm_events = Table(
    "alarm_events",
    metadata,
    # An event is one of one box's spool: taking it twice is an error of the database, too.
    Column("box", Text, primary_key=True),
    Column("spool_id", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("alarm", Text, nullable=False),
    Column("change", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("value", Float),
    Column("limit", Float),
    Column("time_ns", BigInteger, nullable=False),
    Column("taken_ns", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("config_version", Text, nullable=False),
    Column("case", Text, nullable=False),
    Index("ix_alarm_events_alarm_time_ns", "alarm", "time_ns"),
)

case_days = Table(
    "case_days",
    metadata,
    Column("day", Text, primary_key=True),
    Column("cases", Integer, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("number", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("sensor", Text, nullable=False),
    Column("alarm", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("longitude", Float),
    Column("latitude", Float),
    Column("opened_ns", BigInteger, nullable=False),
    Column("closed_ns", BigInteger),
    Column("evidence", Text, nullable=False),
)
_is_open = cases.c.closed_ns.is_(None)
# One alarm has at most one open case: the second belt under `cloud.docket.Docket`.
Index("uq_cases_open_alarm", cases.c.alarm, unique=True, sqlite_where=_is_open, postgresql_where=_is_open)

case_log = Table(
    "case_log",
    metadata,
    Column("id", _RowId, Identity(), primary_key=True),
    Column("case", Text, ForeignKey("cases.number"), nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("note", Text, nullable=False),
    Index("ix_case_log_case_id", "case", "id"),
)

events = Table(
    "events",
    metadata,
    Column("id", _RowId, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    sqlite_autoincrement=True,  # an id is never given twice, even when the newest rows are gone
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _RowId, Identity(), primary_key=True),
    Column("target", Text, nullable=False),
    Column("notice", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_ns", BigInteger),  # None: given up, kept as a dead letter
    Column("error", Text, nullable=False),
    Index("ix_outbox_target_due_ns", "target", "due_ns"),
    sqlite_autoincrement=True,
)
