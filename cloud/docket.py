"""What a message of alarm events leads to: alarms change, cases open and grow, notices are due.

Arithmetic only: the ledger reads the alarms and open cases that a message touches, lays them on a
docket, applies the events, and commits everything the docket says in the same transaction.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import msgspec

from cloud import case_flow
from cloud.alarm_state import Alarm, got_worse, step
from cloud.case_flow import Case, LogLine
from cloud.ports import AlarmPoint, Notice
from wire.alarm import AlarmEvent, Evidence
from wire.alarm_message import AlarmMessage
from wire.inventory import Inventory


def fresh(message: AlarmMessage, watermark: int) -> tuple[AlarmEvent, ...]:
    """The events not yet taken, with nothing missing before them; empty when some are missing.

    A box whose spool was trimmed beyond the watermark has receipts that this ledger has forgotten:
    what is gone is gone, and the rest is taken.
    """
    if message.first_sequence > max(watermark, message.trimmed_through) + 1:
        return ()
    return tuple(event for event in message.events if event.sequence > watermark)


class Applied(msgspec.Struct, frozen=True):
    """An event that was applied, and the number of the case it belongs to, or empty."""

    event: AlarmEvent
    case: str


class Docket:
    """The alarms and cases that one message touches.

    `alarms` by id, `cases` (open before, or opened here) by alarm id. The other attributes are what
    is to be committed, in order: the events `applied`, `changes` (an alarm or a case as it became),
    `lines` for the logs of cases by number, `evidence` of the cases opened here by number, `notices`.
    """

    def __init__(
        self,
        alarms: Iterable[Alarm],
        open_cases: Iterable[Case],
        *,
        inventory: Inventory,
        now_ns: int,
        next_number: Callable[[], str],
    ) -> None:
        """`next_number` is asked once for every case that opens."""
        self.alarms = {alarm.id: alarm for alarm in alarms}
        self.cases = {case.alarm: case for case in open_cases}
        self.applied: list[Applied] = []
        self.changes: list[Alarm | Case] = []
        self.lines: list[tuple[str, LogLine]] = []
        self.evidence: dict[str, tuple[Evidence, ...]] = {}
        self.notices: list[Notice] = []
        self._inventory, self._now_ns, self._next_number = inventory, now_ns, next_number

    def apply(self, event: AlarmEvent, box: str) -> None:
        """One event, after all that came before it."""
        before = self.alarms.get(event.alarm)
        after = step(before, event, self._inventory.tags(event.sensor, box).site)
        case = self.cases.get(event.alarm)
        if case is not None:
            case = self._note(case, event)
        elif got_worse(before, after):
            # New, or worse than what a person saw who closed its last case.
            case = self._open(after, event)
        if case is not None:
            after = msgspec.structs.replace(after, case=case.number)
            self.cases[event.alarm] = case
            self.lines.append((case.number, case.log[-1]))
        self.alarms[event.alarm] = after
        self.applied.append(Applied(event, after.case))
        self.changes += [after] if case is None else [after, case]

    def _open(self, alarm: Alarm, event: AlarmEvent) -> Case:
        case = case_flow.opened(self._next_number(), alarm, event, self._inventory, self._now_ns)
        self.evidence[case.number] = event.evidence
        self.notices.append(notice("opened", case, self._now_ns))
        return case

    def _note(self, case: Case, event: AlarmEvent) -> Case:
        noted = case_flow.noted(case, event, self._now_ns)
        if noted.level is not case.level:
            self.notices.append(notice("escalated", noted, self._now_ns))
        return noted


def notice(what: str, case: Case, now_ns: int) -> Notice:
    """What receivers are told of a case: `case.opened`, `case.escalated`, `case.closed`.

    A case opens once, closes once and reaches a level once, which makes the notice's id. The body
    has the members that Standard Webhooks recommends: type, timestamp, data.
    """
    kind = f"case.{what}"
    timestamp = datetime.fromtimestamp(now_ns // 10**9, UTC)
    body = msgspec.json.encode({"type": kind, "timestamp": timestamp, "data": case})
    return Notice(f"{case.number}.{what}.{case.level}", kind, now_ns, body)


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
