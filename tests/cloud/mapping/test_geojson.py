"""The owner's GeoJSON: each mistake with its place and its fix, all at once."""

from pathlib import Path
from typing import Any

import pytest
import small_map
from small_map import SIMING, TONGAN, collection, feature, square

from cloud.mapping.geojson import Told, read
from wire.crs import Crs, from_wgs84
from wire.errors import ConfigError

WGS84 = Told(Crs.WGS84)
LINE = {"type": "Feature", "properties": {"name": "思明区"}, "geometry": {"type": "LineString", "coordinates": []}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where districts.geojson is."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said_of(content: dict[str, Any] | bytes, told: Told = WGS84) -> list[str]:
    """One line a mistake of districts.geojson."""
    path = Path("districts.geojson")
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        small_map.write(path, content)
    with pytest.raises(ConfigError) as caught:
        read(path, told)
    return str(caught.value).splitlines()


def test_outlines_as_the_file_has_them(folder: Path) -> None:
    """Polygons and multi-polygons, with holes, heights, and the byte order mark that Windows writes."""
    hole = square((118.10, 24.44, 118.12, 24.46))
    polygon = {"type": "Polygon", "coordinates": [[[*point, 3.5] for point in square(TONGAN)]]}
    content = collection(
        feature("思明区", [square(SIMING), hole]),
        {"type": "Feature", "id": 7, "bbox": [0, 0, 1, 1], "properties": {"name": " 同安区 "}, "geometry": polygon},
    )
    path = small_map.write(folder / "districts.geojson", content)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    siming, tongan = read(path, WGS84)
    assert (siming.name, tongan.name) == ("思明区", "同安区")
    assert [len(ring) for ring in siming.rings] == [5, 5]
    assert tongan.rings[0][0] == (118.10, 24.65)


@pytest.mark.parametrize("crs", Crs)
def test_coordinates_come_out_in_wgs84(folder: Path, crs: Crs) -> None:
    """Whatever the file is in, as long as it is said."""
    shifted = [[*from_wgs84(crs, y, x)[::-1]] for x, y in square(SIMING)]
    path = small_map.write(folder / "districts.geojson", collection(feature("思明区", [shifted])))
    [outline] = read(path, Told(crs))
    assert outline.rings[0][1] == pytest.approx((118.20, 24.42), abs=1e-8)


def test_the_name_may_stand_in_another_property(folder: Path) -> None:
    """XZQMC is the word of China's land survey; without being told, the message lists what there is."""
    content = collection(feature("思明区", [square(SIMING)], key="XZQMC"))
    assert said_of(content) == [
        (
            "districts.geojson: feature 1: it has no name: no text in its property 'name'."
            " fix: say --name-key with the right one of its properties: XZQMC, code [E-MAP-009]"
        )
    ]
    assert read(Path("districts.geojson"), Told(Crs.WGS84, "XZQMC"))[0].name == "思明区"
    assert "properties: XZQMC, code" in said_of(content, Told(Crs.WGS84, "code"))[0]


@pytest.mark.parametrize(
    "name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4490", "urn:ogc:def:crs:EPSG::4326"]
)
def test_a_member_crs_that_agrees(folder: Path, name: str) -> None:
    """GeoJSON of 2008, as QGIS still writes it; CGCS2000 counts as WGS-84. It contradicts GCJ-02."""
    content = collection(crs={"type": "name", "properties": {"name": name}})
    path = small_map.write(folder / "districts.geojson", content)
    assert len(read(path, WGS84)) == 2
    assert said_of(content, Told(Crs.GCJ02)) == [
        (
            f"districts.geojson: its member `crs` is {name!r}, which is not GCJ-02. fix: say --crs wgs84,"
            " or delete the member `crs` when the numbers are GCJ-02 all the same [E-MAP-011]"
        )
    ]


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:EPSG::4547", "EPSG:3857", "EPSG:4214", "EPSG:43260"])
def test_a_member_crs_that_we_cannot_read(folder: Path, name: str) -> None:
    """Gauss-Krüger metres, Web Mercator, Beijing 1954: they are converted by who knows how."""
    [said] = said_of(collection(crs={"type": "name", "properties": {"name": name}}))
    assert "ogr2ogr -t_srs EPSG:4326 -lco RFC7946=YES wgs84.geojson districts.geojson" in said
    assert said.endswith("[E-MAP-011]")


def test_swapped_axes_are_said_once(folder: Path) -> None:
    """Not once a point."""
    swapped = [[y, x] for x, y in square(SIMING)]
    [said] = said_of(collection(feature("思明区", [swapped]), feature("同安区", [swapped])))
    assert said.startswith(
        "districts.geojson: feature 1 (思明区): [24.42, 118.05] is no longitude and latitude, like 9 more"
    )
    assert said.endswith("longitude comes first: swap the axes in a GIS (QGIS: Swap X and Y coordinates) [E-MAP-012]")


def test_metres_of_a_projection_are_refused(folder: Path) -> None:
    """CGCS2000 in a Gauss-Krüger zone, with or without the zone's number before the easting."""
    for west in (615_500.0, 39_615_500.0):
        metres = square((west, 2_701_000.0, west + 9_000, 2_712_000.0))
        [said] = said_of(collection(feature("思明区", [metres])))
        assert "metres of a projection, such as CGCS2000 in Gauss-Krüger zones" in said
        assert "ogr2ogr -t_srs EPSG:4326" in said
        assert said.endswith("[E-MAP-013]")


def test_one_point_that_is_none_is_found(folder: Path) -> None:
    """A typing error of one latitude."""
    ring = square(SIMING)
    ring[2][1] = 244.5
    [said] = said_of(collection(feature("思明区", [ring])))
    assert said == (
        "districts.geojson: feature 1 (思明区): [118.2, 244.5] is no longitude and latitude, like 0 more positions of"
        " this file. fix: write degrees, longitude first [E-MAP-012]"
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"\xff\xfe{",
        b"[]",
        b'{"type": "Topology", "objects": {}, "arcs": []}',
        b'{"type": "Feature", "properties": {}, "geometry": null}',
        b'{"type": "FeatureCollection", "features": [{"a": NaN}]}',
    ],
)
def test_what_is_no_geojson(folder: Path, content: bytes) -> None:
    """Another format, another encoding, a part of the format."""
    [said] = said_of(content)
    assert said.startswith("districts.geojson: this is no GeoJSON: ")
    assert said.endswith("[E-MAP-008]")


def test_a_file_that_is_not_there(folder: Path) -> None:
    """Or too large."""
    with pytest.raises(ConfigError, match="No such file"):
        read(folder / "none.geojson", WGS84)


@pytest.mark.parametrize(
    "wrong",
    [
        LINE,
        {"type": "Feature", "properties": {"name": "x"}, "geometry": None},
        {"type": "Feature", "properties": None, "geometry": {"type": "Polygon", "coordinates": [square(SIMING)]}},
        {"properties": {"name": "x"}},
        {"type": "Feature", "properties": {"name": "x"}, "geometry": {"type": "Polygon", "coordinates": [[1, 2]]}},
        {"type": "Feature", "properties": {"name": "x"}, "geometry": {"type": "Polygon", "coordinates": [[["a", 2]]]}},
        {"type": "Feature", "properties": {"name": "x"}, "geometry": {"type": "Polygon", "coordinates": [[[118.0]]]}},
        7,
    ],
)
def test_a_feature_that_is_no_district(folder: Path, wrong: Any) -> None:
    """Lines, nothing, half a position: named by its number, and the good ones beside it are not."""
    [said] = said_of(collection(feature("同安区", [square(TONGAN)]), wrong))
    assert said.startswith("districts.geojson: feature 2")
    assert said.endswith("[E-MAP-009]")


def test_every_wrong_ring_is_said(folder: Path) -> None:
    """Open, too short, without area, crossing itself: by feature, name and ring."""
    bow = [[118.0, 24.0], [118.1, 24.1], [118.1, 24.0], [118.0, 24.2], [118.0, 24.0]]
    flat = [[118.0, 24.0], [118.1, 24.0], [118.2, 24.0], [118.0, 24.0]]
    said = said_of(
        collection(
            feature("思明区", [square(SIMING), square(SIMING)[:3]], [square(TONGAN)[:4]]),
            feature("同安区", [bow], [flat], []),
        )
    )
    assert [line.partition(" fix: ")[0] for line in said] == [
        "districts.geojson: feature 1 (思明区), ring 2: it has 3 points.",
        "districts.geojson: feature 1 (思明区), ring 3: it is not closed.",
        "districts.geojson: feature 2 (同安区), ring 1: it crosses itself near [118.00000, 24.00000].",
        "districts.geojson: feature 2 (同安区), ring 2: it has no area.",
    ]
