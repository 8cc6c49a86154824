"""What one transaction of the ledger leads to: alarms and cases as they become, and who is told.

Arithmetic only. Whoever works on cases puts on the docket what it read and what became of it; the
ledger commits everything the docket says, or nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from cloud.alarming.alarm_state import Alarm
from cloud.cases.case_flow import Case, LogLine, Member
from cloud.cases.case_opening import hastened
from cloud.cases.practice import Practice
from cloud.notices.notice_body import ALARM_TEST
from cloud.ports import AlarmPoint, Notice
from wire.alarm import AlarmEvent, Evidence
from wire.inventory import Inventory


class Applied(msgspec.Struct, frozen=True):
    """An event that was applied, and the number of the case it belongs to, or empty."""

    event: AlarmEvent
    case: str


class Docket:
    """What is to be committed.

    `before` and `cases` by number: a case as it was (None: it is new) and as it became. `members` by
    case number and member, `parted` those that belong to their case no more. `alarms` by id, `applied`
    in order. `evidence` of the cases opened here.
    """

    def __init__(self, practice: Practice, now_ns: int, next_number: Callable[[], str]) -> None:
        """`next_number` is asked once for every case that opens."""
        self.practice, self.now_ns, self.next_number = practice, now_ns, next_number
        self.before: dict[str, Case | None] = {}
        self.cases: dict[str, Case] = {}
        self.members: dict[tuple[str, str], Member] = {}
        self.parted: list[tuple[str, str]] = []
        self.known_alarms: dict[str, Alarm] = {}
        self.alarms: dict[str, Alarm] = {}
        self.applied: list[Applied] = []
        self.evidence: dict[str, tuple[Evidence, ...]] = {}
        self.notices: list[Notice] = []

    def know_alarms(self, alarms: Iterable[Alarm]) -> None:
        """Alarms as they were read."""
        for alarm in alarms:
            self.known_alarms.setdefault(alarm.id, alarm)
            self.alarms.setdefault(alarm.id, alarm)

    def changed_alarms(self) -> list[Alarm]:
        """Those that became different."""
        return [alarm for alarm in self.alarms.values() if self.known_alarms.get(alarm.id) != alarm]

    def know(self, case: Case) -> Case:
        """A case as it was read; as it became, when it was changed here before."""
        self.before.setdefault(case.number, case)
        return self.cases.setdefault(case.number, case)

    def open(self, case: Case, members: Sequence[Member], evidence: tuple[Evidence, ...] = ()) -> None:
        """A new case, and who is told of it."""
        self.before[case.number] = None
        self.cases[case.number] = case
        self.evidence[case.number] = evidence
        self.join(case.number, members)
        self.tell("opened", case)

    def join(self, number: str, members: Sequence[Member]) -> None:
        """Parts of a case, as they become."""
        self.members.update({(number, member.member): member for member in members})

    def leave(self, case: Case, member: str) -> None:
        """A case as it became without this member."""
        self.parted.append((case.number, member))
        self.change(case)

    def change(self, case: Case) -> None:
        """A case as it became; those who receive notices hear of a worse level and of its end."""
        known = self.cases[case.number]
        if is_worse := case.is_open and case.level.severity > known.level.severity:
            case = hastened(case, self.practice, self.now_ns)
        self.cases[case.number] = case
        if is_worse:
            self.tell("escalated", case)
        if known.is_open and not case.is_open:
            self.tell("closed", case)

    def tell(self, what: str, case: Case) -> None:
        """A notice to those who receive such."""
        self.notices.append(notice(what, case, self.now_ns))

    def lines(self) -> list[tuple[str, LogLine]]:
        """What is new in the logs, by case number."""
        found = []
        for number, case in self.cases.items():
            known = self.before[number]
            found += [(number, line) for line in case.log[len(known.log) if known else 0 :]]
        return found


def notice(what: str, case: Case, now_ns: int) -> Notice:
    """What receivers are told of a case: `case.opened`, `case.escalated`, `case.climbed`, `case.closed` ….

    A case opens once, closes once and reaches a level once; with what it is asked for beside, that
    makes the notice's id. The body has the members that Standard Webhooks recommends: type,
    timestamp, data.
    """
    kind = f"case.{what}"
    timestamp = datetime.fromtimestamp(now_ns // 10**9, UTC)
    body = msgspec.json.encode({"type": kind, "timestamp": timestamp, "data": case})
    once = {"dispatched": f".{case.version}", "climbed": f".{case.version}", "overdue": f".{case.due_ns}"}.get(what, "")
    return Notice(f"{case.number}.{what}.{case.level}{once}", kind, now_ns, body)


def test_notice(alarm: Alarm, now_ns: int) -> Notice:
    """`alarm.test`: somebody tries who would be told. Every test is a notice of its own."""
    timestamp = datetime.fromtimestamp(now_ns // 10**9, UTC)
    body = msgspec.json.encode({"type": ALARM_TEST, "timestamp": timestamp, "data": alarm})
    return Notice(f"{alarm.id}.test.{now_ns}", ALARM_TEST, now_ns, body)


def point(applied: Applied, box: str, inventory: Inventory) -> AlarmPoint:
    """The event as the dashboards draw it."""
    event = applied.event
    return AlarmPoint(
        tags=inventory.tags(event.sensor, box),
        rule=event.rule,
        level=event.level,
        time_ns=event.time_ns,
        event=event.change,
        value=event.value,
        limit=event.limit,
        case=applied.case,
    )
