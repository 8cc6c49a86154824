"""The rule kind `limit`: levels, delays, gaps, times and restarts."""

import math
from collections.abc import Iterable, Iterator

import pytest
from detection import LEAN, events, reading, said, sensor
from hypothesis import given
from hypothesis import strategies as st

from edge.rules import limit
from wire.alarm import AlarmEvent, Change, Level
from wire.inventory import Limit, RuleConfig
from wire.reading import UNUSABLE, Quality, Reading


def lean(config: RuleConfig = LEAN, *, every_s: float = 1.0) -> limit.Rule:
    """A rule on a tilt sensor, each second unless said otherwise."""
    return limit.Rule(sensor(every_s=every_s), config, "c1")


def each_second(begin_s: int, values: Iterable[float]) -> Iterator[Reading]:
    """One good tilt reading a second."""
    return (reading(begin_s + index, value) for index, value in enumerate(values))


def test_a_lean_is_raised_after_its_on_delay() -> None:
    """0.40 degrees for 5 s is blue, at the reading that completes the five seconds."""
    found = events(lean(), each_second(0, [0.0] * 3 + [0.4] * 10))
    assert said(found) == [("raised", "blue", 8.0)]


def test_an_event_says_what_the_cloud_needs() -> None:
    """Alarm id, value, limit, reason with source, configuration and the readings before it."""
    (event,) = events(lean(), each_second(0, [0.1] + [0.4] * 6))
    assert (event.alarm, event.rule, event.quantity) == ("TA-0117-tilt/lean", "lean", "tilt")
    assert (event.value, event.limit, event.config_version) == (0.4, 0.3, "c1")
    assert event.reason == "tilt is 0.4 deg, at or above 0.3 deg for 5 s (judgement)"
    assert [seen.value for seen in event.evidence] == [0.1, 0.4, 0.4, 0.4, 0.4, 0.4]


def test_evidence_is_the_last_64_readings_before() -> None:
    """No more than the wire allows, oldest first, bad ones with their quality."""
    readings = [*each_second(0, [0.0] * 100), reading(100, None, Quality.STALE), *each_second(101, [2.0] * 3)]
    (event,) = events(lean(), readings)
    assert len(event.evidence) == 64
    assert event.evidence[0].time_ns == reading(39, 0.0).time_ns
    assert event.evidence[-3].quality == Quality.STALE


def test_a_short_burst_raises_nothing() -> None:
    """0.40 degrees for 4 s is a gust, not a lean."""
    assert events(lean(), each_second(0, [0.0, 0.4, 0.4, 0.4, 0.4, 0.0] * 20)) == []


def test_levels_rise_and_fall_one_by_one() -> None:
    """Red overtakes with its shorter delay; each level falls after 60 s below its limit less the deadband."""
    values = [0.4] * 10 + [1.6] * 10 + [0.7] * 70 + [0.45] * 70 + [0.1] * 70
    found = events(lean(), each_second(0, values))
    assert said(found) == [
        ("raised", "blue", 5.0),
        ("escalated", "red", 12.0),
        ("lowered", "orange", 80.0),
        ("lowered", "blue", 150.0),
        ("cleared", "blue", 220.0),
    ]


def test_the_deadband_keeps_a_level() -> None:
    """0.25 degrees lies between 0.3 and 0.3 - 0.1: raised stays raised."""
    found = events(lean(), each_second(0, [0.31] * 10 + [0.25] * 600))
    assert said(found) == [("raised", "blue", 5.0)]


def test_limit_less_deadband_is_exact() -> None:
    """0.3 - 0.1 is 0.2, not 0.19999999999999998: a value of 0.2 is not below it."""
    assert said(events(lean(), each_second(0, [0.31] * 10 + [0.2] * 100))) == [("raised", "blue", 5.0)]
    assert said(events(lean(), each_second(0, [0.31] * 10 + [0.199] * 100)))[1:] == [("cleared", "blue", 70.0)]


def test_without_delays_one_reading_is_enough() -> None:
    """On- and off-delay 0 s act at once."""
    config = RuleConfig("gas", "limit", "gas_lel", 1.0, 0.0, (Limit(Level.RED, 50.0, 0.0, "GB/T 50493"),))
    readings = [reading(at, value, quantity="gas_lel") for at, value in enumerate([10.0, 51.0, 49.5, 48.9])]
    assert said(events(lean(config), readings)) == [("raised", "red", 1.0), ("cleared", "red", 3.0)]


@pytest.mark.parametrize("quality", [flag for flag in Quality if flag & UNUSABLE])
def test_an_unusable_reading_neither_raises_nor_clears(quality: Quality) -> None:
    """A value that must not be judged changes nothing, however long it lasts."""
    assert events(lean(), [reading(at, 5.0, quality) for at in range(100)]) == []
    rule = lean()
    assert said(events(rule, each_second(0, [0.4] * 6))) == [("raised", "blue", 5.0)]
    assert events(rule, [reading(6 + at, 0.0, quality) for at in range(500)]) == []


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_no_number_neither_raises_nor_clears(value: float | None) -> None:
    """None, NaN and the infinities are no values, whatever their quality says."""
    rule = lean()
    assert events(rule, [reading(at, value) for at in range(100)]) == []
    assert said(events(rule, each_second(100, [0.4] * 6))) == [("raised", "blue", 105.0)]
    assert events(rule, [reading(106 + at, value) for at in range(500)]) == []


def test_usable_with_a_remark_is_judged() -> None:
    """A clock that is unsure, or a sensor that asks for service, does not silence an alarm."""
    quality = Quality.CLOCK_UNSURE | Quality.MAINTENANCE | Quality.UNCERTAIN
    assert said(events(lean(), [reading(at, 0.4, quality) for at in range(6)])) == [("raised", "blue", 5.0)]


def test_delays_stand_still_while_nobody_can_see() -> None:
    """Three seconds over, four unusable, then over again: two more observed seconds complete the five."""
    readings = [
        *each_second(0, [0.4] * 4),
        *(reading(4 + at, None, Quality.STALE) for at in range(4)),
        *each_second(8, [0.4] * 5),
    ]
    assert said(events(lean(), readings)) == [("raised", "blue", 10.0)]


def test_a_long_gap_begins_the_delays_again() -> None:
    """Over the limit before and after an hour without readings is not an hour over the limit."""
    found = events(lean(), [*each_second(0, [0.4] * 4), *each_second(3600, [0.4] * 10)])
    assert said(found) == [("raised", "blue", 3605.0)]


def test_a_short_gap_counts() -> None:
    """20 s between two readings over the limit, at one a second: still the same lean."""
    assert said(events(lean(), [reading(0, 0.4), reading(20, 0.4)])) == [("raised", "blue", 20.0)]


def test_a_gap_neither_clears() -> None:
    """Below the limit before and after an hour without readings is not an hour below it."""
    rule = lean()
    events(rule, each_second(0, [0.4] * 6))
    found = events(rule, [reading(10, 0.0), reading(3610, 0.0), *each_second(3611, [0.0] * 60)])
    assert said(found) == [("cleared", "blue", 3670.0)]


def test_a_slow_sensor_can_raise() -> None:
    """A sensor set to one reading each 60 s raises with its second, one that reports unannounced with its third."""
    minutes = [reading(60 * at, 0.4) for at in range(5)]
    assert said(events(lean(every_s=60.0), minutes)) == [("raised", "blue", 60.0)]
    assert said(events(lean(every_s=1.0), minutes)) == [("raised", "blue", 120.0)]


def test_a_clock_set_back_delays_by_no_more_than_the_on_delay() -> None:
    """The clock goes back an hour while a billboard leans: the delay begins again, nothing is lost."""
    found = events(lean(), [*each_second(3600, [0.4] * 4), *each_second(0, [0.4] * 10)])
    assert said(found) == [("raised", "blue", 5.0)]


def test_late_readings_are_judged_and_add_no_time() -> None:
    """Readings that arrive in pairs of wrong order count each second once."""
    swapped = [reading(at, 0.4) for at in (1, 0, 3, 2, 5, 4, 7, 6)]
    assert said(events(lean(), swapped)) == [("raised", "blue", 7.0)]
    late_and_low = [*each_second(0, [0.4] * 5), reading(3.5, 0.0), *each_second(5, [0.4] * 3)]
    assert events(lean(), late_and_low) == []


def test_the_same_time_again_adds_no_time() -> None:
    """A hundred readings of one instant are one instant."""
    assert events(lean(), [reading(0, 5.0) for _ in range(100)]) == []


def test_a_restart_in_the_middle_of_an_on_delay_loses_none_of_it() -> None:
    """Three of five seconds before the restart, two after."""
    before, after = lean(), lean()
    assert events(before, each_second(0, [0.4] * 4)) == []
    after.restore(before.state())
    assert said(events(after, each_second(4, [0.4] * 4))) == [("raised", "blue", 5.0)]


def test_the_state_is_small_and_still_when_nothing_changes() -> None:
    """Empty in quiet weather; while an alarm stands it is the same after every reading."""
    rule = lean()
    assert {rule.state() for one in each_second(0, [0.1] * 50) if not rule.step(one)} == {b""}
    events(rule, each_second(50, [0.8] * 10))
    standing = {rule.state() for one in each_second(60, [0.8] * 50) if not rule.step(one)}
    assert len(standing) == 1
    assert len(standing.pop()) < 100


def test_a_level_that_the_limits_no_longer_have_ends() -> None:
    """After a new configuration without red, a red alarm falls to what is left; no alarm stays for ever."""
    before = lean()
    events(before, each_second(0, [1.6] * 10))
    mild = RuleConfig("lean", "limit", "tilt", 0.1, 60.0, LEAN.levels[:2])
    after = lean(mild)
    after.restore(before.state())
    (event,) = events(after, each_second(10, [1.6] * 10))
    assert (event.change, event.level, event.limit) == (Change.LOWERED, Level.YELLOW, 0.57)
    assert event.reason == "tilt is 1.6 deg, and the limits no longer have the level that stood"


_VALUES = st.one_of(st.none(), st.just(math.nan), st.sampled_from([0.0, 0.15, 0.25, 0.3, 0.5, 0.6, 0.8, 1.6, 3.0]))
_QUALITIES = st.sampled_from([Quality.GOOD] * 8 + [Quality.STALE, Quality.STUCK, Quality.CLOCK_UNSURE])
_STEPS = st.sampled_from([1.0] * 8 + [0.0, 0.1, 2.0, 20.0, 29.0, 61.0, 100.0, 4000.0, -0.5, -5.0, -200.0])
_HOLDS = st.integers(1, 70)
_SPELLS = st.lists(st.tuples(_VALUES, _QUALITIES, _STEPS, _HOLDS), max_size=15)


def spelled(spells: list[tuple[float | None, Quality, float, int]]) -> list[Reading]:
    """Readings: each spell begins after its step and holds for some seconds."""
    readings, now_s = [], 0.0
    for value, quality, step_s, hold in spells:
        now_s += step_s
        readings += [reading(now_s + at, value, quality) for at in range(hold)]
        now_s += hold - 1
    return readings


@given(_SPELLS)
def test_changes_are_in_legal_order(spells: list[tuple[float | None, Quality, float, int]]) -> None:
    """Raised first, then up or down to another level, cleared once, and never two raised in a row."""
    level: Level | None = None
    for event in events(lean(), spelled(spells)):
        match event.change:
            case Change.RAISED:
                assert level is None
            case Change.ESCALATED:
                assert level is not None
                assert event.level.severity > level.severity
            case Change.LOWERED:
                assert level is not None
                assert event.level.severity < level.severity
            case Change.CLEARED:
                assert level is event.level
        level = None if event.change is Change.CLEARED else event.level
        assert event.value is not None
        assert math.isfinite(event.value)
        assert len(event.evidence) <= 64


@given(_SPELLS, st.sets(st.integers(0, 200), max_size=5))
def test_restarts_change_nothing(spells: list[tuple[float | None, Quality, float, int]], at: set[int]) -> None:
    """A rule restored from its state at any moments goes on as one that never stopped; evidence apart."""
    steady, restarted = lean(), lean()
    found: list[AlarmEvent] = []
    readings = spelled(spells)
    for index, one in enumerate(readings):
        if index in at:
            state, restarted = restarted.state(), lean()
            restarted.restore(state)
        found += restarted.step(one)
    expected = events(steady, readings)
    assert [(said([event]), event.value, event.reason) for event in found] == [
        (said([event]), event.value, event.reason) for event in expected
    ]


@given(st.lists(st.sampled_from([0.0, 0.29, 0.35]), min_size=1, max_size=200))
def test_blue_is_raised_exactly_when_five_seconds_were_over(values: list[float]) -> None:
    """Against the plain definition: six readings in a row, one a second, at or above 0.3 degrees."""
    expected = next((at for at in range(5, len(values)) if min(values[at - 5 : at + 1]) >= 0.3), None)
    found = events(lean(), each_second(0, values))
    first = said(found[:1])
    assert first == ([] if expected is None else [("raised", "blue", float(expected))])
