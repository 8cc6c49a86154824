"""What can be wrong with a ring of a file, beside its coordinate system."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from cloud.mapping.outline import Point

_POINTS_LEAST = 4
"""A closed triangle. Source: RFC 7946, §3.1.6."""
_UNIT = 1e-9
"""Degrees. Whole numbers of them make the test of crossing exact."""
_CELLS_MOST = 2_048

_Spot = tuple[int, int]
_Side = tuple[_Spot, _Spot]


def wrong_with(ring: Sequence[Point]) -> Iterator[tuple[str, str]]:
    """What is wrong and how to mend it."""
    spots = [(round(x / _UNIT), round(y / _UNIT)) for x, y in ring]
    if len(ring) < _POINTS_LEAST:
        yield f"it has {len(ring)} points.", "a ring has at least three, and the first again at its end"
    elif ring[0] != ring[-1]:
        yield "it is not closed.", "repeat its first point at its end; is the file whole?"
    elif crossing := _crossing(spots):
        x, y = crossing[0]
        what = f"it crosses itself near [{x * _UNIT:.5f}, {y * _UNIT:.5f}]."
        yield what, "mend it in a GIS (QGIS: Fix geometries)"
    elif _area(spots) == 0:
        yield "it has no area.", "delete it, or draw what it should enclose"


def _area(spots: Sequence[_Spot]) -> int:
    """Twice the area, negative when clockwise."""
    return sum(x * to_y - to_x * y for (x, y), (to_x, to_y) in pairwise(spots))


def _crossing(spots: Sequence[_Spot]) -> _Side | None:
    """A side that another one crosses. That a ring touches itself is harmless, and no crossing.

    Only sides in the same cell of a grid are compared: the time grows with the sides, not with their square.
    """
    sides = [side for side in pairwise(spots) if side[0] != side[1]]
    west, south = min(x for x, _ in spots), min(y for _, y in spots)
    extent = max(max(x for x, _ in spots) - west, max(y for _, y in spots) - south)
    size = extent // max(1, min(len(sides), _CELLS_MOST)) + 1
    cells: dict[_Spot, list[_Side]] = defaultdict(list)
    for side in sides:
        for cell in _cells(side, size, west, south):
            cells[cell].append(side)
    pairs = (pair for found in cells.values() for pair in combinations(found, 2))
    return next((first for first, second in pairs if _cross(first, second)), None)


def _cells(side: _Side, size: int, west: int, south: int) -> Iterator[_Spot]:
    """The cells that a side passes, column by column; a few that it only comes near."""
    (x, y), (to_x, to_y) = sorted(side)
    slope = (to_y - y) / (to_x - x) if to_x != x else 0.0
    for column in range((x - west) // size, (to_x - west) // size + 1):
        left, right = max(x, west + column * size), min(to_x, west + (column + 1) * size)
        ends = [y + slope * (left - x), y + slope * (right - x)] if to_x != x else [y, to_y]
        low, high = math.floor((min(ends) - south) / size - 1e-6), math.floor((max(ends) - south) / size + 1e-6)
        for row in range(low, high + 1):
            yield column, row


def _cross(first: _Side, second: _Side) -> bool:
    """Do they cross, each between the ends of the other?"""
    is_parted = _turn(*first, second[0]) * _turn(*first, second[1]) < 0
    return is_parted and _turn(*second, first[0]) * _turn(*second, first[1]) < 0


def _turn(start: _Spot, end: _Spot, spot: _Spot) -> int:
    """Positive when `spot` lies to the left of the side, 0 when on its line."""
    return (end[0] - start[0]) * (spot[1] - start[1]) - (end[1] - start[1]) * (spot[0] - start[0])
