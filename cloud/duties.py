"""What a process does while it holds a lease: the lanes of a share, or the work of the clock and of the outbox.

Everything that is written to the ledger here is refused once the lease is over. The store needs no such guard: what
is written to it twice is there once.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from cloud.admission import Overruns, metered
from cloud.alarms import AlarmsLane
from cloud.fleet.fleet_lane import FleetLane
from cloud.ingest import ReadingsLane
from cloud.lane import keep_running
from cloud.leases import Tenure
from cloud.ledger import Ledger
from cloud.link import MqttInbox
from cloud.live import Live
from cloud.outage import Outage
from cloud.ports import Inbox, Now, Store
from cloud.quarantine import Quarantine
from cloud.share import WHOLE, Duty, Part, Share
from cloud.statuses import StatusesLane
from wire import topics
from wire.broker import Broker
from wire.errors import LinkError, Rejected
from wire.inventory import Inventory

_log = logging.getLogger(__name__)
TICK_S = 1.0
"""How often the ledger is asked what is due by the clock."""
_SESSIONS: dict[Part, tuple[topics.What, ...]] = {
    Part.READINGS: ("readings",),
    Part.ALARMS: ("alarms", "status", "reported"),
}


def session(what: topics.What, share: Share = WHOLE) -> str:
    """The name of the broker's session: of a share, so that who takes the share over hears what waits there."""
    return f"egret-cloud-{what}" if share == WHOLE else f"egret-cloud-{what}-{share.number}of{share.of}"


@dataclass(frozen=True, slots=True)
class Duties:
    """`store_is_open` is set when readings may be written; `changed` is called when the ledger has news."""

    broker: Broker
    inventory: Inventory
    ledger: Ledger
    store: Store
    store_is_open: asyncio.Event
    live: Live
    quarantine: Quarantine
    overruns: Overruns
    notify: Callable[[Ledger], Coroutine[Any, Any, None]]
    changed: Callable[[], None]
    now: Now
    rng: Random

    async def do(self, tenure: Tenure) -> None:
        """Until cancelled."""
        ledger = self.ledger.fenced(tenure.require)
        match tenure.duty.part:
            case Part.READINGS:
                await self.store_is_open.wait()
                await self._listen("readings", self.readings_lane(ledger).run, tenure)
            case Part.ALARMS:
                await self._take_alarms(ledger, tenure)
            case Part.NOTIFY:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self.notify(ledger))
                    tasks.create_task(self._keep_time(ledger))
            case Part.API:
                raise AssertionError("the API needs no lease")

    async def forget(self, duty: Duty) -> None:
        """Broker sessions of a share that is no more would gather messages for nobody."""
        for what in _SESSIONS.get(duty.part, ()):
            try:
                async with MqttInbox(self.broker, session(what, duty.share), (), is_passing=True):
                    pass
            except LinkError as error:
                _log.warning("the session %s stays at the broker: %s", session(what, duty.share), error)

    def readings_lane(self, ledger: Ledger) -> ReadingsLane:
        """A lane that remembers nothing yet: another process may have written since."""
        return ReadingsLane(
            ledger=ledger,
            store=self.store,
            live=self.live,
            inventory=self.inventory,
            quarantine=self.quarantine,
            rng=self.rng,
        )

    def alarms_lane(self, ledger: Ledger) -> AlarmsLane:
        """A lane that does not run yet."""
        return AlarmsLane(ledger=ledger, quarantine=self.quarantine, changed=self.changed, rng=self.rng)

    async def _take_alarms(self, ledger: Ledger, tenure: Tenure) -> None:
        is_ours = tenure.duty.share.has
        statuses = StatusesLane(
            ledger=ledger, quarantine=self.quarantine, changed=self.changed, rng=self.rng, is_ours=is_ours
        )
        fleet = FleetLane(ledger=ledger, quarantine=self.quarantine, now=self.now, rng=self.rng, is_ours=is_ours)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen("alarms", self.alarms_lane(ledger).run, tenure))
            for node in self.broker.nodes() if self.broker.others else ():
                tasks.create_task(self._hear_ahead(node, self.alarms_lane(ledger), tenure))
            tasks.create_task(self._listen("status", statuses.run, tenure))
            tasks.create_task(statuses.watch())
            tasks.create_task(self._listen("reported", fleet.run, tenure))

    async def _listen(self, what: topics.What, run: Callable[[Inbox], Awaitable[None]], tenure: Tenure) -> None:
        """One lane of a share on a session of its own."""
        share = tenure.duty.share
        inbox = MqttInbox(self.broker, session(what, share), self._filters(what, share))
        name = f"{what} lane" if share == WHOLE else f"{what} lane {share}"
        within_bounds = metered(inbox, what, self.inventory.boxes, self.overruns)
        await keep_running(name, within_bounds, run, self.rng, may_connect=tenure.fresh)

    async def _hear_ahead(self, node: Broker, lane: AlarmsLane, tenure: Tenure) -> None:
        """Alarms at one node of a cluster, with no session: while the cluster elects a leader, it stores nothing.

        At every node, for where a node has died nobody can begin to listen before that election.
        """
        share = tenure.duty.share
        client = f"egret-cloud-ahead-{secrets.token_hex(4)}"
        inbox = MqttInbox(node, client, self._filters("alarms", share), is_passing=True)
        within_bounds = metered(inbox, "alarms", self.inventory.boxes, Overruns(self.now))
        await keep_running(f"alarms at {node}", within_bounds, lane.run_ahead, self.rng, may_connect=tenure.fresh)

    def _filters(self, what: topics.What, share: Share) -> Sequence[str]:
        """The boxes of a share by name; all there are, where one process does everything."""
        boxes = ["+"] if share == WHOLE else [box for box in self.inventory.boxes if share.has(box)]
        return [topics.topic(box, what) for box in boxes]

    async def _keep_time(self, ledger: Ledger) -> None:
        """What is due by the clock: cases climb, shelves and modes end, boxes are gone."""
        outage = Outage("clock", self.rng)
        while True:
            try:
                if await outage.outlast(ledger.tick):
                    self.changed()
            except Rejected as error:
                _log.error("what is due by the clock cannot be written: %s", error)
            await asyncio.sleep(TICK_S)
