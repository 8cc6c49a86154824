"""Alarms, the history of their events, and how many were raised when."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, insert, select

from cloud.alarming.alarm_state import Alarm, AlarmState
from cloud.cases.docket import Applied
from cloud.city.day import day_of
from cloud.database import built, increase, upsert
from cloud.schema.alarms import alarm_days, alarm_events, alarm_tallies, alarms, held_events
from wire.alarm import TEST_RULE, Change, Level, worst
from wire.errors import NoSuchAlarm

BUCKET_NS = 600 * 10**9
"""Ten minutes: ISA-18.2 counts alarms by them."""


def of(connection: Connection, ids: Collection[str]) -> Sequence[Alarm]:
    """Those of these alarms that were ever heard of."""
    return _alarms(connection, select(alarms).where(alarms.c.id.in_(ids)))


def one(connection: Connection, alarm: str) -> Alarm:
    """Raises NoSuchAlarm."""
    found = of(connection, [alarm])
    if not found:
        raise NoSuchAlarm(
            f"there is no alarm {alarm!r}.", fix="`egret alarm list` shows their ids.", code="E-ALARM-001"
        )
    return found[0]


def not_normal(connection: Connection) -> Sequence[Alarm]:
    """The worst first, and of a level the longest standing."""
    found = _alarms(connection, select(alarms).where(alarms.c.state != AlarmState.NORMAL.value))
    return sorted(found, key=lambda alarm: (-alarm.level.severity, alarm.since_ns))


def worst_levels(connection: Connection) -> dict[str, Level]:
    """By site, of what is wrong with the sites themselves and no test; what is out of service counts for nothing."""
    states = [state.value for state in AlarmState if state not in (AlarmState.NORMAL, AlarmState.OUT_OF_SERVICE)]
    counts = (
        alarms.c.state.in_(states) & alarms.c.is_active & alarms.c.limit.is_not(None) & (alarms.c.rule != TEST_RULE)
    )
    wanted = select(alarms.c.site, alarms.c.level).where(counts).distinct()
    found = defaultdict[str, list[Level]](list)
    for site, level in connection.execute(wanted):
        found[site].append(Level(level))
    return {site: worst(levels) for site, levels in found.items()}


def shelved_until(connection: Connection, now_ns: int) -> Sequence[Alarm]:
    """Those whose time on the shelf is over."""
    return _alarms(connection, select(alarms).where(alarms.c.shelved_until_ns <= now_ns))


def tests_until(connection: Connection, changed_ns: int) -> Sequence[Alarm]:
    """Test alarms that are not over, and were raised no later than that."""
    stands = alarms.c.state.in_([state.value for state in AlarmState if state is not AlarmState.NORMAL])
    return _alarms(
        connection, select(alarms).where(stands, alarms.c.rule == TEST_RULE, alarms.c.changed_ns <= changed_ns)
    )


def silent_of_box(connection: Connection, box: str, state: AlarmState) -> Sequence[Alarm]:
    """The alarms of a box's sensors that are themselves at fault, and in this state."""
    wanted = select(alarms).where(alarms.c.state == state.value, alarms.c.box == box, alarms.c.limit.is_(None))
    return [alarm for alarm in _alarms(connection, wanted) if alarm.sensor != box]


def put(connection: Connection, changed: Iterable[Alarm]) -> None:
    """As they are now."""
    rows = [_row(alarm) for alarm in changed]
    if rows:
        upsert(connection, alarms, rows)


def add_history(
    connection: Connection, spool: tuple[str, str], applied: Iterable[Applied], known: Mapping[str, Alarm], now_ns: int
) -> None:
    """The events of a spool (box and id); one that is there already is an error of the database.

    `known`: the alarms as they became, for their districts.
    """
    columns = set(alarm_events.c.keys())
    taken = {"box": spool[0], "spool_id": spool[1], "taken_ns": now_ns}
    rows = [msgspec.to_builtins(one.event) | taken | {"case": one.case} for one in applied]
    if rows:
        connection.execute(
            insert(alarm_events), [{name: value for name, value in row.items() if name in columns} for row in rows]
        )
    held = [one.event.sequence for one in applied if known[one.event.alarm].is_held]
    if held:
        given = [{"box": spool[0], "spool_id": spool[1], "sequence": sequence} for sequence in held]
        connection.execute(insert(held_events), given)
    _count(connection, applied, known)


def _count(connection: Connection, applied: Iterable[Applied], known: Mapping[str, Alarm]) -> None:
    """What people were shown: no test, and nothing that is held when the transaction ends."""
    raised = [
        one.event
        for one in applied
        if one.event.change is Change.RAISED and one.event.rule != TEST_RULE and not known[one.event.alarm].is_held
    ]
    district = {alarm: known[alarm].district for alarm in {event.alarm for event in raised}}
    buckets = Counter(
        (event.time_ns // BUCKET_NS * BUCKET_NS, district[event.alarm], event.level.value) for event in raised
    )
    days = Counter((day_of(event.time_ns), event.alarm, district[event.alarm]) for event in raised)
    names = ("start_ns", "district", "level", "raised")
    increase(
        connection, alarm_tallies, [dict(zip(names, (*key, n), strict=True)) for key, n in sorted(buckets.items())]
    )
    names = ("day", "alarm", "district", "raised")
    increase(connection, alarm_days, [dict(zip(names, (*key, n), strict=True)) for key, n in sorted(days.items())])


def _alarms(connection: Connection, wanted: Select[Any]) -> list[Alarm]:
    return [_alarm(row) for row in connection.execute(wanted).mappings()]


def _alarm(row: Mapping[Any, Any]) -> Alarm:
    return built(Alarm, row, shelved_level=row["shelved_level"] or None)


def _row(alarm: Alarm) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(alarm)
    return facts | {"shelved_level": alarm.shelved_level or ""}
