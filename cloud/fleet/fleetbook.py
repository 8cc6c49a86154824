"""Giving boxes their configurations: numbered in the ledger, with an audit line, one after the other.

The documents come signed: the key is where the maintainer is, not here, and whoever breaks into the cloud cannot say
what a box runs. What the ledger adds is the order. A document is taken when its number is the next one of its box, so
that of two people who push at once the second is told to look again.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from cloud.access import audit as acts
from cloud.access.actor import Actor
from cloud.fleet.fleet_box import FleetBox, fleet_box, next_counter
from cloud.ledger import Ledger
from cloud.ports import Now
from cloud.tables import audit, boxes, fleet, renewals
from cloud.tables.fleet import Pushed
from wire import desired
from wire.desired import Sealed
from wire.errors import DesiredRefused, EgretError
from wire.inventory import Inventory


class NoSuchBox(EgretError):
    """The city has no box of this name."""


class StaleDesired(EgretError):
    """Somebody else has pushed to the box since it was looked at."""


class Fleetbook:
    """Of an open ledger. Every method raises Unavailable."""

    def __init__(self, ledger: Ledger, inventory: Inventory, now: Now) -> None:
        """`inventory` says which boxes there are."""
        self._ledger, self._inventory, self._now = ledger, inventory, now

    async def boxes(self) -> Sequence[FleetBox]:
        """All of the city, by name."""

        def find(connection: Connection) -> Sequence[FleetBox]:
            states = {state.box: state for state in boxes.everyone(connection)}
            pushed = {one.box: one for one in fleet.newest(connection)}
            answers = {one.box: one for one in fleet.answers(connection)}
            waiting = {one.box: one.asked_ns for one in renewals.waiting(connection)}
            return tuple(
                msgspec.structs.replace(
                    fleet_box(box, states.get(box), pushed.get(box), answers.get(box), self._now()),
                    renewal_ns=waiting.get(box, 0),
                )
                for box in sorted(self._inventory.boxes)
            )

        return await self._ledger.read(find)

    async def documents(self, box: str) -> Sequence[Pushed]:
        """What a box was given, the newest first. Raises NoSuchBox."""
        require_box(self._inventory, box)
        return await self._ledger.read(lambda connection: fleet.of(connection, box))

    async def push(self, box: str, form: Sealed, actor: Actor) -> FleetBox:
        """Give a box a document; again, it changes nothing. Raises NoSuchBox, DesiredRefused and StaleDesired."""
        require_box(self._inventory, box)
        document = desired.document_of(form)
        desired.require_size(desired.encode(form))
        now_ns = self._now()
        if document.box != box:
            what = f"this document is for box {document.box[:64]!r}."
            raise DesiredRefused(what, where=f"box {box}", fix="push each box its own.", code="E-FLEET-005")
        if document.expires_ns <= now_ns:
            raise DesiredRefused("it has expired.", where=f"box {box}", fix="push it again.", code="E-FLEET-010")
        pushed = Pushed(
            box=box,
            counter=document.counter,
            version=document.version,
            actor=actor.name,
            time_ns=now_ns,
            expires_ns=document.expires_ns,
            document=form.document,
            key=form.key,
            signature=form.signature,
        )

        def keep(connection: Connection) -> FleetBox:
            last = next(iter(fleet.of(connection, box)), None)
            answer = next(iter(fleet.answers(connection, box)), None)
            state = boxes.of(connection, box)
            if last and last.document == pushed.document:
                return fleet_box(box, state, last, answer, now_ns)
            if pushed.counter != next_counter(last, answer):
                raise _stale(pushed, last)
            fleet.add(connection, pushed)
            detail = f"configuration {pushed.counter} ({pushed.version}), key {pushed.key}"
            audit.add(connection, acts.line(actor, "fleet.push", f"box {box}", now_ns, detail=detail))
            return fleet_box(box, state, pushed, answer, now_ns)

        return await self._ledger.database.write(keep)


def require_box(inventory: Inventory, box: str) -> None:
    """Raises NoSuchBox."""
    if box not in inventory.boxes:
        fix = "GET /api/v1/city lists the boxes."
        raise NoSuchBox(f"there is no box {box[:64]!r}.", fix=fix, code="E-FLEET-020")


def _stale(pushed: Pushed, last: Pushed | None) -> StaleDesired:
    who = f"{last.actor} has pushed number {last.counter} meanwhile" if last else "the box has had others"
    what = f"this is number {pushed.counter}, and not the next one: {who}."
    fix = "look at `egret fleet status` and `egret fleet diff`, then push again."
    return StaleDesired(what, where=f"box {pushed.box}", fix=fix, code="E-FLEET-021")
