"""What a person does to an alarm, in one transaction."""

from collections.abc import Callable
from typing import Annotated, TypeAlias

import msgspec

from cloud.alarming import alarm_state
from cloud.alarming.alarm_state import Alarm, AlarmState
from cloud.cases.case_act import Name, Text
from cloud.cases.docket import test_notice
from cloud.cases.work import Work
from wire.alarm import TEST_RULE, AlarmEvent, Change, Level
from wire.errors import AlarmError
from wire.located import nearest

SPOOL = ("egret", "cloud")
"""Box and spool id of the events that the cloud itself raises."""


class NoSuchSensor(AlarmError):
    """Neither a sensor nor a box of sensors.yaml."""


Permit = Callable[[Alarm], None]
"""Raises NotAllowed when the actor may do nothing to this alarm."""


class Acknowledge(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="acknowledge", forbid_unknown_fields=True
):
    """确认: somebody has seen it. That closes no case."""

    note: Text = ""

    def after(self, alarm: Alarm, actor: str, now_ns: int) -> Alarm:
        """Raises AlarmError."""
        return alarm_state.acknowledged(alarm, actor, self.note, now_ns)


class Shelve(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="shelve", forbid_unknown_fields=True):
    """搁置: off the list for some seconds, at most a day, with a reason."""

    note: Text
    seconds: Annotated[float, msgspec.Meta(gt=0, le=alarm_state.SHELVED_MOST_NS / 1e9)]

    def after(self, alarm: Alarm, actor: str, now_ns: int) -> Alarm:
        """Raises AlarmError."""
        return alarm_state.shelved(alarm, actor, self.note, now_ns + round(self.seconds * 1e9), now_ns)


class Unshelve(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="unshelve", forbid_unknown_fields=True):
    """Back on the list; it is unacknowledged if it stands."""

    note: Text = ""

    def after(self, alarm: Alarm, actor: str, now_ns: int) -> Alarm:
        """Raises AlarmError."""
        return alarm_state.released(alarm, actor, self.note, now_ns, held_as=AlarmState.SHELVED)


class TakeOut(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="take_out", forbid_unknown_fields=True):
    """停用: out of service, for maintenance, with a reason, until it is put back."""

    note: Text

    def after(self, alarm: Alarm, actor: str, now_ns: int) -> Alarm:
        """Raises AlarmError."""
        return alarm_state.taken_out(alarm, actor, self.note, now_ns)


class PutBack(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="put_back", forbid_unknown_fields=True):
    """Back in service; it is unacknowledged if it stands."""

    note: Text = ""

    def after(self, alarm: Alarm, actor: str, now_ns: int) -> Alarm:
        """Raises AlarmError."""
        return alarm_state.released(alarm, actor, self.note, now_ns, held_as=AlarmState.OUT_OF_SERVICE)


AlarmAct: TypeAlias = Acknowledge | Shelve | Unshelve | TakeOut | PutBack


class Test(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test alarm of a sensor, at a level: it is seen and told like any other, and never becomes a case."""

    sensor: Name
    level: Level = Level.BLUE


def do(work: Work, alarm_id: str, act: AlarmAct, actor: str, permit: Permit) -> Alarm:
    """The alarm after `actor` did `act`; one that stands again and has no case gets one. Raises AlarmError."""
    alarm = work.alarm(alarm_id)
    permit(alarm)
    after = act.after(alarm, actor, work.now_ns)
    if alarm.is_held and not after.is_held and after.is_active:
        after = work.intake([alarm_id], [after.box]).open_for(after)
    work.docket.alarms[alarm_id] = after
    return after


def test(work: Work, asked: Test, actor: str, sequence: int) -> Alarm:
    """A test alarm stands until somebody acknowledges it. `sequence`: of the cloud's own spool.

    Raises NoSuchSensor: who tests a name with a mistake in it learns nothing of the sensor.
    """
    inventory = work.practice.inventory
    known = {**inventory.sensors, **inventory.boxes}
    if asked.sensor not in known:
        raise NoSuchSensor(
            f"there is no sensor {asked.sensor!r}.", fix=f"{nearest(asked.sensor, known)}.", code="E-ALARM-010"
        )
    event = AlarmEvent(
        alarm=f"{asked.sensor}/{TEST_RULE}",
        sensor=asked.sensor,
        rule=TEST_RULE,
        quantity="",
        change=Change.RAISED,
        level=asked.level,
        value=None,
        limit=None,
        time_ns=work.now_ns,
        reason=f"test by {actor}",
        sequence=sequence,
    )
    raised = work.intake([event.alarm], []).take(event, SPOOL[0])
    work.docket.notices.append(test_notice(raised, work.now_ns))
    return raised
