"""How much of one box a lane takes, so that none can crowd out the others: a bucket of tokens for each.

What is beyond is acknowledged to the broker and let go before anything looks into it. It has no receipt, so its box
keeps it and sends it again: a box that drains an outage is slowed down to its allowance, and loses nothing. Holding it
back unacknowledged would be no answer: the broker sends a lane 200 messages before it waits, and they would all be
this box's.

Readings are weighed as they say they unpack, which is what they cost us: five thousand values can come in 60 bytes.
Boxes that sensors.yaml does not know share one bucket.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import msgspec

from cloud.ports import Delivery, Inbox, Now
from wire import batch, topics
from wire.errors import WireError

_log = logging.getLogger(__name__)
_SAY_AGAIN_NS = 600 * 10**9


@dataclass(frozen=True, slots=True)
class Allowance:
    """Messages and bytes a second, and how many of each may come at once after a quiet time."""

    messages_s: float
    messages_most: float
    bytes_s: float
    bytes_most: float


READINGS = Allowance(100, 400, 512 * 1024, 8 * 2**20)
"""Judgement. A box of 1200 readings a second, forty sensors that sample ten times and tell three quantities, comes to
2.4 kB/s unpacked at 2 bytes each; drained at 50 times that, to 120 kB/s in 12 messages a second."""
ALARMS = Allowance(20, 200, 256 * 1024, 4 * 2**20)
"""Judgement: a message carries twenty events, each message is a transaction."""
STATUS = Allowance(1, 60, 8 * 1024, 512 * 1024)
"""A box says how it is every ten seconds, and at every connection."""
REPORTED = Allowance(1, 60, 8 * 1024, 512 * 1024)
"""A box says what it runs at every connection and at every change; with twenty mistakes of 2 kB each in it."""
REPLIES = Allowance(1, 60, 64 * 1024, 4 * 2**20)
"""A box answers what people ask, each with a message at most; by its own account no more than 2 MiB at once."""
SET_ASIDE = Allowance(0.1, 100, 256 * 1024, 32 * 2**20)
"""What quarantine keeps of one box: each is a file that is synchronised to the disk while the lane waits."""
METERED = ("readings", "alarms", "status", "reported", "replies", "quarantine")
"""What is counted apart."""


class Overrun(msgspec.Struct, frozen=True):
    """How many messages of a box were let go since the cloud started; `box` is empty for those that nobody knows.

    `what` is the lane, or `quarantine`.
    """

    box: str
    what: str
    messages: int
    last_ns: int


class Overruns:
    """All there have been since the cloud started; bounded by the boxes of sensors.yaml."""

    def __init__(self, now: Now) -> None:
        """There are none."""
        self._now = now
        self._known: dict[tuple[str, str], Overrun] = {}
        self._said: dict[tuple[str, str], int] = {}

    def add(self, box: str, what: str) -> None:
        """One message more; the log says it at most every ten minutes."""
        key, now_ns = (box, what), self._now()
        known = self._known.get(key)
        count = known.messages + 1 if known else 1
        self._known[key] = Overrun(box, what, count, now_ns)
        if key not in self._said or now_ns - self._said[key] >= _SAY_AGAIN_NS:
            self._said[key] = now_ns
            who = f"box {box}" if box else "boxes that sensors.yaml does not know"
            _log.warning("%s: %s sent more than the allowance; %d messages were let go so far", what, who, count)

    def all(self) -> Sequence[Overrun]:
        """By box."""
        return [self._known[key] for key in sorted(self._known)]


class Admission:
    """Of one lane. `boxes` are those that have a bucket of their own."""

    def __init__(self, what: str, allowance: Allowance, boxes: Collection[str], overruns: Overruns) -> None:
        """Every bucket is full."""
        self._what, self._boxes, self._overruns = what, boxes, overruns
        self._allowance = allowance
        self._left: dict[str, tuple[float, float, float]] = {}
        """Messages, bytes, and when that was, by box."""

    def admits(self, topic: str, weight: int, now_s: float) -> bool:
        """May it be taken? Then it is charged; otherwise it is counted. `now_s` never goes back."""
        box = self._known_box(topic)
        limits = self._allowance
        messages, size, then_s = self._left.get(box, (limits.messages_most, limits.bytes_most, now_s))
        messages = min(limits.messages_most, messages + (now_s - then_s) * limits.messages_s)
        size = min(limits.bytes_most, size + (now_s - then_s) * limits.bytes_s)
        is_admitted = messages >= 1 and size >= weight
        if is_admitted:
            messages, size = messages - 1, size - weight
        else:
            self._overruns.add(box, self._what)
        self._left[box] = messages, size, now_s
        return is_admitted

    def _known_box(self, topic: str) -> str:
        try:
            box = topics.box_of(topic)
        except WireError:
            return ""
        return box if box in self._boxes else ""


class MeteredInbox:
    """An inbox that lets go what is over the allowance; `weigh` says how many bytes a payload counts for."""

    def __init__(self, inbox: Inbox, admission: Admission, weigh: Callable[[bytes], int] = len) -> None:
        """As closed as the inbox."""
        self._inbox, self._admission, self._weigh = inbox, admission, weigh

    async def __aenter__(self) -> Self:
        await self._inbox.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._inbox.__aexit__(kind, error, trace)

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """Those that are admitted, in the broker's order. Raises LinkError when the connection ends."""
        clock = asyncio.get_running_loop().time
        async for delivery in self._inbox.deliveries():
            if self._admission.admits(delivery.topic, self._weigh(delivery.payload), clock()):
                yield delivery
            else:
                delivery.ack()

    async def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Returns when the broker has taken it. Raises LinkError."""
        await self._inbox.send(topic, payload, retain=retain)


def metered(inbox: Inbox, what: topics.What, boxes: Collection[str], overruns: Overruns) -> MeteredInbox:
    """The inbox of a lane, with its allowance."""
    allowances = {"readings": READINGS, "alarms": ALARMS, "status": STATUS, "reported": REPORTED, "replies": REPLIES}
    admission = Admission(what, allowances[what], boxes, overruns)
    return MeteredInbox(inbox, admission, batch.weight if what == "readings" else len)
