"""Backfills: what is missing here though its box has had a receipt for it, and what has come again of that."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, delete, select

from cloud.database import built, upsert
from cloud.schema.stream import backfills, kept
from cloud.tables import watermarks
from cloud.tables.gaps import Spool
from wire.receipt import Again, BoxStatus, Kept, Lane

KEPT = 100
"""Of one box, the newest."""


class Stage(StrEnum):
    """How far a backfill has come."""

    FOUND = "found"
    """Known to be missing; nobody has asked the box."""
    ASKED = "asked"
    DONE = "done"
    PARTIAL = "partial"
    """The box does not keep all of it any more: `missing` will not come."""


class Backfill(msgspec.Struct, frozen=True, kw_only=True):
    """Sequences `first` … `through` of one spool's lane; `since_ns`: of readings, those sampled then or later.

    `reached`: everything up to it is here again, but for `missing` of them. `found_ns`: when the cloud knew.
    """

    id: str
    box: str
    spool_id: str
    lane: Lane
    first: int
    through: int
    since_ns: int
    reached: int
    missing: int
    found_ns: int
    asked_ns: int | None
    ended_ns: int | None

    @property
    def came(self) -> int:
        """Readings that are here again, of those that were asked for."""
        return max(0, min(self.reached, self.through) - self.first + 1 - self.missing)

    @property
    def stage(self) -> Stage:
        """See `Stage`."""
        if self.ended_ns is not None:
            return Stage.PARTIAL if self.missing else Stage.DONE
        return Stage.FOUND if self.asked_ns is None else Stage.ASKED

    @property
    def again(self) -> Again:
        """As the box is asked."""
        return Again(self.id, self.through, self.since_ns)


class KeptHere(msgspec.Struct, frozen=True, kw_only=True):
    """What a box has said that it keeps, when."""

    box: str
    spool_id: str
    readings_from: int
    readings_since_ns: int
    known_ns: int


class Lacking(msgspec.Struct, frozen=True):
    """What a box has receipts for, and this ledger, restored from an older backup, does not know.

    `alarms_after`: how far its alarms are here, when it can send what follows; else None. `readings` are found now.
    """

    alarms_after: int | None = None
    readings: Sequence[Backfill] = ()


def new(box: str, spool_id: str, first: int, through: int, now_ns: int, lane: Lane = Lane.READINGS) -> Backfill:
    """Found, and not asked for."""
    return Backfill(
        id=uuid.uuid4().hex[:12],
        box=box,
        spool_id=spool_id,
        lane=lane,
        first=first,
        through=through,
        since_ns=0,
        reached=first - 1,
        missing=0,
        found_ns=now_ns,
        asked_ns=None,
        ended_ns=None,
    )


def ended(one: Backfill, now_ns: int) -> Backfill:
    """What is left of it will not come."""
    missing = one.missing + one.through - one.reached
    return msgspec.structs.replace(one, reached=one.through, missing=missing, ended_ns=now_ns)


def put(connection: Connection, changed: Collection[Backfill]) -> None:
    """As they are now; of each box the newest stay."""
    if not changed:
        return
    upsert(connection, backfills, [msgspec.to_builtins(one) for one in changed])
    for box in {one.box for one in changed}:
        order = select(backfills.c.found_ns).where(backfills.c.box == box).order_by(backfills.c.found_ns.desc())
        last = connection.execute(order.offset(KEPT).limit(1)).scalar()
        if last is not None:
            connection.execute(delete(backfills).where(backfills.c.box == box, backfills.c.found_ns <= last))


def find(connection: Connection, holes: Mapping[Spool, Sequence[tuple[int, int]]], now_ns: int) -> Sequence[Backfill]:
    """Readings that had a receipt and are missing here, by spool: (first, through) each; what of it is news.

    A spool's watermark lies behind what was found before.
    """
    found = []
    for spool, of_it in holes.items():
        watermark = watermarks.of(connection, *spool, Lane.READINGS)
        news = [(max(first, watermark + 1), through) for first, through in of_it if through > watermark]
        found += [new(*spool, *hole, now_ns) for hole in news]
    put(connection, found)
    return found


def lacking(connection: Connection, status: BoxStatus, now_ns: int) -> Lacking:
    """Note what a box says that it keeps, and what it has a receipt for and this ledger nothing of.

    Its next message would tell, too; a box whose sensors report twice a day, or are gone, sends none for long.
    """
    said, spool = status.kept, (status.box, status.spool_id)
    if not isinstance(said, Kept):
        return Lacking()
    put_kept(connection, *spool, said, now_ns)
    readings = find(connection, {spool: [(1, said.readings_through)]}, now_ns)
    if readings:
        watermarks.advance(connection, [(*spool, Lane.READINGS, said.readings_through)])
    known = watermarks.of(connection, *spool, Lane.ALARMS)
    if known < said.alarms_through >= said.alarms_from:
        return Lacking(known, readings)
    if known < said.alarms_through:  # it keeps none of them
        give_up(connection, *spool, Lane.ALARMS, (known + 1, said.alarms_through), now_ns)
        watermarks.advance(connection, [(*spool, Lane.ALARMS, said.alarms_through)])
    return Lacking(None, readings)


def give_up(connection: Connection, box: str, spool_id: str, lane: Lane, hole: tuple[int, int], now_ns: int) -> None:
    """The box goes on behind a hole, for it keeps nothing of that any more. One that ends before it begins is none."""
    first, through = hole
    if first <= through:
        put(connection, [ended(new(box, spool_id, first, through, now_ns, lane), now_ns)])


def of(connection: Connection, ids: Collection[str]) -> Mapping[str, Backfill]:
    """Those of these that are known, by id."""
    rows = connection.execute(select(backfills).where(backfills.c.id.in_(ids))).mappings()
    return {row["id"]: built(Backfill, row) for row in rows}


def newest(connection: Connection, limit: int = 1_000) -> Sequence[Backfill]:
    """The last one found first."""
    rows = connection.execute(select(backfills).order_by(backfills.c.found_ns.desc()).limit(limit)).mappings()
    return tuple(built(Backfill, row) for row in rows)


def open_ones(connection: Connection) -> Sequence[Backfill]:
    """Asked for, and not answered in full; what was asked for first, first."""
    order = (backfills.c.asked_ns, backfills.c.first, backfills.c.id)
    wanted = select(backfills).where(backfills.c.asked_ns.is_not(None), backfills.c.ended_ns.is_(None))
    return tuple(built(Backfill, row) for row in connection.execute(wanted.order_by(*order)).mappings())


def put_kept(connection: Connection, box: str, spool_id: str, said: Kept, now_ns: int) -> None:
    """What a box keeps, as it says."""
    row = KeptHere(
        box=box,
        spool_id=spool_id,
        readings_from=said.readings_from,
        readings_since_ns=said.readings_since_ns,
        known_ns=now_ns,
    )
    upsert(connection, kept, [msgspec.to_builtins(row)])


def all_kept(connection: Connection) -> Mapping[str, KeptHere]:
    """By box; a box of an older version says nothing."""
    return {row["box"]: built(KeptHere, row) for row in connection.execute(select(kept)).mappings()}
