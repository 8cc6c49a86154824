"""Cases and their stages after GB/T 30428: opened by an alarm, closed by a person.

One alarm has at most one open case. While it is open, whatever the alarm does is written to its
log, and a worse level becomes the level of the case; a milder one, or the return to normal, never
makes a case milder or closes it.
"""

from enum import StrEnum
from typing import Literal

import msgspec

from cloud.alarm_state import Alarm
from cloud.case_codes import code_for
from wire.alarm import AlarmEvent, Evidence, Level
from wire.errors import CaseClosed
from wire.inventory import Inventory, Site
from wire.quantities import QUANTITIES

SYSTEM = "egret"
"""The actor of what no person did."""


class Stage(StrEnum):
    """Where a case stands: 立案 filed, 结案 closed."""

    FILED = "filed"
    CLOSED = "closed"


class LogLine(msgspec.Struct, frozen=True):
    """One thing that happened to a case: when (the cloud's clock), by whom, the stage after it."""

    time_ns: int
    actor: str
    stage: Stage
    note: str


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case (案卷).

    `number` is the day it was filed in Chinese time and a running number of that day. `kind` is
    事(部)件, `code` its class and subclass (`cloud/codes/`). `level` is the worst so far.
    `longitude` and `latitude`: WGS-84 degrees, None when the site has no place. `closed_ns` is None
    while it is open. `log` is oldest first; in lists it holds the latest lines only.
    """

    number: str
    kind: Literal["event_part"]
    code: str
    stage: Stage
    site: str
    sensor: str
    alarm: str
    level: Level
    title: str
    title_en: str
    longitude: float | None
    latitude: float | None
    opened_ns: int
    closed_ns: int | None
    log: tuple[LogLine, ...] = ()


class CaseFile(Case, frozen=True, kw_only=True):
    """A case with the readings before the event that opened it."""

    evidence: tuple[Evidence, ...] = ()


def opened(number: str, alarm: Alarm, event: AlarmEvent, inventory: Inventory, now_ns: int) -> Case:
    """The case that `event` opens; its timer runs from `now_ns`, also for what a cut-off box sends late."""
    site = inventory.sites.get(alarm.site)
    is_fault = event.limit is None
    case = Case(
        number=number,
        kind="event_part",
        code=code_for(site.kind if site else "", is_fault=is_fault).code,
        stage=Stage.FILED,
        site=alarm.site,
        sensor=alarm.sensor,
        alarm=alarm.id,
        level=alarm.level,
        title=_title(site, event),
        title_en=_title_en(site, event),
        longitude=site.longitude if site else None,
        latitude=site.latitude if site else None,
        opened_ns=now_ns,
        closed_ns=None,
    )
    return noted(case, event, now_ns)


def noted(case: Case, event: AlarmEvent, now_ns: int) -> Case:
    """The open case after another event of its alarm."""
    line = LogLine(now_ns, SYSTEM, case.stage, f"{event.change} {event.level}: {event.reason}")
    return _logged(case, line, level=max(case.level, event.level, key=_severity))


def closed(case: Case, actor: str, note: str, now_ns: int) -> Case:
    """The case after `actor` closed it. Raises CaseClosed."""
    if case.closed_ns is not None:
        raise CaseClosed(
            f"case {case.number} was closed before, by {case.log[-1].actor}.",
            fix="nothing is left to do; a new alarm opens a new case.",
            code="E-CASE-002",
        )
    line = LogLine(now_ns, actor, Stage.CLOSED, note)
    return _logged(case, line, stage=Stage.CLOSED, closed_ns=now_ns)


def _logged(case: Case, line: LogLine, **changes: object) -> Case:
    return msgspec.structs.replace(case, log=(*case.log, line), **changes)


def _severity(level: Level) -> int:
    return level.severity


def _title(site: Site | None, event: AlarmEvent) -> str:
    place = site.name if site else f"未登记传感器 {event.sensor}"
    if event.limit is None:
        return f"{place}：传感器 {event.sensor} 故障"
    known = QUANTITIES.get(event.quantity)
    return f"{place}：{known.zh if known else event.quantity}超限，{_amount(event)}"


def _title_en(site: Site | None, event: AlarmEvent) -> str:
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
