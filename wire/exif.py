"""When, where and which way up a photo was taken: the few facts of its EXIF that we need.

EXIF is written by a stranger's camera, so nothing in it is trusted: every offset and count is
checked against the bytes that are there, and whatever cannot be read, or makes no sense, is as if
it were not there. Reading never fails.

Source: CIPA DC-008 (Exif 2.32) §4.6; TIFF 6.0 §2.
"""

import re
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import msgspec

from wire.dates import CHINA

_HEAD = b"Exif\x00\x00"
_ORIENTATION, _EXIF_FOLDER, _GPS_FOLDER = 0x0112, 0x8769, 0x8825
_TAKEN, _OFFSET, _OFFSET_OF_TAKEN = 0x9003, 0x9010, 0x9011
_LATITUDE_SIDE, _LATITUDE, _LONGITUDE_SIDE, _LONGITUDE, _DATUM = 1, 2, 3, 4, 0x12

_ASCII, _SHORT, _LONG, _RATIONAL = 2, 3, 4, 5
_SIZES = {_ASCII: 1, _SHORT: 2, _LONG: 4, _RATIONAL: 8}
_ENTRIES_MAX = 500
"""Of one directory; cameras write less than a hundred."""
_VALUE_MAX = 100
"""Bytes of one value; the longest that we read is a position, with 24."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE = re.compile(r"([+-])(\d\d):([0-5]\d)")
_NS_MAX = 2**63 - 1

Value = bytes | tuple[int, ...]
"""Text as bytes, numbers as integers; a rational is two of them."""
Directory = Mapping[int, Value]


class Taken(msgspec.Struct, frozen=True):
    """What the camera says. Degrees are WGS-84, east and north positive; both or none are there.

    `orientation` is 1..8 as in EXIF; 1 is upright.
    """

    time_ns: int | None = None
    longitude: float | None = None
    latitude: float | None = None
    orientation: int = 1


def read(exif: bytes) -> Taken:
    """From an EXIF block, with or without the `Exif` mark before it. Never raises."""
    data = exif.removeprefix(_HEAD)
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(data[:4])
    if order is None or len(data) < 8:
        return Taken()
    main = _directory(data, struct.unpack_from(order + "L", data, 4)[0], order)
    camera = _directory(data, _number(main.get(_EXIF_FOLDER)), order)
    gps = _directory(data, _number(main.get(_GPS_FOLDER)), order)
    longitude, latitude = _place(gps)
    orientation = _number(main.get(_ORIENTATION))
    return Taken(_time_ns(camera), longitude, latitude, orientation if 1 <= orientation <= 8 else 1)


def _directory(data: bytes, offset: int, order: str) -> Directory:
    """The entries of a directory that lie within `data`; offset 0 means that there is none."""
    if not 0 < offset <= len(data) - 2:
        return {}
    count = min(struct.unpack_from(order + "H", data, offset)[0], _ENTRIES_MAX, (len(data) - offset - 2) // 12)
    found: dict[int, Value] = {}
    for start in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind, items = struct.unpack_from(order + "HHL", data, start)
        value = _value(data, start + 8, kind, items, order)
        if value is not None:
            found.setdefault(tag, value)
    return found


def _value(data: bytes, start: int, kind: int, items: int, order: str) -> Value | None:
    size = _SIZES.get(kind, 0) * items
    if not 0 < size <= _VALUE_MAX:
        return None
    if size > 4:
        (start,) = struct.unpack_from(order + "L", data, start)
    raw = data[start : start + size]
    if len(raw) < size:
        return None
    if kind == _ASCII:
        return raw.partition(b"\x00")[0].strip()
    return struct.unpack(order + str(size // 2) + "H" if kind == _SHORT else order + str(size // 4) + "L", raw)


def _number(value: Value | None) -> int:
    """The only number of an entry, or 0."""
    return value[0] if isinstance(value, tuple) and len(value) == 1 else 0


def _text(value: Value | None) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else ""


def _time_ns(camera: Directory) -> int | None:
    """UTC nanoseconds. A camera that names no zone is taken to run on Chinese time."""
    try:
        taken = datetime.strptime(_text(camera.get(_TAKEN)), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - its zone is another tag
    except ValueError:
        return None
    zone = _zone(_text(camera.get(_OFFSET_OF_TAKEN)) or _text(camera.get(_OFFSET)))
    time_ns = (taken.replace(tzinfo=zone) - _EPOCH) // timedelta(seconds=1) * 10**9
    return time_ns if 0 <= time_ns <= _NS_MAX else None


def _zone(text: str) -> timezone:
    found = _ZONE.fullmatch(text)
    if found is None or int(found[2]) > 14:
        return CHINA
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(ahead if found[1] == "+" else -ahead)


def _place(gps: Directory) -> tuple[float, float] | tuple[None, None]:
    """Longitude and latitude.

    Without its hemisphere a position could be one of four, so it is none. Another datum than WGS-84
    is hundreds of metres off. Exactly 0° N 0° E is what a receiver writes before its first fix.
    """
    longitude = _degrees(gps.get(_LONGITUDE), _text(gps.get(_LONGITUDE_SIDE)), "EW", 180)
    latitude = _degrees(gps.get(_LATITUDE), _text(gps.get(_LATITUDE_SIDE)), "NS", 90)
    datum = re.sub(r"[^A-Z0-9]", "", _text(gps.get(_DATUM)).upper())
    if longitude is None or latitude is None or datum not in {"", "WGS84"} or longitude == latitude == 0:
        return None, None
    return longitude, latitude


def _degrees(value: Value | None, side: str, sides: str, limit: int) -> float | None:
    """Degrees, minutes and seconds as three rationals, which may each have decimals."""
    if not isinstance(value, tuple) or len(value) != 6 or len(side) != 1 or side not in sides:
        return None
    if 0 in value[1::2]:
        return None
    degrees, minutes, seconds = (value[at] / value[at + 1] for at in (0, 2, 4))
    size = degrees + minutes / 60 + seconds / 3600
    if minutes >= 60 or seconds >= 60 or size > limit:
        return None
    return size if side == sides[0] else -size
