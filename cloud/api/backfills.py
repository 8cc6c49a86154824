"""GET and POST /backfills: what is missing here though boxes have a receipt for it, and asking them again."""

from collections.abc import Sequence

from litestar import Router, get, post
from litestar.params import JSONBody

from cloud.access.actor import Right
from cloud.api.desk import Desk, OnDesk
from cloud.api.doors import OnActor, needs
from cloud.api.loopback import require_own_page
from cloud.fleet.backfill_book import Answerable, BackfillBook, Shown, Wish


def router() -> Router:
    """The routes."""
    return Router("/api/v1/backfills", route_handlers=[backfills, ask], tags=["fleet"])


@get("/", summary="What is missing here, and what has come again of it", guards=[needs(Right.MAINTAIN)])
async def backfills(desk: OnDesk) -> Sequence[Shown]:
    """The last one found first, at most a thousand."""
    return await _book(desk).all()


@post("/", summary="Ask boxes to send again", guards=[require_own_page, needs(Right.MAINTAIN)])
async def ask(desk: OnDesk, actor: OnActor, data: JSONBody[Wish]) -> Sequence[Answerable]:
    """What each can send of it; with `dry_run` nobody is asked."""
    return await _book(desk).ask(data, actor)


def _book(desk: Desk) -> BackfillBook:
    return BackfillBook(desk.ledger, desk.inventory)
