"""GET /alarms/load: how much alarms ask of people, after ISA-18.2."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.params import QueryParameter
from sqlalchemy import Connection

from cloud.access.actor import require_sight
from cloud.access.permits import sees_district
from cloud.alarming import alarm_load
from cloud.alarming.alarm_load import INTERVAL_NS, RECOMMENDED, Flood, Often, Period, Rate
from cloud.alarming.alarm_state import AlarmState
from cloud.api.desk import OnDesk
from cloud.api.doors import OnActor
from cloud.api.problems import RequestError
from cloud.tables import alarm_load as table
from cloud.tables.alarm_load import Standing
from wire.alarm import Level
from wire.located import nearest

HOURS_MOST = 31 * 24
FLOODS_MOST = 20
UNREGISTERED = "unknown"
"""The district of sensors that nobody registered."""

From = Annotated[int | None, QueryParameter(name="from", ge=0, le=2**62, description="UTC, ns; together with `to`")]
To = Annotated[int | None, QueryParameter(name="to", ge=0, le=2**62, description="UTC, ns; together with `from`")]
Hours = Annotated[int, QueryParameter(ge=1, le=HOURS_MOST, description="until now, without `from` and `to`")]
Operators = Annotated[int, QueryParameter(ge=1, le=1_000, description="people who answer alarms at one time")]


class Share(msgspec.Struct, frozen=True):
    """Of all alarms raised. `recommended`: about so much."""

    raised: int
    share: float
    recommended: float


class AlarmLoad(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of whole intervals of ten minutes, start_ns ≤ time < end_ns.

    `floods`: the newest 20 of `flood_count`, the newest first. `top`: the ten that were raised most
    from `top_start_ns` to `top_end_ns`, in whole days beyond 24 h. `chattering` and `fleeting`: ten
    each of the period's last 24 h, no earlier than `repeats_start_ns`. `standing`: the ten longest of
    `standing_count`. `standing` and `held` are of now.
    """

    start_ns: int
    end_ns: int
    district: str
    operators: int
    rate: Rate
    levels: dict[Level, Share]
    flood_count: int
    floods: Sequence[Flood]
    top: Sequence[Often]
    top_start_ns: int
    top_end_ns: int
    chattering: Sequence[Often]
    chattering_count: int
    fleeting: Sequence[Often]
    fleeting_count: int
    repeats_start_ns: int
    standing: Sequence[Standing]
    standing_count: int
    held: dict[AlarmState, int]


@get("/", tags=["alarms"], summary="How much alarms ask of people")
async def load(
    *,
    desk: OnDesk,
    actor: OnActor,
    hours: Hours = 24,
    start_ns: From = None,
    end_ns: To = None,
    district: Annotated[str, QueryParameter(max_length=64)] = "",
    operators: Operators = 1,
) -> AlarmLoad:
    """After ISA-18.2: rate, floods with their first alarm, most frequent, chattering and standing alarms, levels."""
    if not sees_district(actor, district):
        require_sight(actor, district)
    known = [*desk.inventory.districts, UNREGISTERED]
    if district and district not in known:
        what, fix = f"there is no district {district!r}.", f"{nearest(district, known)}."
        raise RequestError(what, status=404, fix=fix, code="E-ALARM-008")
    now_ns = desk.now()
    asked = _period(hours, start_ns, end_ns, district, now_ns)
    return await desk.ledger.read(lambda connection: _figures(connection, asked, operators, now_ns))


def router() -> Router:
    """The route, apart from those of single alarms."""
    return Router("/api/v1/alarms/load", route_handlers=[load])


def _period(hours: int, start_ns: int | None, end_ns: int | None, district: str, now_ns: int) -> Period:
    """Raises RequestError."""
    if start_ns is None and end_ns is None:
        until_now = alarm_load.period(now_ns, now_ns + 1)
        return Period(until_now.end_ns - hours * 6 * INTERVAL_NS, until_now.end_ns, district)
    if start_ns is None or end_ns is None or not start_ns < end_ns <= start_ns + HOURS_MOST * 6 * INTERVAL_NS:
        what = f"`from` and `to` are no period of at most {HOURS_MOST // 24} days."
        raise RequestError(what, status=400, fix="give both, in ns, or `hours`.", code="E-ALARM-009")
    return alarm_load.period(start_ns, end_ns, district)


def _figures(connection: Connection, asked: Period, operators: int, now_ns: int) -> AlarmLoad:
    raised = table.raised(connection, asked)
    shares = alarm_load.shares(raised.by_level)
    floods = alarm_load.floods(raised.by_interval)[::-1]
    most = table.most_raised(connection, asked)
    events = table.recent(connection, asked)
    repeated = alarm_load.repeated(events)
    standing, standing_count = table.standing(connection, asked.district, now_ns)
    day_ns = asked.end_ns - table.DAY_NS
    return AlarmLoad(
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        district=asked.district,
        operators=operators,
        rate=alarm_load.rate(raised.by_interval, asked, operators),
        levels={level: Share(raised.by_level.get(level, 0), shares[level], RECOMMENDED[level]) for level in Level},
        flood_count=len(floods),
        floods=[_with_first(connection, flood, asked.district) for flood in floods[:FLOODS_MOST]],
        top=alarm_load.often(most.times, most.total),
        top_start_ns=most.start_ns,
        top_end_ns=most.end_ns,
        chattering=repeated.chattering[: table.LISTED],
        chattering_count=len(repeated.chattering),
        fleeting=repeated.fleeting[: table.LISTED],
        fleeting_count=len(repeated.fleeting),
        repeats_start_ns=events[0][2] if len(events) == table.EVENTS_MOST else max(asked.start_ns, day_ns),
        standing=standing,
        standing_count=standing_count,
        held=table.held(connection, asked.district),
    )


def _with_first(connection: Connection, flood: Flood, district: str) -> Flood:
    first = table.first_out(connection, Period(flood.start_ns, flood.end_ns, district))
    return msgspec.structs.replace(flood, first_out=first)
