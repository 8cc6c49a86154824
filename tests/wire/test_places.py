"""What `egret check` says of where sites lie, with and without a map."""

from collections.abc import Mapping, Sequence
from random import Random

import pytest
import small_map
from small_map import SIMING, TONGAN

from wire import rings
from wire.city_map import SCHEMA, CityMap, MapDistrict
from wire.crs import Crs, distance_m, from_wgs84
from wire.errors import Mistake
from wire.inventory import Inventory, Site
from wire.places import SHOWN, warnings

Place = tuple[float, float] | None
NAMES = {"siming": "思明区", "tongan": "同安区"}


def city(places: Mapping[str, Place], district: str = "siming") -> Inventory:
    """Sites of one district at [latitude, longitude]; the number of a site is its line."""
    sites = {
        name: Site(
            id=name,
            name=name,
            name_en="",
            kind="billboard",
            district=district,
            longitude=place[1] if place else None,
            latitude=place[0] if place else None,
            sensors=(),
            where=f"sensors.yaml:{line}",
        )
        for line, (name, place) in enumerate(places.items(), 1)
    }
    return Inventory("小城", "", True, "1", NAMES, sites, {}, {})


def said(found: Sequence[Mistake]) -> list[str]:
    """Without the fixes."""
    return [f"{one.where}: {one.what} [{one.code}]" for one in found]


def scattered(box: small_map.Box, count: int, crs: Crs = Crs.WGS84) -> dict[str, Place]:
    """So many places in a box, as a map of that system has them."""
    west, south, east, north = box
    rng = Random(7)
    spots = [(rng.uniform(south, north), rng.uniform(west, east)) for _ in range(count)]
    return {f"S{number}": from_wgs84(crs, *spot) for number, spot in enumerate(spots)}


def test_a_city_in_order_is_no_warning() -> None:
    """With a map and without."""
    for city_map in (None, small_map.document()):
        assert warnings(city(scattered(SIMING, 30)), city_map, "sensors.yaml") == ()


def test_sites_without_a_place_are_one_line() -> None:
    """Counted, and the first of them named."""
    places: dict[str, Place] = {f"S{number}": None for number in range(12)} | {"S12": (24.45, 118.1)}
    [found] = warnings(city(places), None, "sensors.yaml")
    assert said([found]) == [
        (
            "sensors.yaml: 12 of 13 sites have no coordinates, and are on no map:"
            " S0, S1, S2, S3, S4, S5, S6, S7, S8, S9, …. [W-CITY-001]"
        )
    ]


@pytest.mark.parametrize(
    ("at", "fix"),
    [
        ((0.0, 0.0), "[0, 0] is what a program writes that knows no place"),
        ((-24.45, 118.1), "write at: [latitude, longitude] of the place itself"),
        ((24.45, -118.1), "write at: [latitude, longitude] of the place itself"),
        ((39.9, 116.4), "write at: [latitude, longitude] of the place itself"),
    ],
    ids=["nowhere", "southern hemisphere", "western hemisphere", "Beijing"],
)
def test_a_place_far_from_the_city_is_seen_without_a_map(at: tuple[float, float], fix: str) -> None:
    """Against where the others are; and with a map, against that."""
    places = scattered(SIMING, 3) | {"FAR": at}
    for city_map in (None, small_map.document()):
        [found] = warnings(city(places), city_map, "sensors.yaml")
        assert said([found]) == [f"sensors.yaml:4: FAR at [{at[0]:g}, {at[1]:g}] lies far from the city. [W-CITY-002]"]
        assert found.fix.startswith(fix)


def test_swapped_axes_are_named_where_both_are_below_90() -> None:
    """乌鲁木齐 at 43.8, 87.6; in 厦门 the reader itself refuses a latitude of 118."""
    places: dict[str, Place] = {"A": (43.80, 87.60), "B": (43.83, 87.62), "C": (43.79, 87.58), "D": (87.61, 43.81)}
    [found] = warnings(city(places), None, "sensors.yaml")
    assert found.fix == "latitude comes first: [43.81, 87.61] lies in the city"


def test_two_sites_far_apart_prove_nothing() -> None:
    """Nobody knows which of them is wrong; [0, 0] is wrong by itself."""
    assert warnings(city({"A": (24.4, 118.1), "B": (39.9, 116.4)}), None, "sensors.yaml") == ()
    assert [one.code for one in warnings(city({"A": (0.0, 0.0)}), None, "sensors.yaml")] == ["W-CITY-002"]


def test_a_wide_city_is_no_far_place() -> None:
    """重庆 is 470 km long: half of its sites lie a hundred kilometres from its middle, and none is far."""
    places: dict[str, Place] = {f"S{number}": (28.5 + number * 0.12, 106.0 + number * 0.14) for number in range(28)}
    assert warnings(city(places), None, "sensors.yaml") == ()


def test_a_site_outside_its_district_says_where_it_is() -> None:
    """In another, with how far it is; or in none. A site that is out by less than the map is exact is not mentioned."""
    places: dict[str, Place] = {
        "IN-TONGAN": (24.70, 118.15),
        "IN-THE-SEA": (24.45, 118.22),
        "NEARLY": (24.45, 118.2004),
        "INSIDE": (24.45, 118.10),
    }
    found = warnings(city(places), small_map.document(accuracy_m=50.0), "sensors.yaml")
    assert said(found) == [
        "sensors.yaml:1: IN-TONGAN lies in tongan (同安区), 22239 m from its own, siming (思明区). [W-CITY-004]",
        (
            "sensors.yaml:2: IN-THE-SEA lies in no district (in the sea, or beyond the city), 2024 m from its own,"
            " siming (思明区). [W-CITY-004]"
        ),
    ]
    assert {one.fix for one in found} == {"see to its `at:` and its `district:`"}


def test_of_many_sites_ten_are_shown() -> None:
    """And how many more there are."""
    found = warnings(city(scattered(TONGAN, 28)), small_map.document(), "sensors.yaml")
    assert len(found) == SHOWN + 1
    assert found[-1].what == "18 more sites lie outside their districts."


def edge_sites(crs: Crs, count: int) -> dict[str, Place]:
    """Half of the sites within 300 m of the eastern edge of 思明, where the shift carries them out; half inland."""
    west, south, east, north = SIMING
    places = scattered((east - 0.003, south + 0.01, east - 0.0001, north - 0.001), count, crs)
    inland = scattered((west + 0.03, south + 0.02, east - 0.05, north - 0.02), count, crs)
    return places | {f"I{name}": place for name, place in inland.items()}


@pytest.mark.parametrize(("crs", "shift"), [(Crs.GCJ02, "GCJ-02 (57"), (Crs.BD09, "BD-09 (12")])
def test_coordinates_of_a_chinese_map_are_recognised(crs: Crs, shift: str) -> None:
    """By what conversion explains; the sites that it explains are not said one by one."""
    found = warnings(city(edge_sites(crs, 14)), small_map.document(), "sensors.yaml")
    assert [one.code for one in found] == ["W-CITY-003"]
    assert found[0].what.startswith("14 of 14 sites outside their districts lie inside after conversion from ")
    assert shift in found[0].what
    assert found[0].fix.startswith("if they come from a Chinese map, write crs: ")
    assert crs.value in found[0].fix


def test_few_sites_are_no_evidence_but_each_says_it() -> None:
    """Two of them: the file is not suspected, the site is asked about."""
    places = dict(list(edge_sites(Crs.GCJ02, 14).items())[:2]) | {"INSIDE": (24.45, 118.10)}
    found = warnings(city(places), small_map.document(), "sensors.yaml")
    assert [one.code for one in found] == ["W-CITY-004"] * 2
    assert {one.fix for one in found} == {"see to its `at:` and its `district:`; taken for GCJ-02, it would lie inside"}


def test_a_coarse_map_does_not_accuse_a_good_file() -> None:
    """Sites that its border leaves out on one side are balanced by those that conversion would put out on the other."""
    west, south, east, north = SIMING
    just_outside = scattered((east + 0.0001, south + 0.01, east + 0.004, north - 0.01), 6)
    just_inside = scattered((west + 0.0001, south + 0.01, west + 0.004, north - 0.01), 6)
    places = just_outside | {f"I{name}": place for name, place in just_inside.items()}
    assert warnings(city(places), small_map.document(accuracy_m=520.0), "sensors.yaml") == ()


def test_a_district_without_a_polygon_is_said_once() -> None:
    """Its sites are not compared with anything."""
    whole = small_map.document()
    part = CityMap(SCHEMA, "WGS-84", whole.source, whole.approval, 50.0, whole.bounds, whole.districts[1:])
    found = warnings(city(scattered(SIMING, 5)), part, "sensors.yaml")
    assert said(found) == ["sensors.yaml: the map has no polygon for siming. [W-CITY-005]"]
    assert isinstance(part.districts[0], MapDistrict)


def test_the_distance_to_the_border_is_the_one_to_its_nearest_point() -> None:
    """East of 思明, along the parallel."""
    ring = small_map.document().districts[0].rings
    assert rings.distance_m(ring, 118.22, 24.45) == pytest.approx(distance_m(24.45, 118.22, 24.45, 118.20), rel=1e-4)
