"""Fewer points where nobody would see the difference, and the same ones on both sides of a border.

Two districts that share a border must keep sharing it, or the map shows slivers. So rings are cut where
borders meet, each piece is simplified by itself and in one direction, and both its owners get the same.

*Source:* D. H. Douglas, T. K. Peucker, Algorithms for the reduction of the number of points required to
represent a digitized line, Cartographica 10 (1973) 2, 112-122.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from cloud.mapping.outline import Outline, Point
from wire.rings import side_distance_m

DECIMALS = 5
"""Of degrees: a metre."""
_POINTS_LEAST = 4


def simplified(outlines: Sequence[Outline], tolerance_m: float) -> list[Outline]:
    """No point of an old line is further than `tolerance_m` from the new one. Coordinates are rounded to 10⁻⁵.

    A ring that is smaller than the tolerance goes.
    """
    rounded = [Outline(outline.name, tuple(_rounded(outline.rings))) for outline in outlines]
    junctions = _junctions(ring for outline in rounded for ring in outline.rings)
    return [Outline(outline.name, tuple(_thinned(outline.rings, junctions, tolerance_m))) for outline in rounded]


def _rounded(rings: Iterable[Sequence[Point]]) -> Iterable[tuple[Point, ...]]:
    for ring in rings:
        points = [(round(x, DECIMALS), round(y, DECIMALS)) for x, y in ring]
        found = (points[0], *(point for before, point in pairwise(points) if point != before))
        if len(found) >= _POINTS_LEAST:
            yield found


def _thinned(
    rings: Iterable[Sequence[Point]], junctions: frozenset[Point], tolerance_m: float
) -> Iterable[tuple[Point, ...]]:
    for ring in rings:
        pieces = [_line(piece, tolerance_m) for piece in _pieces(ring, junctions)]
        found = (*(point for piece in pieces for point in piece[:-1]), pieces[-1][-1])
        if len(found) >= _POINTS_LEAST:
            yield found


def _junctions(rings: Iterable[Sequence[Point]]) -> frozenset[Point]:
    """Where borders meet: points that have other than two neighbours, in whatever rings they are."""
    neighbours: dict[Point, set[Point]] = defaultdict(set)
    for ring in rings:
        for one, other in pairwise(ring):
            neighbours[one].add(other)
            neighbours[other].add(one)
    return frozenset(point for point, near in neighbours.items() if len(near) != 2)


def _pieces(ring: Sequence[Point], junctions: frozenset[Point]) -> list[list[Point]]:
    """From junction to junction. A ring without any begins at its westernmost point, whoever draws it."""
    loop = list(ring[:-1])
    first = next((number for number, point in enumerate(loop) if point in junctions), loop.index(min(loop)))
    turned = [*loop[first:], *loop[: first + 1]]
    inner = (number for number in range(1, len(turned) - 1) if turned[number] in junctions)
    return [turned[start : end + 1] for start, end in pairwise([0, *inner, len(turned) - 1])]


def _line(points: list[Point], tolerance_m: float) -> list[Point]:
    """Douglas and Peucker's line, the same in both directions."""
    if points[::-1] < points:
        return _line(points[::-1], tolerance_m)[::-1]
    kept, spans = {0, len(points) - 1}, [(0, len(points) - 1)]
    while spans:
        start, end = spans.pop()
        side = (*points[start], *points[end])
        away_m = {number: side_distance_m(*points[number], side) for number in range(start + 1, end)}
        furthest = max(away_m, key=away_m.__getitem__, default=start)
        if away_m.get(furthest, 0.0) > tolerance_m:
            kept.add(furthest)
            spans += [(start, furthest), (furthest, end)]
    return [points[number] for number in sorted(kept)]
