"""Which faults a seed has, and when."""

import asyncio
from collections.abc import Iterator
from random import Random

from bench.simulation import faults
from bench.simulation.faults import Fault
from bench.simulation.world import World

PER_HOUR: dict[Fault, float] = {
    faults.box_killed: 12,
    faults.box_restarted: 4,
    faults.box_without_power: 16,
    faults.box_disk_full: 2,
    faults.box_disk_read_only: 1,
    faults.box_disk_broken: 1,
    faults.box_fsync_fails: 4,
    faults.box_disk_slow: 2,
    faults.box_disk_crowded: 2,
    faults.box_spool_spoiled: 0.3,
    faults.box_clock_set: 3,
    faults.road_cut: 8,
    faults.road_flapping: 2,
    faults.road_down: 2,
    faults.road_outlived: 2,
    faults.road_half_open: 2,
    faults.road_slow: 3,
    faults.road_lossy: 4,
    faults.cloud_cut: 6,
    faults.cloud_road_down: 2,
    faults.broker_killed: 2,
    faults.broker_forgetting: 4,
    faults.cloud_killed: 12,
    faults.cloud_without_power: 10,
    faults.cloud_restored: 2,
    faults.ledger_refusing: 2,
    faults.ledger_slow: 2,
    faults.store_down: 3,
    faults.store_slow: 2,
    faults.store_unanswering: 3,
    faults.store_rejecting: 2,
}
"""How often in a seed that has it."""


def planned(world: World) -> list[tuple[float, Fault]]:
    """This seed's: about half of all kinds, each at moments of its own."""
    rng, found = world.rng, []
    for fault, per_hour in PER_HOUR.items():
        if rng.random() < 0.5:
            found += [(at_s, fault) for at_s in _moments(rng, per_hour, world.seconds)]
    return sorted(found, key=lambda one: one[0])


async def happen(world: World) -> None:
    """All of it, in its time; what lasts ends with the seed's hour, or when something is wrong already."""
    running: list[asyncio.Task[None]] = []
    for at_s, fault in planned(world):
        await asyncio.sleep(max(0.0, at_s - asyncio.get_running_loop().time()))
        if world.wrong:
            return
        world.count(fault.__name__)
        running.append(asyncio.ensure_future(fault(world)))
    await asyncio.sleep(max(0.0, world.seconds - asyncio.get_running_loop().time()))
    for task in running:
        task.cancel()


def _moments(rng: Random, per_hour: float, seconds: float) -> Iterator[float]:
    at_s = rng.expovariate(per_hour / 3600)
    while at_s < seconds:
        yield at_s
        at_s += rng.expovariate(per_hour / 3600)
