"""Cases: GET /cases, GET /cases/{number}, POST /cases, POST /cases/{number}/acts."""

from collections.abc import Sequence
from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from cloud.api.desk import OnDesk
from cloud.api.loopback import require_own_page
from cloud.case_acts import AnyAct
from cloud.case_flow import Case, CaseFile
from cloud.reportwork import Filing


@get("/cases", tags=["cases"], summary="Cases, newest first")
async def cases(
    desk: OnDesk,
    is_open: Annotated[bool, QueryParameter(name="open", description="only open ones")] = False,  # noqa: FBT002 - a query parameter
    limit: Annotated[int, QueryParameter(ge=1, le=10_000)] = 500,
    after: Annotated[str, QueryParameter(description="page on after the last number of the page before")] = "",
) -> Sequence[Case]:
    """With the end of their logs."""
    return await desk.ledger.cases(open_only=is_open, limit=limit, after=after)


@get("/cases/{number:str}", tags=["cases"], summary="One case")
async def case(desk: OnDesk, number: FromPath[str]) -> CaseFile:
    """With its log and the readings before the event that opened it."""
    return await desk.ledger.case(number)


@post("/cases", tags=["cases"], summary="File a case", guards=[require_own_page])
async def file_case(desk: OnDesk, data: JSONBody[Filing]) -> Case:
    """The case as it was filed."""
    filed = await desk.ledger.file_case(data, "nobody")
    desk.live.wake()
    return filed


@post(
    "/cases/{number:str}/acts",
    tags=["cases"],
    summary="Do something to a case",
    status_code=200,
    guards=[require_own_page],
)
async def act_on_case(desk: OnDesk, number: FromPath[str], data: JSONBody[AnyAct]) -> Case:
    """The case as it is then. Nothing that is done to a case touches its alarms."""
    last_seen = {value.sensor: value.time_ns for value in desk.live.latest() if value.quality == 0}
    done = await desk.ledger.act(number, data, "nobody", lambda *_: None, version=None, last_seen=last_seen)
    desk.live.wake()
    return done
