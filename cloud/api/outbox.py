"""GET /outbox, /outbox/dead, POST /outbox/{id}/replay, /outbox/replay: what waits to be told, and what was given up."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import PathParameter, QueryParameter
from sqlalchemy import Connection

from cloud.access import audit as acts
from cloud.access.actor import Actor, Right, may
from cloud.api.desk import Desk, OnDesk
from cloud.api.doors import OnActor, needs
from cloud.api.paging import BIGGEST
from cloud.api.problems import RequestError
from cloud.tables import audit, outbox
from cloud.tables.outbox import OutboxRow, TargetState

KEEPING = (needs(Right.MAINTAIN),)
After = Annotated[int, QueryParameter(ge=0, le=BIGGEST, description="page on after the last id of the page before")]
Letter = Annotated[int, PathParameter(ge=1, le=BIGGEST)]
Limit = Annotated[int, QueryParameter(ge=1, le=500, description="at most this many, the newest")]
Target = Annotated[str, QueryParameter(min_length=1, description="a notifier's name, or `store`")]


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A notice that a target has not taken: `about` is its case's number or its alarm, `time_ns` when it happened."""

    id: int
    target: str
    notice: str
    kind: str
    about: str
    time_ns: int
    attempts: int
    error: str


class Replayed(msgspec.Struct, frozen=True):
    """How many dead letters are sent again."""

    replayed: int


def router() -> Router:
    """The routes."""
    return Router("/api/v1/outbox", route_handlers=[targets, dead, replay_one, replay_all], tags=["outbox"])


@get("/", summary="How it stands with each target of notices")
async def targets(desk: OnDesk, actor: OnActor) -> Sequence[TargetState]:
    """By name; a target that cloud.yaml no longer has is among them while something waits for it.

    `error` names machines, and repeats what they said: it is for those with the right to maintain.
    """
    found = await desk.ledger.targets_state()
    return found if may(actor, Right.MAINTAIN) else [msgspec.structs.replace(state, error="") for state in found]


@get("/dead", summary="Dead letters, newest first", guards=KEEPING)
async def dead(desk: OnDesk, after: After = 0, limit: Limit = 100) -> Sequence[DeadLetter]:
    """What was refused for good, or for a day."""
    return [_letter(row) for row in await desk.ledger.dead_letters(limit, after)]


@post("/{letter:int}/replay", summary="Send a dead letter again", status_code=200, guards=KEEPING)
async def replay_one(desk: OnDesk, actor: OnActor, letter: Letter) -> Replayed:
    """At once, whatever the hours of its target; one older than a day is tried once."""
    found = await _replay(desk, actor, f"notice {letter}", row_id=letter)
    if not found.replayed:
        fix = "GET /api/v1/outbox/dead lists them; it may have been sent again already."
        raise RequestError(f"there is no dead letter {letter}.", status=404, fix=fix, code="E-OUTBOX-001")
    return found


@post("/replay", summary="Send all dead letters of a target again", status_code=200, guards=KEEPING)
async def replay_all(desk: OnDesk, actor: OnActor, target: Target) -> Replayed:
    """The oldest first, in digests where the target gathers notices."""
    return await _replay(desk, actor, f"target {target}", target=target)


async def _replay(desk: Desk, actor: Actor, thing: str, *, row_id: int = 0, target: str = "") -> Replayed:
    """With its line in the audit log, when there was something to do."""
    now_ns = desk.now()

    def run(connection: Connection) -> int:
        count = outbox.revive(connection, now_ns, row_id=row_id, target=target)
        if count:
            line = acts.line(actor, "outbox.replay", thing, now_ns, detail=f"{count} dead letters")
            audit.add(connection, line)
        return count

    return Replayed(await desk.ledger.database.write(run))


def _letter(row: OutboxRow) -> DeadLetter:
    return DeadLetter(
        id=row.id,
        target=row.target,
        notice=row.notice.id,
        kind=row.notice.kind,
        about=outbox.subject(row.notice),
        time_ns=row.notice.time_ns,
        attempts=row.attempts,
        error=row.error,
    )
