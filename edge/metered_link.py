"""A link that counts what goes over it."""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from edge.data_use import DataMeter
from edge.ports import Delivery, Link
from wire import traffic


class MeteredLink:
    """An `edge.ports.Link` around another one."""

    def __init__(self, link: Link, meter: DataMeter) -> None:
        self._link, self._meter = link, meter

    async def __aenter__(self) -> Self:
        """Connect. Raises LinkError."""
        await self._link.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self._link.__aexit__(kind, error, trace)

    async def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Counted when it is sent, whether or not its PUBACK comes. Raises LinkError."""
        self._meter.add(traffic.message(topic, len(payload)))
        await self._link.send(topic, payload, retain=retain)

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """Each is counted. Raises LinkError."""
        async for delivery in self._link.deliveries():
            self._meter.add(traffic.message(delivery.topic, len(delivery.payload)))
            yield delivery
