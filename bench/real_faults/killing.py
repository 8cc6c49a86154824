"""SIGKILL at random moments: boxes, cloud, broker and store, one after another, while billboards begin to lean."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from random import Random

from servers import Server

from bench.real_faults.plant import Plant

Killed = Mapping[str, list[float]]
"""Seconds from the victim's new start to the recovery of everything, by kind of victim."""
VICTIMS = ("box", "cloud", "broker", "store")
_PAUSE_MOST_S, _DOWN_MOST_S = 1.5, 2.0
_LEAN_SHARE = 0.5


async def kill(running: Plant, kills: int, rng: Random) -> Killed:
    """So many kills, each at a random moment, each followed by a start after up to 2 s."""
    recovered: dict[str, list[float]] = defaultdict(list)
    for number in range(kills):
        victim = VICTIMS[number % len(VICTIMS)]
        await asyncio.sleep(rng.uniform(0, _PAUSE_MOST_S))
        if rng.random() < _LEAN_SHARE:
            await running.lean(rng)
        recovered[victim].append(await running.recovered(await _killed_and_back(running, victim, rng)))
    return recovered


async def _killed_and_back(running: Plant, victim: str, rng: Random) -> float:
    """When it was back, in loop time."""
    if victim == "box":
        return await _box(running, rng)
    if victim == "cloud":
        return await _cloud(running, rng)
    return await _server(running.broker if victim == "broker" else running.store, rng)


async def _box(running: Plant, rng: Random) -> float:
    child = await running.running.kill_box(rng.choice(sorted(running.running.inventory.boxes)))
    began = asyncio.get_running_loop().time()
    await running.running.processes.restart(child)
    return began


async def _cloud(running: Plant, rng: Random) -> float:
    processes = running.running.processes
    (child,) = processes.of("cloud")
    await processes.kill(child)
    await asyncio.sleep(rng.uniform(0, _DOWN_MOST_S))
    began = asyncio.get_running_loop().time()
    await processes.restart(child)
    return began


async def _server(server: Server, rng: Random) -> float:
    """The simulated devices live in this process: whoever waits for a server waits beside them."""
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(rng.uniform(0, _DOWN_MOST_S))
    await asyncio.to_thread(server.start)
    return asyncio.get_running_loop().time()
