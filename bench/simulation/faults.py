"""What can go wrong: one function a fault. Each seed takes some of them, and each of those as often as it says.

The list stands in docs/develop/simulation.md, in the same words.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from random import Random

from bench.simulation.box import BoxMachine
from bench.simulation.broker import Road
from bench.simulation.disk import Disk, broken, full, read_only
from bench.simulation.machine import Machine
from bench.simulation.town import SECOND_NS
from bench.simulation.world import World
from edge.spool import ANEW_S

Fault = Callable[[World], Awaitable[None]]

_STEPS = 15
"""Callbacks until a process dies, on average: it is somewhere in what it has just begun."""
_JUMPS_S = (-3600.0, 3600.0, -365 * 86400.0, 365 * 86400.0, -2.5, 0.4)


async def box_killed(world: World) -> None:
    """A kill -9 of a box's agent, between any two awaits."""
    _kill(_a_box(world), world.rng, has_power=True)


async def box_restarted(world: World) -> None:
    """A box's agent is told to stop, ends within a minute with everything committed, and starts again."""
    await _a_box(world).restart()


async def box_without_power(world: World) -> None:
    """A power cut: what was not synced is lost, the last write is torn."""
    _kill(_a_box(world), world.rng, has_power=False)


async def box_disk_full(world: World) -> None:
    """No byte is left on a box's disk for a while."""
    await _refusing(world, _a_box(world).disk, full)


async def box_disk_read_only(world: World) -> None:
    """A box's file system is read-only for a while."""
    await _refusing(world, _a_box(world).disk, read_only)


async def box_disk_broken(world: World) -> None:
    """A box's disk answers writes with EIO for a while."""
    await _refusing(world, _a_box(world).disk, broken)


async def box_fsync_fails(world: World) -> None:
    """One fsync fails, or some in the course of minutes: nobody knows what of the file is on the disk."""
    disk = _a_box(world).disk
    with _trouble(disk):
        for _ in range(world.rng.randrange(1, 5)):
            disk.fsync_fails = True
            await asyncio.sleep(world.rng.uniform(1, 2) * ANEW_S)


async def box_disk_slow(world: World) -> None:
    """Every write takes up to five seconds for a while."""
    disk = _a_box(world).disk
    with _trouble(disk):
        disk.most_s = world.rng.uniform(0.2, 5.0)
        await _a_while(world.rng)
        disk.most_s = 0.01
        await asyncio.sleep(30)


async def box_disk_crowded(world: World) -> None:
    """Others leave a box's readings no room, while it cannot send them."""
    box = _a_box(world)
    road = world.broker.roads[box.name]
    road.is_down = True
    world.broker.cut_box(box.name)
    await asyncio.sleep(world.rng.uniform(30, 300))
    box.disk.free = world.rng.randrange(2**20)
    await _a_while(world.rng)
    road.is_down, box.disk.free = False, 2**40


async def box_spool_spoiled(world: World) -> None:
    """A box loses its power, and a page of its spool is noise when it comes back."""
    box = _a_box(world)
    box.kill(0, has_power=False)
    await asyncio.sleep(0.5)
    if not box.is_running:
        box.spoil()


async def box_clock_set(world: World) -> None:
    """A box's clock jumps: by an hour, by a year, by a little, either way."""
    _a_box(world).clock.off_ns += round(world.rng.choice(_JUMPS_S) * SECOND_NS)


async def road_cut(world: World) -> None:
    """A box's connection is reset."""
    world.broker.cut_box(_a_box(world).name)


async def road_flapping(world: World) -> None:
    """A box's connection is reset every few seconds."""
    name = _a_box(world).name
    for _ in range(world.rng.randrange(5, 40)):
        world.broker.cut_box(name)
        await asyncio.sleep(world.rng.uniform(0.1, 8.0))


async def road_down(world: World) -> None:
    """A box cannot reach the broker, for up to half an hour."""
    box = _a_box(world)
    road = world.broker.roads[box.name]
    road.is_down = True
    world.broker.cut_box(box.name)
    await asyncio.sleep(world.rng.uniform(10, 1800))
    road.is_down = False


async def road_outlived(world: World) -> None:
    """A box is cut off with receipts under way, and begins a new spool before they arrive."""
    box = _a_box(world)
    road = world.broker.roads[box.name]
    road.most_s = 5.0
    await asyncio.sleep(world.rng.uniform(20, 60))
    road.is_down, box.disk.fsync_fails = True, True
    world.broker.cut_box(box.name)
    with _trouble(box.disk):
        await asyncio.sleep(world.rng.uniform(300, 1800))
    road.is_down, road.most_s = False, 0.1


async def road_half_open(world: World) -> None:
    """A box's connection takes everything and brings nothing."""
    road = world.broker.roads[_a_box(world).name]
    road.is_silent = True
    await _a_while(world.rng)
    road.is_silent = False


async def road_slow(world: World) -> None:
    """Up to five seconds each way."""
    road = _a_road(world)
    road.most_s = world.rng.uniform(0.5, 5.0)
    await _a_while(world.rng)
    road.most_s = 0.1


async def road_lossy(world: World) -> None:
    """The broker says PUBACK and forgets, in both directions, up to half of all messages."""
    road = _a_road(world)
    road.loss = world.rng.uniform(0.05, 0.5)
    await _a_while(world.rng)
    road.loss = 0.0


async def cloud_cut(world: World) -> None:
    """One lane's connection is reset: what it had not acknowledged comes again."""
    world.broker.cut_lane(world.rng.choice(["alarms", "readings"]))


async def cloud_road_down(world: World) -> None:
    """The cloud cannot reach the broker; the broker's queue fills, and drops what it has no room for."""
    world.broker.cloud_road.is_down = True
    for lane in ("alarms", "readings"):
        world.broker.cut_lane(lane)
    await _a_while(world.rng)
    world.broker.cloud_road.is_down = False


async def broker_killed(world: World) -> None:
    """The broker dies, and comes back with its queue."""
    await _broker(world, forgets=False)


async def broker_forgetting(world: World) -> None:
    """The broker dies, and comes back without queue and sessions."""
    await _broker(world, forgets=True)


async def cloud_killed(world: World) -> None:
    """A kill -9 of the cloud, between any two awaits."""
    _kill(world.cloud, world.rng, has_power=True)


async def cloud_restored(world: World) -> None:
    """The cloud's ledger, its store or both are those of some minutes ago, and boxes are asked to send again."""
    await asyncio.sleep(world.rng.uniform(0, 60))
    ledger, restore_store = world.cloud.backup(), world.store.backup()
    await asyncio.sleep(world.rng.uniform(30, 900))
    what = world.rng.choice(["ledger", "store", "both", "both"])
    if what != "ledger":
        restore_store()
    world.restored.add(what)
    if what != "store":
        await world.cloud.restore(ledger)
    await asyncio.sleep(world.rng.uniform(0, 180))
    await world.ask_again()


async def cloud_without_power(world: World) -> None:
    """A power cut of the cloud."""
    _kill(world.cloud, world.rng, has_power=False)


async def ledger_refusing(world: World) -> None:
    """The ledger's disk is full, or another program has locked it."""
    await _refusing(world, world.cloud.disk, full)


async def ledger_slow(world: World) -> None:
    """Every transaction takes up to two seconds."""
    world.cloud.disk.most_s = world.rng.uniform(0.1, 2.0)
    await _a_while(world.rng)
    world.cloud.disk.most_s = 0.01


async def store_down(world: World) -> None:
    """The store refuses connections."""
    world.store.is_down = True
    await _a_while(world.rng)
    world.store.is_down = False


async def store_slow(world: World) -> None:
    """The store answers after up to thirty seconds."""
    world.store.most_s = world.rng.uniform(1, 30)
    await _a_while(world.rng)
    world.store.most_s = 0.05


async def store_unanswering(world: World) -> None:
    """The store takes what it is given, and its answer is lost."""
    world.store.forgets_answer = world.rng.uniform(0.1, 0.9)
    await _a_while(world.rng)
    world.store.forgets_answer = 0.0


async def store_rejecting(world: World) -> None:
    """The store refuses some batches for good."""
    world.store.refuses = world.rng.uniform(0.02, 0.3)
    await _a_while(world.rng)
    world.store.refuses = 0.0


def _kill(machine: Machine, rng: Random, *, has_power: bool) -> None:
    """Anywhere, or just after something that must not be lost."""
    kill = machine.doom if rng.random() < 0.5 else machine.kill
    kill(int(rng.expovariate(1 / _STEPS)), has_power=has_power)


async def _broker(world: World, *, forgets: bool) -> None:
    world.broker.stop(forgets=forgets)
    await asyncio.sleep(world.rng.uniform(0.1, 60))
    world.broker.start()


async def _refusing(world: World, disk: Disk, how: Callable[[], Exception]) -> None:
    with _trouble(disk):
        disk.refuses = how
        await _a_while(world.rng)
        disk.refuses = None
        await asyncio.sleep(30)


@contextmanager
def _trouble(disk: Disk) -> Iterator[None]:
    """A disk that is not well, and a while after: what it owes is still being written."""
    if not disk.troubles:
        disk.trouble_s = _now_s()
    disk.troubles += 1
    yield
    disk.troubles -= 1
    if not disk.troubles:
        disk.trouble_s = math.inf


async def _a_while(rng: Random) -> None:
    await asyncio.sleep(rng.expovariate(1 / 60))


def _a_box(world: World) -> BoxMachine:
    return world.rng.choice(list(world.boxes.values()))


def _a_road(world: World) -> Road:
    return world.rng.choice([*world.broker.roads.values(), world.broker.cloud_road])


def _now_s() -> float:
    return asyncio.get_running_loop().time()
