"""What boxes are to run and what they say to it, in the ledger's tables."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, RowMapping, delete, func, insert, select

from cloud.database import built, upsert
from cloud.schema.fleet import desired, reported
from cloud.schema.stream import boxes
from wire.desired import Refusal, Reported

KEPT = 20
"""Documents of one box: what it may go back to."""


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was given to a box; the three last as in `wire.desired.Sealed`."""

    box: str
    counter: int
    version: str
    actor: str
    time_ns: int
    expires_ns: int
    document: str
    key: str
    signature: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a box last said; see `wire.desired.Reported`. `known_ns`: when the cloud heard it."""

    box: str
    known_ns: int
    counter: int
    config_version: str
    is_trial: bool
    seen: int
    refusal: Refusal | None
    modes: tuple[str, ...] = ()
    mode: str = ""
    mode_ends_ns: int = 0


_NEWEST = select(desired.c.box, func.max(desired.c.counter).label("counter")).group_by(desired.c.box).subquery("newest")
_IS_NEWEST = (desired.c.box == _NEWEST.c.box) & (desired.c.counter == _NEWEST.c.counter)


def add(connection: Connection, pushed: Pushed) -> None:
    """The newest of its box; those that are too old to go back to are gone."""
    connection.execute(insert(desired).values(**msgspec.structs.asdict(pushed)))
    order = select(desired.c.counter).where(desired.c.box == pushed.box).order_by(desired.c.counter.desc())
    last = connection.execute(order.offset(KEPT).limit(1)).scalar()
    if last is not None:
        connection.execute(delete(desired).where(desired.c.box == pushed.box, desired.c.counter <= last))


def of(connection: Connection, box: str) -> Sequence[Pushed]:
    """All that are kept of one box, the newest first."""
    rows = connection.execute(select(desired).where(desired.c.box == box).order_by(desired.c.counter.desc()))
    return tuple(built(Pushed, row) for row in rows.mappings())


def newest(connection: Connection) -> Sequence[Pushed]:
    """The last one of each box."""
    rows = connection.execute(select(desired).join(_NEWEST, _IS_NEWEST).order_by(desired.c.box)).mappings()
    return tuple(built(Pushed, row) for row in rows)


def unanswered(connection: Connection, now_ns: int) -> Sequence[Pushed]:
    """The last one of each box that has not proven it yet, and may still begin with it."""
    waits = func.coalesce(reported.c.seen, 0) < desired.c.counter
    wanted = select(desired).join(_NEWEST, _IS_NEWEST).outerjoin(reported, reported.c.box == desired.c.box)
    rows = connection.execute(wanted.where(waits, desired.c.expires_ns > now_ns).order_by(desired.c.box)).mappings()
    return tuple(built(Pushed, row) for row in rows)


def answer(connection: Connection, said: Reported, now_ns: int) -> None:
    """What a box says replaces what it said."""
    row = {
        "box": said.box,
        "known_ns": now_ns,
        "counter": said.counter,
        "config_version": said.config_version,
        "is_trial": said.is_trial,
        "seen": said.seen,
        "refusal": msgspec.json.encode(said.refusal).decode(),
        "modes": msgspec.json.encode(said.modes).decode(),
        "mode": said.mode,
        "mode_ends_ns": said.mode_ends_ns,
    }
    upsert(connection, reported, [row])


def answers(connection: Connection, box: str = "") -> Sequence[Answer]:
    """Of one box, or of all."""
    wanted = select(reported).where(*([reported.c.box == box] if box else [])).order_by(reported.c.box)
    return tuple(map(_answer, connection.execute(wanted).mappings()))


def choosable(connection: Connection) -> Sequence[Answer]:
    """Of the boxes that are online and may be put into a mode."""
    wanted = select(reported).join(boxes, boxes.c.box == reported.c.box).where(boxes.c.online, reported.c.modes != "[]")
    return tuple(map(_answer, connection.execute(wanted).mappings()))


def _answer(row: RowMapping) -> Answer:
    return built(
        Answer,
        row,
        refusal=msgspec.json.decode(row["refusal"], type=Refusal | None),
        modes=msgspec.json.decode(row["modes"], type=tuple[str, ...]),
    )
