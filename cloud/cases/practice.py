"""How this city works its cases: who is responsible, how long things may take, in which mode it is.

Gathered from cloud.yaml, sensors.yaml and the modes that stand; arithmetic only. The modes are of one
moment: the ledger builds a practice for each transaction, so that a case opens in the mode that stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from cloud.alarming.alarm_state import Alarm
from cloud.cases.case_flow import Case, CaseKind, Stage
from cloud.city import duty, mode, organisation, routing
from cloud.city.case_codes import Code, NoSuchCode
from cloud.city.city_rules import CityRules
from cloud.city.duty import Step
from cloud.city.mode import Effects, Mode
from cloud.city.organisation import Chat
from cloud.city.routing import Facts, Routed
from cloud.city.time_limit import TimeLimit
from wire.alarm import Level
from wire.errors import BadAct
from wire.inventory import Inventory, Site
from wire.located import nearest

SECOND_NS = 10**9
ROUND_THE_CLOCK = TimeLimit(0.0)

StageName: TypeAlias = Literal["dispatch", "accept", "verify"]
"""Stages with a time limit of their own: 立案→派遣, 派遣→处置, 反馈→结案."""

STAGE_LIMITS: Mapping[Stage, StageName] = {
    Stage.FILED: "dispatch",
    Stage.DISPATCHED: "accept",
    Stage.FED_BACK: "verify",
    Stage.VERIFICATION: "verify",
}
"""Which of them runs while a case stands where it does."""


@dataclass(frozen=True, slots=True)
class Practice:
    """`modes` are those that stand at `now_ns`."""

    inventory: Inventory
    rules: CityRules = field(default_factory=CityRules)
    modes: tuple[Mode, ...] = ()
    now_ns: int = 0

    def at(self, now_ns: int, modes: tuple[Mode, ...]) -> "Practice":
        """The practice of one moment."""
        return replace(self, now_ns=now_ns, modes=modes)

    def effects(self, district: str) -> Effects:
        """What the mode that stands in a district changes."""
        return mode.effects(self.modes, district, self.now_ns)

    def code_of(self, alarm: Alarm) -> Code:
        """What a case of this alarm is filed under."""
        if alarm.sensor in self.inventory.boxes:
            return self.rules.codes.by_id("box")
        site = self.inventory.sites.get(alarm.site)
        return self.rules.codes.code_for(site.kind if site else "", is_fault=alarm.limit is None)

    def limit(self, case: Case) -> TimeLimit | None:
        """How long the whole case may take, by its code and level; None where nothing is said."""
        if case.kind is not CaseKind.EVENT_PART:
            return None
        try:
            return self.rules.codes.code(case.code_class, case.code).limits.get(case.level)
        except NoSuchCode:  # the city's table has lost the code since: the case keeps the deadline it has
            return None

    def due_ns(self, case: Case, start_ns: int) -> int | None:
        """When a case must be closed that was filed at `start_ns`."""
        return self._due(self.limit(case), case, start_ns)

    def stage_due_ns(self, stage: StageName, case: Case, start_ns: int) -> int | None:
        """When a stage must be over that began at `start_ns`."""
        if case.kind is CaseKind.SPECIAL_TASK:
            return None
        return self._due(self._stage_limits(stage).get(case.level), case, start_ns)

    def remaining_s(self, case: Case, now_ns: int) -> float | None:
        """Seconds left of the case's own kind of time, negative when it is late; None without a deadline."""
        if case.due_ns is None:
            return None
        return (self.limit(case) or ROUND_THE_CLOCK).remaining_s(now_ns, case.due_ns, self.rules.calendar)

    def is_working_time(self, case: Case) -> bool:
        """Does its deadline count working time?"""
        limit = self.limit(case)
        return case.due_ns is not None and limit is not None and limit.is_working

    def resumed_due_ns(self, case: Case, now_ns: int) -> int | None:
        """The deadline after a suspension: as much time is left as there was when it began."""
        return self._resumed(self.limit(case), case.due_ns, case.suspended_ns, now_ns)

    def resumed_stage_due_ns(self, stage: StageName, case: Case, now_ns: int) -> int | None:
        """As `resumed_due_ns`, of a stage."""
        due_ns = {"dispatch": case.dispatch_due_ns, "accept": case.accept_due_ns, "verify": case.verify_due_ns}[stage]
        return self._resumed(self._stage_limits(stage).get(case.level), due_ns, case.suspended_ns, now_ns)

    def route(self, facts: Facts) -> Routed:
        """The responsible unit."""
        return routing.route(self.rules.routing, facts)

    def unit_of(self, site: Site, level: Level) -> str:
        """Whose a case of this level at the site would be; the command centre's where no rule fits."""
        code = self.rules.codes.code_for(site.kind, is_fault=False)
        facts = Facts(
            code_class=code.code_class,
            code=code.code,
            role=code.role,
            site=site.id,
            district=site.district,
            street=site.street,
            owner=site.owner,
            level=level,
        )
        return self.rules.organisation.unit(self.route(facts).unit).id

    def chain(self, unit: str, now_ns: int) -> tuple[Step, ...]:
        """Who is asked in turn while nobody accepts."""
        return duty.chain(self.rules.organisation, self.rules.rotas, unit, now_ns)

    def require_unit(self, unit: str, person: str) -> None:
        """Raises BadAct unless there is such a unit, and such a person in it."""
        known = self.rules.organisation.units
        if unit not in known:
            raise BadAct(f"there is no unit {unit!r}.", fix=f"{nearest(unit, known)}.", code="E-CASE-006")
        people = known[unit].people
        if person and person not in people:
            what = f"unit {unit} has no person {person!r}."
            raise BadAct(what, fix=f"{nearest(person, people)}.", code="E-CASE-006")

    def name_of(self, unit: str, person: str) -> str:
        """For logs: the unit's name and the person's."""
        known = self.rules.organisation.unit(unit)
        who = known.people.get(person)
        return f"{known.name} {who.name if who else person}".rstrip()

    def addresses_of(self, chat: Chat, unit: str, person: str) -> tuple[str, ...]:
        """By what the robot in a chat service calls the person, or the people of the unit."""
        return organisation.addresses(self.rules.organisation, chat, unit, person)

    def _stage_limits(self, stage: StageName) -> Mapping[Level, TimeLimit]:
        stages = self.rules.codes.stages
        return {"dispatch": stages.dispatch, "accept": stages.accept, "verify": stages.verify}[stage]

    def _resumed(
        self, limit: TimeLimit | None, due_ns: int | None, suspended_ns: int | None, now_ns: int
    ) -> int | None:
        if due_ns is None or suspended_ns is None:
            return due_ns
        limit = limit or ROUND_THE_CLOCK
        left_s = limit.remaining_s(suspended_ns, due_ns, self.rules.calendar)
        if not limit.is_working or left_s < 0:
            return now_ns + round(left_s * SECOND_NS)
        return self.rules.calendar.after(now_ns, left_s)

    def _due(self, limit: TimeLimit | None, case: Case, start_ns: int) -> int | None:
        if limit is None:
            return None
        return limit.due_ns(start_ns, self.rules.calendar, self.effects(case.district).deadline)
