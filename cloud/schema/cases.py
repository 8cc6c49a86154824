"""Tables of cases: the cases, their members, logs, photos, and what other systems call them."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Identity, Index, Integer, Table, Text, text

from cloud.cases.tally import FIGURES
from cloud.schema.base import RowId, metadata

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
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("code_class", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("related", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("sensor", Text, nullable=False),
    Column("alarm", Text, nullable=False),
    Column("district", Text, nullable=False),
    Column("street", Text, nullable=False),
    Column("longitude", Float),
    Column("latitude", Float),
    Column("unit", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("dispatched_to", Text, nullable=False),
    Column("members", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("mode", Text, nullable=False),
    Column("is_drill", Boolean, nullable=False),
    Column("opened_ns", BigInteger, nullable=False),
    Column("filed_ns", BigInteger),
    Column("dispatched_ns", BigInteger),
    Column("asked_ns", BigInteger),
    Column("accepted_ns", BigInteger),
    Column("arrived_ns", BigInteger),
    Column("fed_back_ns", BigInteger),
    Column("closed_ns", BigInteger),
    Column("stage_ns", BigInteger, nullable=False),
    Column("dispatch_due_ns", BigInteger),
    Column("accept_due_ns", BigInteger),
    Column("verify_due_ns", BigInteger),
    Column("due_ns", BigInteger),
    Column("climbed", Integer, nullable=False),
    Column("climb_ns", BigInteger),
    Column("overdue_ns", BigInteger),
    Column("suspended_ns", BigInteger),
    Column("suspended_for_ns", BigInteger, nullable=False),
    Column("reworked", Integer, nullable=False),
    Column("extended", Integer, nullable=False),
    Column("evidence", Text, nullable=False),
)
is_open = cases.c.closed_ns.is_(None)


def _open_index(*names: str) -> None:
    """An index over open cases only: they are few, however old the ledger is."""
    columns = [cases.c[name] for name in names]
    Index(f"ix_cases_open_{'_'.join(names)}", *columns, sqlite_where=is_open, postgresql_where=is_open)


Index("ix_cases_street_code_number", cases.c.street, cases.c.code_class, cases.c.code, cases.c.number)
_open_index("number")
_open_index("district", "code_class", "code")
_open_index("climb_ns")
_open_index("overdue_ns")
for _name in (
    *("stage", "level", "kind", "outcome", "site", "district", "street", "unit", "person", "code"),
    *("source", "related"),
):
    Index(f"ix_cases_{_name}_number", cases.c[_name], cases.c.number)
Index("ix_cases_closed_ns_number", cases.c.closed_ns, cases.c.number)
Index("ix_cases_due_ns_number", cases.c.due_ns, cases.c.number)
# Of the few cases that some figures of the assessment count; `cloud.tables.evaluation` asks in these words, and
# chooses among them by these columns.
_CHOSEN = [cases.c[_name] for _name in ("number", "code_class", "code", "unit", "district", "street", "level")]
for _name, _words in (
    ("sent_back", "reworked > 0"),
    ("extended", "extended > 0"),
    ("suspended", "suspended_ns IS NOT NULL"),
    ("false", "outcome IN ('', 'false_alarm', 'nothing_found')"),
):
    Index(f"ix_cases_{_name}", *_CHOSEN, sqlite_where=text(_words), postgresql_where=text(_words))

case_members = Table(
    "case_members",
    metadata,
    Column("case", Text, ForeignKey("cases.number"), primary_key=True),
    Column("member", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("sensor", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("joined_ns", BigInteger, nullable=False),
    Column("until_ns", BigInteger),  # None while the case is open and this is a part of it
    Column("done_ns", BigInteger),
    Column("done_by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("is_alarm", Boolean, nullable=False),
)
_is_open_alarm = case_members.c.until_ns.is_(None) & case_members.c.is_alarm
# One alarm has at most one open case: the second belt under `cloud.cases.docket.Docket`.
Index(
    "uq_case_members_open_alarm",
    case_members.c.member,
    unique=True,
    sqlite_where=_is_open_alarm,
    postgresql_where=_is_open_alarm,
)

case_log = Table(
    "case_log",
    metadata,
    Column("id", RowId, Identity(), primary_key=True),
    Column("case", Text, ForeignKey("cases.number"), nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("photos", Text, nullable=False),  # JSON list of hashes
    Index("ix_case_log_case_id", "case", "id"),
)

case_photos = Table(
    "case_photos",
    metadata,
    Column("case", Text, ForeignKey("cases.number"), primary_key=True),
    Column("hash", Text, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("taken_ns", BigInteger),
    Column("longitude", Float),
    Column("latitude", Float),
    Column("added_ns", BigInteger, nullable=False),
    Column("added_by", Text, nullable=False),
)

case_refs = Table(
    "case_refs",
    metadata,
    # What another system calls a case, and how it stands there.
    Column("system", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("case", Text, ForeignKey("cases.number"), nullable=False, index=True),
    Column("number", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("is_returned", Boolean, nullable=False),
    Column("stage", Text, nullable=False),  # what their state is here, or empty
)

case_tallies = Table(
    "case_tallies",
    metadata,
    # Sums over cases, kept in the transaction that changes a case: `cloud/cases/tally.py`.
    Column("grain", Text, primary_key=True),  # day, month or year, in China
    Column("period", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("district", Text, primary_key=True),
    Column("street", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("level", Text, primary_key=True),
    *(Column(figure, BigInteger, nullable=False) for figure in FIGURES),
    sqlite_with_rowid=False,  # the key is most of a row
)
