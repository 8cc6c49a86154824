"""Signed links: GET /links/{token}, POST /links/{token}/acts and /photos; the phone's page is at /l/{token}.

The link is the key, so nobody logs in. GET changes nothing: chat programs fetch every address they show.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from litestar import Response, Router, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.params import FromPath, JSONBody, SkipValidation

from cloud.access.actor import Actor
from cloud.api.board import FOLDER
from cloud.api.bodies import AnyRequest
from cloud.api.desk import Desk, OnDesk
from cloud.api.doors import PUBLIC, OnDoors, is_change
from cloud.api.guesses import Guesses
from cloud.api.loopback import require_own_page
from cloud.api.photos import InFolder, Uploads, crowd, received, require_picture
from cloud.cases.case_act import require
from cloud.cases.case_acts import Note
from cloud.cases.case_flow import Case
from cloud.cases.case_photo import CasePhoto
from cloud.cases.casebook import Asked
from cloud.notices import link_acts
from cloud.notices.action_links import ActionGrant, ActionLinks, LinkRefused, Reason
from cloud.notices.link_acts import LinkAct, LinkView
from cloud.photos import PhotoFolder
from cloud.tables import links as used_links
from cloud.tables.photos import require_room

ACT_MAX = 64 * 1024
"""Bytes of an act; its note has at most 2000 characters."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Held:
    """A link that is right, whoever holds it, its case, and what it was used for before."""

    grant: ActionGrant
    actor: Actor
    case: Case
    used: frozenset[str]


InHand = SkipValidation[Held]
InTurn = SkipValidation[asyncio.Lock]
Opener: TypeAlias = Callable[[AnyRequest, Desk, OnDoors, str], Awaitable[Held]]


def router(links: ActionLinks, folder: PhotoFolder) -> Router:
    """The routes, for links that these have issued."""
    turn = asyncio.Lock()
    fix = "open the link from the original message; wait ten minutes."
    guesses = Guesses("links that were not issued here", fix, "E-LINKS-008")
    return Router(
        "/api/v1/links/{token:str}",
        route_handlers=[show, act, add_photo],
        dependencies={
            "held": Provide(_opener(links, guesses)),
            "folder": Provide(lambda: folder, sync_to_thread=False),
            "turn": Provide(lambda: turn, sync_to_thread=False),
            "uploads": crowd(),
        },
        opt=PUBLIC,
        cache_control=CacheControlHeader(no_store=True),
        tags=["links"],
        security=[],
    )


def pages() -> Router:
    """The phone's page; it is the same for every link, and asks the API what the link shows."""
    text = (FOLDER / "link" / "index.html").read_text(encoding="utf-8")
    headers = {"Content-Security-Policy": _POLICY, "X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-cache"}

    @get("/{token:path}", include_in_schema=False, sync_to_thread=False)
    def link_page() -> Response[str]:
        """Says nothing of any case."""
        return Response(text, media_type="text/html; charset=utf-8", headers=headers)

    return Router("/l", route_handlers=[link_page], opt=PUBLIC)


def _opener(links: ActionLinks, guesses: Guesses) -> Opener:
    async def held(request: AnyRequest, desk: OnDesk, doors: OnDoors, token: FromPath[str]) -> Held:
        """Raises LinkRefused, NotAllowed, and RequestError for too many guesses."""
        address, now_ns = doors.address_of(request), desk.now()
        try:
            grant = links.open(token, now_ns)
        except LinkRefused as error:
            if error.reason is not Reason.EXPIRED:
                guesses.count(address, now_ns)
            raise
        actor = link_acts.actor_of(grant, address)
        if is_change(request):  # looking at a case that is another unit's by now is no act that anybody refuses
            request.scope["user"] = actor
        case = await desk.ledger.case(grant.number)
        link_acts.require_own(grant, case)
        return Held(grant, actor, case, await _used(desk, grant))

    return held


@get("/", summary="What a signed link shows")
async def show(desk: OnDesk, held: InHand) -> LinkView:
    """What a phone needs of the case, what can be done now, and what this link did."""
    return link_acts.view(held.grant, held.case, held.used, desk.ledger.practice)


@post(
    "/acts",
    summary="Accept, arrive, feed back or note by a signed link",
    status_code=200,
    guards=[require_own_page],
    request_max_body_size=ACT_MAX,
)
async def act(desk: OnDesk, held: InHand, data: JSONBody[LinkAct]) -> LinkView:
    """Each act once, notes twenty times. The case as the link shows it then."""
    use = link_acts.use_for_act(held.grant, data, held.used, held.actor, desk.now())
    done = await desk.casebook.act(held.grant.number, data, held.actor, Asked(link=use), {})
    desk.live.wake()
    return link_acts.view(held.grant, done, await _used(desk, held.grant), desk.ledger.practice)


@post("/photos", summary="Add a photo by a signed link", guards=[require_picture], request_max_body_size=None)
async def add_photo(
    desk: OnDesk, request: AnyRequest, held: InHand, folder: InFolder, uploads: Uploads, turn: InTurn
) -> CasePhoto:
    """At most twenty of a link; the same photo again changes nothing, so a phone may send it until it has an answer."""
    require(held.case, Note())
    link_acts.require_few_photos(held.grant, held.used)
    photo, clean = await received(request, folder, uploads, held.grant.nonce.hex())
    number = held.grant.number
    async with turn:  # two at once must not both be the twentieth, and what is refused leaves no file
        known = {one.hash: one for one in await desk.casebook.photos(number)}
        if photo.hash in known:
            return known[photo.hash]
        link_acts.require_few_photos(held.grant, await _used(desk, held.grant))
        require_room(number, tuple(known.values()), photo)
        await folder.keep(photo, clean)
        use = link_acts.use_for_photo(held.grant, photo.hash, held.actor, desk.now())
        added = await desk.casebook.add_photo(number, photo, held.actor, use)
    desk.live.wake()
    return added


async def _used(desk: Desk, grant: ActionGrant) -> frozenset[str]:
    return await desk.ledger.read(lambda connection: used_links.used(connection, grant.nonce.hex()))
