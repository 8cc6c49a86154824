"""Other systems: POST /hooks/{name}, GET /hooks, GET /cases/{number}/refs."""

import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec
from litestar import Router, get, post
from litestar.di import Provide
from litestar.params import FromPath, SkipValidation

from cloud.access import audit as acts
from cloud.access.actor import Actor, Right
from cloud.api import bodies
from cloud.api.bodies import AnyRequest
from cloud.api.desk import Desk, OnDesk
from cloud.api.doors import PUBLIC, OnActor, OnDoors, needs
from cloud.api.problems import RequestError
from cloud.cases.case_answer import RefAnswer
from cloud.cases.case_flow import Stage
from cloud.cases.elsewhere import conflict
from cloud.reporting.hook_body import SIZE_MAX
from cloud.reporting.hook_door import HookDoor, HookState
from cloud.reporting.reports import HookRefused
from cloud.tables import audit
from wire.errors import Unavailable

BODY_S = 30.0
"""256 KiB within half a minute."""
_LOG = logging.getLogger(__name__)
WithHooks = SkipValidation[Mapping[str, HookDoor]]
OnChange = SkipValidation[Callable[[], None]]


class Taken(msgspec.Struct, frozen=True):
    """What became of the report with this key: our case, and the stage it is in."""

    key: str
    case: str
    stage: Stage


def router(hooks: Mapping[str, HookDoor], changed: Callable[[], None]) -> Router:
    """The routes. `changed` is called when there are news for the board and the outbox."""
    return Router(
        "/api/v1",
        route_handlers=[states, take, refs],
        dependencies={
            "hooks": Provide(lambda: hooks, sync_to_thread=False),
            "changed": Provide(lambda: changed, sync_to_thread=False),
        },
        tags=["other systems"],
    )


@get("/hooks", summary="The ways in for other systems", guards=[needs(Right.MAINTAIN)])
async def states(hooks: WithHooks) -> Sequence[HookState]:
    """How many messages each has taken and refused since the cloud was started, and the last refusal."""
    return [hooks[name].state for name in sorted(hooks)]


@post(
    "/hooks/{name:str}",
    summary="File or update cases from another system",
    opt=PUBLIC,
    status_code=200,
    request_max_body_size=None,
    security=[],
)
async def take(
    desk: OnDesk, doors: OnDoors, request: AnyRequest, hooks: WithHooks, changed: OnChange, name: FromPath[str]
) -> Sequence[Taken]:
    """As the hook's kind documents it; proven by its secret. The same report again changes nothing."""
    door = hooks.get(name)
    if door is None:
        fix = "see `hooks` of cloud.yaml."
        raise RequestError("there is no hook of this name.", status=404, fix=fix, code="E-HOOKIN-020")
    actor = door.actor(doors.address_of(request))
    try:
        what = f"the body has more than {SIZE_MAX} bytes."
        large = HookRefused(what, status=413, fix="send fewer reports at once.", code="E-HOOKIN-001")
        reports = door.read(request.headers, await bodies.read(request, SIZE_MAX, BODY_S, large))
    except HookRefused as error:
        if door.refuse(error):
            await _record(desk, door, actor, error)
        raise
    cases = await desk.casebook.take_reports(name, reports, actor)
    changed()
    return [Taken(report.key, case.number, case.stage) for report, case in zip(reports, cases, strict=True)]


@get("/cases/{number:str}/refs", summary="What other systems say of a case")
async def refs(desk: OnDesk, actor: OnActor, number: FromPath[str]) -> Sequence[RefAnswer]:
    """Their number, their state, and where we disagree."""
    case = await desk.casebook.case(number, actor)
    found = await desk.casebook.refs(number)
    return [RefAnswer(**msgspec.structs.asdict(ref), conflict=conflict(ref, case)) for ref in found]


async def _record(desk: Desk, door: HookDoor, actor: Actor, error: HookRefused) -> None:
    detail = f"{error} (refusal {door.state.refused} since the start)"
    line = acts.line(actor, "report.take", actor.name, desk.now(), outcome="refused", detail=detail)
    try:
        await desk.ledger.database.write(lambda connection: audit.add(connection, line))
    except Unavailable as trouble:
        _LOG.warning("a refusal of hook %s is not in the audit log: %s", actor.name, trouble)
