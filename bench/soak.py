"""Does anything grow? Memory and file handles of every process of the demonstration, for half an hour.

The whole shipped city runs: 118 billboards and the other sites, boxes, nats-server, cloud on the embedded store, a
lean every minute that ends half a minute later. Every 5 s resident memory and open file handles of each process are
read. The first third is warm-up; a straight line through the rest gives the growth. `--for 30min` says how long;
`--quick` takes 9 billboards and a minute.
"""

import asyncio
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
import psutil

from bench.result import Figure, Goal, Result, at_most, machine
from edge.demo import town
from edge.demo.control import Order
from edge.demo.demonstration import Demonstration, Options
from wire.scalars import duration_s

WORDS = ("for_",)
_USUAL = "30min"
_LOOK_S = 5.0
_LEAN_EVERY_S = 60.0
_GROWTH_MIB_H = 1.0
OURS = ("edge_box", "cloud")


@dataclass(frozen=True, slots=True)
class Look:
    """One process at one moment: MiB that are resident, file handles that are open."""

    time_s: float
    rss_mib: float
    handles: int


async def run(*, is_quick: bool, for_: str | None) -> Result:
    """Look on while it runs."""
    sites, seconds = (9, 60.0) if is_quick else (118, duration_s(for_ or _USUAL))
    with tempfile.TemporaryDirectory(prefix="egret-bench-") as name:
        folder = Path(name)
        town.write_city(town.shipped_city(), sites, folder / "sensors.yaml")
        async with Demonstration(Options(folder, folder / "sensors.yaml"), lambda _: None) as running:
            leaning = asyncio.create_task(_lean(running))
            seen = await _watch(running, seconds)
            leaning.cancel()
    return _result(seen, sites, seconds)


async def _lean(running: Demonstration) -> None:
    boards = cycle([site.id for site in running.inventory.sites.values() if site.kind == "billboard"])
    for site in boards:
        await running.obey(Order("tilt", site))
        await asyncio.sleep(_LEAN_EVERY_S / 2)
        running.world.lean(site, 0.0)
        await asyncio.sleep(_LEAN_EVERY_S / 2)


async def _watch(running: Demonstration, seconds: float) -> dict[tuple[str, str], list[Look]]:
    """Looks by role and name of a process."""
    seen: dict[tuple[str, str], list[Look]] = defaultdict(list)
    began = time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        for role in (*OURS, "broker"):
            for child in running.processes.of(role):
                process = psutil.Process(child.process.pid)
                look = Look(now, process.memory_info().rss / 2**20, process.num_fds())
                seen[role, child.name].append(look)
        await asyncio.sleep(_LOOK_S)
    return seen


def _result(seen: dict[tuple[str, str], list[Look]], sites: int, seconds: float) -> Result:
    figures: dict[str, Figure] = {"sites": sites, "minutes": round(seconds / 60, 1)}
    goals: dict[str, Goal] = {}
    for role in (*OURS, "broker"):
        flat = [[look for look in looks if look.time_s >= seconds / 3] for (of, _), looks in seen.items() if of == role]
        growth = round(max(_growth_mib_h(looks) for looks in flat), 2)
        more = max(looks[-1].handles - looks[0].handles for looks in flat)
        figures |= {
            f"{role}_processes": len(flat),
            f"{role}_rss_mib": round(max(looks[-1].rss_mib for looks in flat), 1),
            f"{role}_growth_mib_h": growth,
            f"{role}_more_handles": more,
        }
        if role in OURS:
            goals[f"{role}_growth"] = at_most(growth, _GROWTH_MIB_H, "MiB an hour, the worst process")
            goals[f"{role}_handles"] = at_most(more, 0, "file handles more at the end, the worst process")
    return Result("soak", figures, goals, machine())


def _growth_mib_h(looks: list[Look]) -> float:
    """Of the straight line with the least squares."""
    slope, _ = np.polyfit([look.time_s for look in looks], [look.rss_mib for look in looks], 1)
    return float(slope * 3600)
