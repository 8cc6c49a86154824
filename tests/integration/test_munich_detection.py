"""Real recordings of a test bridge in Munich, whole, from the source to the alarm events.

Data: imcs-compsim/munich-bridge-data (MIT); Y. Jaelani et al., Steel Construction 2023, 16, 215.
They are not part of the project: without them beside the repository these tests are skipped.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from detection import FAULT, SECOND_NS, sensor

from edge.clock import BoxClock
from edge.condition import Conditioner
from edge.decode import decode
from edge.detect import Detector
from edge.ports import LinePlan
from edge.sources import replay
from wire.alarm import AlarmEvent, Level
from wire.inventory import Limit, Line, RuleConfig, Sensor
from wire.limit_sets import shipped

DATA = Path(__file__).parents[3] / "shared" / "data" / "munich-bridge"
MAPPINGS = Path(__file__).parent / "munich"
LOAD_TEST, REFERENCE = "ref_support_load_01.csv.gz", "reference_state_inclination.csv.gz"
LOAD_TEST_BEGIN_NS = 1_649_658_984_897_000_000
"""11 April 2022, 08:36:24.897 +02:00."""

STRAIN = RuleConfig(
    "strain",
    "limit",
    "strain",
    deadband=1.0,
    off_delay_s=10.0,
    levels=(
        Limit(Level.YELLOW, 3.6, 10.0, "half of the 7.2 um/m that the parked truck of the load test causes"),
        Limit(Level.ORANGE, 5.8, 10.0, "0.8 of the 7.2 um/m that the parked truck of the load test causes"),
    ),
)
"""A load that stays: a crossing is over the limit for at most 4.2 s, noise is 0.28 um/m RMS."""
SUPPORT = RuleConfig(
    "support",
    "limit",
    "force",
    deadband=0.5,
    off_delay_s=10.0,
    levels=(
        Limit(Level.YELLOW, 2.8, 20.0, "half of the 5.5 kN that the support carries of the first parked position"),
        Limit(Level.ORANGE, 8.0, 20.0, "three quarters of the 10.7 kN of the worst parked position"),
    ),
)
"""At the support a crossing lasts up to 13.5 s."""

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no real recordings at ../shared/data/munich-bridge")


def mounted(name: str, *rules: RuleConfig) -> Sensor:
    """A sensor of the bridge with these rules, and the one for its own faults."""
    return replace(sensor(every_s=0.01, rules=(*rules, FAULT)), id=f"MUC-01-{name}")


async def detected(file: str, mapping: str, sensors: list[Sensor]) -> tuple[int, list[AlarmEvent]]:
    """How many readings of these sensors were judged, and all alarm events."""
    options = {"file": str(DATA / file), "mapping": str(MAPPINGS / mapping), "speed": 0.0}
    known = {one.id: one for one in sensors}
    line = Line("MUC-B01", "recording", "replay", options, "sensors.yaml:1", tuple(known))
    conditioners = {one.id: Conditioner(one) for one in sensors}
    detector, count = Detector(sensors, "munich"), 0
    events: list[AlarmEvent] = []
    async with replay.open_source(LinePlan(line, known, "/", BoxClock.trusted(lambda: 0))) as source:
        async for sample in source:
            if sample.sensor in known:
                readings = conditioners[sample.sensor].readings(decode(sample, known[sample.sensor]))
                count += len(readings)
                events += detector.step(readings).events
    return count, events


def told(events: list[AlarmEvent]) -> list[tuple[str, str, str, int]]:
    """Rule, change, level, and whole seconds into the load test."""
    return [
        (event.rule, event.change.value, event.level.value, (event.time_ns - LOAD_TEST_BEGIN_NS) // SECOND_NS)
        for event in events
    ]


async def test_a_parked_truck_opens_an_alarm_and_crossings_do_not() -> None:
    """12 min, 216 000 readings: three crossings and three parked positions are one strain and one support alarm."""
    sensors = [mounted("deck", STRAIN), mounted("support", SUPPORT)]
    count, events = await detected(LOAD_TEST, "support_load.yaml", sensors)
    assert count == 3 * 72_000
    assert told([event for event in events if event.rule == "strain"]) == [
        ("strain", "raised", "yellow", 118),
        ("strain", "escalated", "orange", 121),
        ("strain", "lowered", "yellow", 238),
        ("strain", "cleared", "yellow", 241),
    ]
    assert told([event for event in events if event.rule == "support"]) == [
        ("support", "raised", "yellow", 128),
        ("support", "escalated", "orange", 249),
        ("support", "lowered", "yellow", 378),
        ("support", "cleared", "yellow", 507),
    ]
    assert len(events) == 8


async def test_without_on_delay_the_crossings_would_open_alarms_too() -> None:
    """What the delay is for: half of the parked step, at once, is raised four times instead of once."""
    at_once = replace(STRAIN, levels=(replace(STRAIN.levels[0], on_delay_s=0.0),))
    _, events = await detected(LOAD_TEST, "support_load.yaml", [mounted("deck", at_once)])
    assert Counter(event.change.value for event in events) == {"raised": 4, "cleared": 4}


@pytest.mark.parametrize(
    ("file", "mapping", "readings"),
    [(LOAD_TEST, "support_load.yaml", 72_000), (REFERENCE, "inclination.yaml", 60_000)],
)
async def test_tilt_bursts_raise_no_lean(file: str, mapping: str, readings: int) -> None:
    """Bursts of up to 0.30 degrees last at most 0.07 s each: not one event with the shipped billboard limits."""
    pier = mounted("pier", *(rule for rule in shipped()["billboard"] if rule.kind == "limit"))
    assert await detected(file, mapping, [pier]) == (readings, [])


@pytest.mark.parametrize(
    ("file", "mapping", "bursts"),
    [(LOAD_TEST, "support_load.yaml", 78), (REFERENCE, "inclination.yaml", 45)],
)
async def test_it_is_the_delay_that_keeps_bursts_out(file: str, mapping: str, bursts: int) -> None:
    """A blue limit of 0.1 degrees, far inside the bursts: with its 5 s never raised, at once dozens of times."""
    (lean,) = (rule for rule in shipped()["billboard"] if rule.kind == "limit")
    strict = replace(lean, deadband=0.0, off_delay_s=0.0, levels=(replace(lean.levels[0], limit=0.1),))
    hasty = replace(strict, name="hasty", levels=(replace(strict.levels[0], on_delay_s=0.0),))
    _, events = await detected(file, mapping, [mounted("pier", strict, hasty)])
    assert Counter((event.rule, event.change.value) for event in events) == {
        ("hasty", "raised"): bursts,
        ("hasty", "cleared"): bursts,
    }


async def test_air_temperature_in_latin_1_raises_nothing() -> None:
    """719 readings beside the load test, 1.6 to 2.0 degrees Celsius: a third form of file, no alarm."""
    air = mounted("air")
    assert await detected("air_temperature_ref_load_01.csv", "air_temperature.yaml", [air]) == (719, [])
