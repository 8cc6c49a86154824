"""The events of alarms, newest first, page by page."""

import base64
import binascii
from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, or_, select

from cloud.database import built
from cloud.schema.alarms import alarm_events, alarms
from wire.alarm import Change, Level
from wire.errors import EgretError

_ORDER = (alarm_events.c.time_ns, alarm_events.c.box, alarm_events.c.spool_id, alarm_events.c.sequence)


class BadCursor(EgretError):
    """A place in a list that no list has."""


class PastEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of one alarm. `time_ns` is by the box's clock, `taken_ns` when the ledger took it."""

    alarm: str
    change: Change
    level: Level
    value: float | None
    limit: float | None
    time_ns: int
    taken_ns: int
    reason: str
    case: str
    box: str
    spool_id: str
    sequence: int


class AlarmHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: of one alarm or of all; start_ns ≤ time < end_ns, 0: without end. Empty `districts`: all."""

    alarm: str = ""
    start_ns: int = 0
    end_ns: int = 0
    districts: tuple[str, ...] = ()


def page(connection: Connection, wanted: AlarmHistory, limit: int, after: str) -> tuple[Sequence[PastEvent], str]:
    """The events from behind the cursor `after`, and the cursor behind the last of them. Raises BadCursor."""
    columns = [alarm_events.c[name] for name in PastEvent.__struct_fields__]
    asked = select(*columns).where(and_(True, *_conditions(wanted, after)))
    rows = connection.execute(asked.order_by(*(column.desc() for column in _ORDER)).limit(limit)).mappings()
    found = [built(PastEvent, row) for row in rows]
    return found, _cursor(found[-1]) if found else ""


def _conditions(wanted: AlarmHistory, after: str) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.alarm:
        conditions.append(alarm_events.c.alarm == wanted.alarm)
    if wanted.start_ns:
        conditions.append(alarm_events.c.time_ns >= wanted.start_ns)
    if wanted.end_ns:
        conditions.append(alarm_events.c.time_ns < wanted.end_ns)
    if wanted.districts:
        theirs = select(alarms.c.id).where(alarms.c.district.in_(wanted.districts))
        conditions.append(alarm_events.c.alarm.in_(theirs))
    if after:
        conditions += _behind(_read(after))
    return conditions


def _behind(place: tuple[int, str, str, int]) -> list[ColumnElement[bool]]:
    """What comes after this place; the first condition alone lets the index begin there."""
    time_ns, box, spool_id, sequence = _ORDER
    later = or_(
        time_ns < place[0],
        and_(time_ns == place[0], box < place[1]),
        and_(time_ns == place[0], box == place[1], spool_id < place[2]),
        and_(time_ns == place[0], box == place[1], spool_id == place[2], sequence < place[3]),
    )
    return [time_ns <= place[0], later]


def _cursor(event: PastEvent) -> str:
    place = msgspec.json.encode((event.time_ns, event.box, event.spool_id, event.sequence))
    return base64.urlsafe_b64encode(place).decode().rstrip("=")


def _read(cursor: str) -> tuple[int, str, str, int]:
    try:
        place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(place, type=tuple[int, str, str, int])
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        fix = "take the address of the next page from the header Link."
        raise BadCursor("the cursor `after` is none of ours.", fix=fix, code="E-ALARM-007") from error
