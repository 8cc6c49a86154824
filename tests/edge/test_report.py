"""Report policies: what of a sensor's samples leaves the box, and that silence is never mistaken."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import pytest
from detection import BEGIN_NS, SECOND_NS, reading, sensor
from hypothesis import given
from hypothesis import strategies as st

from edge.report import Around, Reporter
from wire.alarm import AlarmEvent, Change, Level
from wire.inventory import ReportPolicy
from wire.reading import Quality, Reading

MINUTE_S = 60
OFFSET_S = -BEGIN_NS // SECOND_NS % MINUTE_S
"""From BEGIN_NS to the next full minute."""


def reporter(every_s: float, deadbands: Mapping[str, float] | None = None, *, statistics: bool = False) -> Reporter:
    """Of the tilt sensor, with a policy."""
    return Reporter(replace(sensor(), report=ReportPolicy(every_s, deadbands or {}, has_statistics=statistics)))


def sent(one: Reporter, samples: Sequence[Reading], *, alarmed_s: frozenset[int] = frozenset()) -> list[Reading]:
    """What leaves of samples of one reading each; those at `alarmed_s` lead to an alarm event."""
    found: list[Reading] = []
    for sample in samples:
        at_s = (sample.time_ns - BEGIN_NS) // SECOND_NS
        report = one.step([sample], [alarm(sample, Change.RAISED)] if at_s in alarmed_s else [])
        assert len(report.held) + sum(reading == sample for reading in report.leaving) == 1
        found += report.leaving
    return found


def alarm(sample: Reading, change: Change) -> AlarmEvent:
    """What the sample led to."""
    return AlarmEvent(
        f"{sample.sensor}/lean", sample.sensor, "lean", "tilt", change, Level.RED, 2.0, 1.5, sample.time_ns
    )


def seconds(readings: Sequence[Reading]) -> list[float]:
    """After BEGIN_NS."""
    return [(one.time_ns - BEGIN_NS) / SECOND_NS for one in readings]


def minute(first: int, values: Sequence[float | None]) -> list[Reading]:
    """One a second, from the full minute `first` on."""
    begin_s = OFFSET_S + MINUTE_S * first
    return [
        reading(begin_s + at, value, Quality.GOOD if value is not None else Quality.STALE)
        for at, value in enumerate(values)
    ]


def test_one_sample_in_each_interval() -> None:
    """Every 30 s of the clock, so that the sensors of a box report together, and the first at once."""
    found = sent(reporter(30), [reading(OFFSET_S + 10 + at, 0.1) for at in range(100)])
    assert [at - OFFSET_S for at in seconds(found)] == [10, 30, 60, 90]


def test_a_change_leaves_and_silence_has_an_end() -> None:
    """A drift leaves each time it has come 0.05° further; without any there is a sign of life in each interval."""
    values = [0.1 + max(0, at - 100) / 100 for at in range(122)]
    found = sent(reporter(30, {"tilt": 0.05}), [reading(OFFSET_S + at, round(v, 3)) for at, v in enumerate(values)])
    assert [at - OFFSET_S for at in seconds(found)] == [0, 30, 60, 90, 105, 110, 115, 120]
    jumpy = [reading(OFFSET_S + at, value) for at, value in enumerate([0.1, 0.149, 0.15, 0.15, 0.101, 0.1, 0.1])]
    assert [one.value for one in sent(reporter(30, {"tilt": 0.05}), jumpy)] == [0.1, 0.15, 0.1]


def test_a_sample_leaves_whole() -> None:
    """A tilt that moves takes the temperature of the same poll along: they share their time."""
    one = reporter(300, {"tilt": 0.05})
    both = [[reading(at, tilt), reading(at, 20.0, quantity="temperature")] for at, tilt in enumerate([0.1, 0.1, 0.3])]
    assert [len(one.step(sample).leaving) for sample in both] == [2, 0, 2]


@pytest.mark.parametrize("policy", [reporter(300), reporter(300, {"tilt": 5.0}), reporter(300, statistics=True)])
def test_a_bad_reading_is_said_at_once(policy: Reporter) -> None:
    """A sensor that falls silent, and one that answers again, are reported when it happens, whatever the policy."""
    samples = [reading(OFFSET_S + at, 0.1) for at in range(5)]
    samples += [reading(OFFSET_S + at, None, Quality.STALE) for at in range(5, 9)]
    samples += [reading(OFFSET_S + at, 0.1) for at in range(9, 12)]
    found = [(at - OFFSET_S, one.quality) for one in sent(policy, samples) for at in seconds([one])]
    assert found == [(0, 0), (5, Quality.STALE), (9, 0)]


def test_an_alarm_opens_the_sensor_for_a_while() -> None:
    """From the reading that raised it every sample leaves, for a minute; what was held back before it is asked for."""
    samples = [reading(OFFSET_S + at, 2.0) for at in range(100)]
    found = sent(reporter(300), samples, alarmed_s=frozenset({OFFSET_S + 7}))
    assert [at - OFFSET_S for at in seconds(found)] == [0, *range(7, 68)]
    around = reporter(300).step([samples[7]], [alarm(samples[7], Change.ESCALATED)]).around
    assert around == Around("TA-0117-tilt", samples[7].time_ns - 60 * SECOND_NS, samples[7].time_ns)


def test_a_return_to_normal_is_one_sample() -> None:
    """It leaves at once, and asks for nothing."""
    one = reporter(300)
    one.step([reading(OFFSET_S, 2.0)])
    cleared = reading(OFFSET_S + 9, 0.1)
    report = one.step([cleared], [alarm(cleared, Change.CLEARED)])
    assert (list(report.leaving), report.around) == ([cleared], None)
    assert not one.step([reading(OFFSET_S + 10, 0.1)]).leaving


def test_a_clock_set_back_closes_it() -> None:
    """A sensor is not open for the hour that comes again."""
    one = reporter(300)
    sample = reading(OFFSET_S + 3600, 2.0)
    one.step([sample], [alarm(sample, Change.RAISED)])
    assert one.step([reading(OFFSET_S, 2.0)]).leaving
    assert not one.step([reading(OFFSET_S + 1, 2.0)]).leaving


def test_statistics_of_a_minute() -> None:
    """Its first sample as it was; at its end, with its end's time, what the sixty samples were like."""
    values = [0.1 + 0.01 * (at % 7) for at in range(60)]
    found = sent(reporter(60, statistics=True), [*minute(0, values), *minute(1, [0.2])])
    assert [(one.quantity, at - OFFSET_S) for one in found for at in seconds([one])] == [
        ("tilt", 0),
        *((f"tilt_{name}", 60) for name in ("min", "mean", "max", "std")),
        ("tilt", 60),
    ]
    said = {one.quantity: one.value for one in found}
    assert (said["tilt_min"], said["tilt_max"]) == (0.1, 0.16)
    assert said["tilt_mean"] == round(statistics.fmean(values), 4)
    assert said["tilt_std"] == round(statistics.pstdev(values), 4)
    assert {one.quality for one in found} == {0}


def test_a_window_with_holes_says_so() -> None:
    """Twenty samples without an answer are left out of statistics, which are uncertain and say how many they had."""
    found = sent(reporter(60, statistics=True), [*minute(0, [0.1] * 40 + [None] * 20), *minute(1, [0.1])])
    said = {one.quantity: (one.value, one.quality) for one in found if one.quantity != "tilt"}
    unsure = Quality.UNCERTAIN
    assert said == {
        "tilt_min": (0.1, unsure),
        "tilt_mean": (0.1, unsure),
        "tilt_max": (0.1, unsure),
        "tilt_std": (0.0, unsure),
        "tilt_count": (40.0, unsure),
    }


def test_a_missed_poll_is_passed_over() -> None:
    """One sample of sixty without an answer, or three seconds without any, cost the statistics nothing."""
    for samples in (minute(0, [0.1] * 30 + [None] + [0.1] * 29), [*minute(0, [0.1] * 30), *minute(0, [0.1] * 60)[33:]]):
        found = sent(reporter(60, statistics=True), [*samples, *minute(1, [0.1])])
        said = {one.quantity: one.quality for one in found if one.quantity != "tilt"}
        assert said == dict.fromkeys(("tilt_min", "tilt_mean", "tilt_max", "tilt_std"), 0)


def test_a_window_without_a_value() -> None:
    """No statistics of nothing: no value, and why."""
    found = sent(reporter(60, statistics=True), [*minute(0, [None] * 60), *minute(1, [0.1])])
    said = {(one.value, one.quality) for one in found if one.quantity != "tilt"}
    assert said == {(None, Quality.STALE)}


@given(at=st.integers(1, 39), is_long=st.booleans())
def test_a_window_survives_a_restart(*, at: int, is_long: bool) -> None:
    """A box restarted within a minute sums up the whole minute; what it missed meanwhile is a hole that is said."""
    samples = [*minute(0, [0.1] * 60), *minute(1, [0.2])]
    missed = 20 if is_long else 0
    first, second = reporter(60, statistics=True), reporter(60, statistics=True)
    state = b""
    for sample in samples[:at]:
        state = first.step([sample]).state or state
    second.restore(state)
    kept = samples[at + missed : 60]
    said = {one.quantity: one.value for one in sent(second, [*kept, samples[60]])}
    assert said.get("tilt_count", 60.0) == at + len(kept)
    assert ("tilt_count" in said) == is_long


def test_a_policy_that_changes_ends_what_was_open() -> None:
    """A box started with five minutes instead of one sums up the minute that was open, and goes on in fives."""
    samples = minute(0, [0.1] * 60)
    first, second, without = reporter(60, statistics=True), reporter(300, statistics=True), reporter(300)
    for sample in samples[:-1]:
        state = first.step([sample]).state
    for one in (second, without):
        one.restore(state or b"")
    found = sent(second, [samples[-1], *minute(1, [0.2] * 20)])
    assert {one.quantity: one.time_ns for one in found}["tilt_max"] == minute(1, [0.2])[0].time_ns
    assert without.step([samples[-1]]).state == b""


def test_a_clock_that_is_set_back() -> None:
    """The minute that begins again is a window of its own: no time is used twice."""
    samples = [*minute(5, [0.1] * 30), *minute(4, [0.1] * 60), *minute(5, [0.1] * 60), *minute(6, [0.1])]
    found = sent(reporter(60, statistics=True), samples)
    keys = [(one.quantity, one.time_ns) for one in found if one.quantity.endswith("_max")]
    assert len(keys) == len(set(keys)) == 3


def test_nothing_is_kept_without_statistics() -> None:
    """A policy without windows has no state to write, however long it runs."""
    one = reporter(30, {"tilt": 0.05})
    assert {one.step([reading(at, at / 100)]).state for at in range(100)} == {None}


def test_a_state_that_cannot_be_read() -> None:
    """It is refused, for the line to begin anew."""
    with pytest.raises(msgspec.MsgspecError):
        reporter(60, statistics=True).restore(b"\x93")
