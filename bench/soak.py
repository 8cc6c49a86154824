"""Does anything grow? Memory and file handles of every process of the demonstration, for half an hour.

The whole shipped city runs: 118 billboards and the other sites, boxes, nats-server, cloud on the embedded store, a
lean every minute that ends half a minute later. Every 5 s resident memory and open file handles of each process are
read. The first third is warm-up; a straight line through the rest gives the growth. `--for 30min` says how long;
`--quick` takes 9 billboards and a minute.

The store keeps readings in memory up to its limit, which a new city reaches after hours. So the cloud finds a day of
readings, more than it may keep, and draws a chart of it: what grows then grows for ever. `--new` leaves them out.
What is not in the store's file yet rises and falls like a saw, and a line over few teeth says nothing: `store_teeth`
counts them, `swing` is how far apart the highest and the lowest look are.
"""

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from pathlib import Path

import duckdb
import httpx
import numpy as np
import psutil

from bench.result import Figure, Goal, Result, at_most, machine
from cloud.readings_file import ReadingsFile
from edge.demo import town
from edge.demo.control import Order
from edge.demo.demonstration import Demonstration, Options
from wire.inventory import Inventory
from wire.scalars import duration_s

WORDS = ("for_",)
SWITCHES = ("new",)
_USUAL = "30min"
_LOOK_S = 5.0
_LEAN_EVERY_S = 60.0
_GROWTH_MIB_H = 1.0
_TEETH_LEAST = 5
"""Of a saw that a straight line goes over (judgement)."""
_DAY_S = 80_000
"""The store looks through its last day when it is opened: a little less, so that all of it is in memory."""
_READINGS = 72_000_000
"""They take some 220 MiB of file, 170 of them are looked through, and the store keeps 128."""
_FILE = "readings.duckdb"
OURS = ("edge_box", "cloud")


@dataclass(frozen=True, slots=True)
class Look:
    """One process at one moment: MiB that are resident, file handles that are open."""

    time_s: float
    rss_mib: float
    handles: int


@dataclass(frozen=True, slots=True)
class Looks:
    """What was seen: processes by role and name; how long the store's log was, at (s, bytes)."""

    processes: dict[tuple[str, str], list[Look]] = field(default_factory=lambda: defaultdict(list))
    log: list[tuple[float, int]] = field(default_factory=list)


async def run(*, is_quick: bool, for_: str | None, new: bool = False) -> Result:
    """Look on while it runs."""
    sites, seconds = (9, 60.0) if is_quick else (118, duration_s(for_ or _USUAL))
    with tempfile.TemporaryDirectory(prefix="egret-bench-") as name:
        folder = Path(name)
        town.write_city(town.shipped_city(), sites, folder / "sensors.yaml")
        demonstration = Demonstration(Options(folder, folder / "sensors.yaml"), lambda _: None)
        if not (new or is_quick):
            _live_through_a_day(folder / "cloud" / _FILE, demonstration.inventory)
        async with demonstration as running:
            if not (new or is_quick):
                await _look_back(running)
            leaning = asyncio.create_task(_lean(running))
            looks = await _watch(running, seconds)
            leaning.cancel()
    return judged(looks, sites, seconds)


def _live_through_a_day(path: Path, inventory: Inventory) -> None:
    """The store's file as if every sensor had been read since yesterday, several times a second."""
    file = ReadingsFile(path, memory_mib=1024)
    file.open()
    file.close()
    tags = [inventory.tags(sensor.id, sensor.box) for sensor in inventory.sensors.values()]
    began_ns, step_ns = time.time_ns() - _DAY_S * 10**9, _DAY_S * 10**9 // _READINGS
    with duckdb.connect(str(path)) as database:
        database.executemany(
            "INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, 'tilt')",
            [(number, of.site, of.sensor, of.box, of.kind, of.district) for number, of in enumerate(tags)],
        )
        database.execute(
            "INSERT INTO readings SELECT n % ?, ? + n * ?, round(random(), 3), 0 FROM range(?) reading(n)",
            [len(tags), began_ns, step_ns, _READINGS],
        )


async def _look_back(running: Demonstration) -> None:
    """A chart of the whole day reads all of it: the store's memory is full afterwards."""
    sensor, end_ns = next(iter(running.inventory.sensors)), time.time_ns()
    start_ns = end_ns - 2 * _DAY_S * 10**9
    query: dict[str, str | int] = {"sensor": sensor, "quantity": "tilt", "start": start_ns, "end": end_ns}
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        (await http.get(f"{running.url}/api/v1/series", params=query)).raise_for_status()


async def _lean(running: Demonstration) -> None:
    boards = cycle([site.id for site in running.inventory.sites.values() if site.kind == "billboard"])
    for site in boards:
        await running.obey(Order("tilt", site))
        await asyncio.sleep(_LEAN_EVERY_S / 2)
        running.world.lean(site, 0.0)
        await asyncio.sleep(_LEAN_EVERY_S / 2)


async def _watch(running: Demonstration, seconds: float) -> Looks:
    looks = Looks()
    log = running.options.folder / "cloud" / f"{_FILE}.wal"
    began = time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        for role in (*OURS, "broker"):
            for child in running.processes.of(role):
                process = psutil.Process(child.process.pid)
                look = Look(now, process.memory_info().rss / 2**20, process.num_fds())
                looks.processes[role, child.name].append(look)
        looks.log.append((now, log.stat().st_size if log.exists() else 0))
        await asyncio.sleep(_LOOK_S)
    return looks


def judged(looks: Looks, sites: int, seconds: float) -> Result:
    """What grows after the first third."""
    warm_s = seconds / 3
    teeth = _teeth([size for time_s, size in looks.log if time_s >= warm_s])
    figures: dict[str, Figure] = {"sites": sites, "minutes": round(seconds / 60, 1), "store_teeth": teeth}
    goals: dict[str, Goal] = {}
    for role in (*OURS, "broker"):
        its = [seen for (played, _), seen in looks.processes.items() if played == role]
        flat = [[look for look in seen if look.time_s >= warm_s] for seen in its]
        growth = round(max(map(_growth_mib_h, flat)), 2)
        more = max(of[-1].handles - of[0].handles for of in flat)
        figures |= {
            f"{role}_processes": len(flat),
            f"{role}_rss_mib": round(max(of[-1].rss_mib for of in flat), 1),
            f"{role}_swing_mib": round(max(map(_swing_mib, flat)), 1),
            f"{role}_growth_mib_h": growth,
            f"{role}_more_handles": more,
        }
        if role in OURS:
            goals[f"{role}_growth"] = at_most(growth, _GROWTH_MIB_H, "MiB an hour, the worst process")
            goals[f"{role}_handles"] = at_most(more, 0, "file handles more at the end, the worst process")
    few = f"the store's memory has {teeth} teeth; a line over fewer than {_TEETH_LEAST} says nothing: take longer."
    return Result("soak", figures, goals, machine(), (few,) if teeth < _TEETH_LEAST else ())


def _teeth(sizes: Sequence[int]) -> int:
    """How often the store has put its log into the file."""
    return sum(after < before for before, after in pairwise(sizes))


def _swing_mib(looks: Sequence[Look]) -> float:
    sizes = [look.rss_mib for look in looks]
    return max(sizes) - min(sizes)


def _growth_mib_h(looks: Sequence[Look]) -> float:
    """Of the straight line with the least squares."""
    slope, _ = np.polyfit([look.time_s for look in looks], [look.rss_mib for look in looks], 1)
    return float(slope * 3600)
