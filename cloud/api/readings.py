"""GET /readings, /series, /count: what the store holds. GET /values, /unregistered: the newest, from memory.

GET /gaps: what the store can never hold, for boxes had to let it go.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromQuery, QueryParameter

from cloud.api.desk import OnDesk, site_named
from cloud.api.problems import RequestError
from cloud.live import LiveValue
from cloud.ports import Point
from cloud.tables.gaps import KnownGap

Limit = Annotated[int, QueryParameter(ge=1, le=100_000, description="at most this many, the oldest")]
Gaps = Annotated[int, QueryParameter(ge=1, le=1_000, description="at most this many, the newest")]
Buckets = Annotated[int, QueryParameter(ge=1, le=2_000, description="equal intervals to divide the span into")]

Word = Annotated[str, QueryParameter(max_length=64)]
Sensors = Annotated[
    Sequence[Annotated[str, msgspec.Meta(max_length=64)]], QueryParameter(max_items=100, description="once or more")
]


class Count(msgspec.Struct, frozen=True):
    """How many readings are stored with start_ns ≤ time < end_ns."""

    start_ns: int
    end_ns: int
    count: int


@get("/readings", tags=["readings"], summary="Readings as stored")
async def readings(
    desk: OnDesk,
    sensor: FromQuery[str],
    quantity: FromQuery[str],
    start: FromQuery[int],
    end: FromQuery[int],
    limit: Limit = 10_000,
) -> Sequence[Point]:
    """`start` ≤ time < `end` (UTC, ns), oldest first. Page on from the last time + 1."""
    _require_span(start, end)
    return await desk.store.readings(sensor, quantity, start, end, limit)


@get("/series", tags=["readings"], summary="Readings down-sampled for a chart")
async def series(
    desk: OnDesk,
    sensor: FromQuery[str],
    quantity: FromQuery[str],
    start: FromQuery[int],
    end: FromQuery[int],
    buckets: Buckets = 300,
) -> Sequence[Point]:
    """The mean of each interval that has values, stamped at the interval's start (UTC, ns)."""
    _require_span(start, end)
    return await desk.store.span(sensor, quantity, start, end, buckets)


@get("/count", tags=["readings"], summary="How many readings are stored")
async def count(desk: OnDesk, start: FromQuery[int], end: FromQuery[int]) -> Count:
    """`start` ≤ time < `end` (UTC, ns), over all sensors."""
    _require_span(start, end)
    return Count(start, end, await desk.store.count(start, end))


@get("/gaps", tags=["readings"], summary="Readings that boxes had to let go")
async def gaps(desk: OnDesk, box: Word = "", limit: Gaps = 100) -> Sequence[KnownGap]:
    """Of one box or of all, the last that the cloud heard of first. Alarm events never go."""
    return await desk.ledger.gaps(box, limit)


@get("/values", tags=["readings"], summary="The newest values of one site, or of some sensors")
async def values(desk: OnDesk, site: Word = "", sensor: Sensors = ()) -> Sequence[LiveValue]:
    """For pages that ask every second: from memory, without ledger and store. A sensor never heard of has none."""
    if not site and not sensor:
        what = "neither a site nor a sensor is asked for."
        raise RequestError(what, status=400, fix="name one: ?site=…, or ?sensor=… once or more.", code="E-API-020")
    asked = (*(site_named(desk, site).sensors if site else ()), *sensor)
    return desk.live.of(dict.fromkeys(asked))


@get("/unregistered", tags=["readings"], summary="Sensors that send but are not in sensors.yaml")
async def unregistered(desk: OnDesk) -> Sequence[LiveValue]:
    """Their last values; the store keeps them under the site `_unregistered`. A box that speaks of itself is known."""
    known = desk.inventory.sensors.keys() | desk.inventory.boxes.keys()
    return [value for value in desk.live.latest() if value.sensor not in known]


def _require_span(start: int, end: int) -> None:
    if not start < end:
        raise RequestError(
            f"the span from {start} to {end} is empty", status=400, fix="start before end, both in ns", code="E-API-005"
        )
