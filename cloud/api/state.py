"""GET /state and GET /health: how things stand now."""

from collections.abc import Sequence

import msgspec
from litestar import Response, get

from cloud.access.permits import sees_district
from cloud.alarming.alarm_state import Alarm
from cloud.api import packed
from cloud.api.desk import OnDesk
from cloud.api.doors import PUBLIC, OnActor
from cloud.api.packed import AnyRequest
from cloud.api.stream import OPEN_CASES_MAX, WithValues
from cloud.cases.case_answer import CaseAnswer, answer
from cloud.cases.case_filter import CaseFilter, conditions
from cloud.city.mode import Mode
from cloud.live import LiveValue
from cloud.tables.boxes import BoxState
from wire.errors import StoreError


class State(msgspec.Struct, frozen=True):
    """A snapshot. Follow it with GET /events?after={last_event_id}: events may repeat what is here, none is missing.

    Cases are without their logs. `newest_ns`: of the newest reading of any sensor, 0 for none.
    """

    time_ns: int
    last_event_id: int
    alarms: Sequence[Alarm]
    cases: Sequence[CaseAnswer]
    modes: Sequence[Mode]
    boxes: Sequence[BoxState]
    newest_ns: int
    values: Sequence[LiveValue]


class Health(msgspec.Struct, frozen=True):
    """`store` is empty when the store answers, otherwise what it says. `newest_ns`: the newest reading, 0 for none."""

    time_ns: int
    store: str
    newest_ns: int


@get("/state", tags=["city"], summary="Alarms, open cases, boxes and newest values")
async def state(
    desk: OnDesk,
    actor: OnActor,
    request: AnyRequest,
    values: WithValues = True,  # noqa: FBT002 - a query parameter
) -> Response[State]:
    """Answered without the store, so that it works while the store is down. Alarms and cases of others are left out."""
    last_event_id = await desk.ledger.last_event_id()
    now_ns = desk.now()
    theirs = conditions(CaseFilter(is_open=True), actor, now_ns)
    found = await desk.ledger.cases(theirs, limit=OPEN_CASES_MAX, with_logs=False)
    standing = State(
        time_ns=now_ns,
        last_event_id=last_event_id,
        alarms=[alarm for alarm in await desk.ledger.alarms() if sees_district(actor, alarm.district)],
        cases=[answer(case, actor, desk.ledger.practice, now_ns) for case in found],
        modes=[mode for mode in await desk.casebook.standing_modes() if mode.until_ns > now_ns],
        boxes=await desk.ledger.boxes(),
        newest_ns=desk.live.newest_ns,
        values=desk.live.latest() if values else (),
    )
    return packed.answer(packed.pack(msgspec.json.encode(standing)), request)  # type: ignore[return-value]  # encoded


@get("/health", tags=["city"], summary="Does the cloud work?", opt=PUBLIC)
async def health(desk: OnDesk) -> Health:
    """Answers 200 while alarms and cases work; a store that is down is named."""
    await desk.ledger.last_event_id()
    now = desk.now()
    trouble = ""
    try:
        await desk.store.count(now - 1, now)
    except StoreError as error:
        trouble = f"the store does not answer [{error.code}]"  # what it said may name machines, and this is public
    return Health(now, trouble, desk.live.newest_ns)
