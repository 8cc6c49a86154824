"""Cases as three years leave them behind: where, what, how bad, and how far each came, by simple distributions.

Seven of ten come from sensors, the others from people. Every stage takes an exponential time; what has
not come so far by now is open, and so are a few that nobody took up. Arithmetic only.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random
from typing import NamedTuple

import msgspec

from bench.big_ledger.town import Street, Town
from cloud.cases.case_flow import SYSTEM, Case, CaseKind, LogLine, Member, Outcome, Stage
from cloud.city.case_codes import Code
from cloud.city.routing import Facts, route
from wire.alarm import Level
from wire.dates import CHINA
from wire.inventory import Site

SECOND_NS, HOUR_NS, DAY_NS = 10**9, 3600 * 10**9, 86_400 * 10**9
YEARS_DAYS = 3 * 365
_LEVELS, _LEVEL_WEIGHTS = list(Level), (5, 15, 30, 50)
_ENDS = (Outcome.HANDLED, Outcome.FALSE_ALARM, Outcome.NOTHING_FOUND, Outcome.DISMISSED, Outcome.DUPLICATE)
_END_WEIGHTS = (90, 5, 3, 1, 1)
_LIMIT_H = {Level.RED: 4, Level.ORANGE: 24, Level.YELLOW: 48, Level.BLUE: 120}
_ACCEPT_S = {Level.RED: 60, Level.ORANGE: 300, Level.YELLOW: 3_600, Level.BLUE: 14_400}
_MEAN_S = (90, 900, 1_800, 12 * 3_600, 3 * 3_600)
"""From filing to dispatch, acceptance, arrival, feedback and end."""
_LONGEST_S = 5 * 86_400
_STAGES = (Stage.FILED, Stage.DISPATCHED, Stage.HANDLING, Stage.HANDLING, Stage.FED_BACK, Stage.CLOSED)
_ACTS = ("file", "dispatch", "accept", "arrive", "feed_back", "close")
_STRAGGLERS = 0.0004
_MATTERS, _TASKS, _GROUPS = 0.01, 0.005, 0.005


class Past(NamedTuple):
    """A case with its whole log, and its members."""

    case: Case
    members: tuple[Member, ...]


class Place(NamedTuple):
    """Where a case is and what it is about; `sensor` and `alarm` are empty for what people see."""

    site: Site | None
    street: Street
    code: Code
    sensor: str = ""
    alarm: str = ""


class PastCases:
    """The same for the same `rng` and `now_ns`."""

    def __init__(self, town: Town, rng: Random, now_ns: int) -> None:
        """`now_ns`: nothing happens after it."""
        self._town, self._rng, self._now_ns = town, rng, now_ns
        self._open_alarms: set[str] = set()
        self._routed: dict[tuple[Street, str], str] = {}

    def of_day(self, day: datetime, count: int) -> list[Past]:
        """`count` cases in the order of their numbers; `day` begins in China."""
        start_ns = int(day.timestamp()) * SECOND_NS
        end_ns = min(start_ns + DAY_NS, self._now_ns)
        times = sorted(self._rng.randrange(start_ns, end_ns) for _ in range(count))
        return [self._one(f"{day:%Y%m%d}-{number:05d}", at) for number, at in enumerate(times, start=1)]

    @cached_property
    def _places(self) -> list[Place]:
        """One for every alarm that the city's sensors can raise."""
        inventory, codes = self._town.inventory, self._town.rules.codes
        return [
            Place(site, Street(site.district, site.street), code, sensor, f"{sensor}/{rule.name}")
            for site in self._town.sites
            for sensor in site.sensors
            for rule in inventory.sensors[sensor].rules
            for code in [codes.code_for(site.kind, is_fault=not rule.quantity)]
        ]

    def _one(self, number: str, opened_ns: int) -> Past:
        rng = self._rng
        kind = CaseKind.EVENT_PART
        place, source = self._place()
        if (draw := rng.random()) < _MATTERS:
            kind = CaseKind.COORDINATION
        elif draw < _MATTERS + _TASKS:
            kind = CaseKind.SPECIAL_TASK
        if kind is not CaseKind.EVENT_PART:
            place, source = place._replace(sensor="", alarm=""), "person"
        times = self._times(opened_ns)
        is_open = len(times) < len(_STAGES)
        if is_open and place.alarm in self._open_alarms:
            place, source = place._replace(sensor="", alarm=""), "person"
        if is_open and place.alarm:
            self._open_alarms.add(place.alarm)
        case = self._case(number, kind, place, source, (opened_ns, *times))
        members = self._members(case)
        done = 0 if case.is_open or kind is not CaseKind.SPECIAL_TASK else len(members)
        return Past(msgspec.structs.replace(case, members=len(members), done=done), members)

    def _place(self) -> tuple[Place, str]:
        rng = self._rng
        if rng.random() < 0.7:
            return rng.choice(self._places), "sensor"
        streets, codes = self._town.streets, self._town.codes
        # Some streets and some codes have many cases, most have few.
        street = streets[int(rng.random() ** 2 * len(streets))]
        code = codes[-1 - int(rng.random() ** 2 * len(codes))]
        return Place(None, street, code), rng.choice(("person", "hotline"))

    def _times(self, opened_ns: int) -> list[int]:
        """When each stage was reached, from filing on, as far as it is reached by now."""
        rng = self._rng
        times = [opened_ns]
        for mean_s in _MEAN_S:
            times.append(times[-1] + int(min(rng.expovariate(1 / mean_s), _LONGEST_S) * SECOND_NS))
        times = [at for at in times if at <= self._now_ns]
        return times[: rng.randrange(1, len(_STAGES))] if rng.random() < _STRAGGLERS else times

    def _case(self, number: str, kind: CaseKind, place: Place, source: str, times: tuple[int, ...]) -> Case:
        rng = self._rng
        opened_ns, filed_ns, *later = times
        level = rng.choices(_LEVELS, _LEVEL_WEIGHTS)[0]
        unit = self._unit(place)
        reached = (*later, *[None] * (len(_MEAN_S) - len(later)))
        stage = _STAGES[len(later)]
        is_open = stage is not Stage.CLOSED
        outcome = Outcome.OPEN if is_open else rng.choices(_ENDS, _END_WEIGHTS)[0]
        due_ns = filed_ns + _LIMIT_H[level] * HOUR_NS if kind is CaseKind.EVENT_PART else None
        what = place.site.name if place.site else place.street.name
        return Case(
            number=number,
            version=len(times),
            kind=kind,
            code_class=place.code.code_class if kind is CaseKind.EVENT_PART else "",
            code=place.code.code if kind is CaseKind.EVENT_PART else "",
            stage=stage,
            outcome=outcome,
            level=level,
            title=f"{what}：{place.code.zh}",
            title_en=f"{place.code.en}, {level}",
            source=source,
            site=place.site.id if place.site else "",
            sensor=place.sensor,
            alarm=place.alarm,
            district=place.street.district,
            street=place.street.name,
            longitude=place.site.longitude if place.site else 118.1,
            latitude=place.site.latitude if place.site else 24.5,
            unit=unit,
            person="lin" if later else "",
            mode="normal",
            opened_ns=opened_ns,
            filed_ns=filed_ns,
            dispatched_ns=reached[0],
            accepted_ns=reached[1],
            arrived_ns=reached[2],
            fed_back_ns=reached[3],
            closed_ns=reached[4],
            stage_ns=times[-1],
            dispatch_due_ns=filed_ns + 120 * SECOND_NS,
            accept_due_ns=reached[0] and reached[0] + _ACCEPT_S[level] * SECOND_NS,
            due_ns=due_ns,
            reworked=int(rng.random() < 0.03),
            extended=int(rng.random() < 0.02),
            log=self._log(times, level),
        )

    def _unit(self, place: Place) -> str:
        known = (place.street, place.code.id)
        if known not in self._routed:
            facts = Facts(
                code_class=place.code.code_class,
                code=place.code.code,
                role=place.code.role,
                district=place.street.district,
                street=place.street.name,
                level=Level.BLUE,
            )
            self._routed[known] = route(self._town.rules.routing, facts).unit
        return self._routed[known]

    def _log(self, times: tuple[int, ...], level: Level) -> tuple[LogLine, ...]:
        first = LogLine(times[0], SYSTEM, Stage.REPORTED, f"raised {level}: over its limit", "raised")
        return (
            first,
            *(LogLine(at, "lin", stage, "", act) for at, stage, act in zip(times[1:], _STAGES, _ACTS, strict=False)),
        )

    def _members(self, case: Case) -> tuple[Member, ...]:
        if case.kind is CaseKind.SPECIAL_TASK:
            sites = [site for site in self._town.sites if site.district == case.district]
            return tuple(_part(case, site.id, site.id, "") for site in sites)
        if not case.alarm:
            return ()
        mine = _part(case, case.alarm, case.site, case.sensor)
        if case.is_open or self._rng.random() > _GROUPS:
            return (mine,)
        more = {place.alarm: place for place in self._rng.sample(self._places, 20)}
        more.pop(case.alarm, None)
        return (
            mine,
            *(_part(case, alarm, place.site.id if place.site else "", place.sensor) for alarm, place in more.items()),
        )


def days(now_ns: int) -> Iterator[datetime]:
    """The days of three years, the last one is that of `now_ns`."""
    today = datetime.fromtimestamp(now_ns // SECOND_NS, UTC).astimezone(CHINA).replace(hour=0, minute=0, second=0)
    for back in range(YEARS_DAYS - 1, -1, -1):
        yield today - timedelta(days=back)


def _part(case: Case, member: str, site: str, sensor: str) -> Member:
    is_task = case.kind is CaseKind.SPECIAL_TASK
    return Member(
        member=member,
        site=site,
        sensor=sensor,
        level=case.level,
        joined_ns=case.opened_ns,
        is_alarm=not is_task,
        until_ns=case.closed_ns,
        done_ns=case.closed_ns if is_task else None,
        done_by="lin" if is_task and case.closed_ns else "",
    )
