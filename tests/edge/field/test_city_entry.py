"""A commissioned sensor goes into sensors.yaml, and everything else in that file stays as it was."""

from pathlib import Path

import msgspec
import pytest
from commissioned import FOUND, LIBRARY, PLAN, RECORD, TILT

from edge.field.city_entry import new_city, with_sensor, with_zero, write
from edge.field.record import Record
from wire.errors import ConfigError

CITY = Path(__file__).parents[3] / "sensors.yaml"
DAY = "2026-11-27"


def added(before: str, after: str) -> list[str]:
    """The lines that are new; none may be gone."""
    kept = iter([*before.splitlines(), ""])
    following, new = next(kept), []
    for line in after.splitlines():
        if line == following:
            following = next(kept)
        else:
            new.append(line)
    assert next(kept, None) is None
    return new


def test_site_box_line_and_sensor_are_added_to_the_demonstrations_city(tmp_path: Path) -> None:
    """Nine lines where they belong; the comments, the order and every other line of a file of 1 000 stay."""
    before = CITY.read_text(encoding="utf-8")
    after = with_sensor(before, RECORD, TILT, DAY)
    assert added(before, after) == [
        "  XM-TA-09:",
        "    name: XM-TA-09",
        "    lines:",
        "      a: {source: modbus_rtu, port: /dev/ttyS1}",
        "  XM-TA-0901:",
        "    name: 环城西路北段立柱广告牌",
        "    kind: billboard",
        "    district: tongan",
        "    at: [24.7272, 118.1422]",
        "    sensors:",
        "      T1: {line: XM-TA-09/a, unit: 0x51, zero: {roll: 0.42, pitch: -0.13}, commissioned: 2026-11-27}",
        "    street: 祥平街道",
        "    owner: 某广告公司",
    ]
    path = tmp_path / "sensors.yaml"
    path.write_text(before, encoding="utf-8")
    inventory = write(path, after, LIBRARY, "20261127T081000")
    assert inventory.sensors["XM-TA-0901-T1"].zero == {"roll": 0.42, "pitch": -0.13}
    assert path.read_text(encoding="utf-8") == after
    assert (tmp_path / "sensors.yaml.20261127T081000").read_text(encoding="utf-8") == before


def test_a_sensor_that_stands_there_is_brought_up_to_date() -> None:
    """Commissioned anew after a swap: its zero and its day are other ones, its line and its comment are not."""
    once = with_sensor(CITY.read_text(encoding="utf-8"), RECORD, TILT, DAY)
    once = once.replace("2026-11-27}", "2026-11-27}  # swapped after the storm")
    zero = RECORD.zero
    assert zero
    spread = msgspec.structs.replace(zero.points["roll"], mean=0.9)
    moved = msgspec.structs.replace(RECORD, zero=msgspec.structs.replace(zero, points={"roll": spread}))
    again = with_sensor(once, moved, TILT, "2026-12-01")
    (line,) = [one for one in again.splitlines() if "# swapped" in one]
    assert line.strip() == (
        "T1: {line: XM-TA-09/a, unit: 0x51, zero: {roll: 0.9}, commissioned: 2026-12-01}  # swapped after the storm"
    )
    assert len(again.splitlines()) == len(once.splitlines())


def test_a_second_sensor_joins_its_site_and_its_line() -> None:
    """One line more, and no second box."""
    once = with_sensor(CITY.read_text(encoding="utf-8"), RECORD, TILT, DAY)
    plan = msgspec.structs.replace(PLAN, key="T2")
    second = msgspec.structs.replace(RECORD, plan=plan, found=msgspec.structs.replace(FOUND, unit=0x52), zero=None)
    assert added(once, with_sensor(once, second, TILT, DAY)) == [
        "      T2: {line: XM-TA-09/a, unit: 0x52, commissioned: 2026-11-27}"
    ]


def test_who_has_no_city_at_the_pole_gets_one(tmp_path: Path) -> None:
    """A file of this one sensor, right as it is: to be run from, or to be merged by whoever keeps the city's."""
    path = tmp_path / "sensors.yaml"
    inventory = write(path, with_sensor(new_city(PLAN, TILT), RECORD, TILT, DAY), LIBRARY, "x")
    assert list(inventory.sensors) == ["XM-TA-0901-T1"]
    assert inventory.sensors["XM-TA-0901-T1"].rules
    assert list(tmp_path.iterdir()) == [path]


def test_another_rate_and_another_model_are_said() -> None:
    """At 19200 baud the line says so; of a model that is not its kind's, the sensor does."""
    found = msgspec.structs.replace(FOUND, baud=19_200, model="bwsensing-bwm826")
    after = with_sensor(CITY.read_text(encoding="utf-8"), msgspec.structs.replace(RECORD, found=found), TILT, DAY)
    assert "      a: {source: modbus_rtu, port: /dev/ttyS1, baud: 19200}\n" in after
    assert "T1: {line: XM-TA-09/a, unit: 0x51, profile: bwsensing-bwm826," in after


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"district": "nowhere"}, "there is no district 'nowhere'"),
        ({"kind": "balloon"}, "there is no kind 'balloon'"),
        ({"site": "no id"}, "the id 'no id' is not allowed"),
        ({"box": "XM-TA-01"}, r"0x51\) on line XM-TA-01/a belongs to XM-TA-0101-T1 already, at .*sensors.yaml:\d+"),
    ],
)
def test_a_file_that_would_be_wrong_is_not_written(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    """The mistakes are those of `egret check`, with its file and line; the old file stays, and nothing beside it."""
    before = CITY.read_text(encoding="utf-8")
    path = tmp_path / "sensors.yaml"
    path.write_text(before, encoding="utf-8")
    record: Record = msgspec.structs.replace(RECORD, plan=msgspec.structs.replace(PLAN, **changes))
    text = with_sensor(before, record, TILT, DAY)
    with pytest.raises(ConfigError, match=said) as error:
        write(path, text, LIBRARY, "x")
    assert str(error.value).startswith(f"{path}:")
    assert path.read_text(encoding="utf-8") == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_zero_alone_changes_a_sensor_that_is_there() -> None:
    """And only its zero; of one that is not there, it says which verb writes a whole sensor."""
    once = with_sensor(new_city(PLAN, TILT), msgspec.structs.replace(RECORD, zero=None), TILT, DAY)
    assert RECORD.zero
    zeroed = with_zero(once, PLAN, RECORD.zero, "sensors.yaml")
    assert "commissioned: 2026-11-27, zero: {roll: 0.42, pitch: -0.13}}" in zeroed
    with pytest.raises(ConfigError, match="there is no sensor 'XM-TA-0901-T2' yet"):
        with_zero(once, msgspec.structs.replace(PLAN, key="T2"), RECORD.zero, "sensors.yaml")
