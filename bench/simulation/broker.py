"""A hostile broker between boxes and cloud: what MQTT 3.1.1 allows at QoS 1, and what real ones do besides.

It keeps the order of each connection, delivers again what was not acknowledged when a connection ends, drops what
its queue has no room for after it has said PUBACK, and forgets its sessions when it is told to.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from random import Random
from types import TracebackType
from typing import Self

from bench.simulation.process import outside
from bench.simulation.trace import Trace
from cloud.ports import Delivery as Delivered
from edge.ports import Delivery
from edge.sim.link import SimulatedBroker, SimulatedLink
from wire import topics
from wire.errors import Unreachable

_WINDOW = 20
"""Messages that a connection may hold without acknowledgement: mosquitto's default."""
_SILENT_S = (2.0, 30.0)
"""How long a box bears it: at first briefly, longer where that was for nothing (`wire.patience`)."""


@dataclass(slots=True)
class Road:
    """The way between one client and the broker: seconds each way, 0..1 lost, and whether it is there at all.

    A road that is `silent` takes everything and brings nothing, as half-open TCP does.
    """

    rng: Random
    most_s: float = 0.1
    loss: float = 0.0
    is_down: bool = False
    is_silent: bool = False
    _next_s: float = 0.0

    def arrives_s(self, now_s: float) -> float:
        """When what is sent now arrives: never before what was sent earlier."""
        self._next_s = max(self._next_s + 1e-6, now_s + self.rng.uniform(0.001, self.most_s))
        return self._next_s

    def loses(self) -> bool:
        """Acknowledged and forgotten?"""
        return self.rng.random() < self.loss

    def heal(self) -> None:
        """A good road."""
        self.most_s, self.loss, self.is_down, self.is_silent = 0.1, 0.0, False, False


@dataclass(slots=True)
class _Session:
    """What waits for one lane of the cloud."""

    most: int
    waiting: deque[Delivery] = field(default_factory=deque)
    held: dict[int, Delivery] = field(default_factory=dict)
    inbox: "LaneInbox | None" = None


class HostileBroker(SimulatedBroker):
    """The shipped simulated broker with roads to boxes, and sessions of the cloud instead of one queue."""

    def __init__(self, rng: Random, boxes: list[str], queue_most: int, trace: Trace) -> None:
        super().__init__(rng)
        self.roads = {box: Road(rng) for box in boxes}
        self.cloud_road = Road(rng)
        self.trace = trace
        self.redelivered = self.dropped = 0
        self._queue_most = queue_most
        self._lanes: dict[str, _Session] = {}
        self._packets = count(1)

    def publish(self, delivery: Delivery, *, retain: bool) -> None:
        """Take a message of a box, or lose it."""
        if retain:
            super().publish(delivery, retain=True)
            return
        session = self._lanes.get(delivery.topic.rpartition("/")[2])
        is_lost = session is None or self.roads[topics.box_of(delivery.topic)].loses()
        if session is None or is_lost or len(session.waiting) >= session.most:
            self.dropped += 1
            self.trace.add("lost", delivery.topic)
            return
        self.trace.add("up", delivery.topic, delivery.payload)
        session.waiting.append(delivery)
        self._pump(session)

    def send_down(self, box: str, payload: bytes) -> None:
        """A receipt, some time later."""
        road, now = self.roads[box], asyncio.get_running_loop().time
        self.trace.add("receipt", box, payload)
        if self.cloud_road.loses() or road.loses() or road.is_silent:
            self.trace.add("lost", "receipt")
            return
        loop = asyncio.get_running_loop()
        outside(loop.call_at, road.arrives_s(now()), self._arrive, box, payload)

    def _arrive(self, box: str, payload: bytes) -> None:
        if self.is_running:
            super().send_down(box, payload)

    def stop(self, *, forgets: bool = False) -> None:
        """End, cutting everybody off."""
        super().stop(forgets=forgets)
        for lane in list(self._lanes):
            self.cut_lane(lane)
        if forgets:
            self._lanes.clear()

    def cut_box(self, box: str) -> None:
        """Drop a box's connection, if there is one."""
        if box in self._links:
            self.cut(box)

    def cut_lane(self, lane: str) -> None:
        """Drop the connection of a lane of the cloud, if there is one; what it held comes again."""
        session = self._lanes.get(lane)
        if session is None or session.inbox is None:
            return
        session.inbox.queue.put_nowait(None)
        session.inbox = None
        self.redelivered += len(session.held)
        session.waiting.extendleft(reversed(session.held.values()))
        session.held.clear()

    def join(self, inbox: "LaneInbox") -> None:
        """A lane comes in. Raises Unreachable."""
        if not self.is_running or self.cloud_road.is_down:
            raise gone()
        self.cut_lane(inbox.lane)
        session = self._lanes.setdefault(inbox.lane, _Session(self._queue_most))
        session.inbox = inbox
        self._pump(session)

    def leave(self, inbox: "LaneInbox") -> None:
        """A lane goes."""
        if self.serves(inbox):
            self.cut_lane(inbox.lane)

    def serves(self, inbox: "LaneInbox") -> bool:
        """Is this the connection of its lane?"""
        session = self._lanes.get(inbox.lane)
        return session is not None and session.inbox is inbox

    def _pump(self, session: _Session) -> None:
        while session.inbox and session.waiting and len(session.held) < _WINDOW:
            packet, delivery = next(self._packets), session.waiting.popleft()
            session.held[packet] = delivery
            session.inbox.queue.put_nowait((packet, delivery))

    def acknowledge(self, inbox: "LaneInbox", packet: int) -> None:
        """A PUBACK of the cloud's; one on a connection that has ended says nothing."""
        session = self._lanes.get(inbox.lane)
        if session is not None and session.inbox is inbox and session.held.pop(packet, None):
            self._pump(session)


class HostileLink(SimulatedLink):
    """A box's link over its road."""

    def __init__(self, broker: HostileBroker, box: str, will: bytes) -> None:
        super().__init__(broker, box, will)
        self._hostile, self._road = broker, broker.roads[box]

    async def __aenter__(self) -> Self:
        """Connect. Raises Unreachable."""
        await asyncio.sleep(self._road.rng.uniform(0.01, 0.2))
        if self._road.is_down or self._road.is_silent:
            raise gone()
        return await super().__aenter__()

    async def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """There and back. Raises Unreachable."""
        self._require()
        time = asyncio.get_running_loop().time
        await asyncio.sleep(self._road.arrives_s(time()) - time())
        if self._road.is_silent:
            await asyncio.sleep(self._road.rng.uniform(*_SILENT_S))
            raise gone()
        self._require()
        self._hostile.publish(Delivery(topic, payload), retain=retain)
        await asyncio.sleep(self._road.rng.uniform(0.001, self._road.most_s))
        self._require()


class LaneInbox:
    """A `cloud.ports.Inbox` on the simulated broker: one lane's persistent session, acknowledged by hand."""

    def __init__(self, broker: HostileBroker, lane: str) -> None:
        self._broker, self.lane = broker, lane
        self.queue: asyncio.Queue[tuple[int, Delivery] | None] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        """Connect. Raises Unreachable."""
        await asyncio.sleep(self._broker.cloud_road.rng.uniform(0.01, 0.2))
        self.queue = asyncio.Queue()
        self._broker.join(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect; the session stays."""
        self._broker.leave(self)

    async def deliveries(self) -> AsyncIterator[Delivered]:
        """In the broker's order. Raises Unreachable when the connection ends."""
        while (item := await self.queue.get()) is not None:
            packet, delivery = item
            yield Delivered(delivery.topic, delivery.payload, partial(self._acknowledge, packet))
        raise gone()

    async def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:  # noqa: ARG002 - as Inbox
        """Returns at the PUBACK. Raises Unreachable."""
        road, time = self._broker.cloud_road, asyncio.get_running_loop().time
        self._require()
        await asyncio.sleep(road.arrives_s(time()) - time())
        self._require()
        self._broker.send_down(topics.box_of(topic), payload)
        await asyncio.sleep(road.rng.uniform(0.001, road.most_s))
        self._require()

    def _acknowledge(self, packet: int) -> None:
        loop, road = asyncio.get_running_loop(), self._broker.cloud_road
        outside(loop.call_at, road.arrives_s(loop.time()), self._broker.acknowledge, self, packet)

    def _require(self) -> None:
        if not self._broker.serves(self):
            raise gone()


def gone() -> Unreachable:
    """As a broker that does not answer."""
    return Unreachable("no broker answers.", where="simulation", fix="join the link.", code="E-LINK-002")
