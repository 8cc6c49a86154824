"""GET /alarms, GET /cases, POST /cases/{number}/close: what is wrong, and who is at it."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from cloud.alarm_state import Alarm
from cloud.api.desk import OnDesk
from cloud.api.loopback import require_own_page
from cloud.case_flow import Case, CaseFile


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who closes a case, and what they found."""

    actor: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    note: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


@get("/alarms", tags=["alarms"], summary="Alarms")
async def alarms(desk: OnDesk) -> Sequence[Alarm]:
    """Every alarm that is not normal, the worst first: those that returned and nobody acknowledged, too."""
    return await desk.ledger.alarms()


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


@post("/cases/{number:str}/close", tags=["cases"], summary="Close a case", status_code=200, guards=[require_own_page])
async def close_case(desk: OnDesk, number: FromPath[str], data: JSONBody[Closing]) -> Case:
    """The case as it is now. Closing a case does not touch its alarm."""
    closed = await desk.ledger.close_case(number, data.actor, data.note)
    desk.live.wake()
    return closed
