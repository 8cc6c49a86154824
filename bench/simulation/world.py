"""One seed: a town, its machines and roads, an hour of faults, and then quiet."""

import asyncio
import logging
import random
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from types import SimpleNamespace
from unittest import mock

from bench.simulation.box import BoxMachine
from bench.simulation.broker import HostileBroker
from bench.simulation.cloud_machine import LEDGER, CloudMachine
from bench.simulation.disk import Disk
from bench.simulation.store import SimulatedStore
from bench.simulation.town import BoxTruth, Clock, Street, Weatherglass, with_boxes
from bench.simulation.trace import Trace
from cloud.cases.practice import Practice
from cloud.fleet.backfill_book import Wish
from cloud.tables.backfills import Stage
from edge import spool_room
from wire.inventory import Inventory, SpoolLimits

_QUIET_S, _LOOK_S = 1800.0, 5.0
_SEALED_S = 10.0
"""Within so long the last samples are in a batch: what is not, a box does not count as waiting."""
_TOLD_S = 90.0
"""Within so long every box has said what it keeps."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What all seeds share: the town as read from its file, and an empty ledger."""

    town: Inventory
    ledger: Path


class World:
    """Everything of one seed. `seconds` of faults."""

    def __init__(self, ground: Ground, seed: int, seconds: float, folder: Path) -> None:
        self.rng = rng = Random(seed)
        self.seconds = seconds
        self.trace, self.counts = Trace(), {}
        self.restored: set[str] = set()
        """What of the cloud was: ledger, store, both."""
        names = sorted(ground.town.boxes)[: rng.choice([1, 1, 2, 3])]
        limits = SpoolLimits(most=rng.choice([80 * 2**10, 2**17, 2**29]), keep_free=2**20)
        town = with_boxes(ground.town, names, limits)
        self.broker = HostileBroker(rng, names, rng.choice([20, 100, 1_000]), self.trace)
        self.store = SimulatedStore(rng, self.trace)
        disk = Disk(folder / "cloud", rng)
        shutil.copy(ground.ledger, disk.folder / LEDGER)
        self.cloud = CloudMachine(Practice(town), self.store, self.broker, disk)
        numbers = count(1)
        batch_s = rng.choice([0.5, 1.0, 5.0, 5.0])
        self.boxes: dict[str, BoxMachine] = {}
        for name in names:
            sensors = [sensor.id for sensor in town.sensors.values() if sensor.box == name]
            glass = Weatherglass(rng, sensors, seconds)
            rhythm_s = rng.choice([8.0, 15.0, 30.0]), rng.choice([0.0, 0.3, 0.3, 0.7])
            street = Street(BoxTruth(), sensors, glass, Clock(), numbers, *rhythm_s, seconds)
            box_disk = Disk(folder / name, rng)
            self.boxes[name] = BoxMachine(town, name, street, self.broker, box_disk, batch_s)

    @property
    def machines(self) -> list[BoxMachine | CloudMachine]:
        """Whatever can die."""
        return [*self.boxes.values(), self.cloud]

    @property
    def wrong(self) -> list[str]:
        """What was wrong at once, before anybody has looked at the end."""
        return [*(said for machine in self.machines for said in machine.wrong), *self.trace.defects, *self.store.wrong]

    def start(self) -> None:
        """Everything runs."""
        for machine in self.machines:
            machine.start()

    def count(self, what: str) -> None:
        """A fault has happened."""
        self.trace.add("fault", what)
        self.counts[what] = self.counts.get(what, 0) + 1

    def heal(self) -> None:
        """No more faults."""
        self.trace.add("quiet", "from now on")
        self.broker.start()
        self.store.heal()
        for road in (*self.broker.roads.values(), self.broker.cloud_road):
            road.heal()
        for machine in self.machines:
            machine.disk.heal()
            machine.spare()

    async def settle(self) -> bool:
        """Wait until every box is empty, and has sent again what it keeps, for at most half an hour; are they?"""
        until_s = asyncio.get_running_loop().time() + _QUIET_S
        await asyncio.sleep(_TOLD_S if self.restored else _SEALED_S)
        if self.restored:
            await self.ask_again()
        while asyncio.get_running_loop().time() < until_s:
            await asyncio.sleep(_LOOK_S)
            if all(box.is_empty for box in self.boxes.values()) and await self._has_all_again():
                return True
        return False

    async def ask_again(self) -> None:
        """The operator asks for what the ledger lacks, and for everything where the store may lack something."""
        wishes = [Wish()] if self.restored <= {"ledger"} else [Wish(), Wish(since_ns=1)]
        for wish in wishes:
            await self.cloud.ask_again(wish)

    async def _has_all_again(self) -> bool:
        """Is all that was asked for there, or known not to be kept?"""
        if not self.restored:
            return True
        stages = {one.stage for one in await self.cloud.ask_again(Wish())}
        return not stages & {Stage.FOUND, Stage.ASKED}


@contextmanager
def made(ground: Ground, seed: int, seconds: float) -> Iterator[World]:
    """The world of a seed, in a folder of its own; what the product draws by itself comes from the seed as well."""
    folder = Path(tempfile.mkdtemp(dir=ground.ledger.parent))  # what a worker that is stopped leaves goes with the rest
    draw = partial(_uuid, Random(seed))
    root = logging.getLogger()
    world = World(ground, seed, seconds, folder)
    room = SimpleNamespace(statvfs=partial(_statvfs, world))
    root.addHandler(world.trace)
    try:
        with mock.patch.object(uuid, "uuid4", draw), mock.patch.object(spool_room, "os", room):
            yield world
    finally:
        root.removeHandler(world.trace)
        shutil.rmtree(folder, ignore_errors=True)


def _uuid(rng: random.Random) -> uuid.UUID:
    return uuid.UUID(int=rng.getrandbits(128), version=4)


def _statvfs(world: World, folder: Path) -> SimpleNamespace:
    box = next(box for box in world.boxes.values() if folder.is_relative_to(box.disk.root))
    return SimpleNamespace(f_bavail=box.disk.free, f_frsize=1)
