"""District polygons from the owner's GeoJSON file (RFC 7946), every mistake of it at once.

Surveyors' files come in many systems, and none of them looks wrong by itself. So the caller says which
one it is; what the file says of it must agree; and numbers that cannot be degrees are refused with what
they probably are: axes swapped, or metres of a projection.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from cloud.mapping.outline import Outline, Point
from cloud.mapping.ring_check import wrong_with
from wire.crs import Crs, to_wgs84
from wire.errors import ConfigError, Mistake
from wire.located import Mistakes

SIZE_MAX = 64 * 1024 * 1024
_CONVERT = "convert it first: ogr2ogr -t_srs EPSG:4326 -lco RFC7946=YES wgs84.geojson {name}"
_DEGREES = re.compile(r"(CRS84|EPSG:*(4326|4490))$")
"""WGS-84 and CGCS2000."""
_PROJECTED_BEYOND = 400.0
"""What is larger is no angle, however wrong."""


class _Polygon(msgspec.Struct, tag_field="type", tag="Polygon"):
    coordinates: list[list[list[float]]]


class _MultiPolygon(msgspec.Struct, tag_field="type", tag="MultiPolygon"):
    coordinates: list[list[list[list[float]]]]


class _Feature(msgspec.Struct):
    type: Literal["Feature"]
    properties: dict[str, msgspec.Raw] | None
    geometry: _Polygon | _MultiPolygon


class _Named(msgspec.Struct):
    name: str


class _FileCrs(msgspec.Struct):
    """Of GeoJSON 2008; RFC 7946 has none, but programs still write it."""

    properties: _Named


class _Collection(msgspec.Struct):
    type: Literal["FeatureCollection"]
    features: list[msgspec.Raw]
    crs: _FileCrs | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What the caller says of the file: its system, and which property of a feature is its name."""

    crs: Crs
    name_key: str = "name"


def read(path: Path, told: Told) -> list[Outline]:
    """One outline a feature, in WGS-84. Raises ConfigError with every mistake."""
    mistakes = Mistakes()
    collection = _collection(path)
    _check_crs(collection.crs, told.crs, str(path), mistakes)
    found = list(_features(collection, str(path), told.name_key, mistakes))
    mistakes.raise_any()
    _check_axes(found, path, mistakes)
    mistakes.raise_any()
    for outline, place in found:
        for number, ring in enumerate(outline.rings, 1):
            for what, fix in wrong_with(ring):
                mistakes.add(f"{place}, ring {number}", what, fix, "E-MAP-010")
    mistakes.raise_any()
    return [_converted(outline, told.crs) for outline, _ in found]


def _collection(path: Path) -> _Collection:
    try:
        content = path.read_bytes()
    except OSError as error:
        what = f"cannot read this file: {error.strerror}."
        raise ConfigError([Mistake(str(path), what, "check its name and permissions", "E-MAP-007")]) from error
    if len(content) > SIZE_MAX:
        fix = "leave out what is not of the city, or simplify it in a GIS"
        what = f"the file has {len(content)} bytes, the limit is {SIZE_MAX}."
        raise ConfigError([Mistake(str(path), what, fix, "E-MAP-007")])
    try:
        return msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=_Collection)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        fix = "write a FeatureCollection in UTF-8, one feature a district; TopoJSON and Shapefiles must be converted"
        raise ConfigError([Mistake(str(path), f"this is no GeoJSON: {error}.", fix, "E-MAP-008")]) from error


def _check_crs(said: _FileCrs | None, told: Crs, name: str, mistakes: Mistakes) -> None:
    if said is None or (_DEGREES.search(said.properties.name) and told is Crs.WGS84):
        return
    what = f"its member `crs` is {said.properties.name!r}, which is not {told.value}."
    fix = f"{_CONVERT.format(name=name)}, and say --crs wgs84"
    if _DEGREES.search(said.properties.name):
        fix = f"say --crs wgs84, or delete the member `crs` when the numbers are {told.value} all the same"
    mistakes.add(name, what, fix, "E-MAP-011")


def _features(collection: _Collection, name: str, name_key: str, mistakes: Mistakes) -> Iterator[tuple[Outline, str]]:
    """Outlines as they stand in the file, and what their feature is called in messages."""
    for number, raw in enumerate(collection.features, 1):
        place = f"{name}: feature {number}"
        try:
            feature = msgspec.json.decode(raw, type=_Feature)
        except msgspec.MsgspecError as error:
            fix = "a district is a Feature with `properties` and a Polygon or MultiPolygon; delete what is none"
            mistakes.add(place, f"{error}.", fix, "E-MAP-009")
            continue
        title = _title(feature, name_key)
        if not title:
            keys = ", ".join(feature.properties or {}) or "none"
            what = f"it has no name: no text in its property {name_key!r}."
            mistakes.add(place, what, f"say --name-key with the right one of its properties: {keys}", "E-MAP-009")
        geometry = feature.geometry
        polygons = [geometry.coordinates] if isinstance(geometry, _Polygon) else geometry.coordinates
        place = f"{place} ({title})"
        if all(len(position) >= 2 for polygon in polygons for ring in polygon for position in ring):
            rings = (tuple((position[0], position[1]) for position in ring) for polygon in polygons for ring in polygon)
            yield Outline(title, tuple(rings)), place
        else:
            mistakes.add(place, "a position has less than two numbers.", "write [longitude, latitude]", "E-MAP-009")


def _title(feature: _Feature, name_key: str) -> str:
    try:
        return msgspec.json.decode((feature.properties or {}).get(name_key, msgspec.Raw(b'""')), type=str).strip()
    except msgspec.ValidationError:
        return ""


def _check_axes(found: list[tuple[Outline, str]], path: Path, mistakes: Mistakes) -> None:
    """What is no longitude and latitude is so in the whole file; it is said once, at its first point."""
    points = ((place, point) for outline, place in found for ring in outline.rings for point in ring)
    wrong = [(place, point) for place, point in points if not _is_on_earth(point)]
    if not wrong:
        return
    place, (x, y) = wrong[0]
    what = f"[{x:g}, {y:g}] is no longitude and latitude, like {len(wrong) - 1} more positions of this file."
    code, fix = "E-MAP-012", "write degrees, longitude first"
    if max(abs(x), abs(y)) > _PROJECTED_BEYOND:
        what += " They look like metres of a projection, such as CGCS2000 in Gauss-Krüger zones."
        code, fix = "E-MAP-013", _CONVERT.format(name=path)
    elif _is_on_earth((y, x)):
        code, fix = "E-MAP-012", "longitude comes first: swap the axes in a GIS (QGIS: Swap X and Y coordinates)"
    mistakes.add(place, what, fix, code)


def _is_on_earth(point: Point) -> bool:
    return abs(point[0]) <= 180 and abs(point[1]) <= 90


def _converted(outline: Outline, crs: Crs) -> Outline:
    rings = (tuple(to_wgs84(crs, latitude, longitude)[::-1] for longitude, latitude in ring) for ring in outline.rings)
    return Outline(outline.name, tuple(rings))
