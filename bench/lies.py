"""What a line tells under noise, late replies and two devices at one address: no wrong value, no poll unanswered.

    scripts/bench lies                       100 000 polls in virtual time; `--quick` 3 000
    scripts/bench lies --seed 4711           chance again
    scripts/bench lies --pymodbus 200        beside it: as many polls by pymodbus's own client, in real time

The line is a simulated one at 9600 baud, and its client the box's own source (`edge.polled_line` on `edge.bus`).
Every device puts a number into each reply that no other reply has, so a value that was not served in answer to this
very poll is known to be wrong: one of an earlier reply, of another block, of another device, or a damaged one.

Eight devices are as they should be, two answer late (after 400 ms, where the box waits for 300), one sends some replies
twice, one breaks some off, and two share an address with 25 to 55 ms between their answers. One byte in a hundred is
another one. A CRC of 16 bits lets one in 65 536 frames through that are damaged in several places, so a run may find
one; its figures say how many there were (E-BUS-012 are those that were damaged twice in a row).
"""

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from pymodbus.client import AsyncModbusSerialClient
from pymodbus.exceptions import ModbusException

from bench.result import Goal, Result, machine
from edge.clock import BoxClock
from edge.polled_line import PolledLine
from edge.serial_port import SerialSettings
from edge.sim import virtual_time
from edge.sim.faults import DeviceFaults, LineFaults
from edge.sim.medium import Frame, Medium
from edge.sim.memory_port import memory_bus
from edge.sim.modbus_device import ModbusDevice
from edge.sim.pty_port import named
from edge.sim.serial_line import SerialLine
from edge.sim.stations import Stations
from wire.inventory import Sensor
from wire.profile import Block, Evidence, LinkSettings, Point, PointType, Profile, Timing
from wire.reading import Sample
from wire.registers import Value

NUMBERS = ("polls", "seed", "pymodbus")
POLLS, POLLS_QUICK = 100_000, 3_000
NOISE = 0.01
SHARED_UNIT = 30
_TIMING = Timing(timeout_s=0.3, gap_s=0.005, late_max_s=0.5, min_poll_s=0.05)
_LATE = DeviceFaults(late_s=0.4, share=0.1)
_KINDS = {
    **dict.fromkeys(range(10, 18), DeviceFaults()),
    **dict.fromkeys((20, 21), _LATE),
    22: DeviceFaults(repeats=2, share=0.1),
    23: DeviceFaults(truncate=7, share=0.1),
    SHARED_UNIT: DeviceFaults(),
}
_TWIN = DeviceFaults(late_s=0.025, spread_s=0.03)


def profile() -> Profile:
    """Two blocks of one size, each with a number that is new in every reply."""
    blocks = {name: Block(name, 3, address, 6, 0.2) for name, address in (("a", 0), ("b", 16))}
    points = [
        _point(f"{what}_{name}", name, block.address + 2 * place)
        for name, block in blocks.items()
        for place, what in enumerate(("serial", "who", "check"))
    ]
    link = LinkSettings(9600, "8N1", 1)
    evidence = Evidence("none", "a bench", ())
    return Profile("numbered", "bench", "numbered", evidence, link, _TIMING, blocks, tuple(points), (), (), (), ())


def _point(name: str, block: str, register: int) -> Point:
    return Point(
        *(name, block, register, PointType.U32, "ABCD", 0xFFFF_FFFF, 0, 1.0, 0.0, "", None, (), None, {}, {}, ""),
    )


@dataclass
class Books:
    """What devices served, and what of it was believed."""

    served: set[tuple[int, str, tuple[int, ...]]] = field(default_factory=set)
    """Unit, block and registers of the replies since the last sample."""
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    serial: int = 0

    def device(self, unit: int, faults: DeviceFaults) -> ModbusDevice:
        """One that numbers its replies."""
        mark = self.serial = self.serial + 1

        def values() -> dict[str, Value]:
            self.serial += 1
            return {
                f"{what}_{block}": float(number)
                for block, place in (("a", 1), ("b", 2))
                for what, number in (
                    ("serial", self.serial),
                    ("who", mark * 100 + place),
                    ("check", self.serial * 7919 % 2**32),
                )
            }

        def replied(block: str, registers: tuple[int, ...]) -> None:
            self.served.add((unit, block, registers))

        made = ModbusDevice(profile(), unit, values, replied)
        made.faults = faults
        return made

    def take(self, unit: int, block: str, registers: tuple[int, ...]) -> None:
        """One poll that was believed."""
        self.counts["good"] += 1
        if (unit, block, registers) not in self.served:
            self.wrong.append(f"unit {unit}, block {block}: {registers}")

    def end(self, sample: Sample, units: dict[str, int]) -> None:
        """One poll of the box's own source."""
        if sample.fault:
            self.counts[sample.fault.rpartition("[")[2].rstrip("]")] += 1
        else:
            self.take(units[sample.sensor], sample.block, sample.registers)
        self.served.clear()


def devices(books: Books) -> list[ModbusDevice]:
    """All of the line, the twin among them."""
    made = [books.device(unit, faults) for unit, faults in _KINDS.items()]
    return [*made, books.device(SHARED_UNIT, _TWIN)]


def _listen_not(_frame: Frame) -> None:
    """Nobody reads the transcript."""


async def polled(polls: int, seed: int, books: Books) -> float:
    """Virtual seconds that so many polls took."""
    rng = Random(seed)
    medium = Medium(rng, _listen_not)
    medium.faults = LineFaults(noise=NOISE)
    Stations(medium, devices(books), rng)
    sensors = [Sensor(f"S-{unit}", "S", "B", "l", profile(), unit, 0.2, {}, {}, ()) for unit in dict.fromkeys(_KINDS)]
    units = {sensor.id: sensor.unit for sensor in sensors}
    loop = asyncio.get_running_loop()
    clock = BoxClock.trusted(lambda: int(loop.time() * 1e9))
    plan = [(sensor, block, 0.2) for sensor in sensors for block in sensor.profile.blocks.values()]
    async with PolledLine(partial(memory_bus, medium, SerialSettings(9600, "8N1")), plan, clock=clock) as line:
        count = 0
        async for sample in line:
            books.end(sample, units)
            count += 1
            if count == polls:
                break
    return loop.time()


async def bare_pymodbus(polls: int, seed: int) -> Books:
    """As many polls of a device that is sometimes late, its two blocks in turn, by pymodbus's own client."""
    books = Books()
    device = books.device(20, DeviceFaults(late_s=0.4, share=0.3))
    async with SerialLine([device], "8N1", Random(seed)) as line:
        with TemporaryDirectory() as folder, named(line.path, Path(folder, "tty")):
            client = AsyncModbusSerialClient(str(Path(folder, "tty")), baudrate=9600, timeout=0.3, retries=3)
            await client.connect()
            for turn in range(polls):
                name, block = list(profile().blocks.items())[turn % 2]
                books.served.clear()
                await _ask(client, block, name, books)
            client.close()
    return books


async def _ask(client: AsyncModbusSerialClient, block: Block, name: str, books: Books) -> None:
    try:
        reply = await client.read_holding_registers(block.address, count=block.count, device_id=20)
    except ModbusException:
        books.counts["failed"] += 1
        return
    books.take(20, name, tuple(reply.registers))


async def run(*, is_quick: bool, polls: int | None, seed: int | None, pymodbus: int | None) -> Result:
    """Virtual time has a loop of its own, so it runs beside this one."""
    logging.getLogger("edge").setLevel(logging.ERROR)
    count = polls or (POLLS_QUICK if is_quick else POLLS)
    chance = time.time_ns() % 10_000 if seed is None else seed
    books = Books()
    began = time.monotonic()
    virtual_s = await asyncio.to_thread(virtual_time.run, polled(count, chance, books))
    took_s = time.monotonic() - began
    answered = sum(books.counts.values())
    figures: dict[str, float | int | str | None] = {
        "polls": count,
        "seed": chance,
        "answered_or_reported": answered,
        "good": books.counts["good"],
        "wrong": len(books.wrong),
        **{code: books.counts[code] for code in sorted(books.counts) if code != "good"},
        "virtual_hours": round(virtual_s / 3600, 2),
        "seconds": round(took_s, 1),
    }
    if pymodbus:
        bare = await bare_pymodbus(pymodbus, chance)
        figures |= {"pymodbus_polls": pymodbus, "pymodbus_wrong": len(bare.wrong), "pymodbus_good": bare.counts["good"]}
    return Result(
        bench="lies",
        figures=figures,
        goals={
            "wrong": Goal("0 values that were not served in answer to their poll", len(books.wrong), not books.wrong),
            "answered_or_reported": Goal(f"all {count} polls", answered, answered == count),
        },
        machine=machine(),
        notes=(f"virtual time; again: scripts/bench lies --polls {count} --seed {chance}", *books.wrong[:5]),
    )
