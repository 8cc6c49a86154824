"""The event that gave each alarm its present level, whole: with its evidence and its bytes, after the spool is gone."""

from collections.abc import Collection, Iterable

import msgspec
from sqlalchemy import Connection, select

from cloud.cases.docket import Applied
from cloud.database import upsert
from cloud.schema.alarms import alarm_causes
from wire.alarm import AlarmEvent, Change


def of(connection: Connection, alarm: str) -> AlarmEvent | None:
    """None for an alarm without any event."""
    kept = connection.execute(select(alarm_causes.c.event).where(alarm_causes.c.alarm == alarm)).scalar()
    return msgspec.json.decode(kept, type=AlarmEvent) if kept is not None else None


def put(connection: Connection, applied: Iterable[Applied], known: Collection[str]) -> None:
    """Of the events that were applied, in order. `known`: alarms that were heard of before.

    What returns to normal leaves the level as it was, so its event explains nothing, unless there is no other.
    """
    causes: dict[str, AlarmEvent] = {}
    for event in (one.event for one in applied):
        if event.change is not Change.CLEARED:
            causes[event.alarm] = event
        elif event.alarm not in known:
            causes.setdefault(event.alarm, event)
    if causes:
        rows = [{"alarm": alarm, "event": msgspec.json.encode(event).decode()} for alarm, event in causes.items()]
        upsert(connection, alarm_causes, rows)
