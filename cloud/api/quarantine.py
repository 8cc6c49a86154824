"""GET /quarantine, POST /quarantine/{id}/replay: what was set aside, and taking it once more."""

from collections.abc import Sequence

from litestar import Router, get, post
from litestar.di import Provide
from litestar.params import FromPath, SkipValidation

from cloud.access import audit as acts
from cloud.access.actor import Actor, Right
from cloud.api.desk import Desk, OnDesk
from cloud.api.doors import OnActor, needs
from cloud.api.loopback import require_own_page
from cloud.api.problems import RequestError
from cloud.poison import Summary
from cloud.quarantine import Quarantine
from cloud.replay import Replay
from cloud.tables import audit
from wire.errors import Rejected, WireError

InQuarantine = SkipValidation[Quarantine]
WithReplay = SkipValidation[Replay]


def router(quarantine: Quarantine, replay: Replay) -> Router:
    """The routes, answered from these."""
    return Router(
        "/api/v1/quarantine",
        route_handlers=[messages, replay_one],
        guards=[needs(Right.MAINTAIN)],
        dependencies={
            "quarantine": Provide(lambda: quarantine, sync_to_thread=False),
            "replay": Provide(lambda: replay, sync_to_thread=False),
        },
    )


@get("/", tags=["quarantine"], summary="Messages set aside")
async def messages(quarantine: InQuarantine) -> Sequence[Summary]:
    """Without what is in them, in the order they came last."""
    return await quarantine.summaries()


@post(
    "/{name:str}/replay",
    tags=["quarantine"],
    summary="Take a message again",
    status_code=200,
    guards=[require_own_page],
)
async def replay_one(
    desk: OnDesk, actor: OnActor, quarantine: InQuarantine, replay: WithReplay, name: FromPath[str]
) -> Summary:
    """It leaves the quarantine when it is stored."""
    poison = await quarantine.get(name)
    if poison is None:
        fix = "see `egret cloud quarantine list`."
        raise RequestError(f"there is no message {name!r} in quarantine.", status=404, fix=fix, code="E-QUAR-002")
    try:
        await replay.take(poison)
    except (WireError, Rejected) as error:
        await _record(desk, actor, name, outcome="failed", detail=str(error))
        raise RequestError(error.what, status=409, where=error.where, fix=error.fix, code=error.code) from error
    await _record(desk, actor, name)
    return poison.summary


async def _record(desk: Desk, actor: Actor, name: str, *, outcome: str = "done", detail: str = "") -> None:
    line = acts.line(actor, "quarantine.replay", f"message {name}", desk.now(), outcome=outcome, detail=detail)
    await desk.ledger.database.write(lambda connection: audit.add(connection, line))
