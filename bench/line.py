"""How much of a serial line's time is used: polls a second against what bytes, gaps and devices allow.

    scripts/bench line

Ten tilt sensors on one line, each asked as often as it goes, at 9600 and at 19 200 baud. The line is `egret bus sim` in
a process of its own, the client the box's own source in this one. What the wire allows is the sum over all polls of the
bytes of request and reply, the silence that the profile asks for before a request, and the time that the device took
to begin its reply, by the line's own transcript. The share is of all seconds, and on a machine that does other
things it tells of those too; a typical poll (the median) does not. `--quick` asks for half a second each.

And in virtual time: how much ten sensors of such a line lose in ten minutes by an eleventh that is dead.
"""

import asyncio
import itertools
import logging
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bench.result import Result, at_least, at_most, machine
from edge.clock import BoxClock
from edge.polled_line import PolledLine, serial_bus
from edge.serial_port import SerialSettings
from edge.sim import virtual_time
from edge.sim.medium import Medium
from edge.sim.memory_port import memory_bus
from edge.sim.modbus_device import ModbusDevice
from edge.sim.stations import Stations
from wire.inventory import Sensor
from wire.profile_yaml import library_folder, load_library

UNITS = range(0x50, 0x5A)
SECONDS, SECONDS_QUICK = 20.0, 0.5
_MODEL = "witmotion-wt901c-485"
_PATIENCE_S = 60.0
_DEAD_FOR_S, _DEAD_FOR_QUICK_S = 600.0, 30.0


@dataclass(frozen=True, slots=True)
class Saturated:
    """A line that was asked as often as it goes. `allowed_s` is what the wire needs for these polls."""

    polls: int
    failed: int
    seconds: float
    core_percent: float
    allowed_s: float
    typical_percent: float

    @property
    def share_percent(self) -> float:
        """Of what the wire allows."""
        return round(100 * self.allowed_s / self.seconds, 1)


def _scenario(folder: Path, baud: int) -> Path:
    devices = "\n".join(
        f"      d{unit}: {{profile: {_MODEL}, unit: {unit}, baud: {baud}, values: {{roll: 1.5}}}}" for unit in UNITS
    )
    file = folder / "rig.yaml"
    file.write_text(f"schema: egret.rig/1\nlines:\n  a:\n    ports: [{folder}/tty]\n    devices:\n{devices}\n")
    return file


async def saturated(baud: int, seconds: float) -> Saturated:
    """Polls for so long, and reads the transcript."""
    profile = load_library(library_folder())[_MODEL]
    sensors = [Sensor(f"S-{unit}", "S", "B", "l", profile, unit, 0.01, {}, {}, ()) for unit in UNITS]
    plan = [(sensor, block, 0.01) for sensor in sensors for block in profile.blocks.values()]
    settings = SerialSettings(baud, "8N1")
    with TemporaryDirectory() as name:
        folder = Path(name)
        command = (sys.executable, "-m", "wire", "bus", "sim", str(_scenario(folder, baud)))
        sim = await asyncio.create_subprocess_exec(
            *command, "--transcript", f"{folder}/frames", stdout=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(_PATIENCE_S):
            while not (folder / "tty").exists():
                await asyncio.sleep(0.05)
        async with PolledLine(
            partial(serial_bus, folder / "tty", settings, rs485=False), plan, clock=BoxClock.trusted(time.time_ns)
        ) as line:
            polls = failed = 0
            began, used = time.monotonic(), time.process_time()
            async for sample in line:
                polls += 1
                failed += bool(sample.fault)
                if time.monotonic() >= began + seconds:
                    break
            took, used = time.monotonic() - began, time.process_time() - used
        sim.send_signal(signal.SIGTERM)
        await sim.wait()
        gap_s = max(profile.timing.gap_s, settings.silence_s)
        turns = _turns((folder / "frames").read_text(encoding="utf-8").splitlines(), gap_s)
    allowed_s = sum(needed for needed, _ in turns)
    typical = statistics.median(100 * needed / taken for needed, taken in turns)
    return Saturated(polls, failed, took, round(100 * used / took, 2), allowed_s, round(typical, 1))


def _turns(frames: Sequence[str], gap_s: float) -> list[tuple[float, float]]:
    """Of each poll, what the wire needs (the gap, then from the request to the end of the reply), and what it took."""
    times = [(row.split()[3], float(row.split()[1]), float(row.split()[2])) for row in frames]
    replies = [(asked[1], answered[2]) for asked, answered in itertools.pairwise(times) if answered[0] == "unit"]
    return [(end - begin + gap_s, end - before_end) for (_, before_end), (begin, end) in itertools.pairwise(replies)]


async def polls_beside(dead: int, for_s: float) -> int:
    """Good polls of ten sensors that answer, beside so many that do not; in virtual time."""
    profile = load_library(library_folder())[_MODEL]
    rng, loop = Random(1), asyncio.get_running_loop()
    medium = Medium(rng, lambda _frame: None)
    Stations(medium, [ModbusDevice(profile, unit, dict) for unit in UNITS], rng)
    units = range(UNITS.start, UNITS.stop + dead)
    sensors = [Sensor(f"S-{unit}", "S", "B", "l", profile, unit, 0.5, {}, {}, ()) for unit in units]
    plan = [(sensor, block, 0.5) for sensor in sensors for block in profile.blocks.values()]
    clock = BoxClock.trusted(lambda: int(loop.time() * 1e9))
    good = 0
    async with PolledLine(partial(memory_bus, medium, SerialSettings(9600, "8N1")), plan, clock=clock) as line:
        async for sample in line:
            good += not sample.fault
            if loop.time() >= for_s:
                break
    return good


async def run(*, is_quick: bool) -> Result:
    """Both rates, then the dead sensor."""
    seconds = SECONDS_QUICK if is_quick else SECONDS
    slow, fast = await saturated(9600, seconds), await saturated(19_200, seconds)
    logging.getLogger("edge").setLevel(logging.ERROR)
    alone, beside = [
        await asyncio.to_thread(virtual_time.run, polls_beside(dead, _DEAD_FOR_QUICK_S if is_quick else _DEAD_FOR_S))
        for dead in (0, 1)
    ]
    kept_percent = round(100 * beside / alone, 2)
    return Result(
        bench="line",
        figures={
            **{f"{name}_9600": value for name, value in _figures(slow).items()},
            **{f"{name}_19200": value for name, value in _figures(fast).items()},
            "kept_beside_a_dead_one_percent": kept_percent,
        },
        goals={
            "share_percent_9600": at_least(slow.share_percent, 95, "% of what the wire allows"),
            "kept_beside_a_dead_one_percent": at_least(kept_percent, 97, "% of the polls of ten at 2 Hz, in 10 min"),
            "core_percent_19200": at_most(fast.core_percent, 6, "% of a core for a saturated line"),
        },
        machine=machine(),
        notes=("the simulated line is another process; how late it wakes is in the devices' time, by its transcript",),
    )


def _figures(line: Saturated) -> dict[str, float | int | str | None]:
    return {
        "polls_a_second": round(line.polls / line.seconds, 2),
        "share_percent": line.share_percent,
        "typical_poll_percent": line.typical_percent,
        "failed": line.failed,
        "core_percent": line.core_percent,
    }
