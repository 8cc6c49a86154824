"""The alarms lane: alarm events into the ledger, receipts back.

It shares nothing with the readings lane but the ledger: a store that is down, or a backlog of a
million readings, never delays a case.
"""

from collections.abc import Callable
from functools import partial
from random import Random

from cloud.lane import take
from cloud.ledger import Ledger
from cloud.outage import Outage
from cloud.ports import Delivery, Inbox
from cloud.quarantine import Quarantine, leave_to_another
from wire import alarm_message, receipt, topics
from wire.alarm_message import AlarmMessage
from wire.receipt import Lane, Receipt


def read(topic: str, payload: bytes) -> AlarmMessage:
    """The message, if the box may say it. Raises WireError."""
    topics.require_size(payload)
    message = alarm_message.decode(payload)
    topics.require_own(topic, message.box)
    topics.require_spool(message.spool_id)
    return message


class AlarmsLane:
    """Takes one message after the other; each is one transaction."""

    def __init__(self, *, ledger: Ledger, quarantine: Quarantine, changed: Callable[[], None], rng: Random) -> None:
        """`changed` is called after a commit that others should hear of."""
        self._ledger, self._quarantine, self._changed = ledger, quarantine, changed
        self._outage = Outage("alarms", rng)

    async def run(self, inbox: Inbox) -> None:
        """Until the link is lost (raises LinkError) or the lane is cancelled."""
        await take(inbox, partial(self._handle, inbox=inbox), self._outage, self._quarantine)

    async def run_ahead(self, inbox: Inbox) -> None:
        """Until the link is lost (raises LinkError): what a cluster hands on at once, and stores when it can.

        No receipt is sent: the cluster may not be able to take one. All that is not taken here, `run` hears, too.
        """
        async for delivery in inbox.deliveries():
            await leave_to_another(partial(self._take_ahead, delivery))

    async def take(self, message: AlarmMessage) -> int:
        """Into the ledger; the watermark of its spool then. Raises Unavailable."""
        taken = await self._ledger.take_alarms(message)
        if taken.changes:
            self._changed()
        return taken.stored_through

    async def _take_ahead(self, delivery: Delivery) -> None:
        await self.take(read(delivery.topic, delivery.payload))

    async def _handle(self, delivery: Delivery, inbox: Inbox) -> None:
        message = read(delivery.topic, delivery.payload)
        through = await self.take(message)
        is_missed = through < message.last_sequence
        stored = Receipt(message.box, message.spool_id, Lane.ALARMS, through, is_missed=is_missed)
        await inbox.send(topics.topic(message.box, "receipts"), receipt.encode(stored))
