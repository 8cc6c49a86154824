"""A cloud that was restored from an older backup: what it lacks comes again from the boxes, once.

The demonstration as real processes on its embedded store: the cloud is stopped and its ledger and store are copied;
it goes on while billboards begin to lean; then it is killed, the copies are put back, and `egret cloud backfill --all`
is said. At the end every reply of a device is held against the store, and every lean against its one case. `--quick`
takes 9 billboards and a few seconds.
"""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import httpx
import msgspec

from bench.real_faults.plant import Plant
from bench.result import Figure, Goal, Result, machine
from cloud.fleet.backfill_book import Answerable, Shown
from cloud.tables.backfills import Stage
from edge.demo import town
from edge.demo.demonstration import Demonstration, Options

_PATIENCE_S = 240.0
_HEARD_S = 70.0
"""Within so long every box has said what it keeps."""
_KEPT = ("ledger.sqlite", "ledger.sqlite-wal", "readings.duckdb", "readings.duckdb.wal")


async def run(*, is_quick: bool) -> Result:
    """Backup, life, restore, backfill, books."""
    billboards, before_s, between_s = (9, 5.0, 15.0) if is_quick else (48, 20.0, 120.0)
    with tempfile.TemporaryDirectory(prefix="egret-bench-") as name:
        folder = Path(name)
        town.write_city(town.shipped_city(), billboards, folder / "sensors.yaml")
        async with Demonstration(Options(folder, folder / "sensors.yaml"), lambda _: None) as running:
            boards = [site.id for site in running.inventory.sites.values() if site.kind == "billboard"]
            plant = Plant(running, None, None, boards)  # type: ignore[arg-type] - nobody kills these
            figures = await _lived(plant, folder, before_s, between_s)
            outcome = await plant.outcome()
    figures |= {
        "readings_sampled": outcome.books.sampled,
        "readings_lost": outcome.lost,
        "readings_doubled": outcome.books.duplicated,
        "readings_in_flight": outcome.books.in_flight,
        "leans": outcome.leans,
        "leans_without_exactly_one_case": outcome.cases_wrong,
    }
    counted = ("readings_lost", "readings_doubled", "leans_without_exactly_one_case", "not_kept")
    goals = {name: Goal("0", figures[name], figures[name] == 0) for name in counted}
    return Result("restore", figures, goals, machine(), ())


async def _lived(plant: Plant, folder: Path, before_s: float, between_s: float) -> dict[str, Figure]:
    """From the backup to the last batch that came again."""
    loop, rng = asyncio.get_running_loop(), Random(1)
    await asyncio.sleep(before_s)
    await plant.lean(rng)
    await asyncio.sleep(2.0)
    data = _data_of(folder)
    await _with_the_cloud_away(plant, lambda: _copy(data, folder / "backup"))
    for _ in range(3):
        await asyncio.sleep(between_s / 3)
        await plant.lean(rng)
    await asyncio.sleep(5.0)
    await _with_the_cloud_away(plant, lambda: _copy(folder / "backup", data))
    restored = loop.time()
    asked = await _asked(plant, restored)
    live_s = await plant.recovered(loop.time())
    shown = await _ended(plant)
    backfill_s = loop.time() - restored
    async with asyncio.timeout(_PATIENCE_S):
        while not all([await plant.running.cases_of(lean) for lean in plant.running.diary.leans]):
            await asyncio.sleep(1.0)
    return {
        "readings_after_the_backup": sum(one.backfill.through - one.backfill.first + 1 for one in asked),
        "requests": len(shown),
        "came_again": sum(one.backfill.came for one in shown),
        "not_kept": sum(one.backfill.missing for one in shown),
        "readings_again_s": round(backfill_s, 1),
        "alarms_again_s": round(loop.time() - restored, 1),
        "live_again_s_while_it_came": round(live_s, 2),
    }


async def _with_the_cloud_away(plant: Plant, do: Callable[[], None]) -> None:
    processes = plant.running.processes
    (child,) = processes.of("cloud")
    await processes.kill(child)
    do()
    await processes.restart(child)
    async with asyncio.timeout(_PATIENCE_S):
        while not await plant.running.cloud.is_up():
            await asyncio.sleep(0.2)


def _data_of(folder: Path) -> Path:
    """Where the cloud keeps everything."""
    return next(folder.rglob(_KEPT[0])).parent


def _copy(source: Path, target: Path) -> None:
    """What a backup holds; nothing else of it stays where it is put."""
    target.mkdir(exist_ok=True)
    for name in _KEPT:
        (target / name).unlink(missing_ok=True)
        if (source / name).exists():
            shutil.copy(source / name, target / name)


async def _asked(plant: Plant, restored: float) -> list[Answerable]:
    """As a person would, until every box has said that it keeps something."""
    url, loop = f"{plant.running.url}/api/v1", asyncio.get_running_loop()
    found: list[Answerable] = []
    while loop.time() < restored + _HEARD_S and len({one.backfill.box for one in found}) < len(
        plant.running.inventory.boxes
    ):
        await asyncio.sleep(2.0)
        command = (str(Path(sys.executable).with_name("egret")), "cloud", "backfill", "--all", "--json", "--url", url)
        child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        said, _ = await child.communicate()
        found += [one for one in msgspec.json.decode(said, type=list[Answerable]) if one.count]
    return found


async def _ended(plant: Plant) -> list[Shown]:
    """When nothing is asked for any more."""
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(_PATIENCE_S):
        while True:
            answer = await http.get(f"{plant.running.url}/api/v1/backfills")
            shown = msgspec.json.decode(answer.content, type=list[Shown])
            if shown and not {one.stage for one in shown} & {Stage.FOUND, Stage.ASKED}:
                return shown
            await asyncio.sleep(0.5)
