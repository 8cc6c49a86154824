"""What a mode does to a configuration: polled more often, alarming sooner, and never more than a line has time for."""

from dataclasses import replace
from pathlib import Path

import pytest
import small_city

from wire import line_load
from wire.inventory import Inventory
from wire.overlay import Lease, under
from wire.profile_yaml import library_folder, load_library
from wire.sensors_yaml import load

BILLBOARD, GAS = "XM-SM-0001-T1", "XM-SM-G01-G1"


def city(folder: Path, every: str = "") -> Inventory:
    """The small one; `every` is what its kind billboard says."""
    text = small_city.SENSORS_YAML.replace("limits: billboard}", f"limits: billboard{every}}}")
    path = folder / "sensors.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, load_library(library_folder()))


def typhoon(every: float = 0.5) -> Lease:
    """Billboards, and on-delays halved."""
    return Lease("typhoon", ("billboard",), every, 0.5, 1)


def test_the_kinds_that_are_meant(tmp_path: Path) -> None:
    """Interval and on-delays are multiplied, limits stay; the sensor's own faults and other kinds are as they were."""
    before = city(tmp_path, ", every: 2s")
    after = under(before, typhoon(), "v2")
    assert after.version == "v2"
    assert after.sensors[BILLBOARD].every_s == 1.0
    assert after.sensors[GAS] == before.sensors[GAS]
    for old, new in zip(before.sensors[BILLBOARD].rules, after.sensors[BILLBOARD].rules, strict=True):
        factor = 1.0 if old.kind == "fault" else 0.5
        assert [level.on_delay_s for level in new.levels] == [factor * level.on_delay_s for level in old.levels]
        assert [level.limit for level in new.levels] == [level.limit for level in old.levels]


def test_an_interval_that_the_profile_says(tmp_path: Path) -> None:
    """Each block of registers keeps its own, multiplied; none is faster than the device can answer."""
    before, after = (
        one.sensors[BILLBOARD].profile for one in (city(tmp_path), under(city(tmp_path), typhoon(0.001), "v2"))
    )
    assert {block.every_s for block in after.blocks.values()} == {before.timing.min_poll_s}


def test_a_device_that_speaks_by_itself_is_listened_to_more_often(tmp_path: Path) -> None:
    """Its messages have intervals as blocks have."""
    before = city(tmp_path)
    gauge = load_library(library_folder())["dfrobot-a02yyuw"]
    spoken = replace(before.sensors[BILLBOARD], profile=gauge, every_s=None)
    after = under(replace(before, sensors={**before.sensors, BILLBOARD: spoken}), typhoon(), "v2")
    assert after.sensors[BILLBOARD].profile.messages["echo"].every_s == 0.5


@pytest.mark.parametrize("every", [0.5, 0.1, 0.01])
def test_a_line_has_time_for_its_polls(tmp_path: Path, every: float) -> None:
    """Where the factor asks for more than the line's time, intervals are stretched, and stay shorter than before."""
    before = city(tmp_path, ", every: 100ms")
    after = under(before, typhoon(every), "v2")
    [line] = [line for line in before.lines if (line.box, line.key) == ("XM-SM-01", "a")]
    assert line_load.utilisation([after.sensors[name] for name in line.sensors], 9600) <= 1.0
    assert (after.sensors[BILLBOARD].every_s or 0) <= 0.1
