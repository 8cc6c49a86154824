"""Tables of what comes and goes: watermarks, gaps and backfills of spools, boxes, leases, the event log, the outbox."""

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, Integer, Table, Text

from cloud.schema.base import RowId, metadata

watermarks = Table(
    "watermarks",
    metadata,
    Column("box", Text, primary_key=True),
    Column("spool_id", Text, primary_key=True),
    Column("lane", Text, primary_key=True),
    Column("stored_through", BigInteger, nullable=False),
)

gaps = Table(
    "gaps",
    metadata,
    Column("box", Text, primary_key=True),
    Column("spool_id", Text, primary_key=True),
    Column("first_sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("last_sequence", BigInteger, nullable=False),
    Column("first_ns", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("sensors", Text, nullable=False),
    Column("known_ns", BigInteger, nullable=False),
    Index("ix_gaps_box_known_ns", "box", "known_ns"),
    Index("ix_gaps_known_ns", "known_ns"),
)

kept = Table(
    "kept",
    metadata,
    Column("box", Text, primary_key=True),
    Column("spool_id", Text, nullable=False),
    Column("readings_from", BigInteger, nullable=False),
    Column("readings_since_ns", BigInteger, nullable=False),
    Column("known_ns", BigInteger, nullable=False),
)

backfills = Table(
    "backfills",
    metadata,
    Column("id", Text, primary_key=True),
    Column("box", Text, nullable=False),
    Column("spool_id", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("through", BigInteger, nullable=False),
    Column("since_ns", BigInteger, nullable=False),
    Column("reached", BigInteger, nullable=False),
    Column("missing", BigInteger, nullable=False),
    Column("found_ns", BigInteger, nullable=False),
    Column("asked_ns", BigInteger),  # None: nobody has asked for it
    Column("ended_ns", BigInteger),  # None: not all of it is answered
    Index("ix_backfills_box_found_ns", "box", "found_ns"),
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
    Column("clock_off_s", BigInteger, nullable=False, server_default="0"),
    Column("clock", Text),
    Column("data_used_mb", BigInteger, nullable=False, server_default="0"),
    Column("data_budget_mb", BigInteger, nullable=False, server_default="0"),
    Column("is_sparing", Boolean, nullable=False, server_default="0"),
)

leases = Table(
    "leases",
    metadata,
    Column("lane", Text, primary_key=True),
    Column("of", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("holder", Text, nullable=False),  # empty: nobody
    Column("term", BigInteger, nullable=False),
    Column("beat", BigInteger, nullable=False),
    Column("is_wanted", Boolean, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", RowId, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    sqlite_autoincrement=True,  # an id is never given twice, even when the newest rows are gone
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", RowId, Identity(), primary_key=True),
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
