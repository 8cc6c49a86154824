"""The cloud as a machine: the real lanes and the real ledger on a disk that may fail, before a store of its own."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, event

from bench.simulation.broker import HostileBroker, LaneInbox
from bench.simulation.disk import Disk
from bench.simulation.machine import Machine
from bench.simulation.store import SimulatedStore
from bench.simulation.town import BEGIN_NS, SECOND_NS
from cloud.admission import SET_ASIDE, Admission, Overruns, metered
from cloud.alarms import AlarmsLane
from cloud.cases.practice import Practice
from cloud.database import Database
from cloud.ingest import ReadingsLane
from cloud.lane import keep_running
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.outage import Outage
from cloud.poison import PoisonFolder
from cloud.quarantine import Quarantine
from wire import topics
from wire.errors import Unavailable

LEDGER = "ledger.sqlite"
LANES: tuple[topics.What, ...] = ("alarms", "readings")
_FULL = 2


class CloudMachine(Machine):
    """As `cloud.app.Cloud`, without what no box can tell from the outside: API, notices, statuses."""

    def __init__(self, practice: Practice, store: SimulatedStore, broker: HostileBroker, disk: Disk) -> None:
        super().__init__("cloud", disk, disk.rng, broker.trace)
        self.store = store
        self._practice, self._broker = practice, broker
        self._ledger: Ledger | None = None
        self._level = _FULL

    async def main(self) -> None:
        """Both lanes, for ever."""
        rng = Random(self.rng.random())
        self._ledger = ledger = Ledger(self.disk.folder / LEDGER, _now, self._practice)
        event.listen(ledger.database._engine, "commit", self._will_commit)
        boxes, overruns = self._practice.inventory.boxes, Overruns(_now)
        quarantine = Quarantine(
            PoisonFolder(self.disk.folder / "quarantine", _now), Admission("quarantine", SET_ASIDE, boxes, overruns)
        )
        alarms_inbox, readings_inbox = (metered(LaneInbox(self._broker, what), what, boxes, overruns) for what in LANES)
        readings = ReadingsLane(
            ledger=ledger,
            store=self.store,
            live=Live(),
            inventory=self._practice.inventory,
            quarantine=quarantine,
            rng=rng,
        )
        alarms = AlarmsLane(ledger=ledger, quarantine=quarantine, changed=lambda: None, rng=rng)
        async with ledger, AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_running("alarms lane", alarms_inbox, alarms.run, rng))
            await Outage("readings", rng).outlast(partial(stack.enter_async_context, self.store))
            await keep_running("readings lane", readings_inbox, readings.run, rng)

    def refusal(self, call: Callable[..., Any], args: tuple[Any, ...]) -> Exception | None:
        """Writing fails: the database is locked, the disk full."""
        is_writing = _is(call, PoisonFolder.put) or (_is(call, Database._in_transaction) and not _is_reading(args[0]))
        if self.disk.refuses and is_writing:
            return Unavailable(str(self.disk.refuses()), where=LEDGER, fix="make room.", code="E-LEDG-001")
        return None

    def executed(self, call: Callable[..., Any], args: tuple[Any, ...], result: object) -> None:  # noqa: ARG002 - as Machine
        """Which transactions are synced."""
        if _is(call, Database._in_transaction) and not _is_reading(args[0]):
            self.disk.wrote(self.disk.folder / LEDGER, self._level)
            self.meet_doom()

    def buried(self) -> None:
        """Its connections are cut."""
        for lane in LANES:
            self._broker.cut_lane(lane)

    def let_go(self) -> None:
        """The dead process's file."""
        if self._ledger:
            self._ledger.database._engine.dispose()

    def _will_commit(self, connection: Connection) -> None:
        self._level = int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())


def _is(call: Callable[..., Any], method: Callable[..., Any]) -> bool:
    return getattr(call, "__func__", None) is method


def _is_reading(engine: Any) -> bool:
    return bool(engine.get_execution_options().get("is_reading", False))


def _now() -> int:
    return BEGIN_NS + round(asyncio.get_running_loop().time() * SECOND_NS)


async def make_ledger(folder: Path, practice: Practice) -> Path:
    """An empty ledger, to be copied: Alembic takes longer than the rest of a seed's beginning."""
    path = folder / LEDGER
    async with Ledger(path, lambda: BEGIN_NS, practice):
        return path
