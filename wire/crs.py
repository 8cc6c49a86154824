"""Which coordinates a number means: WGS-84, or one of the shifted systems of Chinese maps.

By law, maps in China show places shifted by some hundred metres. GCJ-02 (高德, 腾讯, Google in China) adds
a smooth wave of metres to WGS-84; BD-09 (百度) bends GCJ-02 once more. Everything inside is WGS-84:
whatever enters says its system, and is converted once, at the door. CGCS2000 (EPSG:4490) differs from
WGS-84 by centimetres and counts as WGS-84 here.

*Source:* neither formula was ever published by who made it; both are known from programs that agree with
each other. The wave and its ellipsoid (Krasovsky 1940): PRCoords, `py/prcoords.py` at a853b1f. BD-09:
coordtransform, `index.js`. tests/wire/test_crs.py holds their published values.
"""

import math
from enum import StrEnum


class Crs(StrEnum):
    """A coordinate reference system, as our files and options write it."""

    WGS84 = "WGS-84"
    GCJ02 = "GCJ-02"
    BD09 = "BD-09"


WORDS = tuple(crs.value for crs in Crs)
EARTH_M = 6_371_008.8
"""Mean radius. Source: IUGG, as in GRS 80."""
METRES_A_DEGREE = math.radians(1) * EARTH_M

_AXIS_M, _ECCENTRICITY_SQUARED = 6_378_245.0, 0.006693421622965943
_LATITUDES, _LONGITUDES = (0.8293, 55.8271), (72.004, 137.8347)
"""Nothing is shifted outside this box."""
_ORIGIN_LATITUDE, _ORIGIN_LONGITUDE = 35.0, 105.0
_BAIDU = math.radians(3000)
_EXACT_DEG = 1e-10
_ROUNDS_MAX = 20


def is_shifted(latitude: float, longitude: float) -> bool:
    """Do Chinese maps shift this place? A rough box: it holds some neighbours of China, too."""
    return _LATITUDES[0] <= latitude <= _LATITUDES[1] and _LONGITUDES[0] <= longitude <= _LONGITUDES[1]


def from_wgs84(crs: Crs, latitude: float, longitude: float) -> tuple[float, float]:
    """Latitude and longitude as a map of this system has them, for a place in WGS-84."""
    if crs is Crs.WGS84 or not is_shifted(latitude, longitude):
        return latitude, longitude
    north_deg, east_deg = _wave(latitude, longitude)
    shifted = latitude + north_deg, longitude + east_deg
    return shifted if crs is Crs.GCJ02 else _bend(*shifted)


def to_wgs84(crs: Crs, latitude: float, longitude: float) -> tuple[float, float]:
    """Latitude and longitude in WGS-84 of what a map of this system says, to 10⁻⁹ degrees (0.1 mm).

    The shift has no inverse in closed form. It changes by some metres a kilometre, so that what is left
    of the error after a round is a hundredth of it, or less.
    """
    guess = latitude, longitude
    for _ in range(_ROUNDS_MAX):
        found = from_wgs84(crs, *guess)
        north_deg, east_deg = latitude - found[0], longitude - found[1]
        guess = guess[0] + north_deg, guess[1] + east_deg
        if max(abs(north_deg), abs(east_deg)) < _EXACT_DEG:
            break
    return guess


def distance_m(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Metres between two places, on a sphere."""
    north, east = math.radians(to_latitude - latitude), math.radians(to_longitude - longitude)
    across = math.cos(math.radians(latitude)) * math.cos(math.radians(to_latitude)) * math.sin(east / 2) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(math.sin(north / 2) ** 2 + across)))


def _wave(latitude: float, longitude: float) -> tuple[float, float]:
    """By how many degrees GCJ-02 shifts a place north and east."""
    x, y = longitude - _ORIGIN_LONGITUDE, latitude - _ORIGIN_LATITUDE
    common = 20 * _sine(6 * x) + 20 * _sine(2 * x)
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north_m += (common + 20 * _sine(y) + 40 * _sine(y / 3) + 160 * _sine(y / 12) + 320 * _sine(y / 30)) * 2 / 3
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east_m += (common + 20 * _sine(x) + 40 * _sine(x / 3) + 150 * _sine(x / 12) + 300 * _sine(x / 30)) * 2 / 3
    squeeze = 1 - _ECCENTRICITY_SQUARED * math.sin(math.radians(latitude)) ** 2
    meridian_m = math.radians(_AXIS_M * (1 - _ECCENTRICITY_SQUARED) / squeeze**1.5)
    parallel_m = math.radians(_AXIS_M * math.cos(math.radians(latitude)) / math.sqrt(squeeze))
    return north_m / meridian_m, east_m / parallel_m


def _sine(half_turns: float) -> float:
    return math.sin(half_turns * math.pi)


def _bend(latitude: float, longitude: float) -> tuple[float, float]:
    """BD-09 of GCJ-02."""
    radius = math.hypot(longitude, latitude) + 0.00002 * math.sin(latitude * _BAIDU)
    angle = math.atan2(latitude, longitude) + 0.000003 * math.cos(longitude * _BAIDU)
    return radius * math.sin(angle) + 0.006, radius * math.cos(angle) + 0.0065
