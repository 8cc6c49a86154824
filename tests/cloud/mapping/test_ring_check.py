"""Rings that cross themselves, and rings that only look so."""

import math
import time
from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from cloud.mapping.outline import Point
from cloud.mapping.ring_check import wrong_with

SPOTS = st.tuples(st.integers(0, 12), st.integers(0, 12))


def words(ring: list[Point]) -> list[str]:
    """What is wrong, without its fix."""
    return [what for what, _ in wrong_with(ring)]


def star(points: int, depth: float = 0.1) -> list[Point]:
    """A jagged coast round Xiamen that does not cross itself."""
    angles = [2 * math.pi * number / points for number in range(points)]
    radii = [0.2 * (1 + depth * math.sin(37 * angle) + depth / 10 * math.sin(901 * angle)) for angle in angles]
    ring = [(118.1 + r * math.cos(a), 24.5 + r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]
    return [*ring, ring[0]]


def test_a_ring_may_touch_itself() -> None:
    """At a corner, or along a side, as islands do that a sandbank joins: even-odd draws it all the same."""
    joined = [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (1, 2), (1, 1), (0, 1), (0, 0)]
    spike = [(0, 0), (2, 0), (2, 2), (2, 3), (2, 2), (0, 2), (0, 0)]
    assert words([(118 + x / 100, 24 + y / 100) for x, y in joined]) == []
    assert words([(118 + x / 100, 24 + y / 100) for x, y in spike]) == []


@given(st.lists(SPOTS, min_size=3, max_size=9))
def test_the_grid_finds_what_comparing_all_sides_finds(spots: list[tuple[int, int]]) -> None:
    """Crossings of every slope, on a small board where many happen."""
    ring = [*spots, spots[0]]

    def turn(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    crosses = any(
        turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0
        for (a, b), (c, d) in combinations(pairwise(ring), 2)
    )
    found = words([(118 + x / 1000, 24 + y / 1000) for x, y in ring])
    assert any("crosses" in what for what in found) == crosses


def test_a_coast_of_fifty_thousand_points_takes_a_moment() -> None:
    """And a single crossing in it is found."""
    ring = star(50_000)
    started = time.perf_counter()
    assert words(ring) == []
    assert time.perf_counter() - started < 10
    ring[10_000], ring[10_001] = ring[10_001], ring[10_000]
    assert "crosses itself" in words(ring)[0]
