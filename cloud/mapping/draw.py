"""From outlines of a source to the map document: the districts of sensors.yaml, named, thinned, looked over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cloud.mapping.outline import Outline, matching
from cloud.mapping.simplify import DECIMALS, simplified
from wire.city_map import NEAR_DEG, SCHEMA, CityMap, MapDistrict
from wire.inventory import Inventory
from wire.located import Mistakes, nearest
from wire.rings import Bounds, bounds, is_near


@dataclass(frozen=True, slots=True)
class Paper:
    """What is said of the map's data. `accuracy_m`: how far its borders may be from the true ones."""

    source: str
    approval: str
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class Choice:
    """Where names do not decide: what the source calls a district, by its id; and ids that get no polygon."""

    called: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()


def draw(
    outlines: Sequence[Outline], city: Inventory, choice: Choice, paper: Paper, *, tolerance_m: float, where: str
) -> CityMap:
    """Raises ConfigError with every mistake; `where` is what the source is called in it."""
    mistakes = Mistakes()
    chosen = _chosen(outlines, city.districts, choice, mistakes, where)
    mistakes.raise_any()
    thin = simplified([_gathered(name, outlines) for name in chosen.values()], tolerance_m)
    districts = tuple(
        MapDistrict(district, city.districts[district], tuple(map(_flat, outline.rings)))
        for district, outline in zip(chosen, thin, strict=True)
    )
    for district in districts:
        _look_over(district, mistakes, where)
    mistakes.raise_any()
    box = bounds(ring for district in districts for ring in district.rings)
    _check_nearness(box, city, mistakes, where)
    mistakes.raise_any()
    return CityMap(
        schema=SCHEMA,
        crs="WGS-84",
        source=paper.source,
        approval=paper.approval,
        accuracy_m=paper.accuracy_m + tolerance_m,
        bounds=box,
        districts=districts,
    )


def _chosen(
    outlines: Sequence[Outline], districts: Mapping[str, str], choice: Choice, mistakes: Mistakes, where: str
) -> dict[str, str]:
    """The name in the source of each district that gets a polygon."""
    for option, given in (("--district", choice.called), ("--without", choice.without)):
        for district in sorted(given):
            if district not in districts:
                mistakes.add(option, f"there is no district {district!r}.", nearest(district, districts), "E-MAP-014")
    names = list(dict.fromkeys(outline.name for outline in outlines))
    found: dict[str, str] = {}
    for district in (district for district in districts if district not in choice.without):
        wanted = choice.called.get(district, districts[district])
        meant = matching(wanted, names)
        if len(meant) == 1 and meant[0] not in found.values():
            found[district] = meant[0]
            continue
        what = f"no polygon is called {wanted!r}, as district {district!r} is."
        fix = f"{nearest(wanted, names)} after --district {district}=, or say --without {district}"
        if len(meant) == 1:
            what = f"{meant[0]!r} would be the polygon of two districts; one is {district!r}."
        elif meant:
            what = f"district {district!r} may be any of {', '.join(meant)}."
            fix = f"say which: --district {district}={meant[0]}"
        mistakes.add(where, what, fix, "E-MAP-015")
    return found


def _gathered(name: str, outlines: Sequence[Outline]) -> Outline:
    """A district may be several features, each with islands."""
    return Outline(name, tuple(ring for outline in outlines if outline.name == name for ring in outline.rings))


def _flat(ring: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    return tuple(number for point in ring for number in point)


def _look_over(district: MapDistrict, mistakes: Mistakes, where: str) -> None:
    if not district.rings:
        what = f"nothing is left of district {district.id!r}: it is smaller than the tolerance."
        mistakes.add(where, what, "say a smaller --tolerance, or see whether the file is of this city", "E-MAP-016")
    shapes = [frozenset(zip(ring[::2], ring[1::2], strict=True)) for ring in district.rings]
    if len(set(shapes)) < len(shapes):
        what = f"district {district.id!r} has one and the same ring twice, which makes a hole of it."
        mistakes.add(where, what, "delete the second feature of that name", "E-MAP-010")


def _check_nearness(box: Bounds | None, city: Inventory, mistakes: Mistakes, where: str) -> None:
    """A map of another place, or with swapped axes where both are angles below 90°, fits no site."""
    places = [
        (site.longitude, site.latitude)
        for site in city.sites.values()
        if site.longitude is not None and site.latitude is not None
    ]
    if box is None or not places or any(is_near(box, *place, NEAR_DEG) for place in places):
        return
    what = f"none of the {len(places)} sites that have a place lies on this map, or near it."
    fix = "see that it is the right city (--city, --geojson), and that sites have [latitude, longitude]"
    if any(is_near(box, latitude, longitude, NEAR_DEG) for longitude, latitude in places):
        fix = "with latitude and longitude swapped they do: swap them here or in sensors.yaml, wherever they are wrong"
    west, south, east, north = (round(edge, DECIMALS) for edge in box)
    mistakes.add(where, f"{what} It has {west}..{east} E, {south}..{north} N.", fix, "E-MAP-017")
