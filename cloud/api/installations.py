"""GET /installations, GET /installations/{site}/compliance: the filing check, as JSON and as a printable page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from litestar import MediaType, Request, Response, Router, get
from litestar.di import Provide
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Schema
from litestar.params import FromPath, QueryParameter, SkipValidation

from cloud.access.actor import require_sight
from cloud.access.permits import sees_district
from cloud.api.desk import Desk, OnDesk, site_named
from cloud.api.doors import OnActor
from cloud.cases.case_flow import Case
from cloud.compliance import certificate
from cloud.compliance.compliance import Compliance, Measured, assess, watched
from cloud.compliance.presence import Attendance, Presence, with_newest
from cloud.tables.cases import open_at
from wire.inventory import Site

OPEN_CASES_MAX = 100
"""Of one site."""
WithAttendance = SkipValidation[Attendance]
After = Annotated[str, QueryParameter(description="page on after the last site of the page before")]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="at most this many, by id")]
Format = Annotated[Literal["json", "html"] | None, QueryParameter(name="format", description="instead of Accept")]


class Installation(msgspec.Struct, frozen=True):
    """The verdict on one site. `failed` are ids of requirements; `valid_until` is a day in China."""

    site: str
    name: str
    kind: str
    district: str
    street: str
    is_compliant: bool
    valid_until: date | None
    failed: tuple[str, ...]


@dataclass
class Certified(Operation):
    """Says that the answer may be a page, too: Litestar knows one media type a route."""

    def __post_init__(self) -> None:
        """Beside what the route's type says."""
        answer = (self.responses or {}).get("200")
        if isinstance(answer, OpenAPIResponse) and answer.content is not None:
            answer.content["text/html"] = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))


def router() -> Router:
    """The routes, with one memory of what was counted."""
    attendance = Attendance()
    return Router(
        "/api/v1/installations",
        route_handlers=[installations, compliance],
        dependencies={"attendance": Provide(lambda: attendance, sync_to_thread=False)},
    )


@get("/", tags=["installations"], summary="Is every site fit to be filed?")
async def installations(
    desk: OnDesk, actor: OnActor, attendance: WithAttendance, after: After = "", limit: Limit = 20
) -> Sequence[Installation]:
    """Of the asker's districts, by id. Counting takes the store some 30 ms a quantity the first time in 10 minutes."""
    theirs = sorted(name for name, site in desk.inventory.sites.items() if sees_district(actor, site.district))
    sites = [desk.inventory.sites[name] for name in theirs if name > after][:limit]
    judged = await _assess(desk, attendance, sites)
    return [
        Installation(
            site=one.site,
            name=one.name,
            kind=one.kind,
            district=one.district,
            street=one.street,
            is_compliant=one.is_compliant,
            valid_until=one.valid_until,
            failed=one.failed,
        )
        for one in judged
    ]


@get(
    "/{site:str}/compliance",
    tags=["installations"],
    summary="The filing check of one site, with reasons",
    operation_class=Certified,
)
async def compliance(
    desk: OnDesk,
    actor: OnActor,
    attendance: WithAttendance,
    request: Request[Any, Any, Any],
    site: FromPath[str],
    form: Format = None,
) -> Response[Compliance]:
    """JSON, or the printable certificate with `Accept: text/html` or `?format=html`."""
    known = site_named(desk, site)
    if not sees_district(actor, known.district):
        require_sight(actor, known.district, where=f"site {site}")
    cases = await desk.ledger.cases([open_at(site)], limit=OPEN_CASES_MAX)
    (judged,) = await _assess(desk, attendance, [known], cases)
    wanted = request.accept.best_match([MediaType.JSON, MediaType.HTML], default=MediaType.JSON)
    headers = {"Vary": "Accept", "Cache-Control": "no-store"}
    if form == "html" or (form is None and wanted == MediaType.HTML):
        headers["Content-Security-Policy"] = certificate.POLICY
        page: Response[Any] = Response(certificate.page(judged), media_type=MediaType.HTML, headers=headers)
        return page
    return Response(judged, headers=headers)


async def _assess(
    desk: Desk, attendance: Attendance, sites: Sequence[Site], cases: Sequence[Case] = ()
) -> list[Compliance]:
    now_ns = desk.now()
    series = {site.id: watched(site, desk.inventory) for site in sites}
    flat = [one for found in series.values() for one in found]
    counted = with_newest(await attendance.of(desk.store, flat, now_ns), desk.live.latest())
    answers: dict[tuple[str, str], Presence] = {(one.sensor, one.quantity): one for one in counted}
    boxes = tuple(await desk.ledger.boxes())
    judged = []
    for site in sites:
        presence = tuple(answers[one.sensor, one.quantity] for one in series[site.id])
        judged.append(assess(site, desk.inventory, Measured(presence, boxes, tuple(cases)), now_ns))
    return judged
