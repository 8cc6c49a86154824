"""Switching the mode of a district or the city, and the special task (专项任务) that it opens."""

from typing import Annotated

import msgspec

from cloud.cases.case_act import Name, Text
from cloud.cases.case_flow import SYSTEM, Case, CaseKind, LogLine, Member, Stage
from cloud.cases.case_opening import filed
from cloud.cases.work import Work
from cloud.city import mode as modes_of_city
from cloud.city.mode import Mode, ModeName
from cloud.tables import events, modes
from wire.alarm import Level
from wire.inventory import Inventory, Site


class Switch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person asks for. Empty `district`: the city. At most 7 days.

    `normal` ends what stands there; a district that is to be normal while the city is not stays so until the
    city's mode ends or is switched.
    """

    mode: ModeName
    district: Name = ""
    level: Level = Level.BLUE
    reason: Text
    hours: Annotated[float, msgspec.Meta(gt=0, le=modes_of_city.LONGEST_NS / 3.6e12)] = 24.0
    is_drill: bool = False


def switch(work: Work, asked: Switch, actor: str) -> Mode:
    """The mode as it stands then; those that stood there before have ended. Raises ModeError."""
    now_ns = work.now_ns
    wanted = Mode(
        district=asked.district,
        mode=asked.mode,
        level=asked.level,
        reason=asked.reason,
        actor=actor,
        since_ns=now_ns,
        until_ns=now_ns + round(asked.hours * 3.6e12),
        is_drill=asked.is_drill,
    )
    standing = modes.standing(work.connection)
    modes_of_city.check(wanted, work.practice.inventory.districts, standing, now_ns)
    before = [mode for mode in standing if _gives_way(mode, wanted)]
    if before:
        ended = [modes.end(work.connection, mode, actor, now_ns) for mode in before]
        events.add(work.connection, ended, now_ns)
    if wanted.mode is ModeName.NORMAL:
        return _normal(work, wanted, modes_of_city.in_force(standing, "", now_ns))
    task = ""
    if modes_of_city.document()[wanted.mode].opens_task:
        task = _running_task(work, wanted, before) or _open_task(work, wanted, actor)
    return modes.add(work.connection, msgspec.structs.replace(wanted, task=task))


def _gives_way(mode: Mode, to: Mode) -> bool:
    """What stands in the same place, and what excepts a district from the city's mode that is switched."""
    return mode.district == to.district or (not to.district and mode.mode is ModeName.NORMAL)


def _normal(work: Work, wanted: Mode, of_city: Mode | None) -> Mode:
    """It stands only as an exception from the city's mode, and no longer than that; else it is over at once."""
    if wanted.district and of_city:
        until_ns = min(wanted.until_ns, of_city.until_ns)
        return modes.add(work.connection, msgspec.structs.replace(wanted, until_ns=until_ns, is_drill=False))
    added = modes.add(work.connection, wanted)
    return modes.end(work.connection, added, wanted.actor, work.now_ns)


def end_overdue(work: Work) -> list[Mode]:
    """Modes whose end has come end by themselves."""
    over = [mode for mode in modes.standing(work.connection) if mode.until_ns <= work.now_ns]
    return [modes.end(work.connection, mode, SYSTEM, work.now_ns) for mode in over]


def _running_task(work: Work, wanted: Mode, before: list[Mode]) -> str:
    """A warning that changes its colour goes on with the round that has begun; empty when there is none."""
    same = [mode.task for mode in before if mode.task and (mode.mode, mode.is_drill) == (wanted.mode, wanted.is_drill)]
    return next((task for task in same if work.case(task).is_open), "")


def _open_task(work: Work, mode: Mode, actor: str) -> str:
    """One task for the round, a member for each site that the mode is about; the number of the case."""
    rules = modes_of_city.document()[mode.mode]
    inventory = work.practice.inventory
    sites = [site for site in inventory.sites.values() if _is_meant(site, mode, rules.overlay.kinds)]
    if not sites:
        return ""
    where, where_en = _place(mode, inventory)
    drill, drill_en = ("【演练】", "[DRILL] ") if mode.is_drill else ("", "")
    task = Case(
        number=work.docket.next_number(),
        version=0,
        kind=CaseKind.SPECIAL_TASK,
        level=mode.level,
        title=f"{drill}{where}{rules.zh}巡查，{len(sites)} 处",
        title_en=f"{drill_en}{where_en}: {rules.en} round of {len(sites)} sites",
        source="person",
        district=mode.district,
        unit=work.practice.rules.organisation.command_centre,
        members=len(sites),
        mode=mode.mode,
        is_drill=mode.is_drill,
        opened_ns=work.now_ns,
        stage_ns=work.now_ns,
        log=(LogLine(work.now_ns, actor, Stage.REPORTED, mode.reason, "mode"),),
    )
    members = [
        Member(member=site.id, site=site.id, sensor="", level=mode.level, joined_ns=work.now_ns, is_alarm=False)
        for site in sites
    ]
    work.docket.open(filed(task, SYSTEM, "", work.practice, work.now_ns), members)
    return task.number


def _is_meant(site: Site, mode: Mode, kinds: tuple[str, ...]) -> bool:
    return site.kind in kinds and mode.district in ("", site.district)


def _place(mode: Mode, inventory: Inventory) -> tuple[str, str]:
    if mode.district:
        return inventory.districts[mode.district], mode.district
    return inventory.name, inventory.name_en or inventory.name
