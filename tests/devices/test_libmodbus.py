"""Modbus devices of the library as a server that is not ours shows them: libmodbus, read by the box's own sources.

Its memory is filled from the vectors of the profile. The serial line is the rig's: two adapters on one pair of wires.
"""

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import servers

from edge.clock import BoxClock
from edge.ports import LinePlan, Source
from edge.sim.serial_line import SerialLine
from edge.sources import modbus_rtu, modbus_tcp
from wire.inventory import Line, Sensor
from wire.profile import Profile
from wire.profile_yaml import library_folder, load_library
from wire.reading import Sample

LIBRARY = load_library(library_folder())
MODELS = (
    "witmotion-wt901c-485",
    "keller-36xw",
    "dfrobot-sen0575",
    "honeywell-sensepoint-xrl",
    "vaisala-wxt530",
    "waveshare-relay-d",
)
"""Both kinds of registers, coils and inputs, floats, several blocks, printed numbers, a high unit identifier."""
SERVER = Path(__file__).parents[1] / "libmodbus_server.py"
PATIENCE_S = 60.0


def image(profile: Profile) -> dict[int, dict[int, int]]:
    """What the first vector of each block says, by function and address."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for vector in reversed(profile.vectors):
        block = profile.blocks[vector.block]
        found[block.function] |= dict(enumerate(vector.registers, block.address))
    return found


@asynccontextmanager
async def serving(profile: Profile, **place: object) -> AsyncIterator[None]:
    """Libmodbus in a process of its own."""
    library = servers.shared_library("libmodbus.so.5", "apt install libmodbus5")
    plan = {"unit": profile.link.unit, "image": image(profile), **place}
    call = (sys.executable, str(SERVER), library, json.dumps(plan))
    process = await asyncio.create_subprocess_exec(*call, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    try:
        async with asyncio.timeout(PATIENCE_S):
            assert await process.stdout.readline() == b"ready\n"
        yield
    finally:
        process.kill()
        await process.wait()


def sensor_of(profile: Profile) -> Sensor:
    """At its factory address; a busy machine may be slow, so it is given time."""
    timing = replace(profile.timing, timeout_s=10.0, late_max_s=10.0)
    return Sensor("S", "S", "B", "l", replace(profile, timing=timing), profile.link.unit, None, {}, {}, ())


def plan(sensor: Sensor, source: str, **options: object) -> LinePlan:
    """A line with this sensor."""
    line = Line("B", "l", source, options, "sensors.yaml:41", (sensor.id,))
    return LinePlan(line, {sensor.id: sensor}, "/", BoxClock.trusted(lambda: 10**18))


async def check(source: Source, profile: Profile) -> None:
    """Every block comes as its vector says; nothing is said against it."""
    found: dict[str, Sample] = {}
    async with asyncio.timeout(PATIENCE_S), source:
        async for sample in source:
            assert not sample.fault
            found[sample.block] = sample
            if set(found) == set(profile.blocks):
                break
    memory = image(profile)
    for name, block in profile.blocks.items():
        held = memory[block.function]
        assert found[name].registers == tuple(held[block.address + place] for place in range(block.count)), name


@pytest.mark.parametrize("model", MODELS)
async def test_over_the_rig_s_wires(model: str) -> None:
    """RTU at 9600 baud, byte by byte: the registers of the vector, and the frames with them."""
    profile, sensor = LIBRARY[model], sensor_of(LIBRARY[model])
    async with SerialLine([], "8N1", Random(7)) as wires, serving(profile, tty=wires.plug_in()):
        options = {"port": wires.path, "baud": 9600, "frame": "8N1"}
        await check(modbus_rtu.open_source(plan(sensor, "modbus_rtu", **options)), profile)


@pytest.mark.parametrize("model", MODELS)
async def test_over_tcp(model: str, free_port: int) -> None:
    """The same as Modbus TCP."""
    profile, sensor = LIBRARY[model], sensor_of(LIBRARY[model])
    async with serving(profile, tcp=free_port):
        options = {"host": "127.0.0.1", "port": free_port}
        await check(modbus_tcp.open_source(plan(sensor, "modbus_tcp", **options)), profile)


async def test_registers_it_does_not_have_are_refused() -> None:
    """A probe asked by another model's profile: exception code 2, and no value."""
    other = sensor_of(replace(LIBRARY["witmotion-wt901c-485"], link=LIBRARY["keller-36xw"].link))
    async with (
        SerialLine([], "8N1", Random(7)) as wires,
        serving(LIBRARY["keller-36xw"], tty=wires.plug_in()),
        modbus_rtu.open_source(plan(other, "modbus_rtu", port=wires.path, baud=9600)) as source,
    ):
        sample = await anext(aiter(source))
    assert "exception code 2, illegal data address" in sample.fault
