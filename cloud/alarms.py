"""The alarms lane: alarm events into the ledger, receipts back; and what boxes say of themselves.

It shares nothing with the readings lane but the ledger: a store that is down, or a backlog of a
million readings, never delays a case.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from random import Random

from cloud.ledger import Ledger
from cloud.ports import Delivery, Inbox
from cloud.quarantine import Quarantine
from wire import alarm_message, receipt, topics
from wire.backoff import delays
from wire.errors import Unavailable
from wire.receipt import Lane, Receipt

_log = logging.getLogger(__name__)
_RETRY_FIRST_S, _RETRY_MOST_S = 0.2, 5.0


class AlarmsLane:
    """Takes one message after the other; each is one transaction."""

    def __init__(self, *, ledger: Ledger, quarantine: Quarantine, changed: Callable[[], None], rng: Random) -> None:
        """`changed` is called after a commit that others should hear of."""
        self._ledger, self._quarantine, self._changed, self._rng = ledger, quarantine, changed, rng

    async def run(self, inbox: Inbox) -> None:
        """Until the link is lost (raises LinkError) or the lane is cancelled."""
        async for delivery in inbox.deliveries():
            await self.take(delivery, inbox)

    async def take(self, delivery: Delivery, inbox: Inbox) -> None:
        """One delivery, until it is committed or set aside; then it is acknowledged."""
        pauses = delays(_RETRY_FIRST_S, _RETRY_MOST_S, self._rng)
        is_ledger_gone = False
        while True:
            try:
                await self._quarantine.guard(delivery.topic, delivery.payload, partial(self._handle, delivery, inbox))
                break
            except Unavailable as error:
                if not is_ledger_gone:
                    _log.warning("the ledger is gone, alarms wait: %s", error)
                is_ledger_gone = True
                await asyncio.sleep(next(pauses))
        if is_ledger_gone:
            _log.warning("the ledger is back")
        delivery.ack()

    async def _handle(self, delivery: Delivery, inbox: Inbox) -> None:
        topics.require_size(delivery.payload)
        if delivery.topic.endswith("/status"):
            await self._take_status(delivery)
        else:
            await self._take_alarms(delivery, inbox)

    async def _take_alarms(self, delivery: Delivery, inbox: Inbox) -> None:
        message = alarm_message.decode(delivery.payload)
        topics.require_own(delivery.topic, message.box)
        taken = await self._ledger.take_alarms(message)
        if taken.changes:
            self._changed()
        stored = Receipt(message.box, message.spool_id, Lane.ALARMS, taken.stored_through)
        await inbox.send(topics.topic(message.box, "receipts"), receipt.encode(stored))

    async def _take_status(self, delivery: Delivery) -> None:
        status = receipt.decode_status(delivery.payload)
        topics.require_own(delivery.topic, status.box)
        await self._ledger.save_status(status)
        self._changed()
