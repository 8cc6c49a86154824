"""When and where of a report: times with their zone, coordinates with their reference system."""

from datetime import UTC, datetime, timedelta

import msgspec

from cloud.reporting import report_text
from cloud.reporting.reports import HookRefused

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC)
_WGS84 = {"wgs84", "wgs-84", "epsg:4326"}


def time_ns(text: str, where: str) -> int:
    """UTC of RFC 3339 with its zone, to the microsecond. Raises HookRefused outside 2000 … 2261."""
    try:
        time = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise _no_time(text, where) from error
    if time.tzinfo is None or not _EARLIEST <= time < _END:
        raise _no_time(text, where)
    return (time - _EPOCH) // timedelta(microseconds=1) * 1_000


def _no_time(text: str, where: str) -> HookRefused:
    what = f"{report_text.line(text, 40)!r} is no time of the years 2000 to 2261 with its zone."
    fix = "write it as 2026-11-18T09:30:00+08:00."
    return HookRefused(what, status=400, where=where, fix=fix, code="E-HOOKIN-007")


def require_wgs84(longitude: float, latitude: float, crs: str, where: str) -> None:
    """Raises HookRefused. GCJ-02 lies 584 m beside WGS-84 in Xiamen, so nothing is guessed from the numbers."""
    if crs.casefold() not in _WGS84:
        said = f"crs {report_text.line(crs, 40)!r} is not WGS-84" if crs else "coordinates without their crs"
        fix = "convert them (GCJ-02 is some 500 m off) and say crs: wgs84."
        raise HookRefused(f"{said}.", status=400, where=where, fix=fix, code="E-HOOKIN-008")
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        what = f"longitude {longitude:g}° and latitude {latitude:g}° are no place on earth."
        fix = "longitude is -180 to 180, latitude -90 to 90; see that they are not swapped."
        raise HookRefused(what, status=400, where=where, fix=fix, code="E-HOOKIN-009")
