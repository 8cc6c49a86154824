"""What is odd about where sites lie: warnings, because a map may be wrong as well as a site.

Without a map of the districts, only what is absurd is seen: a place far from all others. With one, sites
outside their district are, and coordinates of a Chinese map that were taken for WGS-84.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from wire import rings
from wire.city_map import NEAR_DEG, CityMap, MapDistrict
from wire.crs import Crs, distance_m, to_wgs84
from wire.errors import Mistake
from wire.inventory import Inventory, Site

SHOWN = 10
"""Of one kind of warning; the rest is counted."""
FAR_M = 100_000.0
FAR_TIMES = 10
"""A site is far when it is further from the city's middle than this, and than so many times half of the sites are."""
EXPLAINED_LEAST = 3
"""Fewer sites outside their districts say nothing of the file."""
_NOWHERE_M = 1_000.0
_FIX_AT = "write at: [latitude, longitude] of the place itself"


@dataclass(frozen=True, slots=True)
class Placed:
    """A site that has a place."""

    site: Site
    latitude: float
    longitude: float

    def taken_for(self, crs: Crs) -> "Placed":
        """Where it would be, had its coordinates been said to be in this system."""
        return Placed(self.site, *to_wgs84(crs, self.latitude, self.longitude))

    def distance_m(self, other: "Placed") -> float:
        """Between the two."""
        return distance_m(self.latitude, self.longitude, other.latitude, other.longitude)


class Districts:
    """The map's polygons, by district."""

    def __init__(self, city_map: CityMap) -> None:
        """`areas` by the district's id."""
        self.areas = {district.id: district for district in city_map.districts}

    def knows(self, place: Placed) -> bool:
        """Has the site's own district a polygon?"""
        return place.site.district in self.areas

    def hold(self, place: Placed) -> bool:
        """Is it in its own district?"""
        return rings.contains(self.areas[place.site.district].rings, place.longitude, place.latitude)

    def away_m(self, place: Placed) -> float:
        """From the border of its own district."""
        return rings.distance_m(self.areas[place.site.district].rings, place.longitude, place.latitude)

    def around(self, place: Placed) -> MapDistrict | None:
        """Where it is."""
        found = (a for a in self.areas.values() if rings.contains(a.rings, place.longitude, place.latitude))
        return next(found, None)


def warnings(city: Inventory, city_map: CityMap | None, file: str) -> tuple[Mistake, ...]:
    """Of the inventory that was read from `file`; `city_map` is its map, if there is one."""
    placed = [
        Placed(site, site.latitude, site.longitude)
        for site in city.sites.values()
        if site.latitude is not None and site.longitude is not None
    ]
    without = [site.id for site in city.sites.values() if site.latitude is None]
    found = list(_without_place(without, file, len(city.sites)))
    far = _far(placed, city_map)
    found += _capped([_far_away(place, hint) for place, hint in far], file, "lie far from the city")
    if city_map:
        away = {place.site.id for place, _ in far}
        found += _on_map([place for place in placed if place.site.id not in away], city_map, city.districts, file)
    return tuple(found)


def _without_place(ids: Sequence[str], file: str, sites: int) -> Iterator[Mistake]:
    if ids:
        what = f"{len(ids)} of {sites} sites have no coordinates, and are on no map: {_listed(ids)}."
        yield Mistake(file, what, _FIX_AT, "W-CITY-001")


def _far(placed: Sequence[Placed], city_map: CityMap | None) -> list[tuple[Placed, str]]:
    """Sites that are not in or near the city, each with what may be behind it."""
    is_near = _Near(placed, city_map)
    found = []
    for place in placed:
        if distance_m(0.0, 0.0, place.latitude, place.longitude) < _NOWHERE_M:
            found.append((place, "[0, 0] is what a program writes that knows no place; leave `at:` out"))
        elif not is_near(place.latitude, place.longitude):
            is_swapped = abs(place.longitude) <= 90 and is_near(place.longitude, place.latitude)
            swapped = f"latitude comes first: [{place.longitude:g}, {place.latitude:g}] lies in the city"
            found.append((place, swapped if is_swapped else _FIX_AT))
    return found


class _Near:
    """Does a place lie in or near the city? By its map; else by where most of the sites are, if they are three."""

    def __init__(self, placed: Sequence[Placed], city_map: CityMap | None) -> None:
        self._bounds = city_map.bounds if city_map else None
        self._middle = (0.0, 0.0)
        self._far_m = float("inf")
        if not self._bounds and len(placed) > 2:
            self._middle = median(place.latitude for place in placed), median(place.longitude for place in placed)
            away = median(distance_m(*self._middle, place.latitude, place.longitude) for place in placed)
            self._far_m = max(FAR_M, FAR_TIMES * away)

    def __call__(self, latitude: float, longitude: float) -> bool:
        if self._bounds:
            return rings.is_near(self._bounds, longitude, latitude, NEAR_DEG)
        return distance_m(*self._middle, latitude, longitude) <= self._far_m


def _far_away(place: Placed, fix: str) -> Mistake:
    what = f"{place.site.id} at [{place.latitude:g}, {place.longitude:g}] lies far from the city."
    return Mistake(place.site.where, what, fix, "W-CITY-002")


def _on_map(placed: Sequence[Placed], city_map: CityMap, names: Mapping[str, str], file: str) -> Iterator[Mistake]:
    districts = Districts(city_map)
    missing = [district for district in names if district not in districts.areas]
    if missing:
        what = f"the map has no polygon for {', '.join(missing)}."
        yield Mistake(file, what, "draw it anew: egret map build", "W-CITY-005")
    known = [place for place in placed if districts.knows(place)]
    outside = [place for place in known if not districts.hold(place)]
    systems, inside = _explanation(known, outside, districts)
    if inside:
        yield _shifted(systems, inside, len(outside), file)
    explained = {place.site.id for place in inside}
    strangers = (place for place in outside if place.site.id not in explained)
    found = [_stranger(place, districts) for place in strangers if districts.away_m(place) > city_map.accuracy_m]
    yield from _capped(found, file, "lie outside their districts")


def _explanation(
    known: Sequence[Placed], outside: Sequence[Placed], districts: Districts
) -> tuple[list[Crs], list[Placed]]:
    """The system that most of the sites outside seem to be in, or two that explain as many, and those sites.

    A coarse map puts some sites outside that a shift brings back by chance; but then it puts as many others
    outside. So it must bring back two of three, and twice as many as it puts outside.
    """
    best: tuple[list[Crs], list[Placed]] = ([], [])
    for crs in (Crs.GCJ02, Crs.BD09):
        inside = [place for place in outside if districts.hold(place.taken_for(crs))]
        still = sum(not districts.hold(place.taken_for(crs)) for place in known)
        lost = still - (len(outside) - len(inside))
        is_clear = len(inside) * 3 >= len(outside) * 2 and len(inside) >= lost * 2
        if len(inside) < EXPLAINED_LEAST or not is_clear or len(inside) < len(best[1]):
            continue
        best = ([*best[0], crs], best[1]) if len(inside) == len(best[1]) else ([crs], inside)
    return best


def _shifted(systems: Sequence[Crs], inside: Sequence[Placed], outside: int, file: str) -> Mistake:
    shifts = [f"{crs.value} ({inside[0].distance_m(inside[0].taken_for(crs)):.0f} m)" for crs in systems]
    what = f"{len(inside)} of {outside} sites outside their districts lie inside after conversion"
    what += f" from {' or '.join(shifts)}: {_listed([place.site.id for place in inside])}."
    fix = f"if they come from a Chinese map, write crs: {' or '.join(systems)}, for the file or for these sites"
    return Mistake(file, what, fix, "W-CITY-003")


def _stranger(place: Placed, districts: Districts) -> Mistake:
    own, there = districts.areas[place.site.district], districts.around(place)
    lies = f"in {there.id} ({there.name})" if there else "in no district (in the sea, or beyond the city)"
    what = f"{place.site.id} lies {lies}, {districts.away_m(place):.0f} m from its own, {own.id} ({own.name})."
    fix = "see to its `at:` and its `district:`"
    if districts.hold(place.taken_for(Crs.GCJ02)):
        fix += "; taken for GCJ-02, it would lie inside"
    return Mistake(place.site.where, what, fix, "W-CITY-004")


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(ids[:SHOWN]) + (", …" if len(ids) > SHOWN else "")


def _capped(found: Sequence[Mistake], file: str, what: str) -> Iterator[Mistake]:
    yield from found[:SHOWN]
    if len(found) > SHOWN:
        yield Mistake(file, f"{len(found) - SHOWN} more sites {what}.", found[0].fix, found[0].code)
