"""The states of an alarm: every state meets every kind of event."""

import msgspec
import pytest

from cloud.alarm_state import Alarm, AlarmState, got_worse, step
from wire.alarm import AlarmEvent, Change, Level

NORMAL, UNACKED, ACKED, RETURNED = AlarmState
RED, ORANGE, YELLOW, BLUE = Level


def event(change: Change, level: Level = Level.ORANGE, time_ns: int = 1_000) -> AlarmEvent:
    """A billboard leans 0.9°."""
    return AlarmEvent(
        alarm="XM-TA-0117-T1/lean",
        sensor="XM-TA-0117-T1",
        rule="lean",
        quantity="tilt",
        change=change,
        level=level,
        value=0.9,
        limit=0.76,
        time_ns=time_ns,
        reason="tilt is 0.9 deg",
    )


def standing(state: AlarmState, level: Level = Level.ORANGE) -> Alarm:
    """An alarm in a state, since 500 ns."""
    raised = step(None, event(Change.RAISED, level, 500), "XM-TA-0117")
    return msgspec.structs.replace(raised, state=state, case="20261124-00001")


@pytest.mark.parametrize(
    ("state", "change", "level", "after"),
    [
        (NORMAL, Change.RAISED, ORANGE, UNACKED),
        (NORMAL, Change.ESCALATED, RED, UNACKED),  # a box that kept its state meets a new ledger
        (NORMAL, Change.LOWERED, BLUE, UNACKED),
        (NORMAL, Change.CLEARED, ORANGE, NORMAL),
        (UNACKED, Change.RAISED, ORANGE, UNACKED),  # a box that lost its spool raises again
        (UNACKED, Change.ESCALATED, RED, UNACKED),
        (UNACKED, Change.LOWERED, BLUE, UNACKED),
        (UNACKED, Change.CLEARED, ORANGE, RETURNED),
        (ACKED, Change.RAISED, ORANGE, ACKED),
        (ACKED, Change.RAISED, RED, UNACKED),
        (ACKED, Change.ESCALATED, RED, UNACKED),
        (ACKED, Change.LOWERED, BLUE, ACKED),
        (ACKED, Change.CLEARED, ORANGE, NORMAL),
        (RETURNED, Change.RAISED, BLUE, UNACKED),
        (RETURNED, Change.ESCALATED, RED, UNACKED),
        (RETURNED, Change.LOWERED, BLUE, UNACKED),
        (RETURNED, Change.CLEARED, ORANGE, RETURNED),
    ],
)
def test_every_state_meets_every_change(state: AlarmState, change: Change, level: Level, after: AlarmState) -> None:
    """The table of ISA-18.2: only a person acknowledges, and a worse level must be acknowledged anew."""
    alarm = step(standing(state), event(change, level), "XM-TA-0117")
    assert (alarm.state, alarm.level) == (after, level)


def test_an_alarm_counts_from_when_it_became_active() -> None:
    """A change of level does not begin the time anew; a raise after the return to normal does."""
    escalated = step(standing(UNACKED), event(Change.ESCALATED, RED, 700), "XM-TA-0117")
    cleared = step(escalated, event(Change.CLEARED, RED, 800), "XM-TA-0117")
    again = step(cleared, event(Change.RAISED, BLUE, 900), "XM-TA-0117")
    assert [(alarm.since_ns, alarm.changed_ns) for alarm in (escalated, cleared, again)] == [
        (500, 700),
        (500, 800),
        (900, 900),
    ]


def test_an_alarm_keeps_its_case() -> None:
    """What a box says never takes a case away."""
    assert step(standing(UNACKED), event(Change.CLEARED), "XM-TA-0117").case == "20261124-00001"


def test_a_cleared_alarm_that_nobody_knows_is_normal() -> None:
    """A new ledger that hears of the end of an alarm first has nothing to show to anybody."""
    assert step(None, event(Change.CLEARED), "XM-TA-0117").state is NORMAL


@pytest.mark.parametrize(
    ("state", "change", "level", "is_worse"),
    [
        (NORMAL, Change.RAISED, BLUE, True),
        (RETURNED, Change.RAISED, BLUE, True),
        (UNACKED, Change.ESCALATED, RED, True),
        (UNACKED, Change.RAISED, ORANGE, False),
        (UNACKED, Change.LOWERED, BLUE, False),
        (UNACKED, Change.CLEARED, ORANGE, False),
    ],
)
def test_what_is_worse_than_before(state: AlarmState, change: Change, level: Level, *, is_worse: bool) -> None:
    """An alarm got worse when it became active or rose; a repeated raise at its level is no news."""
    before = standing(state)
    assert got_worse(before, step(before, event(change, level), "XM-TA-0117")) is is_worse
