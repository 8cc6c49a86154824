"""Cases in full: stages with their times, members, photos, other systems' numbers; alarms that are held.

A case of before becomes one that its alarm is the only member of; what was filed then stays filed.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")

_OPEN = sa.text("closed_ns IS NULL")
_NOT_OF_BEFORE = "alarm = '' OR kind <> 'event_part'"
_OPEN_ALARM = sa.text("until_ns IS NULL AND is_alarm")
_INDEXES = {
    "ix_cases_closed_ns_number": ["closed_ns", "number"],
    "ix_cases_code_number": ["code", "number"],
    "ix_cases_district_number": ["district", "number"],
    "ix_cases_due_ns_number": ["due_ns", "number"],
    "ix_cases_kind_number": ["kind", "number"],
    "ix_cases_level_number": ["level", "number"],
    "ix_cases_outcome_number": ["outcome", "number"],
    "ix_cases_person_number": ["person", "number"],
    "ix_cases_related_number": ["related", "number"],
    "ix_cases_site_number": ["site", "number"],
    "ix_cases_source_number": ["source", "number"],
    "ix_cases_stage_number": ["stage", "number"],
    "ix_cases_street_code_number": ["street", "code_class", "code", "number"],
    "ix_cases_street_number": ["street", "number"],
    "ix_cases_unit_number": ["unit", "number"],
}
_INDEXES_OF_FEW = {
    "ix_cases_extended": "extended > 0",
    "ix_cases_false": "outcome IN ('', 'false_alarm', 'nothing_found')",
    "ix_cases_sent_back": "reworked > 0",
    "ix_cases_suspended": "suspended_ns IS NOT NULL",
}
_INDEXES_OF_OPEN = {
    "ix_cases_open_climb_ns": ["climb_ns"],
    "ix_cases_open_district_code_class_code": ["district", "code_class", "code"],
    "ix_cases_open_number": ["number"],
    "ix_cases_open_overdue_ns": ["overdue_ns"],
}


def upgrade() -> None:
    """Every alarm and case stays, and gets what can be known of it."""
    _new_columns()
    _new_tables_of_cases()
    _new_tables_of_alarms()
    _carry_over()
    _count_raised()


def downgrade() -> None:
    """Stages, members and photos are lost, and cases that no alarm opened; an open case keeps its first alarm."""
    op.execute("UPDATE cases SET stage = CASE WHEN closed_ns IS NULL THEN 'filed' ELSE 'closed' END")
    op.execute("UPDATE case_log SET stage = 'filed' WHERE stage <> 'closed'")
    op.execute(f'DELETE FROM case_log WHERE "case" IN (SELECT number FROM cases WHERE {_NOT_OF_BEFORE})')  # noqa: S608
    for table in ("case_members", "case_photos", "case_refs", "alarm_tallies", "alarm_days"):
        op.drop_table(table)
    op.execute(f"DELETE FROM cases WHERE {_NOT_OF_BEFORE}")  # noqa: S608 - a constant
    # Of several open cases that one alarm opened, only the newest can go on listening to it.
    op.execute(
        "UPDATE cases SET alarm = alarm || '#' || number WHERE closed_ns IS NULL AND number < "
        "(SELECT max(newer.number) FROM cases AS newer WHERE newer.alarm = cases.alarm AND newer.closed_ns IS NULL)"
    )
    op.execute(
        "UPDATE alarms SET state = CASE WHEN is_active THEN 'unacknowledged' ELSE 'normal' END "
        "WHERE state IN ('shelved', 'suppressed', 'out_of_service')"
    )
    op.drop_index("ix_alarm_events_time_ns", "alarm_events")
    op.drop_index("ix_alarms_shelved_until_ns", "alarms")
    for name in (*_INDEXES, *_INDEXES_OF_FEW, *_INDEXES_OF_OPEN):
        op.drop_index(name, "cases")
    for table, columns in (("alarms", _alarm_columns()), ("cases", _case_columns()), ("case_log", _log_columns())):
        for column in columns:
            op.drop_column(table, column.name)
    op.create_index("uq_cases_open_alarm", "cases", ["alarm"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)


def _new_columns() -> None:
    op.drop_index("uq_cases_open_alarm", "cases")
    for table, columns in (("alarms", _alarm_columns()), ("cases", _case_columns()), ("case_log", _log_columns())):
        for column in columns:
            op.add_column(table, column)
    op.create_index("ix_alarm_events_time_ns", "alarm_events", ["time_ns"])
    op.create_index("ix_alarms_shelved_until_ns", "alarms", ["shelved_until_ns"])
    for name, names in _INDEXES.items():
        op.create_index(name, "cases", names)
    for name, words in _INDEXES_OF_FEW.items():
        op.create_index(name, "cases", ["number"], sqlite_where=sa.text(words), postgresql_where=sa.text(words))
    for name, names in _INDEXES_OF_OPEN.items():
        op.create_index(name, "cases", names, sqlite_where=_OPEN, postgresql_where=_OPEN)


def _carry_over() -> None:
    op.execute("UPDATE alarms SET is_active = true WHERE state IN ('unacknowledged', 'acknowledged')")
    op.execute(
        "UPDATE cases SET version = 1, source = 'sensor', members = 1, filed_ns = opened_ns, "
        "stage_ns = COALESCE(closed_ns, opened_ns), "
        "code_class = CASE WHEN code IN ('0390', '0290') THEN 'part' ELSE 'event' END, "
        "outcome = CASE WHEN closed_ns IS NULL THEN '' ELSE 'handled' END"
    )
    # Code 0590 is a gas leak (event) or sensor maintenance (part); a sensor at fault has the rule `fault`.
    op.execute("UPDATE cases SET code_class = 'part' WHERE code = '0590' AND alarm LIKE '%/fault'")
    op.execute(
        'INSERT INTO case_members ("case", member, site, sensor, level, joined_ns, until_ns, done_by, note, is_alarm) '
        "SELECT number, alarm, site, sensor, level, opened_ns, closed_ns, '', '', true FROM cases"
    )


def _count_raised() -> None:
    """How often each alarm was raised, in which ten minutes, and on which day in China (UTC+8)."""
    op.execute(
        "UPDATE alarms SET raised = (SELECT count(*) FROM alarm_events "
        "WHERE alarm_events.alarm = alarms.id AND alarm_events.change = 'raised')"
    )
    op.execute(
        "INSERT INTO alarm_tallies (start_ns, district, level, raised) "
        "SELECT time_ns - time_ns % 600000000000 AS start_ns, '', level, count(*) "
        "FROM alarm_events WHERE change = 'raised' GROUP BY 1, 3"
    )
    connection = op.get_bind()
    counted = connection.execute(
        sa.text(
            "SELECT (time_ns + 28800000000000) / 86400000000000 AS day, alarm, count(*) AS raised "
            "FROM alarm_events WHERE change = 'raised' GROUP BY 1, 2"
        )
    )
    epoch = date(1970, 1, 1)
    rows = [
        {"day": f"{epoch + timedelta(days=row.day):%Y%m%d}", "alarm": row.alarm, "raised": row.raised}
        for row in counted
    ]
    if rows:
        into = sa.text("INSERT INTO alarm_days (day, alarm, district, raised) VALUES (:day, :alarm, '', :raised)")
        connection.execute(into, rows)


def _alarm_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("district", sa.Text, nullable=False, server_default=""),
        sa.Column("box", sa.Text, nullable=False, server_default=""),
        sa.Column("raised", sa.Integer, nullable=False, server_default="0"),
        sa.Column("acted_by", sa.Text, nullable=False, server_default=""),
        sa.Column("acted_ns", sa.BigInteger),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("shelved_until_ns", sa.BigInteger),
        sa.Column("shelved_level", sa.Text, nullable=False, server_default=""),
    ]


def _log_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("act", sa.Text, nullable=False, server_default=""),
        sa.Column("photos", sa.Text, nullable=False, server_default="[]"),
    ]


def _case_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("code_class", sa.Text, nullable=False, server_default=""),
        sa.Column("outcome", sa.Text, nullable=False, server_default=""),
        sa.Column("source", sa.Text, nullable=False, server_default=""),
        sa.Column("related", sa.Text, nullable=False, server_default=""),
        sa.Column("district", sa.Text, nullable=False, server_default=""),
        sa.Column("street", sa.Text, nullable=False, server_default=""),
        sa.Column("unit", sa.Text, nullable=False, server_default=""),
        sa.Column("person", sa.Text, nullable=False, server_default=""),
        sa.Column("members", sa.Integer, nullable=False, server_default="0"),
        sa.Column("done", sa.Integer, nullable=False, server_default="0"),
        sa.Column("mode", sa.Text, nullable=False, server_default=""),
        sa.Column("is_drill", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("filed_ns", sa.BigInteger),
        sa.Column("dispatched_ns", sa.BigInteger),
        sa.Column("accepted_ns", sa.BigInteger),
        sa.Column("arrived_ns", sa.BigInteger),
        sa.Column("fed_back_ns", sa.BigInteger),
        sa.Column("stage_ns", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("dispatch_due_ns", sa.BigInteger),
        sa.Column("accept_due_ns", sa.BigInteger),
        sa.Column("verify_due_ns", sa.BigInteger),
        sa.Column("due_ns", sa.BigInteger),
        sa.Column("climbed", sa.Integer, nullable=False, server_default="0"),
        sa.Column("climb_ns", sa.BigInteger),
        sa.Column("overdue_ns", sa.BigInteger),
        sa.Column("suspended_ns", sa.BigInteger),
        sa.Column("suspended_for_ns", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("reworked", sa.Integer, nullable=False, server_default="0"),
        sa.Column("extended", sa.Integer, nullable=False, server_default="0"),
    ]


def _new_tables_of_cases() -> None:
    op.create_table(
        "case_members",
        sa.Column("case", sa.Text, nullable=False),
        sa.Column("member", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("sensor", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("joined_ns", sa.BigInteger, nullable=False),
        sa.Column("until_ns", sa.BigInteger),
        sa.Column("done_ns", sa.BigInteger),
        sa.Column("done_by", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("is_alarm", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("case", "member", name="pk_case_members"),
        sa.ForeignKeyConstraint(["case"], ["cases.number"], name="fk_case_members_case"),
    )
    op.create_index(
        "uq_case_members_open_alarm",
        "case_members",
        ["member"],
        unique=True,
        sqlite_where=_OPEN_ALARM,
        postgresql_where=_OPEN_ALARM,
    )
    op.create_table(
        "case_photos",
        sa.Column("case", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("taken_ns", sa.BigInteger),
        sa.Column("longitude", sa.Float),
        sa.Column("latitude", sa.Float),
        sa.Column("added_ns", sa.BigInteger, nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("case", "hash", name="pk_case_photos"),
        sa.ForeignKeyConstraint(["case"], ["cases.number"], name="fk_case_photos_case"),
    )
    op.create_table(
        "case_refs",
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("case", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("is_returned", sa.Boolean, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("system", "key", name="pk_case_refs"),
        sa.ForeignKeyConstraint(["case"], ["cases.number"], name="fk_case_refs_case"),
    )
    op.create_index("ix_case_refs_case", "case_refs", ["case"])


def _new_tables_of_alarms() -> None:
    op.create_table(
        "alarm_tallies",
        sa.Column("start_ns", sa.BigInteger, nullable=False),
        sa.Column("district", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("raised", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("start_ns", "district", "level", name="pk_alarm_tallies"),
    )
    op.create_table(
        "alarm_days",
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("alarm", sa.Text, nullable=False),
        sa.Column("district", sa.Text, nullable=False),
        sa.Column("raised", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("day", "alarm", name="pk_alarm_days"),
    )
