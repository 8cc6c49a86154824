"""Alarms and the history of their events."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, insert, select

from cloud.alarm_state import Alarm, AlarmState
from cloud.database import built, upsert
from cloud.docket import Applied
from cloud.schema import alarm_events, alarms
from wire.alarm_message import AlarmMessage


def of(connection: Connection, ids: Collection[str]) -> Sequence[Alarm]:
    """Those of these alarms that were ever heard of."""
    return _alarms(connection, select(alarms).where(alarms.c.id.in_(ids)))


def not_normal(connection: Connection) -> Sequence[Alarm]:
    """The worst first, and of a level the longest standing."""
    found = _alarms(connection, select(alarms).where(alarms.c.state != AlarmState.NORMAL.value))
    return sorted(found, key=lambda alarm: (-alarm.level.severity, alarm.since_ns))


def put(connection: Connection, changed: Iterable[Alarm]) -> None:
    """As they are now."""
    upsert(connection, alarms, [msgspec.to_builtins(alarm) for alarm in changed])


def add_history(connection: Connection, message: AlarmMessage, applied: Iterable[Applied], now_ns: int) -> None:
    """The events of a message; one that is there already is an error of the database."""
    columns = set(alarm_events.c.keys())
    taken = {"box": message.box, "spool_id": message.spool_id, "taken_ns": now_ns}
    rows = [msgspec.to_builtins(one.event) | taken | {"case": one.case} for one in applied]
    connection.execute(
        insert(alarm_events), [{name: value for name, value in row.items() if name in columns} for row in rows]
    )


def _alarms(connection: Connection, wanted: Select[Any]) -> list[Alarm]:
    return [built(Alarm, row) for row in connection.execute(wanted).mappings()]
