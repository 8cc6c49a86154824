"""A commissioned sensor goes into sensors.yaml, and everything else in that file stays as it was."""

import errno
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from commissioned import FOUND, LIBRARY, PLAN, RECORD, TILT

from edge.field.city_entry import new_city, with_sensor, with_zero, write
from edge.field.commissioner import Commissioner
from edge.field.record import Cabinet, Found, Record
from wire.errors import ConfigError, Unsafe
from wire.whole_file import write_whole

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
    inventory = write(path, before, after, LIBRARY, "20261127T081000")
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


def test_a_new_site_stays_where_it_is_in_a_city_of_shifted_places(tmp_path: Path) -> None:
    """The photo's and the person's position are WGS-84; in a file of GCJ-02 it would lie half a kilometre off."""
    path = tmp_path / "sensors.yaml"
    text = new_city(PLAN, TILT).replace("crs: WGS-84", "crs: GCJ-02")
    site = write(path, "", with_sensor(text, RECORD, TILT, DAY), LIBRARY, "x").sites["XM-TA-0901"]
    assert (site.latitude, site.longitude) == PLAN.at


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
    inventory = write(path, "", with_sensor(new_city(PLAN, TILT), RECORD, TILT, DAY), LIBRARY, "x")
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
        write(path, before, text, LIBRARY, "x")
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


@pytest.fixture(name="small")
def small_city() -> str:
    """One sensor in it already."""
    return with_sensor(new_city(PLAN, TILT), msgspec.structs.replace(RECORD, zero=None), TILT, DAY)


def at_the_pole(folder: Path) -> Commissioner:
    """Everything is measured, and only sensors.yaml is left."""
    cabinet = Cabinet(folder / "kept")
    cabinet.save(RECORD)
    return Commissioner(cabinet, LIBRARY, lambda: 1_795_752_000_000_000_000, "0.1.0")


def test_line_ends_byte_order_mark_and_mode_stay(tmp_path: Path, small: str) -> None:
    """As an editor on Windows writes it, and as its group may write it."""
    path = tmp_path / "sensors.yaml"
    before = b"\xef\xbb\xbf" + small.replace("\n", "\r\n").encode()
    path.write_bytes(before)
    path.chmod(0o664)
    at_the_pole(tmp_path).write_city(path)
    assert path.read_bytes().replace(b", zero: {roll: 0.42, pitch: -0.13}", b"") == before
    assert b"zero:" in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o664


def test_a_link_stays_one(tmp_path: Path, small: str) -> None:
    """What it leads to is written: the city's file in its own repository, say."""
    real = tmp_path / "city" / "sensors.yaml"
    real.parent.mkdir()
    real.write_text(small, encoding="utf-8")
    link = tmp_path / "sensors.yaml"
    link.symlink_to(real)
    at_the_pole(tmp_path).write_city(link)
    assert link.is_symlink()
    assert "zero:" in real.read_text(encoding="utf-8")


def test_a_read_only_file_stays(tmp_path: Path, small: str) -> None:
    """A folder that may be written would let it be replaced all the same."""
    path = tmp_path / "sensors.yaml"
    path.write_text(small, encoding="utf-8")
    path.chmod(0o444)
    with pytest.raises(Unsafe, match="read-only"):
        at_the_pole(tmp_path).write_city(path)
    assert path.read_text(encoding="utf-8") == small


def test_what_somebody_else_has_written_meanwhile_stays(tmp_path: Path, small: str) -> None:
    """Two at two poles with one file: the second is told, and nothing of the first is lost."""
    path = tmp_path / "sensors.yaml"
    path.write_text(small + "# of somebody else\n", encoding="utf-8")
    with pytest.raises(Unsafe, match="somebody else has changed"):
        write(path, small, with_sensor(small, RECORD, TILT, DAY), LIBRARY, "x")
    assert path.read_text(encoding="utf-8") == small + "# of somebody else\n"
    assert list(tmp_path.iterdir()) == [path]


def test_the_first_of_two_copies_of_a_second_stays(tmp_path: Path, small: str) -> None:
    """Written twice within a second, the copy is of what was there at first."""
    path = tmp_path / "sensors.yaml"
    path.write_text(small, encoding="utf-8")
    after = with_sensor(small, RECORD, TILT, DAY)
    write(path, small, after, LIBRARY, "x")
    write(path, after, with_sensor(after, RECORD, TILT, "2026-11-28"), LIBRARY, "x")
    assert (tmp_path / "sensors.yaml.x").read_text(encoding="utf-8") == small


def test_a_full_disk_leaves_the_file(tmp_path: Path, small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room for the copy of the old one: the old one stays, and no draft beside it."""
    path = tmp_path / "sensors.yaml"
    path.write_text(small, encoding="utf-8")
    monkeypatch.setattr("edge.field.city_entry.write_whole", full_after(1))
    with pytest.raises(OSError, match="No space left"):
        write(path, small, with_sensor(small, RECORD, TILT, DAY), LIBRARY, "x")
    assert path.read_text(encoding="utf-8") == small
    assert list(tmp_path.iterdir()) == [path]


def full_after(files: int) -> Callable[[Path, bytes, int], None]:
    """A disk with room for so many files."""
    written = iter(range(files))

    def write_some(path: Path, data: bytes, mode: int) -> None:
        if next(written, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write_whole(path, data, mode)

    return write_some


def test_what_only_the_device_before_had_is_gone() -> None:
    """A tag in the place of an inclinometer has no unit identifier and no zero, and the other way round no address."""
    text = with_sensor(new_city(PLAN, TILT), RECORD, TILT, "2026-11-26")
    assert "unit: 0x51, zero: {roll: 0.42" in text
    tag = LIBRARY["ruuvi-ruuvitag"]
    found = Found(source="ble_advert", model=tag.name, known_by="D4:AC:3F:00:11:22")
    text = with_sensor(text, msgspec.structs.replace(RECORD, found=found, zero=None), tag, "2026-11-27")
    there = "T1: {line: XM-TA-09/a, commissioned: 2026-11-27"
    assert f'{there}, address: "D4:AC:3F:00:11:22", profile: ruuvi-ruuvitag}}' in text
    text = with_sensor(text, RECORD, TILT, "2026-11-27")
    assert f"{there}, profile: {TILT.name}, unit: 0x51, zero: {{roll: 0.42" in text


def test_a_model_that_the_kind_has_again_is_said_too() -> None:
    """Swapped for another model and back: the sensor's own `profile:` is brought up to date, by the site's own kind."""
    other = msgspec.structs.replace(FOUND, model="bwsensing-bwm826")
    swapped = with_sensor(new_city(PLAN, TILT), msgspec.structs.replace(RECORD, found=other), TILT, DAY)
    assert "profile: bwsensing-bwm826" in swapped
    elsewhere = msgspec.structs.replace(RECORD, plan=msgspec.structs.replace(PLAN, kind="other"))
    back = with_sensor(swapped, elsewhere, TILT, DAY)
    assert "bwsensing" not in back
    assert f"profile: {TILT.name}, zero:" in back


def test_a_file_into_which_nothing_can_be_put_is_left(tmp_path: Path, small: str) -> None:
    """`serial` without a colon between braces is YAML, and nothing that we write: a message, and no guess."""
    path = tmp_path / "sensors.yaml"
    text = small.replace("commissioned:", "serial, commissioned:")
    path.write_text(text, encoding="utf-8")
    work = at_the_pole(tmp_path)
    work.plan_for(serial="7")
    with pytest.raises(ConfigError, match=r"sensors\.yaml: the sensor cannot be put into this file"):
        work.write_city(path)
    assert path.read_text(encoding="utf-8") == text
