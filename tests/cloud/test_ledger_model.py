"""Whatever happens between a box and the ledger, no event counts twice and every alarm has one open case."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
import small_city
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cloud.cases.case_acts import Close
from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from wire.alarm import AlarmEvent, Change, Level
from wire.alarm_message import AlarmMessage
from wire.receipt import Lane

T = TypeVar("T")
BOX = "XM-TA-01"
NOW_NS = 1_795_000_000 * small_city.SECOND_NS
ALARMS = ("XM-TA-0117-T1/lean", "XM-SM-0001-T1/lean", "NEW-1/lean")


@dataclass
class Expected:
    """One alarm, kept by the plainest possible rules."""

    level: Level | None = None
    cases: int = 0
    open_lines: int = 0

    def apply(self, event: AlarmEvent) -> None:
        """An event that counts."""
        level = None if event.change is Change.CLEARED else event.level
        is_worse = level is not None and (self.level is None or level.severity > self.level.severity)
        if self.open_lines:
            self.open_lines += 1
        elif is_worse:
            self.cases += 1
            self.open_lines = 1
        self.level = level


class Deliveries(RuleBasedStateMachine):
    """One box with three alarms, a broker that repeats, drops and reorders, a ledger that is closed and opened."""

    def __init__(self, new_place: Callable[[], Path | str]) -> None:
        """Every story has a ledger of its own."""
        super().__init__()
        self.place = new_place()

    @initialize()
    def begin(self) -> None:
        """Nothing has happened."""
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.city = small_city.inventory(Path(self.folder.name), small_city.ONE_BOX_YAML)
        self.spool_number, self.spool, self.trimmed, self.watermark = 1, list[AlarmEvent](), 0, 0
        self.levels: dict[str, Level | None] = dict.fromkeys(ALARMS)
        self.expected = {alarm: Expected() for alarm in ALARMS}
        self.counted = 0
        self.open()

    def run(self, act: Coroutine[Any, Any, T]) -> T:
        """To its end."""
        return self.loop.run_until_complete(act)

    def open(self) -> None:
        """The ledger, new or as it was left."""
        self.ledger = Ledger(self.place, lambda: NOW_NS, Practice(self.city))
        self.run(self.ledger.__aenter__())

    def put(self, alarm: str, change: Change, level: Level) -> None:
        """An event into the spool."""
        sequence = self.trimmed + len(self.spool) + 1
        [lean] = small_city.lean(sequence, NOW_NS, level, change).events
        self.spool.append(msgspec.structs.replace(lean, alarm=alarm, sensor=alarm.partition("/")[0]))

    @rule(alarm=st.sampled_from(ALARMS), level=st.sampled_from([None, *Level]))
    def something_moves(self, alarm: str, level: Level | None) -> None:
        """A rule on the box changes its level."""
        before, self.levels[alarm] = self.levels[alarm], level
        if level is before:
            return
        if level is None:
            self.put(alarm, Change.CLEARED, before or Level.BLUE)
        elif before is None:
            self.put(alarm, Change.RAISED, level)
        else:
            self.put(alarm, Change.ESCALATED if level.severity > before.severity else Change.LOWERED, level)

    @precondition(lambda self: self.spool)
    @rule(data=st.data())
    def a_message_arrives(self, data: st.DataObject) -> None:
        """Any run of what the spool holds: new, old, both, or beyond a hole."""
        first = data.draw(st.integers(0, len(self.spool) - 1))
        events = tuple(self.spool[first : data.draw(st.integers(first + 1, len(self.spool)))])
        known = self.watermark
        if events[0].sequence <= known + 1:
            self.watermark = max(known, events[-1].sequence)
        for event in events:
            if known < event.sequence <= self.watermark:
                self.counted += 1
                self.expected[event.alarm].apply(event)
        message = AlarmMessage(BOX, f"spool-{self.spool_number}", self.trimmed, events)
        assert self.run(self.ledger.take_alarms(message)).stored_through == self.watermark

    @rule()
    def a_receipt_arrives(self) -> None:
        """The box trims its spool."""
        self.spool = self.spool[self.watermark - self.trimmed :]
        self.trimmed = self.watermark

    @rule()
    def the_box_loses_its_spool(self) -> None:
        """It begins a new one, and raises what stands."""
        self.spool_number, self.spool, self.trimmed, self.watermark = self.spool_number + 1, [], 0, 0
        for alarm, level in self.levels.items():
            if level is not None:
                self.put(alarm, Change.RAISED, level)

    @rule()
    def the_cloud_restarts(self) -> None:
        """The ledger is closed and opened."""
        self.run(self.ledger.__aexit__(None, None, None))
        self.open()

    @rule(alarm=st.sampled_from(ALARMS))
    def a_person_closes(self, alarm: str) -> None:
        """The open case of an alarm, if it has one."""
        for case in self.run(self.ledger.open_cases()):
            if case.alarm == alarm:
                self.run(small_city.act(self.ledger, case.number, Close(without_sensor="seen")))
                self.expected[alarm].open_lines = 0

    @invariant()
    def every_alarm_is_as_expected(self) -> None:
        """Its level, the number of its cases, and one open case at most, with one line an event."""
        found = {alarm.id: alarm for alarm in self.run(self.ledger.alarms())}
        cases = self.run(self.ledger.cases())
        for alarm, expected in self.expected.items():
            active = found[alarm].level if alarm in found and found[alarm].is_active else None
            lines = [self.lines(case.number) for case in cases if self.is_open(case, alarm)]
            count = sum(case.alarm == alarm for case in cases)
            assert (active, count, lines) == (expected.level, expected.cases, [expected.open_lines] * bool(lines))
            assert bool(lines) is bool(expected.open_lines)

    def lines(self, number: str) -> int:
        """How many lines of its log a box has written."""
        return sum(line.act in set(Change) for line in self.run(self.ledger.case(number)).log)

    @staticmethod
    def is_open(case: Any, alarm: str) -> bool:
        """Is it the open case of this alarm?"""
        return case.alarm == alarm and case.closed_ns is None

    @invariant()
    def every_event_counts_once(self) -> None:
        """The store gets one point for each, and the watermark is where the box thinks it is."""
        assert len(self.run(self.ledger.due("store", NOW_NS, 100_000))) == self.counted
        spool_id = f"spool-{self.spool_number}"
        assert self.run(self.ledger.watermark(BOX, spool_id, Lane.ALARMS)) == self.watermark

    def teardown(self) -> None:
        """After every story."""
        self.run(self.ledger.__aexit__(None, None, None))
        self.run(self.loop.shutdown_default_executor())
        self.loop.close()
        self.folder.cleanup()


def test_deliveries(new_ledger_place: Callable[[], Path | str], request: pytest.FixtureRequest) -> None:
    """Many stories on SQLite; a few on PostgreSQL, where each step costs more and what differs are the statements."""
    is_sqlite = "sqlite" in request.node.name
    many = settings(
        max_examples=25 if is_sqlite else 6,
        stateful_step_count=40 if is_sqlite else 25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: Deliveries(new_ledger_place), settings=many)
