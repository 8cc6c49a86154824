"""From the spool to the broker: alarms and readings in lanes of their own, again until receipted.

A PUBACK is not a receipt: what the broker has taken may still be lost. A lane sends what the spool
has beyond the last receipt, at most a window ahead of it, and goes back to the last receipt when
none has come for a while, when the cloud says that something is missing, and at every new connection.

A cloud that was restored from an older backup has less than it has receipted. Alarms go back to what it has, for
the order of events is what an alarm is. Readings do not wait for that: see `edge.backfill`.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from random import Random

import msgspec

from edge.alarm_messages import Message, alarm_messages
from edge.backfill import Backfill
from edge.pace import Pace
from edge.ports import Delivery, Link
from edge.spool import Spool
from wire import batch as wire_batch
from wire import receipt, topics
from wire.backoff import delays
from wire.batch import Batch
from wire.errors import WireError
from wire.receipt import Lane

_log = logging.getLogger(__name__)

WINDOW = 50
"""Messages a lane may be ahead of its receipts."""
_AGAIN_FIRST_S, _AGAIN_MOST_S = 6.0, 60.0
_MISSED_S = 1.0
"""Between two times of going back because the cloud says so: what it says next may be of before."""

_FROM_THE_FUTURE = (
    "the cloud has %s up to sequence %d, this spool only up to %d: it is an older copy, and the cloud will take what is"
    " new for what it has. fix: stop the agent and move the spool away; the agent then begins a new one. [E-SPOOL-004]"
)

Hear = Callable[[Delivery], None]


def ignore(_: Delivery) -> None:
    """A box that hears its receipts alone."""


async def publish(box: str, spool: Spool, link: Link, rng: Random, hear: Hear = ignore) -> None:
    """Send both lanes over one connection until it is lost: raises LinkError, in a group.

    `hear` is given what comes down and is no receipt.
    """
    backfill = Backfill(spool)
    senders = {lane: _LaneSender(lane, box, spool, link, rng, backfill) for lane in (Lane.ALARMS, Lane.READINGS)}
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_listen(spool, link, senders, backfill, hear))
        for sender in senders.values():
            tasks.create_task(sender.run())


async def _listen(
    spool: Spool, link: Link, senders: "Mapping[Lane, _LaneSender]", backfill: Backfill, hear: Hear
) -> None:
    doubted: set[Lane] = set()
    async for delivery in link.deliveries():
        if not delivery.topic.endswith("/receipts"):
            hear(delivery)
            continue
        try:
            stored = receipt.decode_receipt(delivery.payload)
        except WireError as error:
            _log.warning("%s: %s", delivery.topic, error)
            continue
        if stored.spool_id != spool.id:
            continue  # of the spool that was here before
        if stored.again:
            backfill.hear(stored)
            spool.stirred[Lane.READINGS].set()
            continue
        committed = spool.depth(stored.lane).committed
        if stored.stored_through > committed and stored.lane not in doubted:
            doubted.add(stored.lane)
            _log.warning(_FROM_THE_FUTURE, stored.lane, stored.stored_through, committed)
        if stored.lane is Lane.ALARMS:
            senders[Lane.ALARMS].hear(stored.stored_through)
        await spool.trim(stored.lane, stored.stored_through)
        if stored.is_missed:
            senders[stored.lane].miss(stored.stored_through)


class _LaneSender:
    """One lane over one connection; begins at the last receipt."""

    def __init__(self, lane: Lane, box: str, spool: Spool, link: Link, rng: Random, backfill: Backfill) -> None:
        self._lane, self._box, self._spool, self._link, self._rng = lane, box, spool, link, rng
        self._backfill = backfill
        self._spool_id = spool.id
        self._stored = self._sent = 0
        self._behind: int | None = None
        self._went_back_at = 0.0
        self._ahead: deque[int] = deque()
        self._pace = Pace(WINDOW)
        self._is_missed = False
        self._missed_last = -1
        self._missed_at = -_MISSED_S

    async def run(self) -> None:
        """Send what is new; go back to the last receipt when none has come for 6 s, then 12 s … a minute."""
        now = asyncio.get_running_loop().time
        stirred = self._spool.stirred[self._lane]
        pauses = delays(_AGAIN_FIRST_S, _AGAIN_MOST_S, self._rng)
        again_at: float | None = None
        while True:
            stirred.clear()
            if self._spool.id != self._spool_id:  # the file was damaged, and another has begun
                self._spool_id, self._stored, self._sent, self._behind = self._spool.id, 0, 0, None
                self._ahead.clear()
                self._missed_last = -1
            if self._has_heard() or self._is_missed:
                pauses = delays(_AGAIN_FIRST_S, _AGAIN_MOST_S, self._rng)
                again_at = None
            if self._is_missed:
                self._go_back()
            await self._send_new()
            if await self._send_again():
                continue
            if self._ahead and again_at is None:
                again_at = now() + next(pauses)
            try:
                async with asyncio.timeout_at(again_at):
                    await stirred.wait()
            except TimeoutError:
                self._go_back()
                again_at = None

    def miss(self, through: int) -> None:
        """The cloud has none of what follows `through`, but something beyond: that is sent again, once.

        Were it sent again whenever the cloud says so, each message of a window on its way would bring another window.
        """
        now, is_old = asyncio.get_running_loop().time(), through < self._spool.depth(self._lane).stored
        if is_old or through == self._missed_last or now - self._missed_at < _MISSED_S:
            return
        self._is_missed, self._missed_last, self._missed_at = True, through, now
        self._spool.stirred[self._lane].set()

    def _go_back(self) -> None:
        """To the last receipt."""
        self._sent = self._stored
        self._ahead.clear()
        self._is_missed = False

    def hear(self, through: int) -> None:
        """A receipt. One that says less than was receipted before is late, or the cloud has lost what is above it.

        Going back for nothing costs a few messages that it knows already.
        """
        now = asyncio.get_running_loop().time()
        if through >= self._spool.depth(self._lane).stored:
            self._behind = None
        elif self._behind is not None and through > self._behind:
            self._behind = through
        elif self._behind is None or now - self._went_back_at > _AGAIN_FIRST_S:
            self._behind = self._stored = self._sent = through
            self._went_back_at = now
            self._ahead.clear()

    def _has_heard(self) -> bool:
        """Has a receipt come since the last look?"""
        stored = self._spool.depth(self._lane).stored if self._behind is None else self._behind
        is_news = stored > self._stored
        self._stored = stored
        self._sent = max(self._sent, stored)
        while self._ahead and self._ahead[0] <= stored:
            self._ahead.popleft()
        return is_news

    async def _send_new(self) -> None:
        """All that the window has room for, in order.

        What is fetched at once goes out without waiting for each PUBACK in turn, but no more than the link's
        pace: an alarm that shares a slow link must not queue behind a whole backlog.
        """
        before = self._sent
        while True:
            messages, values = await self._messages(self._room())
            if not messages or self._spool.id != self._spool_id or self._is_missed or self._sent != before:
                return  # they are of the spool before, or too far ahead by now
            for through, _ in messages:
                self._ahead.append(through)
                self._sent = through
            await self._burst([payload for _, payload in messages], values)
            before = self._sent

    async def _send_again(self) -> bool:
        """A burst of what the cloud has asked for again, when nothing new waits; was there any?"""
        if self._lane is Lane.ALARMS or self._room() <= 0:
            return False
        batches = await self._backfill.batches(self._pace.burst)
        payloads = [_fitting(msgspec.structs.replace(batch, box=self._box)) for batch in batches]
        if payloads:
            await self._burst(payloads, sum(batch.count for batch in batches))
        return bool(payloads)

    async def _burst(self, payloads: Sequence[bytes], values: int) -> None:
        """At once, and then a rest after as many readings as that."""
        clock = asyncio.get_running_loop().time
        topic, began = topics.topic(self._box, self._lane.value), clock()
        async with asyncio.TaskGroup() as sending:
            for payload in payloads:
                sending.create_task(self._link.send(topic, payload))
        took_s = clock() - began
        self._pace.took(len(payloads), took_s)
        if self._lane is Lane.READINGS:
            await asyncio.sleep(self._pace.rest_s(len(payloads), values, took_s))

    def _room(self) -> int:
        """Messages that may go out now; alarms wait for nothing but their window."""
        room = WINDOW - len(self._ahead)
        return room if self._lane is Lane.ALARMS else min(room, self._pace.burst)

    async def _messages(self, room: int) -> tuple[Sequence[Message], int]:
        """The next messages, at most `room`, and how many readings travel in them: what is gone does not."""
        if self._lane is Lane.ALARMS:
            return await alarm_messages(self._box, self._spool, self._sent, room), 0
        batches = await self._spool.batches(self._sent, room)
        messages = [(batch.last_sequence, self._encoded(batch)) for batch in batches]
        return messages, sum(batch.count for batch in batches)

    def _encoded(self, batch: Batch) -> bytes:
        """A batch as it travels: what is gone before it, the box does not hold any more either."""
        trimmed = min(self._stored, batch.first_sequence - 1)  # a receipt inside a batch trims none of it
        if batch.gaps and self._stored >= batch.begins - 1:
            trimmed = batch.first_sequence - 1
        return _fitting(msgspec.structs.replace(batch, box=self._box, trimmed_through=trimmed))


def _fitting(batch: Batch) -> bytes:
    """As one message; where its gaps are too much for that, without the sensors' names in them."""
    payload = wire_batch.encode(batch)
    if batch.gaps and len(payload) > topics.PAYLOAD_MAX:
        unnamed = tuple(msgspec.structs.replace(gap, sensors={}) for gap in batch.gaps)
        payload = wire_batch.encode(msgspec.structs.replace(batch, gaps=unnamed))
    return payload
