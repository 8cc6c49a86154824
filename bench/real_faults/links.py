"""What a mobile network does to every box at once: comes and goes, forgets connections, is slow."""

import asyncio
from random import Random

from bench.real_faults.plant import Plant

SLOW_BYTES_A_SECOND = 8_000
"""64 kbit/s."""
_SETTLED_S = 5.0


async def flap(plant: Plant, times: int, rng: Random) -> float:
    """Every link goes and comes, so many times; seconds from the last coming to the recovery."""
    uplinks = plant.running.uplinks.values()
    for _ in range(times):
        for uplink in uplinks:
            uplink.cut()
        await plant.lean(rng)
        await asyncio.sleep(rng.uniform(0.2, 2.0))
        for uplink in uplinks:
            await uplink.join()
        back = asyncio.get_running_loop().time()
        await asyncio.sleep(rng.uniform(0.2, 2.0))
    return await plant.recovered(back)


async def half_open(plant: Plant, rng: Random) -> float:
    """The network forgets every connection and tells nobody; new ones go through. Seconds until the recovery."""
    await asyncio.sleep(_SETTLED_S)
    began = asyncio.get_running_loop().time()
    for uplink in plant.running.uplinks.values():
        uplink.deafen()
    await plant.lean(rng)
    return await plant.recovered(began)


async def slow(plant: Plant) -> float:
    """64 kbit/s; seconds from a lean to its case meanwhile."""
    for uplink in plant.running.uplinks.values():
        uplink.bytes_a_second = SLOW_BYTES_A_SECOND
    await asyncio.sleep(_SETTLED_S)
    reaction_s = await plant.reaction(plant.upright[-1])
    for uplink in plant.running.uplinks.values():
        uplink.bytes_a_second = None
    return reaction_s
