"""How much of a serial line's time is used: polls a second against what bytes, gaps and devices allow.

    scripts/bench line

Ten tilt sensors on one line, each asked as often as it goes, at 9600 and at 19 200 baud. The line is `egret bus sim` in
a process of its own, the client the box's own source in this one. What the wire allows is the sum over all polls of the
bytes of request and reply, the silence that the profile asks for before a request, and the time that the device took
to begin its reply, by the line's own transcript. `--quick` asks for 2 s each.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.result import Result, at_least, at_most, machine
from edge.clock import BoxClock
from edge.modbus_line import ModbusLine
from edge.serial_port import SerialPort, SerialSettings
from wire.inventory import Sensor
from wire.profile_yaml import library_folder, load_library

UNITS = range(0x50, 0x5A)
SECONDS, SECONDS_QUICK = 20.0, 2.0
_MODEL = "witmotion-wt901c-485"
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Saturated:
    """A line that was asked as often as it goes."""

    polls: int
    failed: int
    seconds: float
    core_percent: float
    allowed_s: float
    """What the wire needs for these polls."""

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
        async with ModbusLine(
            partial(SerialPort, folder / "tty", settings, rs485=False), plan, clock=BoxClock.trusted(time.time_ns)
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
        allowed_s = _allowed_s((folder / "frames").read_text(encoding="utf-8").splitlines(), gap_s)
    return Saturated(polls, failed, took, round(100 * used / took, 2), allowed_s)


def _allowed_s(frames: Sequence[str], gap_s: float) -> float:
    """From the begin of each request to the end of its reply, and the gap before it."""
    times = [(row.split()[3], float(row.split()[1]), float(row.split()[2])) for row in frames]
    asked, allowed_s = 0.0, 0.0
    for speaker, begin, end in times:
        if speaker == "unit":
            allowed_s += end - asked + gap_s
        else:
            asked = begin
    return allowed_s


async def run(*, is_quick: bool) -> Result:
    """Both rates."""
    seconds = SECONDS_QUICK if is_quick else SECONDS
    slow, fast = await saturated(9600, seconds), await saturated(19_200, seconds)
    return Result(
        bench="line",
        figures={
            **{f"{name}_9600": value for name, value in _figures(slow).items()},
            **{f"{name}_19200": value for name, value in _figures(fast).items()},
        },
        goals={
            "share_percent_9600": at_least(slow.share_percent, 95, "% of what the wire allows"),
            "core_percent_19200": at_most(fast.core_percent, 6, "% of a core for a saturated line"),
        },
        machine=machine(),
        notes=("the simulated line is another process; how late it wakes is in the devices' time, by its transcript",),
    )


def _figures(line: Saturated) -> dict[str, float | int | str | None]:
    return {
        "polls_a_second": round(line.polls / line.seconds, 2),
        "share_percent": line.share_percent,
        "failed": line.failed,
        "core_percent": line.core_percent,
    }
