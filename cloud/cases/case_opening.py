"""The case that an alarm opens: its title, place, code and responsible unit."""

import msgspec

from cloud.alarming.alarm_state import Alarm
from cloud.cases.case_flow import SYSTEM, Case, LogLine, Stage, logged
from cloud.cases.practice import STAGE_LIMITS, Practice
from cloud.city.routing import Facts
from wire.alarm import OFFLINE_RULE, AlarmEvent
from wire.inventory import Inventory, Site
from wire.quantities import QUANTITIES

SENSOR = "sensor"
"""The source of a case that an alarm opened."""


def opened_by_alarm(number: str, alarm: Alarm, event: AlarmEvent, practice: Practice, now_ns: int) -> Case:
    """Reported, filed and, where routing says so, dispatched in one moment, also for what a cut-off box sends late."""
    inventory = practice.inventory
    site = inventory.sites.get(alarm.site)
    code = practice.code_of(alarm)
    effects = practice.effects(alarm.district)
    reported = Case(
        number=number,
        version=0,
        code_class=code.code_class,
        code=code.code,
        level=alarm.level,
        title=_title(site, event, inventory),
        title_en=_title_en(site, event, inventory),
        source=SENSOR,
        site=alarm.site,
        sensor=alarm.sensor,
        alarm=alarm.id,
        district=alarm.district if alarm.district in inventory.districts else "",
        street=site.street if site else "",
        longitude=site.longitude if site else None,
        latitude=site.latitude if site else None,
        members=1,
        mode=effects.mode,
        is_drill=effects.is_drill,
        opened_ns=now_ns,
        stage_ns=now_ns,
    )
    line = LogLine(now_ns, SYSTEM, Stage.REPORTED, f"{event.change} {event.level}: {event.reason}", str(event.change))
    return routed(filed(logged(reported, line), SYSTEM, "", practice, now_ns), practice, now_ns)


def filed(case: Case, actor: str, note: str, practice: Practice, now_ns: int) -> Case:
    """立案: its time runs from now on."""
    due_ns = practice.due_ns(case, now_ns)
    dispatch_due_ns = practice.stage_due_ns("dispatch", case, now_ns)
    return logged(
        case,
        LogLine(now_ns, actor, Stage.FILED, note, "file"),
        stage=Stage.FILED,
        stage_ns=now_ns,
        filed_ns=now_ns,
        due_ns=due_ns,
        overdue_ns=due_ns,
        dispatch_due_ns=dispatch_due_ns,
        climb_ns=dispatch_due_ns,
    )


def routed(case: Case, practice: Practice, now_ns: int) -> Case:
    """The filed case with the unit that routing gives it; dispatched, where routing does that by itself."""
    site = practice.inventory.sites.get(case.site)
    code = practice.rules.codes.code(case.code_class, case.code)
    facts = Facts(
        code_class=case.code_class,
        code=case.code,
        role=code.role,
        site=case.site,
        district=case.district,
        street=case.street,
        owner=site.owner if site else "",
        level=case.level,
    )
    found = practice.route(facts)
    if not found.is_automatic:
        return msgspec.structs.replace(case, unit=found.unit)
    [first, *_] = practice.chain(found.unit, now_ns)
    return dispatched(case, SYSTEM, first.unit, first.person, "", practice, now_ns)


def dispatched(case: Case, actor: str, unit: str, person: str, note: str, practice: Practice, now_ns: int) -> Case:
    """派遣: the unit is asked, and the case climbs when it does not accept in time."""
    accept_due_ns = practice.stage_due_ns("accept", case, now_ns)
    to = f"→ {practice.name_of(unit, person)}"
    return logged(
        case,
        LogLine(now_ns, actor, Stage.DISPATCHED, f"{to} {note}".rstrip(), "dispatch"),
        stage=Stage.DISPATCHED,
        stage_ns=now_ns,
        dispatched_ns=case.dispatched_ns or now_ns,
        asked_ns=now_ns,
        accepted_ns=None,
        arrived_ns=None,
        fed_back_ns=None,
        unit=unit,
        person=person,
        dispatched_to=unit,
        accept_due_ns=accept_due_ns,
        verify_due_ns=None,
        climbed=0,
        climb_ns=accept_due_ns,
    )


def hastened(case: Case, practice: Practice, now_ns: int) -> Case:
    """The case after its level has become worse: it has no more time from now on than a new one of that level.

    The time of a suspended case stands still: what it has left is counted from when it was suspended.
    """
    if case.filed_ns is None:
        return case
    start_ns = now_ns if case.suspended_ns is None else case.suspended_ns
    due_ns = _sooner(case.due_ns, practice.due_ns(case, start_ns))
    sooner = msgspec.structs.replace(case, due_ns=due_ns, overdue_ns=case.overdue_ns and due_ns)
    stage = STAGE_LIMITS.get(case.stage)
    if stage is None:
        return sooner
    limit_ns = practice.stage_due_ns(stage, case, start_ns)
    stage_due_ns = _sooner(getattr(case, f"{stage}_due_ns"), limit_ns)
    climb_ns = case.climb_ns and _sooner(case.climb_ns, limit_ns)
    return msgspec.structs.replace(sooner, **{f"{stage}_due_ns": stage_due_ns}, climb_ns=climb_ns)


def _sooner(one_ns: int | None, other_ns: int | None) -> int | None:
    """The earlier of two deadlines; none where there was none."""
    return None if one_ns is None else min(one_ns, other_ns or one_ns)


def titles(site: Site | None, event: AlarmEvent, inventory: Inventory) -> tuple[str, str]:
    """What an alarm's case is called, in Chinese and in English."""
    return _title(site, event, inventory), _title_en(site, event, inventory)


def _title(site: Site | None, event: AlarmEvent, inventory: Inventory) -> str:
    box = inventory.boxes.get(event.sensor)
    if event.rule == OFFLINE_RULE:
        return f"{box.name if box else f'未登记箱子 {event.sensor}'}：离线"
    place = site.name if site else f"未登记传感器 {event.sensor}"
    if event.limit is None:
        return f"{place}：传感器 {event.sensor} 故障"
    known = QUANTITIES.get(event.quantity)
    return f"{place}：{known.zh if known else event.quantity}超限，{_amount(event)}"


def _title_en(site: Site | None, event: AlarmEvent, inventory: Inventory) -> str:
    if event.rule == OFFLINE_RULE:
        return f"{'box' if event.sensor in inventory.boxes else 'unregistered box'} {event.sensor}: offline"
    place = site.name_en or site.name if site else f"unregistered sensor {event.sensor}"
    if event.limit is None:
        return f"{place}: sensor {event.sensor} at fault"
    known = QUANTITIES.get(event.quantity)
    return f"{place}: {known.en if known else event.quantity} over its limit, {_amount(event)}"


def _amount(event: AlarmEvent) -> str:
    known = QUANTITIES.get(event.quantity)
    value = "?" if event.value is None else f"{event.value:.6g}"
    symbol = known.symbol if known else ""
    return f"{value}{symbol}" if symbol in ("", "°") else f"{value} {symbol}"
