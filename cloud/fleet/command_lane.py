"""The lane of commands: what people have asked goes down to boxes that are there, and what these answer comes up.

An ask goes out when its box is online, and again while it has no answer: the broker may forget it, the box may die
over it, and a box answers what it has answered before with the same words. The city's mode goes out to each box that
is online and reports another one; what it reports is the answer.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

from sqlalchemy import Connection

from cloud.city.mode import Mode
from cloud.fleet import box_modes
from cloud.lane import take
from cloud.ledger import Ledger
from cloud.outage import Outage
from cloud.ports import Delivery, Inbox, Now
from cloud.quarantine import Quarantine
from cloud.tables import asks, fleet, modes
from cloud.tables.fleet import Answer
from wire import command as commands
from wire import topics
from wire.command import Command, Verb
from wire.inventory import Inventory
from wire.overlay import Chosen

LOOK_S = 0.5
"""How often the ledger is asked for asks that nobody has sent."""
AGAIN_S = 10.0
MODES_S = 2.0
"""How often boxes are compared with the city's modes."""
MODE_AGAIN_S = 60.0
_EXPIRES_NS = 3600 * 10**9
"""Of a mode's command: a box whose clock is an hour off is not told."""


class CommandLane:
    """Both ways over one session."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        quarantine: Quarantine,
        inventory: Inventory,
        now: Now,
        rng: Random,
        is_ours: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Nothing is connected yet. `is_ours`: the boxes that this lane speaks to; others speak to theirs."""
        self._ledger, self._quarantine, self._now, self._is_ours = ledger, quarantine, now, is_ours
        self._districts, self._rng = box_modes.districts_of(inventory), rng
        self._hears = Outage("what boxes answer", rng)
        self._sends = Outage("commands", rng)
        self._chooses = Outage("the boxes' modes", rng)

    async def run(self, inbox: Inbox) -> None:
        """Until the link is lost (raises LinkError, in a group) or the lane is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(take(inbox, self._handle, self._hears, self._quarantine))
            tasks.create_task(self._send(inbox))
            tasks.create_task(self._choose(inbox))

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
                    await _say(inbox, command)
                    sent[asked.id] = clock()
            await asyncio.sleep(LOOK_S)

    async def _choose(self, inbox: Inbox) -> None:
        clock = asyncio.get_running_loop().time
        told: dict[str, tuple[Chosen, float]] = {}
        while True:
            standing, answers = await self._chooses.outlast(partial(self._ledger.read, _modes))
            now_ns = self._now()
            for answer in answers:
                if not self._is_ours(answer.box):
                    continue
                districts = self._districts.get(answer.box, frozenset())
                choice = box_modes.wanted(standing, districts, answer.modes, now_ns)
                known, told_at = told.get(answer.box, (None, 0.0))
                is_told = known == choice and clock() - told_at < MODE_AGAIN_S
                if box_modes.due(answer, choice, now_ns) and not is_told:
                    await _say(inbox, self._mode(answer.box, choice, now_ns))
                    told[answer.box] = choice, clock()
            await asyncio.sleep(MODES_S)

    def _mode(self, box: str, choice: Chosen, now_ns: int) -> Command:
        name, expires_ns = f"mode-{self._rng.getrandbits(64):016x}", now_ns + _EXPIRES_NS
        return Command(box, name, Verb.MODE, expires_ns, mode=choice.mode, ends_ns=choice.ends_ns)


def _modes(connection: Connection) -> tuple[Sequence[Mode], Sequence[Answer]]:
    return modes.standing(connection), fleet.choosable(connection)


async def _say(inbox: Inbox, command: Command) -> None:
    await inbox.send(topics.topic(command.box, "commands"), commands.encode(command))
