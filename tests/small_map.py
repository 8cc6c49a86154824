"""Two squares for the two districts of small_city: as a map document, and as an owner's GeoJSON."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wire.city_map import SCHEMA, CityMap, MapDistrict

Box = tuple[float, float, float, float]
SIMING: Box = (118.05, 24.42, 118.20, 24.50)
TONGAN: Box = (118.10, 24.65, 118.20, 24.80)


def square(box: Box) -> list[list[float]]:
    """West, south, east, north as a closed ring of GeoJSON."""
    west, south, east, north = box
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def document(accuracy_m: float = 50.0) -> CityMap:
    """As `egret map build` would make it."""
    rings = [tuple(number for point in square(box) for number in point) for box in (SIMING, TONGAN)]
    return CityMap(
        schema=SCHEMA,
        crs="WGS-84",
        source="小城测绘",
        approval="审图号 000",
        accuracy_m=accuracy_m,
        bounds=(118.05, 24.42, 118.20, 24.80),
        districts=(MapDistrict("siming", "思明区", (rings[0],)), MapDistrict("tongan", "同安区", (rings[1],))),
    )


def feature(name: str, *polygons: Iterable[list[list[float]]], key: str = "name") -> dict[str, Any]:
    """A district of an owner's file."""
    geometry = {"type": "MultiPolygon", "coordinates": [list(rings) for rings in polygons]}
    return {"type": "Feature", "properties": {key: name, "code": 1}, "geometry": geometry}


def collection(*features: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The whole file; without features, both districts."""
    both = (feature("思明区", [square(SIMING)]), feature("同安区", [square(TONGAN)]))
    return {"type": "FeatureCollection", "features": list(features or both), **more}


def write(path: Path, content: dict[str, Any]) -> Path:
    """As a GIS writes it."""
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path
