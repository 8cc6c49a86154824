"""The rule kind `fault`: one alarm for a sensor that is silent or no good."""

import math

import pytest
from detection import FAULT, events, reading, said, sensor
from hypothesis import given
from hypothesis import strategies as st

from edge.rules import fault
from wire.alarm import AlarmEvent, Change
from wire.reading import FAULTY, Quality, Reading


def rule() -> fault.Rule:
    """Blue after 60 s, orange after 600 s, clear after 60 s."""
    return fault.Rule(sensor(), FAULT, "c1")


def poll(at_s: float, *, tilt: Quality = Quality.GOOD, temperature: Quality = Quality.GOOD) -> list[Reading]:
    """One poll of two quantities; a stale one has no value."""
    return [
        reading(at_s, None if quality & Quality.STALE else 20.0, quality, quantity=quantity)
        for quantity, quality in (("tilt", tilt), ("temperature", temperature))
    ]


def silent(begin_s: int, end_s: int) -> list[Reading]:
    """Polls without an answer, one each 10 s."""
    stale = Quality.STALE
    return [one for at in range(begin_s, end_s, 10) for one in poll(at, tilt=stale, temperature=stale)]


def good(begin_s: int, end_s: int) -> list[Reading]:
    """Good polls, one each 10 s."""
    return [one for at in range(begin_s, end_s, 10) for one in poll(at)]


def test_silence_is_one_alarm_of_the_sensor() -> None:
    """A minute without answers is one blue alarm, ten minutes make it orange, a good minute clears it."""
    found = events(rule(), [*good(0, 30), *silent(30, 700), *good(700, 800)])
    assert said(found) == [("raised", "blue", 90.0), ("escalated", "orange", 630.0), ("cleared", "orange", 760.0)]
    assert found[0].alarm == "TA-0117-tilt/fault"
    assert (found[0].value, found[0].limit) == (None, None)
    assert [event.reason for event in found] == [
        "tilt gives no answer for 60 s",
        "tilt gives no answer for 600 s",
        "every quantity has been good for 60 s",
    ]


def test_a_missed_poll_is_no_fault() -> None:
    """Fifty seconds without an answer, then a good one: nothing."""
    assert events(rule(), silent(0, 60) + good(60, 500)) == []


@pytest.mark.parametrize("quality", [flag for flag in Quality if flag & FAULTY])
def test_each_faulty_quality_raises(quality: Quality) -> None:
    """One bad quantity of two is enough, and its good neighbour does not hide it."""
    found = events(rule(), [one for at in range(0, 100, 10) for one in poll(at, temperature=quality)])
    assert said(found) == [("raised", "blue", 60.0)]
    assert found[0].quantity == "temperature"


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_no_number_is_a_fault(value: float | None) -> None:
    """A reading that claims to be good and has no number is none."""
    assert said(events(rule(), [reading(at, value) for at in range(0, 100, 10)])) == [("raised", "blue", 60.0)]


def test_calibration_and_remarks_are_no_fault() -> None:
    """Warm-up, an unsure clock or a wish for service raise nothing."""
    quality = Quality.CALIBRATING | Quality.CLOCK_UNSURE | Quality.MAINTENANCE | Quality.UNCERTAIN
    assert events(rule(), [reading(at, 1.0, quality) for at in range(0, 10_000, 10)]) == []


def test_a_flickering_sensor_stays_in_alarm() -> None:
    """Good for 50 s, bad for 10 s, over and over: the alarm does not come and go."""
    readings = silent(0, 100) + [
        one for at in range(100, 1000, 60) for one in good(at, at + 50) + silent(at + 50, at + 60)
    ]
    assert said(events(rule(), readings)) == [("raised", "blue", 60.0)]


def test_evidence_is_of_the_quantity_that_speaks() -> None:
    """The readings of the good neighbour are not mixed in."""
    (event,) = events(rule(), [one for at in range(0, 70, 10) for one in poll(at, temperature=Quality.STALE)])
    assert {seen.value for seen in event.evidence} == {None}
    assert len(event.evidence) == 6


def test_a_clock_set_back_begins_the_delay_again() -> None:
    """An hour back: raised after the on-delay of the new time, not after an hour."""
    assert said(events(rule(), silent(3600, 3630) + silent(0, 100))) == [("raised", "blue", 60.0)]


def test_a_quantity_the_profile_lost_does_not_hold_the_alarm() -> None:
    """After an upgrade of the profile the alarm still clears when the rest is good."""
    before = rule()
    events(before, [reading(at, None, Quality.STALE, quantity="rain") for at in range(0, 100, 10)])
    after = rule()
    after.restore(before.state())
    assert said(events(after, good(100, 200))) == [("cleared", "blue", 160.0)]


_POLLS = st.lists(
    st.tuples(
        st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.STALE, Quality.STUCK, Quality.CALIBRATING]),
        st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.FAILURE]),
        st.integers(-100, 400),
        st.integers(1, 20),
    ),
    max_size=15,
)


def polled(polls: list[tuple[Quality, Quality, int, int]]) -> list[Reading]:
    """Each entry begins after a step in time and holds for some polls of 10 s."""
    readings, now_s = [], 0
    for tilt, temperature, step_s, hold in polls:
        now_s += step_s
        for _ in range(hold):
            readings += poll(now_s, tilt=tilt, temperature=temperature)
            now_s += 10
    return readings


@given(_POLLS, st.sets(st.integers(0, 100), max_size=5))
def test_order_is_legal_and_restarts_change_nothing(
    polls: list[tuple[Quality, Quality, int, int]], at: set[int]
) -> None:
    """Raised, escalated, cleared in turn; a rule restored from its state goes on as one that never stopped."""
    steady, restarted = rule(), rule()
    found: list[AlarmEvent] = []
    readings = polled(polls)
    for index, one in enumerate(readings):
        if index in at:
            state, restarted = restarted.state(), rule()
            restarted.restore(state)
        found += restarted.step(one)
    assert [(said([event]), event.reason) for event in found] == [
        (said([event]), event.reason) for event in events(steady, readings)
    ]
    is_raised = False
    for event in found:
        assert (event.change is Change.RAISED) is not is_raised
        is_raised = event.change is not Change.CLEARED
