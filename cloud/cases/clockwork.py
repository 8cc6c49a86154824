"""What time does to alarms and cases: shelves end, cases climb and are late, boxes are gone, modes end."""

from collections.abc import Iterable, Sequence

import msgspec

from cloud.alarming import alarm_state
from cloud.alarming.alarm_cases import offline_id
from cloud.alarming.alarm_state import TEST_NS, Alarm, AlarmState
from cloud.cases.case_flow import SYSTEM, Case, LogLine, Stage, logged
from cloud.cases.work import Work
from cloud.city.duty import Reason, Step
from cloud.tables import alarms, boxes, cases
from cloud.tables.boxes import BoxState
from wire.alarm import OFFLINE_RULE, AlarmEvent, Change, Level

AT_ONCE = 200
"""Cases that one tick moves; the rest waits for the next."""

OFFLINE_NS = {Level.YELLOW: 120 * 10**9, Level.ORANGE: 1_800 * 10**9}
"""How long a box is gone before its alarm has this level (judgement: a modem redials within two minutes)."""


def tick(work: Work, sequence: int) -> int:
    """Everything that is due; the last sequence of the cloud's own spool then."""
    reached = _watch_boxes(work, sequence)
    _end_tests(work)
    _unshelve(work)
    _climb(work)
    _tell_overdue(work)
    return reached


def _end_tests(work: Work) -> None:
    due = alarms.tests_until(work.connection, work.now_ns - TEST_NS)
    work.docket.know_alarms(due)
    for alarm in due:
        note = f"nobody acknowledged the test within {TEST_NS // 60 // 10**9} min"
        work.docket.alarms[alarm.id] = alarm_state.ended(alarm, SYSTEM, note, work.now_ns)


def _unshelve(work: Work) -> None:
    due = alarms.shelved_until(work.connection, work.now_ns)
    work.docket.know_alarms(due)
    for read in due:
        alarm = work.docket.alarms[read.id]
        if alarm.state is AlarmState.SHELVED:
            _release(work, alarm, AlarmState.SHELVED, "its time on the shelf is over")


def _release(work: Work, alarm: Alarm, held_as: AlarmState, note: str) -> None:
    free = alarm_state.released(alarm, SYSTEM, note, work.now_ns, held_as=held_as)
    if free.is_active:
        free = work.intake([alarm.id], [alarm.box]).open_for(free)
    work.docket.alarms[alarm.id] = free


def _climb(work: Work) -> None:
    for read in cases.due_to_climb(work.connection, work.now_ns, AT_ONCE):
        case = work.docket.know(read)
        climbed = _climbed(case, work)
        work.docket.change(climbed)
        work.docket.tell("climbed", climbed)


def _climbed(case: Case, work: Work) -> Case:
    """The case with the next who is asked; the last in the chain stays responsible."""
    if case.stage is Stage.FILED:
        return _undispatched(case, work)
    chain = _still_to_ask(case, work.practice.chain(case.unit, work.now_ns))
    asked = [(step.unit, step.person) for step in chain]
    here = (case.unit, case.person)
    following = asked[asked.index(here) + 1 :] if here in asked else asked
    unit, person = following[0] if following else here
    again_ns = work.practice.stage_due_ns("accept", case, work.now_ns) if len(following) > 1 else None
    return _asked(case, unit, person, "nobody accepted it in time", again_ns, work)


def _undispatched(case: Case, work: Work) -> Case:
    """Whatever unit routing names, it is the command centre that has to dispatch: whoever is on duty there."""
    centre = work.practice.chain(work.practice.rules.organisation.command_centre, work.now_ns)[0]
    return _asked(case, centre.unit, centre.person, "nobody dispatched it in time", None, work)


def _asked(case: Case, unit: str, person: str, why: str, again_ns: int | None, work: Work) -> Case:
    line = LogLine(work.now_ns, SYSTEM, case.stage, f"{why} → {work.practice.name_of(unit, person)}", "climb")
    return logged(case, line, unit=unit, person=person, climbed=case.climbed + 1, climb_ns=again_ns)


def _still_to_ask(case: Case, chain: Sequence[Step]) -> Sequence[Step]:
    """Of the unit that it was dispatched to the deputy is asked, too; of a supervisor that it climbed to none is."""
    is_from_below = case.unit != case.dispatched_to
    return [step for step in chain if not (is_from_below and step.reason is Reason.DEPUTY)]


def _tell_overdue(work: Work) -> None:
    for read in cases.overdue(work.connection, work.now_ns, AT_ONCE):
        case = work.docket.know(read)
        line = LogLine(work.now_ns, SYSTEM, case.stage, "its deadline has passed", "overdue")
        late = logged(case, line, overdue_ns=None)
        work.docket.change(late)
        work.docket.tell("overdue", late)


def _watch_boxes(work: Work, sequence: int) -> int:
    """A box that is gone is one alarm, not one for each of its sensors."""
    states = boxes.everyone(work.connection)
    known = {alarm.id: alarm for alarm in alarms.of(work.connection, [offline_id(state.box) for state in states])}
    events = list(_offline_events(states, known, work.now_ns))
    if not events:
        return sequence
    intake = work.intake([event.alarm for event in events], [])
    for event in events:
        sequence += 1
        after = intake.take(msgspec.structs.replace(event, sequence=sequence), event.sensor)
        _explain(work, after)
    return sequence


def _explain(work: Work, offline: Alarm) -> None:
    """While a box is gone its sensors' silence is suppressed by design; when it is back, it is not."""
    held_as = AlarmState.UNACKNOWLEDGED if offline.is_active else AlarmState.SUPPRESSED
    silent = alarms.silent_of_box(work.connection, offline.sensor, held_as)
    work.docket.know_alarms(silent)
    for alarm in silent:
        if offline.is_active:
            note = f"box {offline.sensor} is offline"
            work.docket.alarms[alarm.id] = alarm_state.suppressed(alarm, SYSTEM, note, work.now_ns)
        else:
            _release(work, alarm, AlarmState.SUPPRESSED, f"box {offline.sensor} is back")


def _offline_events(states: Iterable[BoxState], known: dict[str, Alarm], now_ns: int) -> Iterable[AlarmEvent]:
    for state in states:
        alarm = known.get(offline_id(state.box))
        is_active = bool(alarm and alarm.is_active)
        if state.online:
            if alarm and is_active:
                yield _event(state, Change.CLEARED, alarm.level, "the box is back", state.time_ns)
            continue
        gone_ns = now_ns - state.time_ns
        levels = [level for level, after_ns in OFFLINE_NS.items() if gone_ns >= after_ns]
        if not levels or (alarm and is_active and alarm.level.severity >= levels[-1].severity):
            continue
        change = Change.ESCALATED if is_active else Change.RAISED
        yield _event(state, change, levels[-1], f"nothing heard for {gone_ns // 10**9} s", now_ns)


def _event(state: BoxState, change: Change, level: Level, reason: str, time_ns: int) -> AlarmEvent:
    return AlarmEvent(
        alarm=offline_id(state.box),
        sensor=state.box,
        rule=OFFLINE_RULE,
        quantity="",
        change=change,
        level=level,
        value=None,
        limit=None,
        time_ns=time_ns,
        reason=reason,
    )
