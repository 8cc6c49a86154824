"""After an outage: how fast a box's backlog drains, and how an alarm fares meanwhile.

The spool of one box is filled with an outage of `--hours` (72) at 4 sensors × 10 Hz, by the spool's own commits under
past timestamps; then the real program starts on it: the box goes on measuring, a nats-server, the cloud on
the embedded store. Billboards lean while the backlog drains, and again when it has.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from random import Random

from bench.path import city, reactions_ms
from bench.result import Figure, Goal, Result, at_least, at_most, machine
from edge.demo.demonstration import Demonstration, Options
from edge.demo.story import spread
from edge.spool_file import Group, open_spool
from edge.spool_view import peek
from wire.inventory import Sensor
from wire.profile_yaml import library_folder, load_library
from wire.quantities import rounded
from wire.reading import Reading
from wire.receipt import Lane
from wire.sensors_yaml import load

NUMBERS = ("hours",)
_BOX, _SENSORS, _HZ = "B1", 4, 10
_SECOND_NS = 1_000_000_000
_LOOK_S = 0.1


def fill(spool: Path, sensors: list[Sensor], seconds: int) -> int:
    """Sealed batches of one second each, the last of them just before now; how many readings they hold."""
    began_ns = time.time_ns() // _SECOND_NS * _SECOND_NS - seconds * _SECOND_NS
    file, rng = open_spool(spool), Random(1)
    for second in range(seconds):
        file.commit(Group(_second(sensors, began_ns + second * _SECOND_NS, rng)), seals=True, is_synced=False)
    committed = file.depths[Lane.READINGS].committed
    file.close()
    return committed


def _second(sensors: list[Sensor], second_ns: int, rng: Random) -> list[Reading]:
    """What the sensors measure in it: a board that sways a little."""
    return [
        Reading(
            sensor.id,
            quantity,
            rounded(quantity, rng.gauss(0.1, 0.01)),
            second_ns + turn * _SECOND_NS // _HZ,
        )
        for turn in range(_HZ)
        for sensor in sensors
        for quantity in sensor.profile.quantities
    ]


class Backlog:
    """The readings that waited when the box started, and when they were stored."""

    def __init__(self, spool: Path, size: int) -> None:
        self._spool, self.size = spool, size
        self.began_s = self.ended_s = 0.0

    @property
    def is_stored(self) -> bool:
        """Has the cloud receipted all of it?"""
        return bool(self.ended_s)

    async def watch(self) -> None:
        """Until it is stored. Its first receipt ends the start of the program, and begins the drain."""
        while not self.is_stored:
            stored = peek(self._spool).depths[Lane.READINGS].stored
            if stored and not self.began_s:
                self.began_s, self.size = time.monotonic(), self.size - stored
            if stored >= self.size:
                self.ended_s = time.monotonic()
            await asyncio.sleep(_LOOK_S)

    @property
    def readings_a_second(self) -> float:
        """Of the drain."""
        return self.size / (self.ended_s - self.began_s)


async def run(*, is_quick: bool, hours: int | None = None) -> Result:
    """Fill, start, lean while it drains, lean when it has drained."""
    seconds, leans = (200, 1) if is_quick else ((hours or 72) * 3_600, 40)
    with tempfile.TemporaryDirectory(prefix="egret-bench-") as name:
        folder = Path(name)
        options = Options(folder, city(folder, _SENSORS, "0s"))
        inventory = load(options.city, load_library(library_folder()))
        spool = folder / "boxes" / _BOX
        filled_s = time.monotonic()
        size = fill(spool, list(inventory.sensors.values()), seconds)
        filled_s, spool_bytes = time.monotonic() - filled_s, peek(spool).size
        backlog = Backlog(spool, size)
        async with Demonstration(options, lambda _: None) as demonstration:
            watching = asyncio.create_task(backlog.watch())
            busy: list[float] = []
            while not backlog.is_stored and len(busy) < leans * 10:
                busy += await reactions_ms(demonstration, 1)
            await watching
            memory = {role: demonstration.processes.rss_mib(role) for role in ("edge_box", "cloud")}
            idle = await reactions_ms(demonstration, leans)
    live = size / seconds
    during, after = spread(busy), spread(idle)
    times_real_time = round(backlog.readings_a_second / live, 1)
    figures: dict[str, Figure] = {
        "hours": round(seconds / 3_600, 2),
        "readings": size,
        "spool_mib": round(spool_bytes / 2**20, 1),
        "filled_s": round(filled_s, 1),
        "drained_s": round(backlog.ended_s - backlog.began_s, 2),
        "readings_a_second": round(backlog.readings_a_second),
        "times_real_time": times_real_time,
        "leans_while_draining": len(busy),
        "reaction_ms_median_draining": during.median,
        "reaction_ms_p99_draining": during.p99,
        "reaction_ms_median_idle": after.median,
        "reaction_ms_p99_idle": after.p99,
        "edge_rss_mib": memory["edge_box"],
        "cloud_rss_mib": memory["cloud"],
    }
    return Result("drain", figures, _goals(times_real_time, during.p99, after.p99, memory["edge_box"]), machine())


def _goals(rate: float, busy: float | None, idle: float | None, rss: float) -> dict[str, Goal]:
    return {
        "times_real_time": at_least(rate, 50, "× real time"),
        "reaction_ms_p99": at_most(busy, 2 * (idle or 0), "ms, twice that of a box without a backlog"),
        "edge_rss_mib": at_most(rss, 60, "MiB while it drains"),
    }
