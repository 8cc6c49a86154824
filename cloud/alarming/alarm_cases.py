"""From alarm events to cases: what a message of a box changes, and when a case opens, grows or joins another."""

from collections.abc import Callable
from functools import cache

import msgspec

from cloud.alarming.alarm_state import Alarm, AlarmState, got_worse, step
from cloud.cases import case_flow
from cloud.cases.case_flow import SYSTEM, Case
from cloud.cases.case_opening import opened_by_alarm
from cloud.cases.docket import Applied, Docket
from cloud.cases.practice import SECOND_NS
from wire.alarm import OFFLINE_RULE, TEST_RULE, AlarmEvent, Change, Evidence
from wire.alarm_message import AlarmMessage

OpenGroup = Callable[[str, str, str, int], Case | None]
"""The newest open sensor case of a district, class and code that was opened since a time."""


def fresh(message: AlarmMessage, watermark: int) -> tuple[AlarmEvent, ...]:
    """The events not yet taken, with nothing missing before them; empty when some are missing.

    A box whose spool was trimmed beyond the watermark has receipts that this ledger has forgotten:
    what is gone is gone, and the rest is taken.
    """
    if message.first_sequence > max(watermark, message.trimmed_through) + 1:
        return ()
    return tuple(event for event in message.events if event.sequence > watermark)


class Intake:
    """Takes events onto a docket that knows their alarms. `case_of`: the open case of an alarm, by its id."""

    def __init__(self, docket: Docket, case_of: dict[str, str], open_group: OpenGroup) -> None:
        """The docket knows the cases in `case_of`; `open_group` is asked only where the mode groups."""
        # One transaction is one moment: of five hundred alarms in a gust each would get the same answer.
        self._docket, self._open_group = docket, cache(open_group)
        # A case that was opened in this transaction is not in the tables yet.
        here = {member.member: number for (number, _), member in docket.members.items() if member.until_ns is None}
        self._case_of = case_of | here

    def take(self, event: AlarmEvent, box: str) -> Alarm:
        """One event, after all that came before it; the alarm as it became."""
        docket = self._docket
        before = docket.alarms.get(event.alarm)
        after = self._suppressed(step(before, event, docket.practice.inventory.tags(event.sensor, box)))
        is_news = got_worse(before, after) and event.rule != TEST_RULE
        case = self._case(after, event, is_news=is_news)
        if case:
            after = msgspec.structs.replace(after, case=case)
        docket.alarms[event.alarm] = after
        docket.applied.append(Applied(event, after.case))
        return after

    def open_for(self, alarm: Alarm) -> Alarm:
        """A case for an alarm that stands and needs one, such as one that is no longer shelved."""
        alarm = self._suppressed(alarm)
        if alarm.is_held or alarm.rule == TEST_RULE:
            return alarm
        self._leave_drill(alarm)
        if alarm.id in self._case_of:
            return alarm
        event = standing(alarm)
        return msgspec.structs.replace(alarm, case=self._open(alarm, event, ()))

    def _case(self, alarm: Alarm, event: AlarmEvent, *, is_news: bool) -> str:
        """The number of the open case that the event belongs to; empty when it has none and needs none."""
        if is_news:
            self._leave_drill(alarm)
        number = self._case_of.get(event.alarm, "")
        if number:
            case = self._docket.cases[number]
            self._docket.change(case_flow.noted(case, event, self._docket.now_ns))
        elif is_news:
            # New, or worse than what a person saw who closed its last case.
            number = self._open(alarm, event, event.evidence)
        return number

    def _leave_drill(self, alarm: Alarm) -> None:
        """The open case of a drill that is over does not keep what happens in earnest."""
        case = self._docket.cases.get(self._case_of.get(alarm.id, ""))
        if case and case.is_drill and not self._docket.practice.effects(alarm.district).is_drill:
            del self._case_of[alarm.id]
            self._docket.leave(case_flow.left(case, alarm.id, self._docket.now_ns), alarm.id)

    def _open(self, alarm: Alarm, event: AlarmEvent, evidence: tuple[Evidence, ...]) -> str:
        docket = self._docket
        part = case_flow.part_of(alarm, docket.now_ns)
        group = self._group(alarm)
        if group is not None:
            docket.join(group.number, [part])
            docket.change(case_flow.joined(docket.know(group), event, docket.now_ns))
            self._case_of[alarm.id] = group.number
            return group.number
        case = opened_by_alarm(docket.next_number(), alarm, event, docket.practice, docket.now_ns)
        docket.open(case, [part], evidence)
        self._case_of[alarm.id] = case.number
        return case.number

    def _group(self, alarm: Alarm) -> Case | None:
        """The case that this alarm joins: one gust, forty boards, one case."""
        practice, now_ns = self._docket.practice, self._docket.now_ns
        effects = practice.effects(alarm.district)
        if not effects.group_within_s or alarm.rule == OFFLINE_RULE:
            return None
        code = practice.code_of(alarm)
        since_ns = now_ns - round(effects.group_within_s * SECOND_NS)
        key = (alarm.district, code.code_class, code.code)
        here = [
            case
            for case in self._docket.cases.values()
            if self._docket.before[case.number] is None and (case.district, case.code_class, case.code) == key
        ]
        found = here[-1] if here else self._open_group(*key, since_ns)
        # What a drill has opened is a drill to its end: an alarm of a real storm never hides in it.
        return found if found is not None and found.is_drill == effects.is_drill else None

    def _suppressed(self, alarm: Alarm) -> Alarm:
        """A sensor of a box that is offline is silent by design: the box's own alarm says it."""
        box = self._docket.alarms.get(offline_id(alarm.box))
        is_explained = bool(box and box.is_active and is_silence(alarm) and alarm.sensor != alarm.box)
        if not is_explained or alarm.is_held or not alarm.is_active:
            return alarm
        return msgspec.structs.replace(
            alarm,
            state=AlarmState.SUPPRESSED,
            acted_by=SYSTEM,
            acted_ns=self._docket.now_ns,
            note=f"box {alarm.box} is offline",
        )


def offline_id(box: str) -> str:
    """The id of the alarm of a box that is gone."""
    return f"{box}/{OFFLINE_RULE}"


def is_silence(alarm: Alarm) -> bool:
    """Does it judge the sensor itself, rather than what it measures?"""
    return alarm.limit is None


def standing(alarm: Alarm) -> AlarmEvent:
    """An event that says how an alarm stands."""
    return AlarmEvent(
        alarm=alarm.id,
        sensor=alarm.sensor,
        rule=alarm.rule,
        quantity=alarm.quantity,
        change=Change.RAISED,
        level=alarm.level,
        value=alarm.value,
        limit=alarm.limit,
        time_ns=alarm.changed_ns,
        reason=alarm.reason,
    )
