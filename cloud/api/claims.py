"""POST /claims: a new box asks for its certificate. Below /fleet the maintainer's side, and renewals.

A box has no login yet: the code in its hands is what lets it in, and the cloud never sees the code itself.
"""

from collections.abc import Sequence

from litestar import Router, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.params import FromPath, FromQuery, JSONBody, SkipValidation

from cloud.access.actor import Right
from cloud.api.bodies import AnyRequest
from cloud.api.desk import Desk, OnDesk
from cloud.api.doors import PUBLIC, OnActor, OnDoors, needs
from cloud.api.guesses import Guesses
from cloud.api.loopback import require_own_page
from cloud.fleet.claimbook import Claimbook, ClaimOver, ClaimState, NoSuchClaim, Offer, Signed, Verdict
from cloud.tables.renewals import KeptRenewal
from wire.claim import BODY_MAX, Claim, ClaimAnswer

_NO_STORE = CacheControlHeader(no_store=True)
OnGuesses = SkipValidation[Guesses]


def routers() -> tuple[Router, ...]:
    """The box's door, and the maintainers'."""
    fix = "copy the code as the maintainer shows it; wait ten minutes."
    guesses = Guesses("codes that were not given out here", fix, "E-ENROL-010")
    certificates = [renewals, renew]
    return (
        Router("/api/v1/fleet", route_handlers=certificates, guards=[needs(Right.MAINTAIN)], tags=["fleet"]),
        Router(
            "/api/v1/claims",
            route_handlers=[claim],
            dependencies={"guesses": Provide(lambda: guesses, sync_to_thread=False)},
            opt=PUBLIC,
            cache_control=_NO_STORE,
            tags=["fleet"],
            security=[],
        ),
        Router(
            "/api/v1/fleet/{box:str}/claims",
            route_handlers=[standing, offer, decide],
            guards=[needs(Right.MAINTAIN)],
            cache_control=_NO_STORE,
            tags=["fleet"],
        ),
    )


@post(
    "/",
    summary="Ask for a box's certificate",
    status_code=200,
    guards=[require_own_page],
    request_max_body_size=BODY_MAX,
)
async def claim(
    desk: OnDesk, doors: OnDoors, request: AnyRequest, guesses: OnGuesses, data: JSONBody[Claim]
) -> ClaimAnswer:
    """Again and again with the same request, until there is a welcome."""
    address = doors.address_of(request)
    try:
        return await _book(desk).claim(data, address)
    except (NoSuchClaim, ClaimOver) as error:
        if error.code in {"E-ENROL-002", "E-ENROL-004"}:
            guesses.count(address, desk.now())
        raise


@get("/", summary="Has the box claimed?")
async def standing(desk: OnDesk, box: FromPath[str], shelf: FromQuery[str]) -> ClaimState:
    """Its request and proof are for the maintainer's command to judge."""
    return await _book(desk).standing(box, shelf)


@post("/", summary="Let a box claim", guards=[require_own_page])
async def offer(desk: OnDesk, actor: OnActor, box: FromPath[str], data: JSONBody[Offer]) -> ClaimState:
    """A code of before is void."""
    return await _book(desk).offer(box, data, actor)


@post("/verdict", summary="Welcome a box, or end its claim", status_code=200, guards=[require_own_page])
async def decide(desk: OnDesk, actor: OnActor, box: FromPath[str], data: JSONBody[Verdict]) -> ClaimState:
    """Once; what was said first counts."""
    return await _book(desk).decide(box, data, actor)


@get("/renewals", summary="Boxes that ask for another certificate")
async def renewals(desk: OnDesk) -> Sequence[KeptRenewal]:
    """Those that have none yet, by name; the maintainer's command judges them."""
    return await _book(desk).renewals()


@post("/{box:str}/certificate", summary="Renew a box's certificate", status_code=200, guards=[require_own_page])
async def renew(desk: OnDesk, actor: OnActor, box: FromPath[str], data: JSONBody[Signed]) -> KeptRenewal:
    """The box is sent it, again whenever it says that it still waits."""
    return await _book(desk).renew(box, data, actor)


def _book(desk: Desk) -> Claimbook:
    return Claimbook(desk.ledger, desk.inventory, desk.now)
