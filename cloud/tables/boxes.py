"""What each box last said of itself."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from cloud.database import built, upsert
from cloud.schema import boxes


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


def put(connection: Connection, state: BoxState) -> bool:
    """Has more changed than its time?"""
    row = connection.execute(select(boxes).where(boxes.c.box == state.box)).mappings().one_or_none()
    upsert(connection, boxes, [msgspec.to_builtins(state)])
    return row is None or built(BoxState, row, time_ns=state.time_ns) != state


def everyone(connection: Connection) -> Sequence[BoxState]:
    """By name."""
    rows = connection.execute(select(boxes).order_by(boxes.c.box)).mappings()
    return tuple(built(BoxState, row) for row in rows)
