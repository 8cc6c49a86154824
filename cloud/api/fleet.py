"""GET /fleet, and of one box: its documents, giving it another, asking it for its log or its health."""

import uuid
from collections.abc import Sequence

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from cloud.access.actor import Right
from cloud.access.permits import sees_district
from cloud.api.desk import Desk, OnDesk
from cloud.api.doors import OnActor, needs
from cloud.api.loopback import require_own_page
from cloud.fleet.askbook import Ask, Askbook, Question
from cloud.fleet.fleet_box import FleetBox
from cloud.fleet.fleetbook import Fleetbook
from cloud.tables.fleet import Pushed
from wire.desired import Sealed


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As in `wire.desired.Sealed`: a configuration that was signed elsewhere."""

    document: str
    key: str
    signature: str


def router() -> Router:
    """The routes."""
    return Router("/api/v1/fleet", route_handlers=[fleet, documents, push, ask, asked], tags=["fleet"])


@get("/", summary="How boxes stand to their configurations")
async def fleet(desk: OnDesk, actor: OnActor) -> Sequence[FleetBox]:
    """By name; those of the actor's districts."""
    tags = desk.inventory.tags
    return [one for one in await _book(desk).boxes() if sees_district(actor, tags(one.box, one.box).district)]


@get("/{box:str}/documents", summary="What a box was given", guards=[needs(Right.MAINTAIN)])
async def documents(desk: OnDesk, box: FromPath[str]) -> Sequence[Pushed]:
    """The newest first, at most twenty."""
    return await _book(desk).documents(box)


@post("/{box:str}/documents", summary="Give a box a configuration", guards=[require_own_page, needs(Right.MAINTAIN)])
async def push(desk: OnDesk, actor: OnActor, box: FromPath[str], data: JSONBody[Document]) -> FleetBox:
    """It must be numbered as `next` of GET /fleet says; the same document again changes nothing."""
    return await _book(desk).push(box, Sealed(data.document, data.key, data.signature), actor)


@post("/{box:str}/asks", summary="Ask a box", guards=[require_own_page, needs(Right.MAINTAIN)])
async def ask(desk: OnDesk, actor: OnActor, box: FromPath[str], data: JSONBody[Question]) -> Ask:
    """For the last lines of its log, a page of its health, or held samples. The answer comes later, or never."""
    return await _asks(desk).ask(box, data, actor, uuid.uuid4().hex)


@get("/{box:str}/asks/{ask_id:str}", summary="What a box has answered", guards=[needs(Right.MAINTAIN)])
async def asked(desk: OnDesk, box: FromPath[str], ask_id: FromPath[str]) -> Ask:
    """How one ask stands, with the box's answer once it is there. What the box says is as it has said it."""
    return await _asks(desk).one(box, ask_id)


def _asks(desk: Desk) -> Askbook:
    return Askbook(desk.ledger, desk.inventory, desk.now)


def _book(desk: Desk) -> Fleetbook:
    return Fleetbook(desk.ledger, desk.inventory, desk.now)
