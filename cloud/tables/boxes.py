"""What each box last said of itself."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from cloud.database import built, upsert
from cloud.schema.stream import boxes
from wire.clock import ClockState

_SECOND_NS = 10**9
_CLOCK_RIGHT_S = 2
"""Seconds: a status takes some of them from the box to us (judgement)."""


class BoxState(msgspec.Struct, frozen=True):
    """What a box last said of itself, or the broker of a box that is gone; as `wire.receipt.BoxStatus`.

    `clock_off_s`: how far its clock is ahead of ours, in whole seconds; within two seconds it is taken for right.
    `clock`: how sure the box itself is of it; None of a box that does not say.
    """

    box: str
    online: bool
    time_ns: int
    boot: str
    version: str
    spool_id: str
    waiting: int
    config_version: str
    clock_off_s: int = 0
    clock: ClockState | None = None
    data_used_mb: int = 0
    data_budget_mb: int = 0
    is_sparing: bool = False


def put(connection: Connection, state: BoxState, now_ns: int, *, is_fresh: bool = False) -> BoxState | None:
    """The state as kept, or None when no more than its time has changed. `is_fresh`: it was said just now."""
    known = of(connection, state.box)
    kept = state if state.online else _gone(state, known, now_ns)
    off_s = (
        round((state.time_ns - now_ns) / _SECOND_NS) if is_fresh and state.online else known.clock_off_s if known else 0
    )
    kept = msgspec.structs.replace(kept, clock_off_s=off_s if abs(off_s) > _CLOCK_RIGHT_S else 0)
    upsert(connection, boxes, [msgspec.to_builtins(kept)])
    return None if known and msgspec.structs.replace(known, time_ns=kept.time_ns) == kept else kept


def _gone(state: BoxState, known: BoxState | None, now_ns: int) -> BoxState:
    """A box that is gone, since we heard of it: its will was written when it connected, and knows no better.

    What it last said of its spool still holds.
    """
    if known is None:
        return msgspec.structs.replace(state, time_ns=now_ns)
    since_ns = now_ns if known.online else known.time_ns
    lasting = ("spool_id", "waiting", "clock", "data_used_mb", "data_budget_mb", "is_sparing")
    return msgspec.structs.replace(state, time_ns=since_ns, **{name: getattr(known, name) for name in lasting})


def of(connection: Connection, box: str) -> BoxState | None:
    """Of one box; None when nothing was ever heard of it."""
    row = connection.execute(select(boxes).where(boxes.c.box == box)).mappings().one_or_none()
    return None if row is None else built(BoxState, row)


def everyone(connection: Connection) -> Sequence[BoxState]:
    """By name."""
    rows = connection.execute(select(boxes).order_by(boxes.c.box)).mappings()
    return tuple(built(BoxState, row) for row in rows)
