"""The fleet's lane: documents go down to their boxes, retained, and what boxes say to them comes up.

A document is published when it was pushed, and again at every new connection to the broker while its box has not
answered: a broker that lost what it retained costs nothing. The session acknowledges by hand, as all lanes do.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from random import Random

from cloud.ledger import Ledger
from cloud.outage import Outage
from cloud.ports import Delivery, Inbox, Now
from cloud.quarantine import Quarantine
from cloud.tables import fleet
from wire import desired, topics
from wire.desired import Sealed

LOOK_S = 1.0
"""How often the ledger is asked for documents that nobody has sent."""


class FleetLane:
    """Both ways over one session."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        quarantine: Quarantine,
        now: Now,
        rng: Random,
        is_ours: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Nothing is connected yet. `is_ours`: the boxes whose documents are sent; others send those of theirs."""
        self._ledger, self._quarantine, self._now, self._is_ours = ledger, quarantine, now, is_ours
        self._hears = Outage("what boxes report", rng)
        self._sends = Outage("configurations", rng)

    async def run(self, inbox: Inbox) -> None:
        """Until the link is lost (raises LinkError, in a group) or the lane is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear(inbox))
            tasks.create_task(self._send(inbox))

    async def _hear(self, inbox: Inbox) -> None:
        async for delivery in inbox.deliveries():
            handle = partial(self._handle, delivery)
            await self._hears.outlast(partial(self._quarantine.guard, delivery.topic, delivery.payload, handle))
            delivery.ack()

    async def _handle(self, delivery: Delivery) -> None:
        topics.require_size(delivery.payload)
        said = desired.decode_reported(delivery.payload)
        topics.require_own(delivery.topic, said.box)
        await self._ledger.database.write(lambda connection: fleet.answer(connection, said, self._now()))

    async def _send(self, inbox: Inbox) -> None:
        sent: dict[str, int] = {}
        while True:
            find = partial(self._ledger.read, lambda connection: fleet.unanswered(connection, self._now()))
            for pushed in await self._sends.outlast(find):
                if self._is_ours(pushed.box) and sent.get(pushed.box) != pushed.counter:
                    payload = desired.encode(Sealed(pushed.document, pushed.key, pushed.signature))
                    await inbox.send(topics.topic(pushed.box, "desired"), payload, retain=True)
                    sent[pushed.box] = pushed.counter
            await asyncio.sleep(LOOK_S)
