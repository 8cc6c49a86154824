"""平战结合: GET /modes, GET /modes/rules, POST /modes."""

from collections.abc import Mapping
from typing import Annotated

from litestar import Response, get, post
from litestar.params import JSONBody, QueryParameter

from cloud.access.actor import Right
from cloud.api.desk import OnDesk
from cloud.api.doors import OnActor, needs
from cloud.api.loopback import require_own_page
from cloud.api.paging import BIGGEST, AnyRequest, page, repeat_of
from cloud.cases.modework import Switch
from cloud.city.mode import Mode, ModeName, ModeRules, document


@get("/modes", tags=["modes"], summary="Modes, newest first")
async def modes(
    desk: OnDesk,
    request: AnyRequest,
    standing: Annotated[bool, QueryParameter(description="only those that stand now")] = False,  # noqa: FBT002 - a query parameter
    limit: Annotated[int, QueryParameter(ge=1, le=1_000)] = 100,
    after: Annotated[int, QueryParameter(ge=0, le=BIGGEST, description="the last id of the page before")] = 0,
) -> Response[list[Mode]]:
    """Who switched which district, why, and until when. Where none stands the mode is normal."""
    found = await desk.casebook.modes(limit, after)
    if standing:
        now_ns = desk.now()
        return Response([mode for mode in await desk.casebook.standing_modes() if mode.until_ns > now_ns])
    return page(found, limit, request, str(found[-1].id) if found else "")


@get("/modes/rules", tags=["modes"], summary="What each mode changes")
async def rules() -> Mapping[ModeName, ModeRules]:
    """Deadlines, grouping, special tasks here; sampling and on-delays on the boxes."""
    return document()


@post("/modes", tags=["modes"], summary="Switch the mode", guards=[require_own_page, needs(Right.SWITCH_MODE)])
async def switch(desk: OnDesk, actor: OnActor, request: AnyRequest, data: JSONBody[Switch]) -> Mode:
    """The mode as it stands then; what stood in the same place has ended."""
    mode = await desk.casebook.switch_mode(data, actor, await repeat_of(request, actor))
    desk.live.wake()
    return mode
