"""What is committed to be sent: one row for each notice and target, deleted when the target has taken it.

A notice is put in the transaction of its case, so neither is ever without the other.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, delete, insert, select, update

from cloud.ports import AlarmPoint, Notice
from cloud.schema.stream import outbox

STORE = "store"
"""The target of alarm points: the time-series store, which may be down while cases are opened."""
ALARM_POINT = "alarm.point"
"""The kind of notice whose body is an `AlarmPoint`."""


class OutboxRow(msgspec.Struct, frozen=True):
    """A notice to one target. `attempts` have failed, the last with `error`; `due_ns` is None for a dead letter."""

    id: int
    target: str
    notice: Notice
    attempts: int
    due_ns: int | None
    error: str


def put(connection: Connection, target: str, notices: Iterable[Notice]) -> None:
    """Due at once."""
    rows = [
        {
            "target": target,
            "notice": notice.id,
            "kind": notice.kind,
            "created_ns": notice.time_ns,
            "body": notice.body.decode(),
            "attempts": 0,
            "due_ns": notice.time_ns,
            "error": "",
        }
        for notice in notices
    ]
    if rows:
        connection.execute(insert(outbox), rows)


def put_points(connection: Connection, points: Iterable[AlarmPoint], now_ns: int) -> None:
    """Alarm points for the store."""
    put(connection, STORE, (Notice("", ALARM_POINT, now_ns, msgspec.json.encode(point)) for point in points))


def due(connection: Connection, target: str, now_ns: int, limit: int) -> Sequence[OutboxRow]:
    """What one target should get now, the longest due first."""
    wanted = select(outbox).where(outbox.c.target == target, outbox.c.due_ns <= now_ns)
    return _rows(connection, wanted.order_by(outbox.c.due_ns, outbox.c.id).limit(limit))


def dead_letters(connection: Connection, limit: int) -> Sequence[OutboxRow]:
    """What was given up, the newest first."""
    return _rows(connection, select(outbox).where(outbox.c.due_ns.is_(None)).order_by(outbox.c.id.desc()).limit(limit))


def sent(connection: Connection, row_id: int) -> None:
    """The target has it."""
    connection.execute(delete(outbox).where(outbox.c.id == row_id))


def failed(connection: Connection, row_id: int, retry_at_ns: int | None, error: str) -> None:
    """The target has not taken it; None makes it a dead letter."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == row_id)
        .values(attempts=outbox.c.attempts + 1, due_ns=retry_at_ns, error=error)
    )


def _rows(connection: Connection, wanted: Select[Any]) -> Sequence[OutboxRow]:
    return tuple(
        OutboxRow(
            id=row.id,
            target=row.target,
            notice=Notice(row.notice, row.kind, row.created_ns, row.body.encode()),
            attempts=row.attempts,
            due_ns=row.due_ns,
            error=row.error,
        )
        for row in connection.execute(wanted)
    )
