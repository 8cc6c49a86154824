"""GET /ranking: which sites a patrol should see first, with the reasons."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import QueryParameter
from sqlalchemy import ColumnElement, Connection

from cloud.access.permits import sees_district
from cloud.api.desk import Desk, OnDesk
from cloud.api.doors import OnActor
from cloud.api.paging import AnyRequest, following
from cloud.api.problems import RequestError
from cloud.assessment.evaluation import today
from cloud.cases.case_filter import CaseFilter, conditions
from cloud.city import mode, ranking
from cloud.city.ranking import Heard, Key, Part, Ranked, Reason, Seen
from cloud.tables import alarms, cases, modes
from wire.alarm import Level
from wire.inventory import Sensor
from wire.reading import UNUSABLE


class RankedSite(msgspec.Struct, frozen=True):
    """`score` is the sum of the points; of `unknown` reasons a part or all is not known.

    `case`: its open case that the asker may see, or empty. `unit`: whose a case of it would be now.
    `task`: the special task of the mode that stands here, or empty; `is_done`: is it finished there? Null where it is
    in none.
    """

    site: str
    score: float
    parts: tuple[Part, ...]
    unknown: tuple[Key, ...]
    case: str
    unit: str
    task: str
    is_done: bool | None


class Ranking(msgspec.Struct, frozen=True):
    """A page, the worst site first. `ranked` counts the sites of all pages."""

    reasons: tuple[Reason, ...]
    ranked: int
    sites: tuple[RankedSite, ...]


class _Work(msgspec.Struct, frozen=True):
    """What people are doing: open cases by site, and sites finished or not by special task."""

    cases: Mapping[str, str]
    done: Mapping[tuple[str, str], bool]
    modes: Sequence[mode.Mode]


@get("/ranking", tags=["modes"], summary="Which sites to see first, and why")
async def ranked_sites(
    desk: OnDesk,
    actor: OnActor,
    request: AnyRequest,
    kind: Annotated[str, QueryParameter(max_length=64)] = "billboard",
    district: Annotated[str, QueryParameter(max_length=64)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
    after: Annotated[str, QueryParameter(max_length=64, description="the last site of the page before")] = "",
) -> Response[Ranking]:
    """Of the asker's districts. The points are those of the whole city, whichever part of it is asked for."""
    now_ns = desk.now()
    levels = await desk.ledger.read(alarms.worst_levels)
    everywhere = ranking.rank(kind, desk.inventory, Seen(_heard(desk, now_ns), levels, today(now_ns)))
    found = [
        one for one in everywhere if district in ("", one.site.district) and sees_district(actor, one.site.district)
    ]
    page = _behind(found, after)[:limit]
    theirs = conditions(CaseFilter(is_open=True), actor, now_ns)
    sites = [one.site.id for one in page]
    work = await desk.ledger.read(lambda connection: _work(connection, theirs, sites))
    reasons = ranking.reasons_of(kind)
    told = tuple(_told(one, reasons, work, desk, now_ns) for one in page)
    headers = {"Link": following(request, sites[-1])} if len(page) == limit else {}
    return Response(Ranking(reasons, len(found), told), headers=headers | {"Cache-Control": "no-store"})


def _heard(desk: Desk, now_ns: int) -> Heard:
    def heard(sensor: Sensor, quantity: str) -> float | None:
        newest = desk.live.newest(sensor.id, quantity)
        if newest is None or not ranking.is_of_now(sensor, now_ns - newest.time_ns):
            return None
        # Nearly all are good, and asking a flag what it has in common with another takes a microsecond.
        return None if newest.quality and newest.quality & UNUSABLE else newest.value

    return heard


def _behind(found: Sequence[Ranked], after: str) -> Sequence[Ranked]:
    """What stands behind a site as the ranking is now. Raises RequestError."""
    if not after:
        return found
    for place, one in enumerate(found):
        if one.site.id == after:
            return found[place + 1 :]
    what = f"{after!r} is no site of this ranking."
    raise RequestError(what, status=400, where="after", fix="begin with the first page again.", code="E-RANK-001")


def _work(connection: Connection, theirs: Sequence[ColumnElement[bool]], sites: Sequence[str]) -> _Work:
    standing = modes.standing(connection)
    tasks = [switch.task for switch in standing if switch.task]
    return _Work(cases.worst_open_at(connection, theirs, sites), cases.done_at(connection, tasks, sites), standing)


def _told(one: Ranked, reasons: Sequence[Reason], work: _Work, desk: Desk, now_ns: int) -> RankedSite:
    site = one.site
    here = mode.in_force(work.modes, site.district, now_ns)
    task = here.task if here else ""
    return RankedSite(
        site=site.id,
        score=one.score,
        parts=ranking.parts_of(one, reasons),
        unknown=ranking.unknown_of(one.facts, reasons),
        case=work.cases.get(site.id, ""),
        unit=desk.ledger.practice.unit_of(site, one.facts.alarm or Level.RED),
        task=task,
        is_done=work.done.get((task, site.id)),
    )
