"""The lane of commands: what people have asked goes down to boxes that are there, and what these answer comes up.

An ask goes out when its box is online, and again while it has no answer: the broker may forget it, the box may die
over it, and a box answers what it has answered before with the same words.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from random import Random

from cloud.ledger import Ledger
from cloud.outage import Outage
from cloud.ports import Delivery, Inbox, Now
from cloud.quarantine import Quarantine
from cloud.tables import asks
from wire import command as commands
from wire import topics
from wire.command import Command

LOOK_S = 0.5
"""How often the ledger is asked for asks that nobody has sent."""
AGAIN_S = 10.0
_RETRY_MOST_S = 15.0


class CommandLane:
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
        """Nothing is connected yet. `is_ours`: the boxes that this lane speaks to; others speak to theirs."""
        self._ledger, self._quarantine, self._now, self._is_ours = ledger, quarantine, now, is_ours
        self._hears = Outage("what boxes answer", rng, _RETRY_MOST_S)
        self._sends = Outage("commands", rng, _RETRY_MOST_S)

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
        reply = commands.decode_reply(delivery.payload)
        topics.require_own(delivery.topic, reply.box)
        await self._ledger.database.write(lambda connection: asks.answer(connection, reply, self._now()))

    async def _send(self, inbox: Inbox) -> None:
        clock = asyncio.get_running_loop().time
        sent: dict[str, float] = {}
        while True:
            find = partial(self._ledger.read, lambda connection: asks.due(connection, self._now()))
            due = [asked for asked in await self._sends.outlast(find) if self._is_ours(asked.box)]
            sent = {asked.id: sent[asked.id] for asked in due if asked.id in sent}
            for asked in due:
                if clock() - sent.get(asked.id, -AGAIN_S) >= AGAIN_S:
                    command = Command(asked.box, asked.id, asked.verb, asked.expires_ns, asked.lines, asked.since_s)
                    await inbox.send(topics.topic(asked.box, "commands"), commands.encode(command))
                    sent[asked.id] = clock()
            await asyncio.sleep(LOOK_S)
