"""The states of an alarm: every state meets every kind of event, and every act of a person."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec
import pytest

from cloud.alarming.alarm_state import (
    SHELVED_MOST_NS,
    TEST_RULE,
    Alarm,
    AlarmState,
    acknowledged,
    got_worse,
    released,
    shelved,
    step,
    suppressed,
    taken_out,
)
from wire.alarm import AlarmEvent, Change, Level
from wire.errors import AlarmError
from wire.inventory import Tags

NORMAL, UNACKED, ACKED, RETURNED, SHELVED, SUPPRESSED, OUT = AlarmState
RED, ORANGE, YELLOW, BLUE = Level
RAISED, ESCALATED, LOWERED, CLEARED = Change
TAGS = Tags("XM-TA-0117", "XM-TA-0117-T1", "XM-TA-01", "billboard", "tongan")
NOW_NS = 1_795_000_000 * 10**9
HOUR_NS = 3_600 * 10**9
ACTIVE = {UNACKED, ACKED, SHELVED, SUPPRESSED, OUT}

Act: TypeAlias = Callable[[Alarm], Alarm]
ACTS: dict[str, Act] = {
    "acknowledge": lambda alarm: acknowledged(alarm, "lin", "seen", NOW_NS),
    "shelve": lambda alarm: shelved(alarm, "lin", "being repaired", NOW_NS + HOUR_NS, NOW_NS),
    "take out": lambda alarm: taken_out(alarm, "lin", "cable is cut", NOW_NS),
    "suppress": lambda alarm: suppressed(alarm, "egret", "its box is offline", NOW_NS),
    "unshelve": lambda alarm: released(alarm, "lin", "repaired", NOW_NS, held_as=SHELVED),
    "put back": lambda alarm: released(alarm, "lin", "repaired", NOW_NS, held_as=OUT),
    "unsuppress": lambda alarm: released(alarm, "egret", "its box is back", NOW_NS, held_as=SUPPRESSED),
}


def event(change: Change, level: Level = ORANGE, time_ns: int = 1_000, rule: str = "lean") -> AlarmEvent:
    """A billboard leans 0.9°."""
    return AlarmEvent(
        alarm=f"XM-TA-0117-T1/{rule}",
        sensor="XM-TA-0117-T1",
        rule=rule,
        quantity="tilt",
        change=change,
        level=level,
        value=0.9,
        limit=0.76,
        time_ns=time_ns,
        reason="tilt is 0.9 deg",
    )


def standing(state: AlarmState, *, is_active: bool | None = None, rule: str = "lean") -> Alarm:
    """An orange alarm in a state, raised at 500 ns; `is_active` is a choice for what is held only."""
    return msgspec.structs.replace(
        step(None, event(RAISED, ORANGE, 500, rule), TAGS),
        state=state,
        is_active=state in ACTIVE if is_active is None else is_active,
        case="20261124-00001",
        shelved_until_ns=NOW_NS + HOUR_NS if state is SHELVED else None,
        shelved_level=ORANGE if state is SHELVED else None,
    )


@pytest.mark.parametrize(
    ("state", "change", "blue", "orange", "red"),
    [
        *((NORMAL, change, UNACKED, UNACKED, UNACKED) for change in (RAISED, ESCALATED, LOWERED)),
        (NORMAL, CLEARED, NORMAL, NORMAL, NORMAL),
        *((UNACKED, change, UNACKED, UNACKED, UNACKED) for change in (RAISED, ESCALATED, LOWERED)),
        (UNACKED, CLEARED, RETURNED, RETURNED, RETURNED),
        *((ACKED, change, ACKED, ACKED, UNACKED) for change in (RAISED, ESCALATED, LOWERED)),
        (ACKED, CLEARED, NORMAL, NORMAL, NORMAL),
        *((RETURNED, change, UNACKED, UNACKED, UNACKED) for change in (RAISED, ESCALATED, LOWERED)),
        (RETURNED, CLEARED, RETURNED, RETURNED, RETURNED),
        *((SHELVED, change, SHELVED, SHELVED, UNACKED) for change in (RAISED, ESCALATED, LOWERED)),
        (SHELVED, CLEARED, SHELVED, SHELVED, SHELVED),
        *((SUPPRESSED, change, SUPPRESSED, SUPPRESSED, SUPPRESSED) for change in Change),
        *((OUT, change, OUT, OUT, OUT) for change in Change),
    ],
)
def test_every_state_meets_every_change(
    state: AlarmState, change: Change, blue: AlarmState, orange: AlarmState, red: AlarmState
) -> None:
    """The table of ISA-18.2 for an orange alarm: people acknowledge and hold it, and what gets worse is shown anew."""
    for level, expected in ((BLUE, blue), (ORANGE, orange), (RED, red)):
        after = step(standing(state), event(change, level), TAGS)
        assert (after.state, after.level, after.is_active) == (expected, level, change is not CLEARED)


@pytest.mark.parametrize(
    ("change", "state"), [(RAISED, UNACKED), (ESCALATED, UNACKED), (LOWERED, UNACKED), (CLEARED, NORMAL)]
)
def test_an_alarm_that_nobody_knows(change: Change, state: AlarmState) -> None:
    """A new ledger believes what the event says, and of an end that it hears of first nothing is shown to anybody."""
    after = step(None, event(change), TAGS)
    assert (after.state, after.raised) == (state, change is not CLEARED)
    assert (after.site, after.district, after.box) == ("XM-TA-0117", "tongan", "XM-TA-01")


def test_an_alarm_counts_from_when_it_became_active() -> None:
    """A change of level does not begin the time anew; a raise after the return to normal does, and is counted."""
    escalated = step(standing(UNACKED), event(ESCALATED, RED, 700), TAGS)
    cleared = step(escalated, event(CLEARED, RED, 800), TAGS)
    again = step(cleared, event(RAISED, BLUE, 900), TAGS)
    assert [(alarm.since_ns, alarm.changed_ns, alarm.raised) for alarm in (escalated, cleared, again)] == [
        (500, 700, 1),
        (500, 800, 1),
        (900, 900, 2),
    ]


def test_an_alarm_keeps_its_case() -> None:
    """What a box says never takes a case away."""
    assert step(standing(UNACKED), event(CLEARED), TAGS).case == "20261124-00001"


@pytest.mark.parametrize(
    ("state", "change", "level", "is_worse"),
    [
        (NORMAL, RAISED, BLUE, True),
        (RETURNED, RAISED, BLUE, True),
        (UNACKED, ESCALATED, RED, True),
        (ACKED, ESCALATED, RED, True),
        (SHELVED, ESCALATED, RED, True),
        (UNACKED, RAISED, ORANGE, False),  # a box that lost its spool raises again
        (UNACKED, LOWERED, BLUE, False),
        (UNACKED, CLEARED, ORANGE, False),
        (SHELVED, LOWERED, BLUE, False),
        (SUPPRESSED, ESCALATED, RED, False),
        (OUT, ESCALATED, RED, False),
    ],
)
def test_what_is_worse_than_before(state: AlarmState, change: Change, level: Level, *, is_worse: bool) -> None:
    """An alarm got worse when it became active or rose for people to see; what is held is no news."""
    before = standing(state)
    assert got_worse(before, step(before, event(change, level), TAGS)) is is_worse


AFTER_OR_CODE: dict[str, dict[AlarmState, AlarmState | str]] = {
    "acknowledge": {
        **dict.fromkeys((NORMAL, ACKED, SHELVED, SUPPRESSED, OUT), "E-ALARM-002"),
        UNACKED: ACKED,
        RETURNED: NORMAL,
    },
    "shelve": {
        **dict.fromkeys((NORMAL, UNACKED, ACKED, RETURNED), SHELVED),
        **dict.fromkeys((SHELVED, SUPPRESSED, OUT), "E-ALARM-003"),
    },
    "take out": {
        **dict.fromkeys((NORMAL, UNACKED, ACKED, RETURNED), OUT),
        **dict.fromkeys((SHELVED, SUPPRESSED, OUT), "E-ALARM-003"),
    },
    "suppress": {
        **dict.fromkeys((NORMAL, UNACKED, ACKED, RETURNED), SUPPRESSED),
        **dict.fromkeys((SHELVED, SUPPRESSED, OUT), "E-ALARM-003"),
    },
    "unshelve": {**dict.fromkeys(AlarmState, "E-ALARM-004"), SHELVED: UNACKED},
    "put back": {**dict.fromkeys(AlarmState, "E-ALARM-004"), OUT: UNACKED},
    "unsuppress": {**dict.fromkeys(AlarmState, "E-ALARM-004"), SUPPRESSED: UNACKED},
}


@pytest.mark.parametrize("state", AlarmState)
@pytest.mark.parametrize("act", ACTS)
def test_every_act_from_every_state(act: str, state: AlarmState) -> None:
    """Each is done and names who did it, or is refused with a code and a way on."""
    expected = AFTER_OR_CODE[act][state]
    if isinstance(expected, AlarmState):
        after = ACTS[act](standing(state))
        assert (after.state, after.acted_ns) == (expected, NOW_NS)
        assert after.acted_by in {"lin", "egret"}
        assert after.note
        return
    with pytest.raises(AlarmError) as refused:
        ACTS[act](standing(state))
    assert (refused.value.code, bool(refused.value.fix)) == (expected, True)


@pytest.mark.parametrize(("act", "state"), [("unshelve", SHELVED), ("put back", OUT), ("unsuppress", SUPPRESSED)])
def test_what_returned_while_it_was_held_is_normal(act: str, state: AlarmState) -> None:
    """On release it is unacknowledged only if it still stands; nothing of the shelf is left."""
    after = ACTS[act](standing(state, is_active=False))
    assert (after.state, after.shelved_until_ns, after.shelved_level) == (NORMAL, None, None)


@pytest.mark.parametrize("state", [SHELVED, SUPPRESSED, OUT])
def test_what_is_held_follows_its_box(state: AlarmState) -> None:
    """Its level, its times and its count go on, so that it is right when it is released."""
    cleared = step(standing(state), event(CLEARED, ORANGE, 800), TAGS)
    raised = step(cleared, event(RAISED, YELLOW, 900), TAGS)
    assert (cleared.is_active, cleared.state) == (False, state)
    assert (raised.state, raised.level, raised.since_ns, raised.raised) == (state, YELLOW, 900, 2)


def test_chatter_stays_on_the_shelf() -> None:
    """Forty times blue and back, up to the orange it was shelved at, wakes nobody."""
    alarm = standing(SHELVED)
    for number in range(40):
        alarm = step(alarm, event(CLEARED, ORANGE, 1_000 + 10 * number), TAGS)
        alarm = step(alarm, event(RAISED, BLUE, 1_003 + 10 * number), TAGS)
        alarm = step(alarm, event(ESCALATED, ORANGE, 1_006 + 10 * number), TAGS)
    assert (alarm.state, alarm.shelved_level, alarm.raised) == (SHELVED, ORANGE, 41)


def test_what_outgrows_its_shelf_is_shelved_no_more() -> None:
    """Red after orange: it is unacknowledged at once, and its time on the shelf is over."""
    after = step(standing(SHELVED), event(ESCALATED, RED), TAGS)
    assert (after.state, after.shelved_until_ns, after.shelved_level) == (UNACKED, None, None)


def test_worse_is_measured_against_the_level_it_was_shelved_at() -> None:
    """Orange, lowered to blue, then orange again: people know it at that level."""
    lowered = step(standing(SHELVED), event(LOWERED, BLUE), TAGS)
    assert step(lowered, event(ESCALATED, ORANGE), TAGS).state is SHELVED


@pytest.mark.parametrize(
    ("wait_ns", "is_allowed"),
    [(-1, False), (0, False), (1, True), (SHELVED_MOST_NS, True), (SHELVED_MOST_NS + 1, False)],
)
def test_a_shelf_is_for_a_day_at_most(wait_ns: int, *, is_allowed: bool) -> None:
    """It ends in the future and within 24 h, to the nanosecond."""
    assert SHELVED_MOST_NS == 24 * HOUR_NS
    if is_allowed:
        after = shelved(standing(UNACKED), "lin", "being repaired", NOW_NS + wait_ns, NOW_NS)
        assert (after.shelved_until_ns, after.shelved_level) == (NOW_NS + wait_ns, ORANGE)
        return
    with pytest.raises(AlarmError, match="at most 24 h") as refused:
        shelved(standing(UNACKED), "lin", "being repaired", NOW_NS + wait_ns, NOW_NS)
    assert refused.value.code == "E-ALARM-005"


@pytest.mark.parametrize("reason", ["", " ", "\n\t"])
def test_people_hold_an_alarm_only_with_a_reason(reason: str) -> None:
    """Shelved or out of service, those who come after must be able to read why."""
    with pytest.raises(AlarmError) as refused:
        shelved(standing(UNACKED), "lin", reason, NOW_NS + HOUR_NS, NOW_NS)
    assert refused.value.code == "E-ALARM-006"
    with pytest.raises(AlarmError) as refused:
        taken_out(standing(UNACKED), "lin", reason, NOW_NS)
    assert refused.value.code == "E-ALARM-006"


def test_an_alarm_that_is_held_says_by_whom() -> None:
    """The refusal names who holds it and why, so that one knows whom to ask."""
    held = shelved(standing(UNACKED), "lin", "crane beside it", NOW_NS + HOUR_NS, NOW_NS)
    with pytest.raises(AlarmError, match="shelved already, by lin: crane beside it"):
        taken_out(held, "chen", "cable is cut", NOW_NS)


def test_a_test_alarm_ends_when_it_is_seen() -> None:
    """It was raised to be acknowledged: then it is normal and no longer active."""
    alarm = standing(UNACKED, rule=TEST_RULE)
    after = acknowledged(alarm, "lin", "", NOW_NS)
    assert (after.state, after.is_active, after.acted_by) == (NORMAL, False, "lin")
    again = step(after, event(RAISED, BLUE, 2_000, TEST_RULE), TAGS)
    assert (again.state, again.raised) == (UNACKED, 2)
