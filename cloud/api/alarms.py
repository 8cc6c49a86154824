"""Alarms: GET /alarms, GET /alarms/events, GET /alarms/explanation, POST /alarms/acts, POST /alarms/test."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery, JSONBody, QueryParameter
from litestar.types import Guard

from cloud.access.actor import Right, require_sight
from cloud.access.permits import sees_district
from cloud.alarming.alarm_answer import AlarmAnswer, AlarmDone, answer, answers
from cloud.alarming.alarm_state import Alarm, AlarmState
from cloud.alarming.alarmwork import AlarmAct, Test
from cloud.alarming.explanation import Explanation, explain
from cloud.api.desk import OnDesk
from cloud.api.doors import OnActor, needs
from cloud.api.loopback import require_own_page
from cloud.api.paging import AnyRequest, page, repeat_of
from cloud.tables.alarm_history import AlarmHistory, PastEvent
from wire.alarm import Level

AT_ONCE = 500
"""Alarms in one act."""
ACTING: Sequence[Guard] = [require_own_page, needs(Right.ACT_ON_ALARMS)]

AlarmId = Annotated[str, msgspec.Meta(min_length=3, max_length=130)]
Word = Annotated[str, QueryParameter(max_length=130)]
Moment = Annotated[int, QueryParameter(ge=0, le=2**63 - 1)]


class AlarmsAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One act on some alarms, by their ids."""

    alarms: Annotated[tuple[AlarmId, ...], msgspec.Meta(min_length=1, max_length=AT_ONCE)]
    act: AlarmAct


@get("/alarms", tags=["alarms"], summary="Alarms")
async def alarms(
    desk: OnDesk,
    actor: OnActor,
    standing: Annotated[AlarmState | None, QueryParameter(name="state")] = None,
    level: FromQuery[Level | None] = None,
    district: Word = "",
    site: Word = "",
) -> Sequence[AlarmAnswer]:
    """Every alarm that is not normal, the worst first: those that returned and nobody acknowledged, too."""
    wanted = {"state": standing, "level": level, "district": district, "site": site}
    return [
        alarm
        for alarm in answers(await desk.ledger.alarms())
        if sees_district(actor, alarm.district)
        and all(getattr(alarm, word) == value for word, value in wanted.items() if value)
    ]


@get("/alarms/events", tags=["alarms"], summary="What happened to alarms, newest first")
async def alarm_events(  # noqa: PLR0913 - one parameter a query parameter
    *,
    desk: OnDesk,
    actor: OnActor,
    request: AnyRequest,
    alarm: Word = "",
    start_ns: Moment = 0,
    end_ns: Moment = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=1_000)] = 100,
    after: Annotated[str, QueryParameter(description="from the header Link", max_length=300)] = "",
) -> Response[list[PastEvent]]:
    """Of one alarm or of all, start_ns ≤ time < end_ns by the box's clock."""
    wanted = AlarmHistory(alarm=alarm, start_ns=start_ns, end_ns=end_ns, districts=tuple(sorted(actor.districts)))
    found, cursor = await desk.ledger.alarm_history(wanted, limit, after)
    return page(found, limit, request, cursor)


@get("/alarms/explanation", tags=["alarms"], summary="Why does an alarm stand?")
async def explanation(desk: OnDesk, actor: OnActor, alarm: Word) -> Explanation:
    """From the bytes on the wire to the case: what its box saw, and what that means by the configuration of today."""
    found, event = await desk.ledger.alarm_cause(alarm)
    if not sees_district(actor, found.district):
        require_sight(actor, found.district, where=f"alarm {alarm}")
    return explain(answer(found, await desk.ledger.alarms()), event, desk.inventory)


@post("/alarms/acts", tags=["alarms"], summary="Do something to alarms", status_code=200, guards=ACTING)
async def act_on_alarms(
    desk: OnDesk, actor: OnActor, request: AnyRequest, data: JSONBody[AlarmsAct]
) -> Sequence[AlarmDone]:
    """Each alarm as it is then, or why nothing was done to it. Acknowledging an alarm closes no case."""
    done = await desk.casebook.act_on_alarms(data.alarms, data.act, actor, await repeat_of(request, actor))
    desk.live.wake()
    return done


@post("/alarms/test", tags=["alarms"], summary="Raise a test alarm", status_code=200, guards=ACTING)
async def test_alarm(desk: OnDesk, actor: OnActor, request: AnyRequest, data: JSONBody[Test]) -> Alarm:
    """Seen and told as a real one; it never becomes a case, and ends when somebody acknowledges it."""
    raised = await desk.casebook.test_alarm(data, actor, await repeat_of(request, actor))
    desk.live.wake()
    return raised
