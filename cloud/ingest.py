"""The readings lane: batches from the boxes, in order, into the store; then the receipts.

A batch is taken when it follows its spool's watermark without a hole. One at or below the
watermark was stored before and is only receipted again; one beyond a hole is let go, because the
box sends everything again from the receipt it gets. So each box's readings are stored once and in
order, whatever the broker loses, repeats or reorders.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto
from functools import partial
from random import Random

from cloud.backfill import ASK_S, Backfills, is_answer, said, send, taken, tell
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.outage import Outage
from cloud.ownership import Ownership, as_said, attributed
from cloud.poison import Cause
from cloud.ports import Batch, Column, Delivery, Inbox, Refusal, Store
from cloud.quarantine import Quarantine, write_or_refuse
from wire import batch as wire_batch
from wire import gap, topics
from wire.errors import Rejected
from wire.inventory import Inventory
from wire.receipt import Again, Lane, Receipt

LINGER_S = 0.2
"""How long the first waiting batch waits for company: stores like few large writes."""
_DELIVERIES_MAX = 100
_SPOOLS_MAX = 10_000
"""Watermarks remembered between groups; the ledger has all."""

Spool = tuple[str, str]
"""(box, spool id)."""


class Place(Enum):
    """Where a batch stands to its spool's watermark."""

    NEXT = auto()
    KNOWN = auto()
    BEYOND_A_HOLE = auto()


def place(batch: wire_batch.Batch, watermark: int) -> Place:
    """Compare a batch with what is stored of its spool.

    A batch whose box has trimmed everything before it continues a spool whose watermark the cloud
    has lost. One astride the watermark is next: what is stored of it the store knows by its key. The
    gaps in front of a batch are its own.
    """
    if batch.last_sequence <= watermark:
        return Place.KNOWN
    if batch.begins <= max(watermark, batch.trimmed_through) + 1:
        return Place.NEXT
    return Place.BEYOND_A_HOLE


def in_order(
    batches: Iterable[wire_batch.Batch], watermarks: Mapping[Spool, int]
) -> tuple[Sequence[wire_batch.Batch], Mapping[Spool, int]]:
    """The batches that may be stored now, each following the one before, and the watermarks after them."""
    new: list[wire_batch.Batch] = []
    reached: dict[Spool, int] = {}
    for batch in batches:
        spool = _spool(batch)
        if place(batch, reached.get(spool, watermarks[spool])) is Place.NEXT:
            new.append(batch)
            reached[spool] = batch.last_sequence
    return new, reached


def missing(batches: Iterable[wire_batch.Batch], watermarks: Mapping[Spool, int]) -> Mapping[Spool, Sequence[gap.Gap]]:
    """The gaps in front of batches that are in order; what the box let go after it was stored is not missing."""
    found: dict[Spool, list[gap.Gap]] = {}
    reached = dict(watermarks)
    for batch in batches:
        spool = _spool(batch)
        if gaps := gap.after(batch.gaps, reached[spool]):
            found.setdefault(spool, []).extend(gaps)
        reached[spool] = batch.last_sequence
    return found


def skipped(
    batches: Iterable[wire_batch.Batch], watermarks: Mapping[Spool, int]
) -> Mapping[Spool, Sequence[tuple[int, int]]]:
    """What batches that are in order leave out: their boxes had a receipt for it, from a ledger that is lost."""
    found: dict[Spool, list[tuple[int, int]]] = {}
    reached = dict(watermarks)
    for batch in batches:
        spool = _spool(batch)
        if batch.begins > reached[spool] + 1:
            found.setdefault(spool, []).append((reached[spool] + 1, batch.begins - 1))
        reached[spool] = batch.last_sequence
    return found


def read(topic: str, payload: bytes) -> wire_batch.Batch:
    """The batch, if the box may send it. Raises WireError."""
    topics.require_size(payload)
    batch = wire_batch.decode(payload)
    topics.require_own(topic, batch.box)
    topics.require_spool(batch.spool_id)
    return batch


class ReadingsLane:
    """One task reads the broker, one writes the store; what lies between is unacknowledged and bounded."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: Store,
        live: Live,
        inventory: Inventory,
        quarantine: Quarantine,
        rng: Random,
        is_ours: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Nothing runs yet. `is_ours`: does this lane hear the box?"""
        self._ledger, self._store, self._live = ledger, store, live
        self._inventory, self._quarantine = inventory, quarantine
        self._ownership = Ownership(inventory)
        self._outage = Outage("readings", rng)
        self._asks = Outage("backfills", rng)
        self._backfills = Backfills(ledger, is_ours)
        self._watermarks: dict[Spool, int] = {}
        self._turn = asyncio.Lock()

    async def run(self, inbox: Inbox) -> None:
        """Until the link is lost (an exception group with a LinkError) or the lane is cancelled."""
        waiting: asyncio.Queue[Delivery] = asyncio.Queue(_DELIVERIES_MAX)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._fill(waiting, inbox))
            tasks.create_task(self._drain(waiting, inbox))
            tasks.create_task(self._ask(inbox))

    async def take(self, batches: Sequence[wire_batch.Batch]) -> Mapping[Spool, int]:
        """Store what is new; the watermark of every spool among them then.

        Raises Unavailable; taking the same again then loses nothing and doubles nothing.
        """
        async with self._turn:
            await self._recall(batches)
            new, reached = in_order(batches, self._watermarks)
            if new:
                await self._write([labelled(batch, self._inventory) for batch in new])
                marks = [(*spool, Lane.READINGS, end) for spool, end in reached.items()]
                holes = skipped(new, self._watermarks)
                tell(await self._ledger.advance_many(marks, missing(new, self._watermarks), holes))
                self._watermarks |= reached
            return {spool: self._watermarks[spool] for spool in map(_spool, batches)}

    async def take_again(self, batches: Sequence[wire_batch.Batch]) -> Sequence[Receipt]:
        """Store what was asked for, beside what is new; how far each request is answered then. Raises Unavailable.

        To one that nobody knows any more it is said that this is all.
        """
        async with self._turn:
            before = await self._backfills.known(batches)
            after, new = dict(before), []
            for batch in batches:
                if is_answer(batch, before) and (one := taken(after[batch.again], batch)):
                    after[batch.again] = one
                    new.append(batch)
            if new:
                await self._write([labelled(batch, self._inventory) for batch in new])
                await self._backfills.advance(before, after, new)
        unknown = {(batch.box, batch.again): batch for batch in batches if not is_answer(batch, before)}
        return [
            *map(said, after.values()),
            *(
                Receipt(batch.box, batch.spool_id, Lane.READINGS, batch.last_sequence, again=Again(batch.again, 0))
                for batch in unknown.values()
            ),
        ]

    async def write_again(self, batch: wire_batch.Batch, name: str) -> None:
        """Write a batch that was refused, and whose spool has moved on since. Raises Rejected and Unavailable.

        `name` stands for its spool, so that the store does not take it for stored.
        """
        again = replace(labelled(batch, self._inventory), spool_id=name)
        for refusal in await self._store.write([again]):
            raise Rejected(refusal.reason, where=batch.box, fix="mend the store, then replay again.", code="E-QUAR-003")

    @staticmethod
    async def _fill(waiting: asyncio.Queue[Delivery], inbox: Inbox) -> None:
        async for delivery in inbox.deliveries():
            await waiting.put(delivery)

    async def _drain(self, waiting: asyncio.Queue[Delivery], inbox: Inbox) -> None:
        while True:
            deliveries = [await waiting.get()]
            await asyncio.sleep(LINGER_S)
            while not waiting.empty():
                deliveries.append(waiting.get_nowait())
            await self._handle(deliveries, inbox)

    async def _handle(self, deliveries: Sequence[Delivery], inbox: Inbox) -> None:
        """Store what is new in a group of deliveries, send receipts, acknowledge. A bad message harms no other."""
        batches: list[wire_batch.Batch] = []
        for delivery in deliveries:
            decode = partial(self._decode, delivery, batches)
            await self._outage.outlast(partial(self._quarantine.guard, delivery.topic, delivery.payload, decode))
        new = [batch for batch in batches if not batch.again]
        stored = await self._outage.outlast(partial(self.take, new))
        newest: dict[Spool, int] = {}
        for batch in new:  # what was sent again may come behind what is beyond a hole
            newest[_spool(batch)] = max(batch.last_sequence, newest.get(_spool(batch), 0))
        await send(
            inbox,
            [
                Receipt(*spool, Lane.READINGS, through, is_missed=through < newest[spool])
                for spool, through in stored.items()
            ],
        )
        if again := [batch for batch in batches if batch.again]:
            await send(inbox, await self._outage.outlast(partial(self.take_again, again)))
        for delivery in deliveries:
            delivery.ack()

    async def _ask(self, inbox: Inbox) -> None:
        while True:
            await send(inbox, [said(one) for one in await self._asks.outlast(self._backfills.asked)])
            await asyncio.sleep(ASK_S)

    async def _decode(self, delivery: Delivery, batches: list[wire_batch.Batch]) -> None:
        """A batch of which something is to be set aside is let go when its box has sent too many of those."""
        await asyncio.sleep(0)  # a full group takes a while: an alarm goes in between
        batch = read(delivery.topic, delivery.payload)
        if not self._objections(batch) or self._quarantine.has_room(delivery.topic, delivery.payload):
            batches.append(batch)

    def _objections(self, batch: wire_batch.Batch) -> bool:
        return any(self._ownership.objection(batch.box, column.sensor, column.quantity) for column in batch.series)

    async def _recall(self, batches: Iterable[wire_batch.Batch]) -> None:
        """Have the watermarks of these batches' spools at hand."""
        if len(self._watermarks) > _SPOOLS_MAX:
            self._watermarks.clear()
        for spool in map(_spool, batches):
            if spool not in self._watermarks:
                self._watermarks[spool] = await self._ledger.watermark(*spool, Lane.READINGS)

    async def _write(self, batches: Sequence[Batch]) -> None:
        """Into the store; what it refuses for good is set aside, and what is too much of the unknown."""
        own, refusals = self._parted(batches)
        for refusal in [*refusals, *await write_or_refuse(self._store, own)]:
            payload = wire_batch.encode(_unlabelled(refusal.batch))
            topic = topics.topic(refusal.batch.box, "readings")
            await self._quarantine.put(topic, payload, refusal.reason, Cause.REFUSED)
        for batch in own:
            self._live.put(batch.columns)

    def _parted(self, batches: Sequence[Batch]) -> tuple[Sequence[Batch], Sequence[Refusal]]:
        """What is stored, and what is set aside."""
        own, refusals = [], []
        for batch in batches:
            judged = [
                (self._ownership.objection(batch.box, as_said(column.tags.sensor), column.quantity), column)
                for column in batch.columns
            ]
            wrong = tuple(column for why, column in judged if why)
            right = tuple(column for why, column in judged if not why)
            if wrong:
                refusals.append(Refusal(replace(batch, columns=wrong), next(why for why, _ in judged if why)))
            if right:
                own.append(replace(batch, columns=right) if wrong else batch)
        return own, refusals


def _spool(batch: wire_batch.Batch) -> Spool:
    return batch.box, batch.spool_id


def labelled(batch: wire_batch.Batch, inventory: Inventory) -> Batch:
    """Ready for the store."""
    columns = tuple(
        Column(
            inventory.tags(attributed(inventory, one.sensor, batch.box), batch.box),
            *(one.quantity, one.times_ns, one.values, one.qualities),
        )
        for one in batch.series
    )
    return Batch(batch.box, batch.spool_id, batch.first_sequence, batch.last_sequence, columns)


def _unlabelled(batch: Batch) -> wire_batch.Batch:
    series = tuple(
        wire_batch.Series(as_said(one.tags.sensor), one.quantity, one.times_ns, one.values, one.qualities)
        for one in batch.columns
    )
    return wire_batch.Batch(batch.box, batch.spool_id, batch.first_sequence, 0, series)
