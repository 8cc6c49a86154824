"""Cases: GET /cases, GET /cases/counts, GET /cases/{number}, POST /cases, POST /cases/{number}/acts."""

from typing import Annotated

from litestar import Response, get, post
from litestar.di import Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, SkipValidation

from cloud.access.actor import Right
from cloud.api.desk import Desk, OnDesk
from cloud.api.doors import OnActor, needs
from cloud.api.loopback import require_own_page
from cloud.api.paging import AnyRequest, etag, page, repeat_of, seen_version
from cloud.cases.case_acts import AnyAct
from cloud.cases.case_answer import CaseAnswer, CaseFileAnswer, answer, file_answer
from cloud.cases.case_filter import CaseFilter, conditions
from cloud.cases.case_flow import CaseKind, Outcome, Stage
from cloud.cases.casebook import Asked
from cloud.cases.reportwork import Filing
from cloud.cases.sensor_word import LastSeen
from cloud.tables.case_counts import CaseCounts
from wire.alarm import Level

Word = Annotated[str, QueryParameter(max_length=64)]
Moment = Annotated[int, QueryParameter(ge=0, le=2**63 - 1)]
Wanted = SkipValidation[CaseFilter]


def wanted_cases(  # noqa: PLR0913 - one parameter a query parameter
    *,
    is_open: Annotated[
        bool | None, QueryParameter(name="open", description="true: only open ones; false: closed")
    ] = None,
    overdue: FromQuery[bool] = False,
    stage: FromQuery[Stage | None] = None,
    level: FromQuery[Level | None] = None,
    kind: FromQuery[CaseKind | None] = None,
    outcome: FromQuery[Outcome | None] = None,
    code: Annotated[str, QueryParameter(description="as `part 0390`", max_length=10)] = "",
    site: Word = "",
    district: Word = "",
    street: Word = "",
    unit: Word = "",
    person: Word = "",
    source: Word = "",
    related: Word = "",
    start_ns: Moment = 0,
    end_ns: Moment = 0,
) -> CaseFilter:
    """What the query asks for."""
    return CaseFilter(
        is_open=is_open,
        is_overdue=overdue,
        stage=stage or "",
        level=level or "",
        kind=kind or "",
        outcome=outcome or "",
        code=code,
        site=site,
        district=district,
        street=street,
        unit=unit,
        person=person,
        source=source,
        related=related,
        start_ns=start_ns,
        end_ns=end_ns,
    )


WANTED = {"wanted": Provide(wanted_cases, sync_to_thread=False)}


@get("/cases", tags=["cases"], summary="Cases, newest first", dependencies=WANTED)
async def cases(
    desk: OnDesk,
    actor: OnActor,
    request: AnyRequest,
    wanted: Wanted,
    limit: Annotated[int, QueryParameter(ge=1, le=1_000)] = 100,
    after: Annotated[str, QueryParameter(description="the last number of the page before", max_length=20)] = "",
) -> Response[list[CaseAnswer]]:
    """With the end of their logs."""
    now_ns = desk.now()
    found = await desk.ledger.cases(conditions(wanted, actor, now_ns), limit=limit, after=after)
    answers = [answer(case, actor, desk.ledger.practice, now_ns) for case in found]
    return page(answers, limit, request, found[-1].number if found else "")


@get("/cases/counts", tags=["cases"], summary="How many open cases there are of what")
async def counts(desk: OnDesk, actor: OnActor) -> CaseCounts:
    """By stage, level, kind, district, unit and code."""
    return await desk.ledger.case_counts(conditions(CaseFilter(is_open=True), actor, desk.now()))


@get("/cases/{number:str}", tags=["cases"], summary="One case")
async def case(desk: OnDesk, actor: OnActor, request: AnyRequest, number: FromPath[str]) -> Response[CaseFileAnswer]:
    """With its log, its parts, its photos, what other systems say, and the readings before the event that opened it."""
    found = await desk.casebook.case(number, actor)
    if request.headers.get("if-none-match") == etag(found):
        return Response(None, status_code=304, headers={"ETag": etag(found)})  # type: ignore[arg-type]  # 304 has no body
    photos, refs = await desk.casebook.photos(number), await desk.casebook.refs(number)
    file = file_answer(found, tuple(photos), tuple(refs), actor, desk.ledger.practice, desk.now())
    return Response(file, headers={"ETag": etag(found), "Cache-Control": "private, no-cache"})


@post("/cases", tags=["cases"], summary="File a case", guards=[require_own_page, needs(Right.FILE_CASES)])
async def file_case(desk: OnDesk, actor: OnActor, request: AnyRequest, data: JSONBody[Filing]) -> Response[CaseAnswer]:
    """The case as it was filed."""
    filed = await desk.casebook.file_case(data, actor, await repeat_of(request, actor))
    desk.live.wake()
    return Response(answer(filed, actor, desk.ledger.practice, desk.now()), headers={"ETag": etag(filed)})


@post(
    "/cases/{number:str}/acts",
    tags=["cases"],
    summary="Do something to a case",
    status_code=200,
    guards=[require_own_page],
)
async def act_on_case(
    desk: OnDesk, actor: OnActor, request: AnyRequest, number: FromPath[str], data: JSONBody[AnyAct]
) -> Response[CaseAnswer]:
    """The case as it is then. Nothing that is done to a case touches its alarms."""
    asked = Asked(version=seen_version(request), once=await repeat_of(request, actor))
    done = await desk.casebook.act(number, data, actor, asked, last_seen(desk))
    desk.live.wake()
    return Response(answer(done, actor, desk.ledger.practice, desk.now()), headers={"ETag": etag(done)})


def last_seen(desk: Desk) -> LastSeen:
    """When each sensor last gave a good reading, of each quantity and of any."""
    seen: dict[tuple[str, str], int] = {}
    for value in desk.live.latest():
        if value.quality == 0 and value.value is not None:
            for quantity in (value.quantity, ""):
                key = (value.sensor, quantity)
                seen[key] = max(value.time_ns, seen.get(key, 0))
    return seen
