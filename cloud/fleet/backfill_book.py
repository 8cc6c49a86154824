"""Asking boxes again: who could send what, and the request in the ledger, with an audit line."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Connection

from cloud.access import audit as acts
from cloud.access.actor import Actor
from cloud.fleet.fleetbook import require_box
from cloud.ledger import Ledger
from cloud.tables import audit, backfills, watermarks
from cloud.tables.backfills import Backfill, KeptHere, Stage
from wire.bounded import Moment
from wire.inventory import Inventory
from wire.receipt import Lane


class Shown(msgspec.Struct, frozen=True):
    """A backfill, and how far it has come."""

    stage: Stage
    backfill: Backfill


class Answerable(msgspec.Struct, frozen=True):
    """What a box can send of a backfill: `count` readings from sequence `first` on, at most.

    `missing`: readings that it does not keep any more. `why`: what keeps it from sending all or any of it, or empty.
    """

    backfill: Backfill
    first: int
    count: int
    missing: int
    why: str


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of these boxes, or of all. `since_ns` 0: what the ledger knows to be missing; else all that was sampled since."""

    boxes: tuple[str, ...] = ()
    since_ns: Moment = 0
    dry_run: bool = False


class BackfillBook:
    """Of an open ledger. Every method raises Unavailable."""

    def __init__(self, ledger: Ledger, inventory: Inventory) -> None:
        """`inventory` says which boxes there are."""
        self._ledger, self._inventory = ledger, inventory

    async def all(self) -> Sequence[Shown]:
        """The last one found first."""
        return [Shown(one.stage, one) for one in await self._ledger.read(backfills.newest)]

    async def ask(self, wish: Wish, actor: Actor) -> Sequence[Answerable]:
        """What can be had of it, and the requests for that, unless it is a dry run. Raises NoSuchBox."""
        for box in wish.boxes:
            require_box(self._inventory, box)

        def ask(connection: Connection) -> Sequence[Answerable]:
            now_ns = self._ledger.now()
            kept = backfills.all_kept(connection)
            boxes = wish.boxes or tuple(sorted({*self._inventory.boxes, *kept}))
            wanted = _since(connection, wish, boxes, kept, now_ns) if wish.since_ns else _found(connection, boxes)
            plan = [_answerable(one, kept.get(one.box)) for one in wanted]
            if not wish.dry_run:
                asked = [msgspec.structs.replace(one.backfill, asked_ns=now_ns) for one in plan if one.count]
                gone = [one.backfill for one in plan if _is_gone(one, kept.get(one.backfill.box))]
                backfills.put(connection, [*asked, *(backfills.ended(one, now_ns) for one in gone)])
                for one in asked:
                    detail = f"{one.first}..{one.through} of spool {one.spool_id}, since {one.since_ns}"
                    audit.add(connection, acts.line(actor, "backfill.ask", f"box {one.box}", now_ns, detail=detail))
            return plan

        return await self._ledger.write(ask)


def _is_gone(one: Answerable, known: KeptHere | None) -> bool:
    """Has the box said, since it is known to be missing, that it keeps nothing of it?"""
    return not one.count and known is not None and known.known_ns > one.backfill.found_ns


def _found(connection: Connection, boxes: Collection[str]) -> list[Backfill]:
    return [
        one
        for one in backfills.newest(connection)
        if one.stage is Stage.FOUND and one.box in boxes and one.lane is Lane.READINGS
    ]


def _since(
    connection: Connection, wish: Wish, boxes: Collection[str], kept: Mapping[str, KeptHere], now_ns: int
) -> list[Backfill]:
    """All that the ledger has of each box's present spool: the store may have lost any of it."""
    found = []
    for known in (kept[box] for box in boxes if box in kept):
        through = watermarks.of(connection, known.box, known.spool_id, Lane.READINGS)
        one = backfills.new(known.box, known.spool_id, known.readings_from, through, now_ns)
        if through:
            found.append(msgspec.structs.replace(one, since_ns=wish.since_ns))
    return found


def _answerable(one: Backfill, known: KeptHere | None) -> Answerable:
    wanted = one.through - one.first + 1
    if known is None or known.spool_id != one.spool_id:
        why = "the box has not said that it keeps anything of this spool; it says so once a minute, if it does"
        return Answerable(one, one.first, 0, wanted, why)
    first = max(one.first, known.readings_from)
    count = max(0, one.through - first + 1)
    why = "" if count == wanted else "the rest is not kept any more"
    if one.since_ns and known.readings_since_ns > one.since_ns:
        why = f"the box keeps nothing of before {datetime.fromtimestamp(known.readings_since_ns / 1e9, UTC):%F %T} UTC"
    return Answerable(one, first, count, wanted - count, why)
