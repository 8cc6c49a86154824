"""A broker in memory, and links to it that lose what they are told to lose.

It stands where `edge.link` and a real broker stand: in simulations of a whole box in virtual time,
and in tests of what a box must survive. It keeps what MQTT 3.1.1 promises at QoS 1 with a
persistent session, and no more: a PUBACK here, too, says nothing about arrival.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from random import Random
from types import TracebackType
from typing import Self

from edge.ports import Delivery
from wire import topics
from wire.errors import Unreachable


class SimulatedBroker:
    """Takes what boxes publish into `up`, and hands down to them what the cloud says.

    `loss`: the probability, 0..1, that a message in either direction is acknowledged and forgotten,
    as a full queue does it.
    """

    def __init__(self, rng: Random, *, loss: float = 0.0) -> None:
        """Running, and reachable."""
        self.up: asyncio.Queue[Delivery] = asyncio.Queue()
        self.retained: dict[str, bytes] = {}
        self.loss = loss
        self.is_running = True
        self._rng = rng
        self._links: dict[str, SimulatedLink] = {}
        self._sessions: defaultdict[str, deque[Delivery]] = defaultdict(deque)

    def send_down(self, box: str, payload: bytes, what: topics.What = "receipts") -> None:
        """To a topic that the box hears, at once or when it connects."""
        if self._rng.random() < self.loss:
            return
        delivery = Delivery(topics.topic(box, what), payload)
        if link := self._links.get(box):
            link.inbox.put_nowait(delivery)
        else:
            self._sessions[box].append(delivery)

    def stop(self, *, forgets: bool = False) -> None:
        """End, cutting every link. With `forgets`, queues and sessions are gone, as without persistence."""
        self.is_running = False
        for box in list(self._links):
            self.cut(box)
        if forgets:
            self._sessions.clear()
            while not self.up.empty():
                self.up.get_nowait()

    def start(self) -> None:
        """Run again."""
        self.is_running = True

    def cut(self, box: str) -> None:
        """Drop one box's connection; its will is published."""
        link = self._links.pop(box)
        link.inbox.put_nowait(None)
        self.retained[topics.topic(box, "status")] = link.will

    def connect(self, link: "SimulatedLink") -> None:
        """A box comes in; an older connection of the same name is dropped. Raises Unreachable."""
        if not self.is_running:
            raise _gone()
        if link.box in self._links:
            self.cut(link.box)
        self._links[link.box] = link
        for delivery in self._sessions.pop(link.box, ()):
            link.inbox.put_nowait(delivery)

    def disconnect(self, link: "SimulatedLink") -> None:
        """A box goes in peace, without a will."""
        if self.has(link):
            del self._links[link.box]

    def has(self, link: "SimulatedLink") -> bool:
        """Is this the box's connection?"""
        return self._links.get(link.box) is link

    def publish(self, delivery: Delivery, *, retain: bool) -> None:
        """Take a message, or lose it."""
        if retain:
            self.retained[delivery.topic] = delivery.payload
        elif self._rng.random() >= self.loss:
            self.up.put_nowait(delivery)


class SimulatedLink:
    """An `edge.ports.Link` to a simulated broker. `puback_s`: from a message to its PUBACK."""

    def __init__(self, broker: SimulatedBroker, box: str, will: bytes, *, puback_s: float = 0.0) -> None:
        """Nothing is connected yet."""
        self._broker, self.box, self.will, self._puback_s = broker, box, will, puback_s
        self.inbox: asyncio.Queue[Delivery | None] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        """Connect. Raises Unreachable."""
        await asyncio.sleep(0)
        self._broker.connect(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        self._broker.disconnect(self)

    async def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Returns at the PUBACK. Raises Unreachable when the connection is lost before it."""
        self._require()
        self._broker.publish(Delivery(topic, payload), retain=retain)
        await asyncio.sleep(self._puback_s)
        self._require()

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """What comes down. Raises Unreachable when the connection is lost."""
        while delivery := await self.inbox.get():
            yield delivery
        raise _gone()

    def _require(self) -> None:
        if not self._broker.has(self):
            raise _gone()


def _gone() -> Unreachable:
    return Unreachable(
        "no broker answers.", where="simulated broker", fix="start it, or join the link.", code="E-LINK-002"
    )
