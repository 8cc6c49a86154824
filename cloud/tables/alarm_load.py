"""What was raised when, for the figures of `cloud.alarming.alarm_load`.

A long period is answered from the sums of ten minutes and of days; of single events no more than the
newest of a day are read, so that ten million of them cost nothing.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, select

from cloud.alarming.alarm_load import STANDING_NS, Period
from cloud.alarming.alarm_state import HELD, AlarmState
from cloud.city.day import day_of
from cloud.schema.alarms import alarm_days, alarm_events, alarm_tallies, alarms, held_events
from wire.alarm import TEST_RULE, Change, Level

DAY_NS = 24 * 3600 * 10**9
EVENTS_MOST = 2_000
"""Single events that one answer looks at."""
LISTED = 10


class Standing(msgspec.Struct, frozen=True):
    """An alarm that has been active for more than a day."""

    alarm: str
    level: Level
    state: AlarmState
    since_ns: int


class Raised(msgspec.Struct, frozen=True):
    """Alarms by the start of their ten minutes, and by level."""

    by_interval: dict[int, int]
    by_level: dict[Level, int]


class MostRaised(msgspec.Struct, frozen=True):
    """How often alarms were raised, of `total`, from start to end: whole days in China beyond 24 h."""

    times: dict[str, int]
    total: int
    start_ns: int
    end_ns: int


def raised(connection: Connection, asked: Period) -> Raised:
    """Intervals without an alarm are missing."""
    start_ns = alarm_tallies.c.start_ns
    here = and_(start_ns >= asked.start_ns, start_ns < asked.end_ns, _of(asked, alarm_tallies.c.district))
    of_levels = [
        func.sum(case((alarm_tallies.c.level == level.value, alarm_tallies.c.raised), else_=0)) for level in Level
    ]
    rows = connection.execute(select(start_ns, *of_levels).where(here).group_by(start_ns)).all()
    totals = zip(*(counts for _, *counts in rows), strict=True)
    by_level = {level: int(sum(counts)) for level, counts in zip(Level, totals, strict=False)}
    return Raised(
        {at_ns: int(sum(counts)) for at_ns, *counts in rows},
        {level: count for level, count in by_level.items() if count},
    )


def first_out(connection: Connection, asked: Period) -> str:
    """The alarm that was raised first; empty when there is none."""
    wanted = _events(asked).where(alarm_events.c.change == Change.RAISED.value)
    return connection.execute(wanted.order_by(alarm_events.c.time_ns).limit(1)).scalar() or ""


def most_raised(connection: Connection, asked: Period) -> MostRaised:
    """The ten alarms that were raised most."""
    if asked.end_ns - asked.start_ns <= DAY_NS:
        count = func.count().label("times")
        named = _events(asked).add_columns(count).where(alarm_events.c.change == Change.RAISED.value)
        return _top(connection, named.group_by(alarm_events.c.alarm), asked)
    count = func.sum(alarm_days.c.raised).label("times")
    days = alarm_days.c.day.between(day_of(asked.start_ns), day_of(asked.end_ns - 1))
    named = select(alarm_days.c.alarm, count).where(days, _of(asked, alarm_days.c.district))
    return _top(connection, named.group_by(alarm_days.c.alarm), _whole_days(asked))


def recent(connection: Connection, asked: Period) -> Sequence[tuple[str, Change, int]]:
    """(alarm, raised or cleared, time) of the period's last 24 h, the oldest first; no more than the newest 2 000."""
    ends = [Change.RAISED.value, Change.CLEARED.value]
    last_day = msgspec.structs.replace(asked, start_ns=max(asked.start_ns, asked.end_ns - DAY_NS))
    wanted = (
        _events(last_day)
        .with_only_columns(alarm_events.c.alarm, alarm_events.c.change, alarm_events.c.time_ns)
        .where(alarm_events.c.change.in_(ends))
        .order_by(alarm_events.c.time_ns.desc(), alarm_events.c.sequence.desc())
        .limit(EVENTS_MOST)
    )
    rows = connection.execute(wanted).all()
    words = {change.value: change for change in Change}
    return [(alarm, words[change], time_ns) for alarm, change, time_ns in reversed(rows)]


def standing(connection: Connection, district: str, now_ns: int) -> tuple[Sequence[Standing], int]:
    """The ten longest standing, and how many there are."""
    here = [_not_normal(), alarms.c.is_active, alarms.c.since_ns < now_ns - STANDING_NS]
    here += [alarms.c.district == district] if district else []
    count = connection.execute(select(func.count()).where(*here)).scalar_one()
    columns = (alarms.c.id, alarms.c.level, alarms.c.state, alarms.c.since_ns)
    rows = connection.execute(select(*columns).where(*here).order_by(alarms.c.since_ns, alarms.c.id).limit(LISTED))
    return [Standing(name, Level(level), AlarmState(state), since) for name, level, state, since in rows], count


def held(connection: Connection, district: str) -> dict[AlarmState, int]:
    """How many are shelved, suppressed and out of service now."""
    found: Counter[AlarmState] = Counter()
    for (state, _), count in by_state_and_level(connection, district).items():
        found[state] += count
    return {state: found[state] for state in AlarmState if state in HELD}


def by_state_and_level(connection: Connection, district: str = "") -> Counter[tuple[AlarmState, Level]]:
    """How many alarms stand how, those that are normal left out."""
    here = [_not_normal()] + ([alarms.c.district == district] if district else [])
    wanted = select(alarms.c.state, alarms.c.level, func.count()).where(*here).group_by(alarms.c.state, alarms.c.level)
    return Counter({(AlarmState(state), Level(level)): count for state, level, count in connection.execute(wanted)})


def were_shown() -> ColumnElement[bool]:
    """Holds for events of alarms that people were shown: no tests, and nothing that was held."""
    key = (held_events.c.box, held_events.c.spool_id, held_events.c.sequence)
    is_it = [column == alarm_events.c[column.name] for column in key]
    return and_(alarm_events.c.alarm.not_like(f"%/{TEST_RULE}"), ~exists().where(*is_it))


def _not_normal() -> ColumnElement[bool]:
    """As the index on states likes it."""
    return alarms.c.state.in_([state.value for state in AlarmState if state is not AlarmState.NORMAL])


def _events(asked: Period) -> Select[Any]:
    """Ids of alarms with events in the period that were shown."""
    time_ns, name = alarm_events.c.time_ns, alarm_events.c.alarm
    wanted = select(name).where(time_ns >= asked.start_ns, time_ns < asked.end_ns, were_shown())
    if asked.district:
        return wanted.join(alarms, alarms.c.id == name).where(alarms.c.district == asked.district)
    return wanted


def _of(asked: Period, district: ColumnElement[str]) -> ColumnElement[bool]:
    return and_(True, *([district == asked.district] if asked.district else []))


def _top(connection: Connection, named: Select[Any], of: Period) -> MostRaised:
    groups = named.subquery()
    name, times = groups.c
    rows = connection.execute(
        select(name, times, func.sum(times).over()).order_by(times.desc(), name).limit(LISTED)
    ).all()
    total = int(rows[0][2]) if rows else 0
    return MostRaised({alarm: int(count) for alarm, count, _ in rows}, total, of.start_ns, of.end_ns)


def _whole_days(asked: Period) -> Period:
    """The days in China that the period touches."""
    ahead_ns = DAY_NS // 3
    first, last = (asked.start_ns + ahead_ns) // DAY_NS, -(-(asked.end_ns + ahead_ns) // DAY_NS)
    return Period(first * DAY_NS - ahead_ns, last * DAY_NS - ahead_ns, asked.district)
