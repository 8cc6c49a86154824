"""Whatever people, boxes, clocks and other systems do to cases, in whatever order, the ledger stays right."""

import asyncio
import tempfile
from collections import Counter, defaultdict
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import busy_city
import legal_acts
import msgspec
from busy_city import SECOND_NS, Town
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, event, func, select

from cloud.cases import tally
from cloud.cases.case_act import Act, word
from cloud.cases.case_acts import Accept, Close, Resume
from cloud.cases.case_flow import Case, CaseKind, LogLine, Stage
from cloud.cases.case_ties import Decide, Dispute, Done, Duplicate, Merge, Split
from cloud.cases.tally import Cell
from cloud.city.mode import ModeError, ModeName
from cloud.reporting.reports import Report, State
from cloud.schema.cases import case_log, case_members, case_tallies
from cloud.tables import cases as case_table
from wire.alarm import Change, Level
from wire.errors import BadAct, CaseClosed, StaleCase, WrongStage

T = TypeVar("T")
SENSORS = ("XM-TA-0117-T1", "XM-SM-0001-T1", "XM-SM-0002-T1", "NEW-1")
STEPS: dict[str, frozenset[str]] = {
    stage: frozenset(acts.values()) - {""} | {stage} for stage, acts in legal_acts.TABLE["event_part"].items()
}
"""Where one act leads from a stage."""


class Cases(RuleBasedStateMachine):
    """A dozen cases at most at a time, and everybody who touches them."""

    @initialize()
    def begin(self) -> None:
        """Nothing has happened."""
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.town: Town = busy_city.town(Path(self.folder.name), "2026-09-30 17:00")
        # What survives a power cut is pinned elsewhere; waiting for the disk would take most of the time.
        event.listen(self.town.ledger.database._engine, "connect", _hurry)
        self.run(self.town.ledger.__aenter__())
        self.known: dict[str, Case] = {}

    def run(self, act: Coroutine[Any, Any, T]) -> T:
        """To its end."""
        return self.loop.run_until_complete(act)

    def numbers(self) -> Sequence[str]:
        """All cases there ever were."""
        return sorted(self.known)

    @rule(sensor=st.sampled_from(SENSORS), level=st.sampled_from([None, *Level]))
    def a_box_speaks(self, sensor: str, level: Level | None) -> None:
        """An alarm is raised, changes its level or clears."""
        change = Change.CLEARED if level is None else Change.RAISED
        self.run(self.town.says(sensor, level=level or Level.BLUE, change=change))

    @rule(level=st.sampled_from(Level), code=st.sampled_from(["billboard", "garbage", "event 0593"]))
    def a_person_files(self, level: Level, code: str) -> None:
        """With a site of ours."""
        self.run(self.town.file(level, code=code))

    @rule(
        key=st.sampled_from(["A", "B"]),
        level=st.sampled_from(Level),
        state=st.sampled_from(State),
        late_s=st.integers(0, 9),
    )
    def another_system_reports(self, key: str, level: Level, state: State, late_s: int) -> None:
        """In or out of order."""
        time_ns = self.town.now_ns - late_s * SECOND_NS
        self.run(self.town.report(Report(key=key, state=state, time_ns=time_ns, level=level, title="占道")))

    @rule(mode=st.sampled_from(ModeName), level=st.sampled_from(Level), is_drill=st.booleans())
    def the_mode_changes(self, mode: ModeName, level: Level, *, is_drill: bool) -> None:
        """For two hours; an exercise is refused while it is earnest."""
        try:
            self.run(self.town.switch(mode, level, is_drill=is_drill, hours=2.0))
        except ModeError:
            assert is_drill

    @rule(seconds=st.sampled_from([1, 61, 3_600, 86_400]))
    def time_passes(self, seconds: int) -> None:
        """And the clock strikes."""
        self.town.pass_s(seconds)
        self.run(self.town.ledger.tick())

    @precondition(lambda self: self.known)
    @rule(data=st.data(), act=st.sampled_from(legal_acts.EXAMPLES))
    def a_person_tries_anything(self, data: st.DataObject, act: Act) -> None:
        """Any act on any case."""
        self.try_act(self.known[data.draw(st.sampled_from(self.numbers()))], act, data, is_stale=False)

    @precondition(lambda self: any(case.is_open for case in self.known.values()))
    @rule(data=st.data(), stale=st.integers(0, 9))
    def people_do_what_is_open_to_do(self, data: st.DataObject, stale: int) -> None:
        """Five legal acts on open cases, one of them perhaps after an old look at the case."""
        for turn in range(5):
            opened = [case for case in self.known.values() if case.is_open]
            if opened:
                case = data.draw(st.sampled_from(opened))
                acts = [act for act in legal_acts.EXAMPLES if word(type(act)) in legal_acts.legal(case)]
                self.try_act(case, data.draw(st.sampled_from(acts)), data, is_stale=turn == stale)
                self.all_is_well()

    @precondition(lambda self: sum(case.is_open and bool(case.alarm) for case in self.known.values()) > 1)
    @rule(data=st.data())
    def two_cases_with_alarms_are_merged(self, data: st.DataObject) -> None:
        """So that there is something to split."""
        found = [case for case in self.known.values() if case.is_open and case.alarm and case.suspended_ns is None]
        if len(found) > 1:
            first, second = data.draw(st.permutations(found))[:2]
            if first.is_drill is second.is_drill:
                self.run(self.town.do(first.number, Merge(into=second.number)))
                self.all_is_well()

    @rule(data=st.data())
    def a_case_with_many_members_is_split(self, data: st.DataObject) -> None:
        """One of its members leaves it, perhaps the first."""
        for case in self.known.values():
            if case.members > 1 and "split" in legal_acts.legal(case):
                parts = busy_city.members(self.run(self.town.file_of(case.number)))
                leaving = data.draw(st.sampled_from([part.member for part in parts]))
                self.run(self.town.do(case.number, Split(members=(leaving,))))

    def try_act(self, case: Case, act: Act, data: st.DataObject, *, is_stale: bool) -> None:
        """It happens exactly when it is legal, and is refused with a reason otherwise."""
        act = self.aimed(act, data)
        is_legal = word(type(act)) in legal_acts.legal(case)
        try:
            self.run(self.town.do(case.number, act, version=case.version - is_stale))
        except StaleCase:
            assert is_stale
        except CaseClosed:
            assert not case.is_open
        except WrongStage:
            assert not is_legal or isinstance(act, Decide)
        except BadAct:
            assert is_legal
            assert isinstance(act, Merge | Split | Duplicate | Done | Dispute | Close)
        else:
            assert is_legal
            assert not is_stale
            after = self.run(self.town.file_of(case.number))
            assert after.stage == legal_acts.leads_to(case, act)

    @precondition(lambda self: any(case.suspended_ns is not None for case in self.known.values()))
    @rule()
    def everything_is_resumed(self) -> None:
        """So that stories go on."""
        for case in self.known.values():
            if case.is_open and case.suspended_ns is not None:
                self.run(self.town.do(case.number, Resume()))

    @rule()
    def everything_dispatched_is_accepted(self) -> None:
        """So that cases come further than one act at a time would bring them."""
        for case in self.known.values():
            if "accept" in legal_acts.legal(case):
                self.run(self.town.do(case.number, Accept()))

    def aimed(self, act: Act, data: st.DataObject) -> Act:
        """The act with cases, members and sites that there are, most of the time."""
        opened = [number for number in self.numbers() if self.known[number].is_open]
        other = data.draw(st.sampled_from(opened or self.numbers()))
        if isinstance(act, Merge):
            return Merge(into=other)
        if isinstance(act, Duplicate):
            return Duplicate(of=other)
        if isinstance(act, Split):
            members = data.draw(st.lists(st.sampled_from(SENSORS), min_size=1, max_size=2))
            return Split(members=tuple(f"{sensor}/lean" for sensor in members))
        if isinstance(act, Close) and data.draw(st.booleans()):
            return Close(note="好了")
        return act

    @invariant()
    def all_is_well(self) -> None:
        """In this order: the first of them reads the cases that the others look at."""
        self.every_case_went_a_legal_way()
        self.clocks_run_only_for_open_cases()
        self.every_alarm_has_one_open_case()
        self.the_sums_are_those_of_the_cases()
        self.nothing_is_written_that_no_case_knows()

    def every_case_went_a_legal_way(self) -> None:
        """Compared with before this step: stage, version, log; what is new began with a report."""
        now = {case.number: case for case in self.everything()}
        assert now.keys() >= self.known.keys(), "no case is ever gone"
        for number, case in now.items():
            before = self.known.get(number)
            if before is None:
                assert case.log[0].stage is Stage.REPORTED
                assert case.version >= 1
            elif before != case:
                assert case.version > before.version
                assert case.log[: len(before.log)] == before.log, "the log never shrinks"
                assert len(case.log) > len(before.log)
                self.check_way(before, case)
        self.known = now

    def check_way(self, before: Case, case: Case) -> None:
        """Each stage in the log follows from the one before it; a closed case never changes."""
        assert before.is_open
        stage = before.stage
        for line in case.log[len(before.log) :]:
            if case.kind is CaseKind.EVENT_PART:
                assert line.stage in STEPS[stage], line
            else:
                assert line.stage in {stage, Stage.CLOSED}
            stage = line.stage
        assert stage is case.stage

    def clocks_run_only_for_open_cases(self) -> None:
        """None after the end, none to climb or be late while suspended, and a climb only while somebody is asked."""
        for case in self.known.values():
            if not case.is_open or case.suspended_ns is not None:
                assert (case.climb_ns, case.overdue_ns) == (None, None)
            if case.climb_ns is not None:
                assert case.stage in {Stage.FILED, Stage.DISPATCHED}
            assert case.is_open is (case.stage is not Stage.CLOSED) is not bool(case.outcome)
            assert case.is_open or case.suspended_ns is None

    def every_alarm_has_one_open_case(self) -> None:
        """Open members belong to open cases, no alarm to two, and the counts of cases are those of their members."""
        wanted = select(case_members).where(case_members.c.until_ns.is_(None))
        rows = self.read(lambda connection: list(connection.execute(wanted).mappings()))
        alarms = [row["member"] for row in rows if row["is_alarm"]]
        assert len(alarms) == len(set(alarms))
        members = Counter(row["case"] for row in rows)
        for case in self.known.values():
            assert members[case.number] == (case.members if case.is_open else 0), case.number
            if case.is_open and case.alarm:
                assert (case.number, case.alarm) in {(row["case"], row["member"]) for row in rows}

    def the_sums_are_those_of_the_cases(self) -> None:
        """`case_tallies`, kept step by step, against all cases summed anew."""
        expected: Counter[Cell] = Counter()
        for case in self.known.values():
            expected.update(tally.added(case))
        rows = self.read(lambda connection: list(connection.execute(select(case_tallies)).mappings()))
        kept = {
            Cell(*(row[name] for name in Cell._fields[:-1]), figure): row[figure]
            for row in rows
            for figure in tally.FIGURES
            if row[figure]
        }
        assert kept == {cell: amount for cell, amount in expected.items() if amount}

    def nothing_is_written_that_no_case_knows(self) -> None:
        """As many lines in the table as in the cases."""
        count = self.read(
            lambda connection: connection.execute(select(func.count()).select_from(case_log)).scalar_one()
        )
        assert count == sum(len(case.log) for case in self.known.values())

    def everything(self) -> Sequence[Case]:
        """All cases with their whole logs."""

        def read(connection: Connection) -> list[Case]:
            logs: defaultdict[str, list[LogLine]] = defaultdict(list)
            for row in connection.execute(select(case_log).order_by(case_log.c.id)).mappings():
                facts = {str(name): row[name] for name in row if name not in ("id", "photos")}
                logs[row["case"]].append(msgspec.convert(facts, LogLine))
            found = case_table.page(connection, [], limit=1_000, before="")
            return [msgspec.structs.replace(case, log=tuple(logs[case.number])) for case in found]

        return self.read(read)

    def read(self, call: Any) -> Any:
        """What is in the ledger."""
        return self.run(self.town.ledger.read(call))

    def teardown(self) -> None:
        """After every story."""
        self.run(self.town.ledger.__aexit__(None, None, None))
        self.run(self.loop.shutdown_default_executor())
        self.loop.close()
        self.folder.cleanup()


def _hurry(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


TestCases = Cases.TestCase
TestCases.settings = settings(
    max_examples=6, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
