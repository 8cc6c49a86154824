"""The readings lane: batches from the boxes, in order, into the store; then the receipts.

A batch is taken when it follows its spool's watermark without a hole. One at or below the
watermark was stored before and is only receipted again; one beyond a hole is let go, because the
box sends everything again from the receipt it gets. So each box's readings are stored once and in
order, whatever the broker loses, repeats or reorders.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from functools import partial
from random import Random

from cloud.ledger import Ledger
from cloud.live import Live
from cloud.ports import Batch, Column, Delivery, Inbox, Store
from cloud.quarantine import Quarantine
from wire import batch as wire_batch
from wire import receipt, topics
from wire.backoff import delays
from wire.errors import Unavailable
from wire.inventory import Inventory
from wire.receipt import Lane, Receipt

_log = logging.getLogger(__name__)

LINGER_S = 0.2
"""How long the first waiting batch waits for company: stores like few large writes."""
_DELIVERIES_MAX = 100
_RETRY_FIRST_S, _RETRY_MOST_S = 0.5, 15.0

Spool = tuple[str, str]
"""(box, spool id)."""


class Place(Enum):
    """Where a batch stands to its spool's watermark."""

    NEXT = auto()
    KNOWN = auto()
    BEYOND_A_HOLE = auto()
    ASTRIDE = auto()


def place(batch: wire_batch.Batch, watermark: int) -> Place:
    """Compare a batch with what is stored of its spool.

    A batch whose box has trimmed everything before it continues a spool whose watermark the cloud
    has lost.
    """
    if batch.last_sequence <= watermark:
        return Place.KNOWN
    if batch.first_sequence <= watermark:
        return Place.ASTRIDE
    if batch.first_sequence == max(watermark, batch.trimmed_through) + 1:
        return Place.NEXT
    return Place.BEYOND_A_HOLE


class ReadingsLane:
    """One task reads the broker, one writes the store; what lies between is unacknowledged and bounded."""

    def __init__(
        self, *, ledger: Ledger, store: Store, live: Live, inventory: Inventory, quarantine: Quarantine, rng: Random
    ) -> None:
        """Nothing runs yet; `ledger` and `store` are open."""
        self._ledger, self._store, self._live = ledger, store, live
        self._inventory, self._quarantine, self._rng = inventory, quarantine, rng
        self._watermarks: dict[Spool, int] = {}

    async def run(self, inbox: Inbox) -> None:
        """Until the link is lost (an exception group with a LinkError) or the lane is cancelled."""
        waiting: asyncio.Queue[Delivery] = asyncio.Queue(_DELIVERIES_MAX)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._fill(waiting, inbox))
            tasks.create_task(self._drain(waiting, inbox))

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
            await self.take(deliveries, inbox)

    async def take(self, deliveries: Sequence[Delivery], inbox: Inbox) -> None:
        """Store what is new in a group of deliveries, send receipts, acknowledge. A bad message harms no other."""
        batches: list[wire_batch.Batch] = []
        for delivery in deliveries:
            decode = partial(self._decode, delivery, batches)
            await self._quarantine.guard(delivery.topic, delivery.payload, decode)
        new = await self._in_order(batches)
        if new:
            await self._store_for_sure([_labelled(batch, self._inventory) for batch in new])
        ends = {(batch.box, batch.spool_id): batch.last_sequence for batch in new}
        await self._ledger.advance_many([(*spool, Lane.READINGS, through) for spool, through in ends.items()])
        self._watermarks |= ends
        for box, spool_id in dict.fromkeys((batch.box, batch.spool_id) for batch in batches):
            stored = Receipt(box, spool_id, Lane.READINGS, self._watermarks[box, spool_id])
            await inbox.send(topics.topic(box, "receipts"), receipt.encode(stored))
        for delivery in deliveries:
            delivery.ack()

    async def _decode(self, delivery: Delivery, batches: list[wire_batch.Batch]) -> None:
        topics.require_size(delivery.payload)
        batch = wire_batch.decode(delivery.payload)
        topics.require_own(delivery.topic, batch.box)
        batches.append(batch)

    async def _in_order(self, batches: Iterable[wire_batch.Batch]) -> list[wire_batch.Batch]:
        """The batches that may be stored now, each following the one before."""
        new: list[wire_batch.Batch] = []
        reached: dict[Spool, int] = {}
        for batch in batches:
            spool = (batch.box, batch.spool_id)
            if spool not in self._watermarks:
                self._watermarks[spool] = await self._ledger.watermark(*spool, Lane.READINGS)
            watermark = reached.get(spool, self._watermarks[spool])
            where = place(batch, watermark)
            if where is Place.NEXT:
                new.append(batch)
                reached[spool] = batch.last_sequence
            elif where is Place.ASTRIDE:
                reason = f"sequences {batch.first_sequence}..{batch.last_sequence} lie astride {watermark}"
                self._quarantine.put(topics.topic(batch.box, "readings"), wire_batch.encode(batch), reason)
        return new

    async def _store_for_sure(self, batches: Sequence[Batch]) -> None:
        """Write, waiting for the store as long as it takes; set aside what it refuses."""
        pauses = delays(_RETRY_FIRST_S, _RETRY_MOST_S, self._rng)
        failures = 0
        while True:
            try:
                refusals = await self._store.write(batches)
                break
            except Unavailable as error:
                failures += 1
                if failures == 1:
                    _log.warning("the store is gone, readings wait: %s", error)
                await asyncio.sleep(next(pauses))
        if failures:
            _log.warning("the store is back after %d attempts", failures)
        for refusal in refusals:
            payload = wire_batch.encode(_unlabelled(refusal.batch))
            self._quarantine.put(topics.topic(refusal.batch.box, "readings"), payload, refusal.reason)
        for batch in batches:
            self._live.put(batch.columns)


def _labelled(batch: wire_batch.Batch, inventory: Inventory) -> Batch:
    columns = tuple(
        Column(
            inventory.tags(series.sensor, batch.box), series.quantity, series.times_ns, series.values, series.qualities
        )
        for series in batch.series
    )
    return Batch(batch.box, batch.spool_id, batch.first_sequence, batch.last_sequence, columns)


def _unlabelled(batch: Batch) -> wire_batch.Batch:
    series = tuple(
        wire_batch.Series(column.tags.sensor, column.quantity, column.times_ns, column.values, column.qualities)
        for column in batch.columns
    )
    return wire_batch.Batch(batch.box, batch.spool_id, batch.first_sequence, 0, series)
