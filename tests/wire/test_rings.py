"""Inside, outside, and how far from the border."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.crs import distance_m as great_circle_m
from wire.rings import bounds, contains, distance_m, is_near

SQUARE = (118.0, 24.0, 118.1, 24.0, 118.1, 24.1, 118.0, 24.1, 118.0, 24.0)
HOLE = (118.04, 24.04, 118.06, 24.04, 118.06, 24.06, 118.04, 24.06, 118.04, 24.04)
ISLAND = (118.2, 24.0, 118.3, 24.0, 118.25, 24.1, 118.2, 24.0)


def test_a_hole_needs_no_mark() -> None:
    """Even-odd: whichever ring comes first, and whichever way it goes round."""
    for rings in ((SQUARE, HOLE, ISLAND), (ISLAND, tuple(reversed_ring(HOLE)), SQUARE)):
        assert contains(rings, 118.02, 24.02)
        assert not contains(rings, 118.05, 24.05)
        assert contains(rings, 118.25, 24.05)
        assert not contains(rings, 118.15, 24.05)


def reversed_ring(ring: tuple[float, ...]) -> list[float]:
    """The other way round."""
    return [number for x, y in zip(ring[-2::-2], ring[-1::-2], strict=True) for number in (x, y)]


def test_a_ray_through_a_corner_counts_it_once() -> None:
    """A place level with a corner of the island is inside or outside, not both."""
    assert not contains((ISLAND,), 118.1, 24.1)
    assert not contains((ISLAND,), 118.1, 24.0)


def test_distance_is_metres_to_the_nearest_border() -> None:
    """From inside and from outside, to a side and to a corner."""
    assert distance_m((SQUARE,), 118.05, 24.11) == pytest.approx(1112, abs=1)
    assert distance_m((SQUARE,), 118.05, 24.09) == pytest.approx(1112, abs=1)
    corner_m = great_circle_m(24.11, 118.11, 24.1, 118.1)
    assert distance_m((SQUARE,), 118.11, 24.11) == pytest.approx(corner_m, rel=1e-3)
    assert distance_m((), 118.11, 24.11) == math.inf


def test_the_box_around_rings() -> None:
    """West, south, east, north; around nothing there is none."""
    assert bounds([SQUARE, ISLAND]) == (118.0, 24.0, 118.3, 24.1)
    assert bounds([]) is None
    assert is_near((118.0, 24.0, 118.3, 24.1), 118.45, 24.2, 0.2)
    assert not is_near((118.0, 24.0, 118.3, 24.1), 118.55, 24.2, 0.2)


@given(st.floats(117.9, 118.2), st.floats(23.9, 24.2))
def test_a_square_holds_what_lies_between_its_sides(longitude: float, latitude: float) -> None:
    """And its border is no further than its nearest side."""
    is_inside = 118.0 <= longitude < 118.1 and 24.0 <= latitude < 24.1
    assert contains((SQUARE,), longitude, latitude) == is_inside
    if is_inside:
        assert distance_m((SQUARE,), longitude, latitude) <= min(latitude - 24.0, 24.1 - latitude) * 111_200 + 1e-6
