"""GET /audit, /audit/export, /audit/verdict: who did what."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Annotated, Literal

from litestar import Router, get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from cloud.access import audit as acts
from cloud.access.actor import Right
from cloud.api.desk import Desk, OnDesk
from cloud.api.doors import OnActor, needs
from cloud.api.paging import BIGGEST
from cloud.tables import audit
from cloud.tables.audit import KeptLine, Verdict, Wanted

Format = Annotated[Literal["csv", "ndjson"], QueryParameter(name="format")]
Limit = Annotated[int, QueryParameter(ge=1, le=1_000, description="at most this many, the newest")]
Moment = Annotated[int, QueryParameter(ge=0, le=BIGGEST)]
After = Annotated[int, QueryParameter(ge=0, le=BIGGEST, description="page on after the last id of the page before")]


def router() -> Router:
    """The routes; all of them need the right to read the audit log."""
    return Router(
        "/api/v1/audit", route_handlers=[lines, export, verdict], guards=[needs(Right.READ_AUDIT)], tags=["access"]
    )


@get("/", summary="The audit log, newest first")
async def lines(
    desk: OnDesk,
    actor_name: Annotated[str, QueryParameter(name="actor")] = "",
    act: FromQuery[str] = "",
    thing: Annotated[str, QueryParameter(name="object")] = "",
    outcome: FromQuery[str] = "",
    after: After = 0,
    limit: Limit = 100,
) -> Sequence[KeptLine]:
    """Of one actor, act, object or outcome, or all."""
    wanted = Wanted(actor=actor_name, act=act, object=thing, outcome=outcome)
    return await desk.ledger.read(partial(audit.page, wanted=wanted, after=after, limit=limit))


@get("/export", summary="The audit log as a file, oldest first", media_type="text/csv")
async def export(desk: OnDesk, actor: OnActor, kind: Format = "csv", start: Moment = 0, end: Moment = 0) -> Stream:
    """`start` ≤ time < `end` (UTC, ns), 0: without end. The export is itself a line of the log."""
    line = acts.line(actor, "audit.export", f"audit {kind}", desk.now())
    await desk.ledger.database.write(lambda connection: audit.add(connection, line))
    wanted = Wanted(start_ns=start, end_ns=end)
    media_type = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}[kind]
    headers = {"Content-Disposition": f'attachment; filename="egret-audit.{kind}"'}
    return Stream(_pages(desk, wanted, kind), media_type=media_type, headers=headers)


@get("/verdict", summary="Does the audit log hold together?")
async def verdict(desk: OnDesk) -> Verdict:
    """Computes every chain again."""
    return await desk.ledger.read(audit.verify)


async def _pages(desk: Desk, wanted: Wanted, kind: str) -> AsyncIterator[bytes]:
    """Page by page, so that a log of years fits into memory."""
    if kind == "csv":
        yield acts.csv_head()
    write, after = (acts.as_csv if kind == "csv" else acts.as_ndjson), 0
    while page := await desk.ledger.read(partial(audit.onward, wanted=wanted, after=after)):
        after = page[-1].id
        yield write(page)
