"""Tables of alarms: how each stands, every event, and how many were raised when."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text

from cloud.schema.base import metadata

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
    Column("is_active", Boolean, nullable=False),
    Column("district", Text, nullable=False),
    Column("box", Text, nullable=False),
    Column("raised", Integer, nullable=False),
    Column("acted_by", Text, nullable=False),
    Column("acted_ns", BigInteger),
    Column("note", Text, nullable=False),
    Column("shelved_until_ns", BigInteger, index=True),
    Column("shelved_level", Text, nullable=False),
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
    Index("ix_alarm_events_time_ns", "time_ns"),
)

alarm_causes = Table(
    "alarm_causes",
    metadata,
    # The event that gave an alarm its present level, as its box sent it (docs/wire.md).
    Column("alarm", Text, ForeignKey("alarms.id"), primary_key=True),
    Column("event", Text, nullable=False),
)

held_events = Table(
    "held_events",
    metadata,
    # Events of alarms that were shelved, suppressed or out of service then: they are few, and count nowhere.
    Column("box", Text, primary_key=True),
    Column("spool_id", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
)

alarm_tallies = Table(
    "alarm_tallies",
    metadata,
    # Alarms raised in ten minutes of a district, by the box's clock.
    Column("start_ns", BigInteger, primary_key=True),
    Column("district", Text, primary_key=True),
    Column("level", Text, primary_key=True),
    Column("raised", Integer, nullable=False),
)

alarm_days = Table(
    "alarm_days",
    metadata,
    # How often one alarm was raised on a day in China.
    Column("day", Text, primary_key=True),
    Column("alarm", Text, primary_key=True),
    Column("district", Text, nullable=False),
    Column("raised", Integer, nullable=False),
)
