"""What each box last said of itself."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from cloud.database import built, upsert
from cloud.schema.stream import boxes


class BoxState(msgspec.Struct, frozen=True):
    """What a box last said of itself, or the broker of a box that is gone; as `wire.receipt.BoxStatus`."""

    box: str
    online: bool
    time_ns: int
    boot: str
    version: str
    spool_id: str
    waiting: int
    config_version: str


def put(connection: Connection, state: BoxState, now_ns: int) -> BoxState | None:
    """The state as kept, or None when no more than its time has changed."""
    row = connection.execute(select(boxes).where(boxes.c.box == state.box)).mappings().one_or_none()
    known = None if row is None else built(BoxState, row)
    kept = state if state.online else _gone(state, known, now_ns)
    upsert(connection, boxes, [msgspec.to_builtins(kept)])
    return None if known and msgspec.structs.replace(known, time_ns=kept.time_ns) == kept else kept


def _gone(state: BoxState, known: BoxState | None, now_ns: int) -> BoxState:
    """A box that is gone, since we heard of it: its will was written when it connected, and knows no better.

    What it last said of its spool still holds.
    """
    if known is None:
        return msgspec.structs.replace(state, time_ns=now_ns)
    since_ns = now_ns if known.online else known.time_ns
    return msgspec.structs.replace(state, time_ns=since_ns, spool_id=known.spool_id, waiting=known.waiting)


def everyone(connection: Connection) -> Sequence[BoxState]:
    """By name."""
    rows = connection.execute(select(boxes).order_by(boxes.c.box)).mappings()
    return tuple(built(BoxState, row) for row in rows)
