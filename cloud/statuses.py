"""The statuses lane: what boxes say of themselves, into the ledger.

A lane of its own: when the cloud connects, the broker sends the retained status of every box at
once, and no alarm may queue behind ten thousand of them.
"""

from collections.abc import Callable
from functools import partial
from random import Random

from cloud.ledger import Ledger
from cloud.outage import Outage
from cloud.ports import Delivery, Inbox
from cloud.quarantine import Quarantine
from wire import receipt, topics

_RETRY_MOST_S = 15.0


class StatusesLane:
    """Takes one status after the other."""

    def __init__(self, *, ledger: Ledger, quarantine: Quarantine, changed: Callable[[], None], rng: Random) -> None:
        """`changed` is called after a commit that others should hear of."""
        self._ledger, self._quarantine, self._changed = ledger, quarantine, changed
        self._outage = Outage("statuses", rng, _RETRY_MOST_S)

    async def run(self, inbox: Inbox) -> None:
        """Until the link is lost (raises LinkError) or the lane is cancelled."""
        async for delivery in inbox.deliveries():
            handle = partial(self._handle, delivery)
            await self._outage.outlast(partial(self._quarantine.guard, delivery.topic, delivery.payload, handle))
            delivery.ack()

    async def _handle(self, delivery: Delivery) -> None:
        topics.require_size(delivery.payload)
        status = receipt.decode_status(delivery.payload)
        topics.require_own(delivery.topic, status.box)
        await self._ledger.save_status(status, is_fresh=not delivery.is_retained)
        self._changed()
