"""A link that can be cut, and a cloud on this machine for where there is no network: what the cut is tried with."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from edge.ports import Delivery, Link
from edge.uplink import OpenLink
from wire import alarm_message, batch, receipt, topics
from wire.errors import Unreachable
from wire.receipt import Lane, Receipt


class Switch:
    """Opens links that work while it is closed. `cut` ends the one that stands, as a modem without a network does."""

    def __init__(self, open_link: OpenLink) -> None:
        """Closed: links work."""
        self._open_link = open_link
        self.gone = asyncio.Event()

    def __call__(self, will: bytes) -> Link:
        """An `OpenLink`."""
        return _CuttableLink(self._open_link(will), self.gone)

    def cut(self) -> None:
        """From here on nothing comes through."""
        self.gone.set()

    def join(self) -> None:
        """From here on links can be opened again."""
        self.gone = asyncio.Event()


class _CuttableLink:
    """A link around another one, until `gone` is set."""

    def __init__(self, link: Link, gone: asyncio.Event) -> None:
        self._link, self._gone = link, gone

    async def __aenter__(self) -> Self:
        self._require()
        await self._link.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._link.__aexit__(kind, error, trace)

    async def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._require()
        await self._link.send(topic, payload, retain=retain)
        self._require()

    async def deliveries(self) -> AsyncIterator[Delivery]:
        coming = aiter(self._link.deliveries())
        while True:
            following = asyncio.ensure_future(anext(coming))
            gone = asyncio.ensure_future(self._gone.wait())
            try:
                await asyncio.wait({following, gone}, return_when=asyncio.FIRST_COMPLETED)
                self._require()
                yield await following
            finally:
                following.cancel()
                gone.cancel()

    def _require(self) -> None:
        if self._gone.is_set():
            raise Unreachable("the link is cut, for the self-test.", code="E-LINK-006")


class CloudHere:
    """Takes what a box sends, in this process: gives receipts as the cloud does, and counts what came, and came twice.

    It stands in where there is no network. What it shows is the box's half: spool, publisher, sequence and receipt.
    """

    def __init__(self) -> None:
        """Nothing has come."""
        self.readings: set[tuple[str, str, int]] = set()
        self.doubled = 0
        self.alarms: list[str] = []
        self._through: dict[tuple[str, Lane], int] = {}
        self._down: asyncio.Queue[Delivery] = asyncio.Queue()

    def __call__(self, will: bytes) -> Link:
        """An `OpenLink`."""
        del will
        return _LinkHere(self, self._down)

    def take(self, topic: str, payload: bytes) -> None:
        """One message; its receipt goes down. Raises WireError."""
        what = topic.rpartition("/")[2]
        if what == Lane.READINGS:
            self._take_readings(batch.decode(payload))
        elif what == Lane.ALARMS:
            message = alarm_message.decode(payload)
            self.alarms += [event.alarm for event in message.events]
            self._receipt(message.box, message.spool_id, Lane.ALARMS, message.first_sequence, message.last_sequence)

    def _take_readings(self, found: batch.Batch) -> None:
        through = self._through.get((found.spool_id, Lane.READINGS), 0)
        if found.last_sequence > through:
            keys = [(series.sensor, series.quantity, at_ns) for series in found.series for at_ns in series.times_ns]
            self.doubled += sum(key in self.readings for key in keys)
            self.readings.update(keys)
        self._receipt(found.box, found.spool_id, Lane.READINGS, found.first_sequence, found.last_sequence)

    def _receipt(self, box: str, spool: str, lane: Lane, first: int, last: int) -> None:
        known = self._through.get((spool, lane), 0)
        if first <= known + 1:
            known = self._through[spool, lane] = max(known, last)
        payload = receipt.encode(Receipt(box, spool, lane, known, is_missed=first > known + 1))
        self._down.put_nowait(Delivery(topics.topic(box, "receipts"), payload))


class _LinkHere:
    """A connection to it."""

    def __init__(self, cloud: CloudHere, down: "asyncio.Queue[Delivery]") -> None:
        self._cloud, self._down = cloud, down

    async def __aenter__(self) -> Self:
        await asyncio.sleep(0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        del retain
        await asyncio.sleep(0)
        self._cloud.take(topic, payload)

    async def deliveries(self) -> AsyncIterator[Delivery]:
        while True:
            yield await self._down.get()
