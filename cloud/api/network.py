"""The sensor network's own figures: GET /evaluation/network."""

from datetime import date
from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.di import Provide
from litestar.params import QueryParameter, SkipValidation
from sqlalchemy import Connection, func, select

from cloud.access.actor import require_sight
from cloud.api.desk import OnDesk
from cloud.api.doors import OnActor
from cloud.api.period import OnPeriod
from cloud.api.problems import RequestError
from cloud.assessment.evaluation import Filters, Period, added_up, amount
from cloud.assessment.sensor_network import (
    NETWORK_DAYS_MAX,
    Network,
    Ratio,
    completeness,
    online,
    page_of,
    ratio,
    sensor_days,
    sensors_of,
)
from cloud.compliance.presence import INTERVAL_NS
from cloud.schema.alarms import alarm_days
from cloud.tables import evaluation as tables

OnNetwork = SkipValidation[Network]
District = Annotated[str, QueryParameter(max_length=64, description="the whole city by default")]
After = Annotated[str, QueryParameter(max_length=64, description="page on after the box `next` of the page before")]


class NetworkFigures(msgspec.Struct, frozen=True, rename={"first": "from", "last": "to"}):
    """`online_rate` and `completeness` are of this page's boxes and sensors; the other two of all `sensors`.

    `counted_through_ns`: the end of the last whole interval. `next`: the box to page on after, or empty.
    """

    first: date
    last: date
    district: str
    counted_through_ns: int
    sensors: int
    counted_sensors: int
    next: str
    online_rate: Ratio
    completeness: Ratio
    alarm_precision: Ratio
    alarms_per_sensor_day: Ratio


def router() -> Router:
    """The route below `/evaluation`, with its memory of what was counted."""
    network = Network()
    return Router(
        "/network",
        route_handlers=[figures],
        dependencies={"network": Provide(lambda: network, sync_to_thread=False)},
    )


@get("/", summary="How well the sensors themselves work")
async def figures(
    desk: OnDesk, actor: OnActor, network: OnNetwork, period: OnPeriod, district: District = "", after: After = ""
) -> NetworkFigures:
    """By whole boxes, 200 sensors a page; the figures of several pages may be added up, numerator and denominator."""
    require_sight(actor, district)
    if district and district not in desk.inventory.districts:
        fix = "GET /api/v1/city lists the districts."
        what = f"there is no district {district!r}."
        raise RequestError(what, status=400, where="district", fix=fix, code="E-EVAL-006")
    if period.days > NETWORK_DAYS_MAX:
        what = f"the network is counted over {NETWORK_DAYS_MAX} days at most, not {period.days}."
        raise RequestError(what, status=400, where="from", fix="ask month by month.", code="E-EVAL-007")
    watches = sensors_of(desk.inventory, district)
    page = page_of(watches, after)
    counted = await network.of(desk.store, page, period)
    sums, raised = await desk.ledger.database.read(lambda connection: _alarms(connection, period, district))
    return NetworkFigures(
        first=period.first,
        last=period.last,
        district=district,
        counted_through_ns=min(period.end_ns, period.now_ns - period.now_ns % INTERVAL_NS),
        sensors=len(watches),
        counted_sensors=len(page),
        next=page[-1].box if page and page[-1].box != watches[-1].box else "",
        online_rate=online(counted),
        completeness=completeness(counted),
        alarm_precision=ratio(sums["confirmed"], amount("sensor_closed", sums)),
        alarms_per_sensor_day=ratio(raised, sensor_days(watches, period)),
    )


def _alarms(connection: Connection, period: Period, district: str) -> tuple[dict[str, int], int]:
    """The sums of cases, and how many alarms were raised."""
    found = tables.sums(connection, period, Filters(district=district), "none")
    days = alarm_days.c.day.between(f"{period.first:%Y%m%d}", f"{period.last:%Y%m%d}")
    wanted = select(func.coalesce(func.sum(alarm_days.c.raised), 0)).where(days)
    if district:
        wanted = wanted.where(alarm_days.c.district == district)
    return added_up(half for halves in found.values() for half in halves.values()), connection.execute(
        wanted
    ).scalar_one()
