"""Cases and their stages after GB/T 30428, as far as alarms and time move them.

    上报 reported ──立案 file──> filed ──派遣 dispatch──> dispatched ──接单 accept──> handling
                                   ^                        │                         │
                                   └───────refused──────────┘                 处置反馈 feed back
                                                                                      v
                 结案 closed <──close── 核查 verification <──verify──────────────── fed_back
                                             └──返工 send back──> dispatched

What people do is in `cloud.cases.case_acts`. An alarm has at most one open case. While it is open, whatever
the alarm does is written to its log, and a worse level becomes the level of the case; a milder one,
or the return to normal, never makes a case milder or closes it.
"""

from enum import StrEnum

import msgspec

from cloud.alarming.alarm_state import Alarm
from wire.alarm import AlarmEvent, Evidence, Level, worst

SYSTEM = "egret"
"""The actor of what no person did."""


class Stage(StrEnum):
    """Where a case stands: 上报, 立案, 派遣, 处置, 反馈, 核查, 结案."""

    REPORTED = "reported"
    FILED = "filed"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    FED_BACK = "fed_back"
    VERIFICATION = "verification"
    CLOSED = "closed"


class CaseKind(StrEnum):
    """事(部)件, 协调事项, 专项任务."""

    EVENT_PART = "event_part"
    COORDINATION = "coordination"
    SPECIAL_TASK = "special_task"


class Outcome(StrEnum):
    """How a case ended: 已处置, 误报, 未见异常, 不予立案, 并案, 重复; empty while it is open."""

    OPEN = ""
    HANDLED = "handled"
    FALSE_ALARM = "false_alarm"
    NOTHING_FOUND = "nothing_found"
    DISMISSED = "dismissed"
    MERGED = "merged"
    DUPLICATE = "duplicate"


class LogLine(msgspec.Struct, frozen=True):
    """One thing that happened to a case: when (the cloud's clock), by whom, the stage after it.

    `act` is a word of `cloud.cases.case_acts`, or what a box or the clock did. `photos` are their hashes.
    """

    time_ns: int
    actor: str
    stage: Stage
    note: str
    act: str = ""
    photos: tuple[str, ...] = ()


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a case: an alarm of it, or a site that a special task goes to.

    `member` is the alarm's id or the site's. `until_ns` is None while the case is open and this
    belongs to it. `done_ns` and `done_by`: a person has finished it, for a special task.
    """

    member: str
    site: str
    sensor: str
    level: Level
    joined_ns: int
    is_alarm: bool
    until_ns: int | None = None
    done_ns: int | None = None
    done_by: str = ""
    note: str = ""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case (案卷).

    `number` is the day it was filed in Chinese time and a running number of that day; `version` rises
    with every change. `code_class` and `code` are its class and subclass (`cloud/codes/`), empty for a
    kind that has none. `level` is the worst so far. `source` is `sensor`, `person`, or the name of the
    system that reported it. `related` is the case it was merged into, a duplicate of, or came from.
    `site`, `sensor` and `alarm` are those of its first member, the last two empty when that has left a
    drill. `longitude` and `latitude`: WGS-84 degrees, None without a place. `unit` and `person` are
    responsible for it; `dispatched_to` is the unit that it was given to, from which it may have climbed
    since. Of `members` that belong to it, `done` are finished. `mode` is the city's mode
    when it opened. Times are None when
    it has not come so far; `stage_ns` is when its present stage began, `asked_ns` when it was
    dispatched last, again or anew. `due_ns` and the other deadlines
    are None where none runs; `climb_ns` is when it climbs to the next who is asked, `overdue_ns` when
    somebody is told that it is late. `suspended_ns` is set while it is suspended.
    `log` is oldest first; in lists it holds the latest lines only.
    """

    number: str
    version: int = 1
    kind: CaseKind = CaseKind.EVENT_PART
    code_class: str = ""
    code: str = ""
    stage: Stage = Stage.REPORTED
    outcome: Outcome = Outcome.OPEN
    level: Level
    title: str
    title_en: str
    source: str = "person"
    related: str = ""
    site: str = ""
    sensor: str = ""
    alarm: str = ""
    district: str = ""
    street: str = ""
    longitude: float | None = None
    latitude: float | None = None
    unit: str = ""
    person: str = ""
    dispatched_to: str = ""
    members: int = 0
    done: int = 0
    mode: str = ""
    is_drill: bool = False
    opened_ns: int
    filed_ns: int | None = None
    dispatched_ns: int | None = None
    asked_ns: int | None = None
    accepted_ns: int | None = None
    arrived_ns: int | None = None
    fed_back_ns: int | None = None
    closed_ns: int | None = None
    stage_ns: int
    dispatch_due_ns: int | None = None
    accept_due_ns: int | None = None
    verify_due_ns: int | None = None
    due_ns: int | None = None
    climbed: int = 0
    climb_ns: int | None = None
    overdue_ns: int | None = None
    suspended_ns: int | None = None
    suspended_for_ns: int = 0
    reworked: int = 0
    extended: int = 0
    log: tuple[LogLine, ...] = ()

    @property
    def is_open(self) -> bool:
        """Has nobody closed it?"""
        return self.closed_ns is None


class CaseFile(Case, frozen=True, kw_only=True):
    """A case with its parts, and the readings before the event that opened it."""

    parts: tuple[Member, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def noted(case: Case, event: AlarmEvent, now_ns: int) -> Case:
    """The open case after another event of an alarm of it."""
    which = "" if event.alarm == case.alarm else f"{event.alarm} "
    line = LogLine(
        now_ns, SYSTEM, case.stage, f"{which}{event.change} {event.level}: {event.reason}", str(event.change)
    )
    return logged(case, line, level=worst([case.level, event.level]))


def joined(case: Case, event: AlarmEvent, now_ns: int) -> Case:
    """The open case after an alarm has become a part of it."""
    return msgspec.structs.replace(noted(case, event, now_ns), members=case.members + 1)


def left(case: Case, alarm: str, now_ns: int) -> Case:
    """The open case of a drill after an alarm has left it: what happens now is no drill."""
    line = LogLine(now_ns, SYSTEM, case.stage, f"{alarm} is no drill any more", "leave")
    about = {"sensor": "", "alarm": ""} if alarm == case.alarm else {}
    return logged(case, line, members=case.members - 1, **about)


def part_of(alarm: Alarm, now_ns: int) -> Member:
    """The alarm as a part of a case from now on."""
    return Member(
        member=alarm.id, site=alarm.site, sensor=alarm.sensor, level=alarm.level, joined_ns=now_ns, is_alarm=True
    )


def logged(case: Case, line: LogLine, **changes: object) -> Case:
    """The case after what the line says, one version later."""
    return msgspec.structs.replace(case, log=(*case.log, line), version=case.version + 1, **changes)
