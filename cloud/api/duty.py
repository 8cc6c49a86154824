"""GET /duty: which unit has whom on duty, and what the units are at."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import QueryParameter

from cloud.access.actor import Actor, Right
from cloud.api.desk import OnDesk
from cloud.api.doors import OnActor
from cloud.api.problems import RequestError
from cloud.assessment.evaluation import today
from cloud.cases.case_filter import CaseFilter, conditions
from cloud.city.city_rules import CityRules
from cloud.city.duty import Turn
from cloud.city.organisation import Organisation, Person, Unit
from cloud.tables import case_counts
from cloud.tables.case_counts import UnitLoad
from wire.dates import CHINA

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
DAYS_MAX = 31
_CALLS = frozenset({Right.HANDLE, Right.DISPATCH, Right.MAINTAIN})
"""Whoever has one of these may have to call somebody, and is told the numbers."""

From = Annotated[date | None, QueryParameter(name="from", description="today in China by default")]
Days = Annotated[int, QueryParameter(ge=1, le=DAYS_MAX, description="how many days are shown")]


class OnDuty(msgspec.Struct, frozen=True):
    """Who has it now, and until when."""

    person: str
    until_ns: int


class Called(msgspec.Struct, frozen=True):
    """One of a unit. `phone` and `email` are empty for those who call nobody, and where nobody has told us."""

    id: str
    name: str
    phone: str
    email: str


class DutyUnit(msgspec.Struct, frozen=True):
    """One unit. `people` in the order of the file, in which they are called where there is no rota: then `now` is null.

    `turns` touch the days that were asked for, each whole. The numbers are of open cases that the asker may see:
    `overdue` past their deadline, `accepted` being handled, `arrived` those of them where somebody is there.
    """

    id: str
    name: str
    name_en: str
    district: str
    supervisor: str
    is_command_centre: bool
    has_rota: bool
    people: tuple[Called, ...]
    now: OnDuty | None
    turns: tuple[Turn, ...]
    open_cases: int
    overdue: int
    accepted: int
    arrived: int


class Duty(msgspec.Struct, frozen=True, rename={"first": "from"}):
    """`first` is a day in China. Cases that nobody was given are the command centre's."""

    first: date
    days: int
    units: tuple[DutyUnit, ...]


@get("/duty", tags=["duty"], summary="Who is on duty, and what the units are at")
async def duty(desk: OnDesk, actor: OnActor, first: From = None, days: Days = 7) -> Response[Duty]:
    """Of the asker's districts and units, and of those above them; people of units that work in the whole city, too."""
    now_ns = desk.now()
    start = first or today(now_ns)
    if not FIRST_DAY <= start <= LAST_DAY:
        fix = f"begin between {FIRST_DAY} and {LAST_DAY}."
        raise RequestError(f"no rota is told from {start} on.", status=400, where="from", fix=fix, code="E-DUTY-001")
    rules = desk.ledger.practice.rules
    theirs = conditions(CaseFilter(is_open=True), actor, now_ns)
    found = await desk.ledger.read(lambda connection: case_counts.by_unit(connection, theirs, now_ns))
    loads = _by_known_unit(found, rules.organisation)
    span_ns = (_midnight_ns(start), _midnight_ns(start + timedelta(days=days)))
    units = tuple(
        _told(unit, rules, loads.get(unit.id, UnitLoad()), span_ns, now_ns, calls=bool(actor.rights & _CALLS))
        for unit in rules.organisation.units.values()
        if _is_shown(unit, actor, rules.organisation)
    )
    return Response(Duty(start, days, units), headers={"Cache-Control": "no-store"})


def _is_shown(unit: Unit, actor: Actor, organisation: Organisation) -> bool:
    """Is it theirs, or would a case of theirs climb to it? A unit of the whole city has cases of every district."""
    if actor.units and unit.id not in {above.id for own in actor.units for above in organisation.climb(own)}:
        return False
    return not actor.districts or unit.district in actor.districts or not unit.district


def _by_known_unit(found: Mapping[str, UnitLoad], organisation: Organisation) -> dict[str, UnitLoad]:
    """What belongs to no unit, or to one that has left the file, is the command centre's."""
    loads: dict[str, UnitLoad] = {}
    for name, load in found.items():
        unit = organisation.unit(name).id
        loads[unit] = loads.get(unit, UnitLoad()) + load
    return loads


def _told(
    unit: Unit, rules: CityRules, load: UnitLoad, span_ns: tuple[int, int], now_ns: int, *, calls: bool
) -> DutyUnit:
    rota = rules.rotas.get(unit.id)
    turn = rota.turn_at(now_ns) if rota else None
    return DutyUnit(
        id=unit.id,
        name=unit.name,
        name_en=unit.name_en,
        district=unit.district,
        supervisor=unit.supervisor,
        is_command_centre=unit.id == rules.organisation.command_centre,
        has_rota=rota is not None,
        people=tuple(_called(person, calls=calls) for person in unit.people.values()),
        now=OnDuty(turn.person, turn.end_ns) if turn else None,
        turns=tuple(rota.turns(*span_ns)) if rota else (),
        open_cases=load.open_cases,
        overdue=load.overdue,
        accepted=load.accepted,
        arrived=load.arrived,
    )


def _called(person: Person, *, calls: bool) -> Called:
    return Called(person.id, person.name, person.phone if calls else "", person.email if calls else "")


def _midnight_ns(day: date) -> int:
    return int(datetime.combine(day, time(), CHINA).timestamp()) * 10**9
