"""A cloud as small as the contract: it stores what follows without a hole, and says so with receipts."""

import asyncio
from collections import defaultdict
from random import Random

from edge.sim.link import SimulatedBroker
from wire import alarm_message, receipt
from wire import batch as wire_batch
from wire.alarm import AlarmEvent
from wire.gap import Gap, after
from wire.reading import Reading
from wire.receipt import Lane, Receipt

Key = tuple[str, Lane]


class Receiver:
    """Takes everything that a simulated broker brings up. `receipt_loss`: 0..1, of receipts never sent."""

    def __init__(self, broker: SimulatedBroker, *, receipt_loss: float = 0.0, rng: Random | None = None) -> None:
        self.broker = broker
        self.is_storing = True
        self.readings: list[Reading] = []
        self.events: list[AlarmEvent] = []
        self.gaps: list[Gap] = []
        self.order: list[Lane] = []
        self.stored: defaultdict[Key, int] = defaultdict(int)
        self.payloads: defaultdict[tuple[Lane, int], set[bytes]] = defaultdict(set)
        self._receipt_loss, self._rng = receipt_loss, rng or Random(1)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._take(await self.broker.up.get())

    async def _take(self, delivery: object) -> None:
        topic, payload = delivery.topic, delivery.payload  # type: ignore[attr-defined]
        message: wire_batch.Batch | alarm_message.AlarmMessage
        if topic.endswith("/readings"):
            lane, message = Lane.READINGS, wire_batch.decode(payload)
            self.payloads[lane, message.first_sequence].add(repr(message.series).encode())
        else:
            lane, message = Lane.ALARMS, alarm_message.decode(payload)
        self.order.append(lane)
        if not self.is_storing:
            return
        key = (message.spool_id, lane)
        gaps = message.gaps if isinstance(message, wire_batch.Batch) else ()
        first, last = (gaps[0] if gaps else message).first_sequence, message.last_sequence
        if first <= max(self.stored[key], message.trimmed_through) + 1 and last > self.stored[key]:
            self.gaps += after(gaps, self.stored[key])
            if isinstance(message, wire_batch.Batch):
                self.readings += [row for series in message.series for row in series.readings()]
            else:
                self.events += [event for event in message.events if event.sequence > self.stored[key]]
            self.stored[key] = last
        if self._rng.random() >= self._receipt_loss:
            said = Receipt(message.box, message.spool_id, lane, self.stored[key], is_missed=self.stored[key] < last)
            self.broker.send_down(message.box, receipt.encode(said))

    async def until(self, *, readings: int = 0, events: int = 0) -> None:
        """Wait until so much is stored, for at most a minute."""
        async with asyncio.timeout(60):
            while len(self.readings) < readings or len(self.events) < events:
                await asyncio.sleep(0.01)
