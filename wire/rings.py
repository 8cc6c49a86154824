"""Rings on the map of a city: is a place inside, and how far is it from the border?

A ring is flat, `(longitude, latitude, longitude, latitude, …)`, in degrees, and its last point is its
first. Several rings make an area by the even-odd rule: holes need no mark, and their order does not
matter. A city is small enough to be a plane.
"""

import math
from collections.abc import Iterable, Iterator, Sequence

from wire.crs import METRES_A_DEGREE

Ring = Sequence[float]
Side = tuple[float, float, float, float]
"""From x, y to x, y."""
Bounds = tuple[float, float, float, float]
"""West, south, east, north."""


def sides(ring: Ring) -> Iterator[Side]:
    """One after the other."""
    return zip(ring[:-2:2], ring[1:-2:2], ring[2::2], ring[3::2], strict=True)


def contains(rings: Iterable[Ring], longitude: float, latitude: float) -> bool:
    """Even-odd: does a ray to the east cross the rings an odd number of times?"""
    is_inside = False
    for ring in rings:
        for x, y, to_x, to_y in sides(ring):
            if (y > latitude) != (to_y > latitude) and longitude < x + (latitude - y) / (to_y - y) * (to_x - x):
                is_inside = not is_inside
    return is_inside


def distance_m(rings: Iterable[Ring], longitude: float, latitude: float) -> float:
    """Metres from a place to the nearest point of the rings themselves, from either side."""
    found = (side_distance_m(longitude, latitude, side) for ring in rings for side in sides(ring))
    return min(found, default=math.inf)


def side_distance_m(longitude: float, latitude: float, side: Side) -> float:
    """Metres from a place to a side; to its end, when it has no length."""
    east = METRES_A_DEGREE * math.cos(math.radians(latitude))
    x, y = (side[0] - longitude) * east, (side[1] - latitude) * METRES_A_DEGREE
    along_x, along_y = (side[2] - longitude) * east - x, (side[3] - latitude) * METRES_A_DEGREE - y
    length_squared = along_x * along_x + along_y * along_y
    part = 0.0 if length_squared == 0 else min(1.0, max(0.0, -(x * along_x + y * along_y) / length_squared))
    return math.hypot(x + part * along_x, y + part * along_y)


def bounds(rings: Iterable[Ring]) -> Bounds | None:
    """The box around the rings; None around none."""
    boxes = [(min(ring[::2]), min(ring[1::2]), max(ring[::2]), max(ring[1::2])) for ring in rings]
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def is_near(box: Bounds, longitude: float, latitude: float, degrees: float) -> bool:
    """Is the place in the box, or no more than so many degrees beyond its edges?"""
    west, south, east, north = box
    return west - degrees <= longitude <= east + degrees and south - degrees <= latitude <= north + degrees
