"""A lane's session at a broker, in memory: what was published comes in order, and what is sent is kept."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from cloud.ports import Delivery


class BrokerSession:
    """As `cloud.ports.Inbox`; `sent` are topic, payload and whether it is retained."""

    def __init__(self) -> None:
        self.published: asyncio.Queue[Delivery] = asyncio.Queue()
        self.sent: list[tuple[str, bytes, bool]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """In the order they were published."""
        while True:
            yield await self.published.get()

    async def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Down to a box."""
        self.sent.append((topic, payload, retain))
