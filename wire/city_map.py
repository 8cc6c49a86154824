"""The map document: the districts of the city as polygons, made by `egret map build`, read by board and check.

A JSON file, `map.json` in the cloud's data folder. Coordinates are WGS-84 degrees, rounded to 10⁻⁵ (a metre).
"""

from pathlib import Path
from typing import Final, Literal

import msgspec

from wire.errors import ConfigError, Mistake
from wire.rings import Bounds

SCHEMA: Final = "egret.map/1"
SIZE_MAX = 2 * 1024 * 1024
"""Bytes of one document. Xiamen's has 5 to 30 kB."""
NEAR_DEG = 0.2
"""A site may lie so far beyond the map's edge: some 20 km."""
_FIX = "make it anew with `egret map build`"


class MapDistrict(msgspec.Struct, frozen=True):
    """One district of sensors.yaml. Its area is what the rings make of it by the even-odd rule.

    A ring is flat: longitude, latitude, longitude, latitude, …; its last point is its first.
    """

    id: str
    name: str
    rings: tuple[tuple[float, ...], ...]


class CityMap(msgspec.Struct, frozen=True):
    """`source` says whose data it is, `approval` is its 审图号, both for people.

    `accuracy_m`: a place nearer than this to a border may as well lie on its other side. `bounds` are
    west, south, east and north.
    """

    schema: Literal["egret.map/1"]
    crs: Literal["WGS-84"]
    source: str
    approval: str
    accuracy_m: float
    bounds: Bounds | None
    districts: tuple[MapDistrict, ...]


def read(path: Path) -> CityMap:
    """Raises ConfigError when it cannot be read, or is no such document."""
    try:
        content = path.read_bytes()
    except OSError as error:
        what = f"cannot read this map: {error.strerror}."
        raise ConfigError([Mistake(str(path), what, _FIX, "E-MAP-001")]) from error
    if len(content) > SIZE_MAX:
        what = f"the map has {len(content)} bytes, the limit is {SIZE_MAX}."
        raise ConfigError([Mistake(str(path), what, f"{_FIX}, with more --tolerance", "E-MAP-002")])
    return decode(content, str(path))


def decode(content: bytes, name: str) -> CityMap:
    """As `read`, of bytes that are already here; `name` stands for the file in messages."""
    try:
        found = msgspec.json.decode(content, type=CityMap)
    except msgspec.MsgspecError as error:
        what = f"this is no map document ({SCHEMA}): {error}."
        raise ConfigError([Mistake(name, what, _FIX, "E-MAP-003")]) from error
    for district in found.districts:
        if not all(map(_is_ring, district.rings)):
            what = f"district {district.id!r} has a ring that is none."
            raise ConfigError([Mistake(name, what, _FIX, "E-MAP-003")])
    return found


def encode(city_map: CityMap) -> bytes:
    """The document, in one line."""
    return msgspec.json.encode(city_map)


def _is_ring(ring: tuple[float, ...]) -> bool:
    """At least a triangle, closed, on Earth."""
    is_closed = len(ring) >= 8 and len(ring) % 2 == 0 and ring[:2] == ring[-2:]
    return is_closed and max(map(abs, ring[::2])) <= 180 and max(map(abs, ring[1::2])) <= 90
