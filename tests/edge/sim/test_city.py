"""A small city of simulated devices, read by the real source."""

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from edge.clock import BoxClock
from edge.decode import decode
from edge.ports import LinePlan
from edge.sim.city import Served, SimulatedCity, Transcript
from edge.sim.sensing import point_values
from edge.sim.world import World
from edge.sources import serial_stream
from edge.sources.modbus_rtu import open_source
from wire.inventory import Box, Inventory, Line, Sensor, Site
from wire.profile_yaml import load_library
from wire.reading import Sample
from wire.registers import decode_block, encode_block

LIBRARY = load_library(Path(__file__).parents[3] / "firmware-configs")
NOON_NS = 1_764_043_200_000_000_000


def sensor(site: str, model: str, unit: int, line: str, **changes: object) -> Sensor:
    """A sensor on box TA-0113, read every 50 ms."""
    made = Sensor(f"{site}-1", site, "TA-0113", line, LIBRARY[model], unit, 0.05, {}, {}, ())
    return replace(made, **changes)  # type: ignore[arg-type]


def inventory(sensors: Iterable[Sensor]) -> Inventory:
    """One box; every line is the port /dev/<line>, at 115 200 baud."""
    known = {item.id: item for item in sensors}
    keys = sorted({item.line for item in known.values()})
    lines = tuple(
        Line(
            "TA-0113",
            key,
            "modbus_rtu",
            {"port": f"/dev/{key}", "baud": 115_200, "frame": "8N1"},
            "sensors.yaml:7",
            tuple(item.id for item in known.values() if item.line == key),
        )
        for key in keys
    )
    sites = {
        item.site: Site(item.site, "", "", "billboard", "tongan", None, None, (item.id,)) for item in known.values()
    }
    return Inventory("同安", "Tong'an", True, "v1", {}, sites, {"TA-0113": Box("TA-0113", "", lines)}, known)


BOARDS = (
    sensor("XM-TA-0117", "witmotion-wt901c-485", 80, "ttyS1"),
    sensor("XM-TA-0118", "witmotion-wt901c-485", 81, "ttyS1"),
    sensor("XM-SM-0001", "keller-36xw", 1, "ttyS2", constants={"sensor_height": 0.0, "water_density": 998.2}),
)


async def read(city: SimulatedCity, root: Path, line: int, count: int) -> list[Sample]:
    """Samples that a box takes from one of its lines."""
    plan = LinePlan(
        city.inventory.boxes["TA-0113"].lines[line],
        city.inventory.sensors,
        str(root / "TA-0113"),
        BoxClock.trusted(time.time_ns),
    )
    samples: list[Sample] = []
    async with open_source(plan) as source:
        async for sample in source:
            samples.append(sample)
            if len(samples) == count:
                break
    return samples


async def test_the_box_gets_what_the_devices_served(tmp_path: Path) -> None:
    """Two lines under the box's root: every sample is in the transcript, in the same order."""
    async with SimulatedCity(inventory(BOARDS), World(1), tmp_path, time.time_ns, Random(1)) as city:
        samples = await read(city, tmp_path, 0, 6) + await read(city, tmp_path, 1, 2)
        served = list(city.served)
    read_out = [(sample.sensor, sample.block, sample.registers) for sample in samples if not sample.fault]
    assert read_out == [(reply.sensor, reply.block, reply.registers) for reply in served]
    assert {sample.sensor for sample in samples} == {item.id for item in BOARDS}
    assert not (tmp_path / "TA-0113/dev/ttyS1").is_symlink()


async def test_a_gauge_that_speaks_by_itself_hangs_over_the_city_s_water(tmp_path: Path) -> None:
    """Three metres over the road, at its own port: what a box hears of it is the world's water."""
    quick = replace(LIBRARY["dfrobot-a02yyuw"], timing=replace(LIBRARY["dfrobot-a02yyuw"].timing, min_poll_s=0.05))
    gauge = sensor("XM-TA-D03", "dfrobot-a02yyuw", 1, "ttyS3", profile=quick, constants={"sensor_height": 3.0})
    plain = inventory([gauge])
    (line,) = (replace(one, source="serial_stream") for one in plain.lines)
    world = World(1)
    box = replace(plain.boxes["TA-0113"], lines=(line,))
    wired = replace(plain, boxes={"TA-0113": box})
    async with SimulatedCity(wired, world, tmp_path, time.time_ns, Random(1)):
        plan = LinePlan(line, wired.sensors, str(tmp_path / "TA-0113"), BoxClock.trusted(time.time_ns))
        async with serial_stream.open_source(plan) as source:
            sample = await anext(aiter(source))
    ((quantity, level),) = decode(sample, gauge).readings
    assert quantity == "water_level"
    assert level == pytest.approx(world.water_level_m(gauge.site, sample.time_ns), abs=0.01)


async def test_the_city_knows_when_a_lean_reached_a_register(tmp_path: Path) -> None:
    """Commanded, then served: before the first reply there is no time, after it the reply's."""
    world = World(1)
    async with SimulatedCity(inventory(BOARDS), world, tmp_path, time.time_ns, Random(1)) as city:
        world.lean("XM-TA-0117", 2.0)
        assert city.changed_ns("XM-TA-0117") is None
        await read(city, tmp_path, 0, 4)
        first = next(reply for reply in city.served if reply.sensor == "XM-TA-0117-1")
        assert city.changed_ns("XM-TA-0117") == first.time_ns


def test_a_transcript_returns_what_it_was_given() -> None:
    """Replies of different sensors and sizes come back whole and in order."""
    replies = [Served("XM-1-tilt", "attitude", (1, 2, 65_535), 5), Served("XM-2-level", "live", (7,), 6)] * 2
    transcript = Transcript()
    for reply in replies:
        transcript.append(reply)
    assert list(transcript) == replies
    assert len(transcript) == 4


def test_a_tilt_sensor_measures_from_its_zero() -> None:
    """Commissioned at roll 3°, pitch -1°: an upright board shows these, not 0."""
    commissioned = sensor("XM-TA-0117", "witmotion-wt901c-485", 80, "ttyS1", zero={"roll": 3.0, "pitch": -1.0})
    values = point_values(World(1), commissioned, "billboard", NOON_NS)
    assert values["roll"] == pytest.approx(3.0, abs=0.1)
    assert values["pitch"] == pytest.approx(-1.0, abs=0.1)
    assert values["acc_z"] == 1.0


def test_a_gas_detector_is_in_normal_operation() -> None:
    """Traces of gas in %LEL, no warm-up, a beating heart."""
    values = point_values(World(1), sensor("XM-G-1", "honeywell-sensepoint-xrl", 1, "ttyS1"), "gas", NOON_NS)
    assert 0 <= float(values["gas"] or 0) < 2
    assert (values["mode"], values["gas_unit"]) == ("normal", "%{LEL}")


@pytest.mark.parametrize(("height", "level"), [(-1.2, 0.03), (0.0, 0.03), (0.5, 0.5)])
def test_a_level_probe_feels_the_water_above_it(height: float, level: float) -> None:
    """Below the road, at it, and hanging above the water (which reads as the probe's own height)."""
    constants = {"sensor_height": height, "water_density": 998.2}
    values = point_values(
        World(1), sensor("XM-D-1", "keller-36xw", 1, "ttyS1", constants=constants), "drainage", NOON_NS
    )
    pressure = float(values["p1"] or 0)
    assert height + pressure * 100_000 / (998.2 * 9.80665) == pytest.approx(level, abs=0.02)


@pytest.mark.parametrize("model", sorted(LIBRARY))
def test_every_device_of_the_library_can_be_simulated(model: str) -> None:
    """Encoding and decoding with its profile gives every point a value."""
    probe = sensor("XM-1", model, 1, "ttyS1", constants={"sensor_height": 0.0, "water_density": 998.2})
    profile, values = probe.profile, point_values(World(1), probe, "bridge", NOON_NS)
    for block in profile.blocks:
        assert None not in decode_block(profile, block, encode_block(profile, block, values)).values()
