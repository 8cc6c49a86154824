"""A running plant: boxes and cloud as the demonstration starts them, on a broker and a store that can be killed."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx
import servers
from servers import Server

from edge.demo import town
from edge.demo.account import Balance
from edge.demo.control import Order
from edge.demo.demonstration import Demonstration, Options

BROKERS = {"nats": servers.nats, "mosquitto that forgets": servers.forgetful_mosquitto}
_LOOK_S = 0.05
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a plant came to. `gaps`: readings that a box says it had to let go."""

    books: Balance
    leans: int
    cases_wrong: int
    gaps: int = 0

    @property
    def lost(self) -> int:
        """Readings that are missing without a word."""
        return max(0, self.books.lost - self.gaps)


@dataclass(frozen=True, slots=True)
class Plant:
    """Everything runs."""

    running: Demonstration
    broker: Server
    store: Server
    upright: list[str]
    """Billboards that have not been leaned yet."""

    async def lean(self, rng: Random) -> None:
        """A billboard that stood until now, if one is left."""
        if self.upright:
            await self.running.obey(Order("tilt", self.upright.pop(rng.randrange(len(self.upright)))))

    async def reaction(self, site: str) -> float:
        """Lean this billboard; seconds until its case is announced."""
        self.upright.remove(site)
        loop = asyncio.get_running_loop()
        known, began = len(self.running.diary.opened_ns), loop.time()
        await self.running.obey(Order("tilt", site))
        async with asyncio.timeout(_PATIENCE_S):
            while len(self.running.diary.opened_ns) == known:
                await asyncio.sleep(_LOOK_S)
        return loop.time() - began

    async def recovered(self, since: float) -> float:
        """Seconds from `since` (loop time) until the store has a reading of every box that was sampled after it."""
        loop = asyncio.get_running_loop()
        since_ns = time.time_ns() - int((loop.time() - since) * 1e9)
        async with asyncio.timeout(_PATIENCE_S):
            for box in self.running.inventory.boxes:
                while not await self._has_news(box, since_ns):
                    await asyncio.sleep(_LOOK_S)
        return loop.time() - since

    async def _has_news(self, box: str, since_ns: int) -> bool:
        inventory = self.running.inventory
        sensor = inventory.sensors[inventory.boxes[box].lines[0].sensors[0]]
        quantity = next(point.quantity for point in sensor.profile.points if point.quantity)
        with suppress(httpx.HTTPError):  # the cloud may be what was killed
            return bool(await self.running.cloud.readings(sensor.id, quantity, since_ns, time.time_ns()))
        return False

    async def outcome(self) -> Outcome:
        """Let every box drain, stop them, and balance the books."""
        async with asyncio.timeout(_PATIENCE_S):
            for box in self.running.inventory.boxes:
                await self.running.drained(box)
        await self.running.stop_boxes()
        leans = self.running.diary.leans
        wrong = [lean for lean in leans if len(await self.running.cases_of(lean)) != 1]
        return Outcome(await self.running.books(), len(leans), len(wrong))


@asynccontextmanager
async def plant(broker: str, billboards: int) -> AsyncIterator[Plant]:
    """The shipped city with so many billboards, on InfluxDB and a broker of `BROKERS`."""
    with tempfile.TemporaryDirectory(prefix="egret-bench-") as name:
        async with started(Path(name), broker, billboards) as running:
            yield running


@asynccontextmanager
async def started(folder: Path, broker: str, billboards: int) -> AsyncIterator[Plant]:
    """The same, in a folder."""
    for part in ("broker", "influxdb"):
        (folder / part).mkdir()
    city = folder / "sensors.yaml"
    town.write_city(town.shipped_city(), billboards, city)
    with BROKERS[broker](folder / "broker") as mqtt, servers.influxd(folder / "influxdb") as store:
        options = Options(folder, city, mqtt.url, "influxdb_v1", {"url": store.url})
        async with Demonstration(options, lambda _: None) as running:
            boards = [site.id for site in running.inventory.sites.values() if site.kind == "billboard"]
            yield Plant(running, mqtt, store, boards)
