"""Seeds, each from its beginning to what the checker says of it, in worker processes."""

import multiprocessing
import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from time import process_time

import msgspec

from bench.simulation import checker, mutants, plan
from bench.simulation.cloud_machine import make_ledger
from bench.simulation.process import SimulationLoop
from bench.simulation.town import read_town
from bench.simulation.world import Ground, World, made
from cloud.cases.practice import Practice

HOUR_S = 3600.0
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
_shared: list[Ground] = []
_loops: list[SimulationLoop] = []
_SEEDS_A_WORKER = 20
"""The dead of so many seeds are kept in a worker's memory before it ends."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of a seed. `trace` is the hash of everything that happened; `last` its end, when it failed."""

    seed: int
    wrong: tuple[str, ...]
    trace: str
    faults: dict[str, int]
    figures: dict[str, int]
    cpu_s: float
    last: tuple[str, ...] = ()


def live(ground: Ground, seed: int, *, seconds: float = HOUR_S, mutant: str = "") -> Outcome:
    """One seed. Only in a process of its own: it leaves its dead behind."""
    began = process_time()
    with mutants.planted(mutant), made(ground, seed, seconds) as world:
        loop = SimulationLoop()
        _loops.append(loop)
        wrong = loop.run_until_complete(_hour(world))
        return Outcome(
            seed,
            tuple(wrong),
            world.trace.digest(),
            world.counts,
            checker.figures(world),
            process_time() - began,
            tuple(world.trace.last) if wrong else (),
        )


async def _hour(world: World) -> list[str]:
    world.start()
    await plan.happen(world)
    if world.wrong:
        return world.wrong
    world.heal()
    return list(checker.complaints(world, is_settled=await world.settle()))


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    """Made once for all seeds."""
    with tempfile.TemporaryDirectory(prefix="egret-sim-", dir=_MEMORY) as name:
        town = read_town(Path(name))
        yield Ground(town, await make_ledger(Path(name), Practice(town)))


def outcomes(there: Ground, seeds: Iterable[int], *, seconds: float = HOUR_S, mutant: str = "") -> Iterator[Outcome]:
    """In order, on all cores."""
    forked = multiprocessing.get_context("fork")
    with forked.Pool(os.cpu_count(), _shared.append, (there,), maxtasksperchild=_SEEDS_A_WORKER) as pool:
        yield from pool.imap(partial(_live_there, seconds=seconds, mutant=mutant), seeds)


def _live_there(seed: int, *, seconds: float, mutant: str) -> Outcome:
    return live(_shared[0], seed, seconds=seconds, mutant=mutant)
