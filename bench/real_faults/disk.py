"""A box whose real, small file system fills up while its link is cut: it goes on, and says what it had to let go."""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx

from bench.real_faults.plant import Outcome, Plant, started
from edge.demo import town

SIZE = "16m"
_BILLBOARDS = 48
BOX = "XM-TA-01"


def can_mount() -> bool:
    """Only root may."""
    return os.geteuid() == 0


@asynccontextmanager
async def plant() -> AsyncIterator[tuple[Plant, Path]]:
    """A plant where one box keeps its spool on a disk of its own, and that folder. Needs root."""
    with tempfile.TemporaryDirectory(prefix="egret-bench-") as name:
        folder = Path(name)
        own_disk = folder / "boxes" / BOX
        with _small_disk(own_disk):
            async with started(folder, "nats", _BILLBOARDS) as running:
                yield running, own_disk


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "egret-bench", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def fill(plant: Plant, own_disk: Path, seconds: float) -> tuple[float, float]:
    """Not a byte is free. Seconds from a lean to its case, and from the end of a cut to the recovery."""
    ballast = own_disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    reaction_s = await plant.reaction(town.STAR)
    uplink = plant.running.uplinks[BOX]
    uplink.cut()
    await asyncio.sleep(seconds)
    ballast.unlink()
    await uplink.join()
    return reaction_s, await plant.recovered(asyncio.get_running_loop().time())


async def outcome(plant: Plant) -> Outcome:
    """With the readings that the cloud knows to be gone."""
    found = await plant.outcome()
    async with httpx.AsyncClient(base_url=plant.running.url, trust_env=False) as http:
        known = (await http.get("/api/v1/gaps")).raise_for_status().json()
    gone = sum(gap["last_sequence"] - gap["first_sequence"] + 1 for gap in known)
    return replace(found, gaps=gone)
