"""One transaction of the ledger: what it reads, and the docket of what it leads to, committed together."""

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection

from cloud.alarming.alarm_cases import Intake, offline_id
from cloud.alarming.alarm_state import Alarm
from cloud.cases import tally
from cloud.cases.case_flow import Case
from cloud.cases.docket import Docket, point
from cloud.cases.elsewhere import Ref
from cloud.cases.practice import Practice
from cloud.ports import Notice
from cloud.tables import alarm_causes, alarms, cases, events, outbox, refs, tallies

Post = Callable[[Connection, Sequence[Notice]], None]
"""Puts notices into the outbox, for each target that receives them."""


def tell_nobody(connection: Connection, notices: Sequence[Notice]) -> None:
    """They were told when it happened."""


class Work:
    """Everything that people, boxes, clocks and other systems do to alarms and cases, each in one of these."""

    def __init__(self, connection: Connection, practice: Practice, post: Post) -> None:
        """`practice` is of this moment."""
        self.connection, self.practice = connection, practice
        self.now_ns = practice.now_ns
        self.docket = Docket(practice, self.now_ns, lambda: cases.next_number(connection, self.now_ns))
        self._post, self._refs = post, dict[tuple[str, str], Ref]()

    def case(self, number: str) -> Case:
        """As it is by now. Raises NoSuchCase."""
        known = self.docket.cases.get(number)
        return known or self.docket.know(cases.one(self.connection, number))

    def alarm(self, alarm: str) -> Alarm:
        """As it is by now. Raises NoSuchAlarm."""
        known = self.docket.alarms.get(alarm)
        if known is None:
            known = alarms.one(self.connection, alarm)
            self.docket.know_alarms([known])
        return known

    def ref(self, system: str, key: str) -> Ref | None:
        """What another system calls one of our cases, as it is by now; None for a key never heard of."""
        return self._refs.get((system, key)) or refs.find(self.connection, system, key)

    def remember(self, ref: Ref) -> None:
        """What another system calls one of our cases from now on."""
        self._refs[ref.system, ref.key] = ref

    def intake(self, ids: Collection[str], boxes: Collection[str]) -> Intake:
        """What takes events of these alarms of these boxes."""
        wanted = {*ids, *(offline_id(box) for box in boxes)}
        self.docket.know_alarms(alarms.of(self.connection, wanted))
        case_of = {alarm: self.docket.know(case).number for alarm, case in cases.open_of(self.connection, ids).items()}
        return Intake(self.docket, case_of, self._open_group)

    def commit(self, spool: tuple[str, str] = ("", "")) -> tuple[Alarm | Case, ...]:
        """All that the docket says; the alarms and cases as they became. `spool`: box and id of its events."""
        docket, connection = self.docket, self.connection
        changed = [case for number, case in docket.cases.items() if docket.before[number] is not case]
        cases.add(connection, [case for case in changed if docket.before[case.number] is None], docket.evidence)
        cases.change(connection, [case for case in changed if docket.before[case.number] is not None])
        cases.part(connection, docket.parted, self.now_ns)
        cases.put_members(connection, docket.members)
        for ref in self._refs.values():
            refs.put(connection, ref)
        cases.add_lines(connection, docket.lines())
        known = [before for case in changed if (before := docket.before[case.number]) is not None]
        tallies.apply(connection, tally.difference(known, changed))
        changed_alarms = docket.changed_alarms()
        alarms.put(connection, changed_alarms)
        alarms.add_history(connection, spool, docket.applied, docket.alarms, self.now_ns)
        alarm_causes.put(connection, docket.applied, docket.known_alarms)
        became: tuple[Alarm | Case, ...] = (*changed_alarms, *(cases.shortened(case) for case in changed))
        if became:
            events.add(connection, became, self.now_ns)
        self._post(connection, docket.notices)
        points = [point(applied, spool[0], self.practice.inventory) for applied in docket.applied]
        outbox.put_points(connection, points, self.now_ns)
        return became

    def _open_group(self, district: str, code_class: str, code: str, since_ns: int) -> Case | None:
        return cases.open_group(self.connection, district, code_class, code, since_ns)
