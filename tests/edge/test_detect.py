"""Detect: readings of many sensors through the rules of each."""

from dataclasses import replace

import pytest
from detection import FAULT, LEAN, events, reading, said, sensor
from hypothesis import given
from hypothesis import strategies as st

from edge.detect import Detector
from edge.rules import limit
from wire.alarm import AlarmEvent
from wire.errors import ConfigError
from wire.inventory import Sensor
from wire.reading import Quality, Reading


def neighbours() -> list[Sensor]:
    """Two tilt sensors with equal limits."""
    first = sensor(every_s=1.0)
    return [first, replace(first, id="TA-0118-tilt")]


def of(sensor_id: str, one: Reading) -> Reading:
    """The same reading, of another sensor."""
    return Reading(sensor_id, one.quantity, one.value, one.time_ns, one.quality)


def test_each_sensor_has_its_own_rules() -> None:
    """One billboard leans, its neighbour does not."""
    detector = Detector(neighbours(), "c1")
    found = [
        event
        for at in range(10)
        for event in detector.step([reading(at, 0.4), of("TA-0118-tilt", reading(at, 0.1))]).events
    ]
    assert [(event.alarm, event.config_version) for event in found] == [("TA-0117-tilt/lean", "c1")]


def test_quiet_weather_keeps_nothing() -> None:
    """A thousand good readings lead to no event and no state to write."""
    detector = Detector(neighbours(), "c1")
    found = [detector.step([reading(at, 0.1), reading(at, 20.0, quantity="temperature")]) for at in range(500)]
    assert {(detection.events, tuple(detection.states)) for detection in found} == {((), ())}


def test_a_state_is_kept_while_it_changes() -> None:
    """From the first reading over the limit to the event, not while the alarm stands; at last the empty one."""
    detector = Detector([sensor(every_s=1.0)], "c1")
    values = [0.1] * 3 + [0.4] * 20 + [0.1] * 70
    kept = [detector.step([reading(at, value)]).states for at, value in enumerate(values)]
    changed = [at for at, states in enumerate(kept) if states]
    assert changed == [*range(3, 9), *range(23, 84)]
    assert kept[83] == {"TA-0117-tilt/lean": b""}


def test_a_bad_reading_raises_a_sensor_alarm_and_never_a_structure_alarm() -> None:
    """5 degrees from a sensor that reports a failure is one alarm, and it is the sensor's."""
    detector = Detector([sensor()], "c1")
    found = detector.step([reading(at, 5.0, Quality.FAILURE) for at in range(300)]).events
    assert [(event.alarm, event.level) for event in found] == [("TA-0117-tilt/fault", "blue")]


def test_unknown_sensors_pass_unjudged() -> None:
    """A reading of a sensor that is not in the inventory is stored, not judged, and breaks nothing."""
    assert Detector([sensor()], "c1").step([of("nobody", reading(0, 99.0))]).events == ()


def test_an_unknown_kind_of_rule_is_refused() -> None:
    """A limit set with a kind that has no file says which kinds there are."""
    strange = replace(LEAN, kind="limits")
    with pytest.raises(ConfigError, match=r"there is no rule kind 'limits'.*write 'limit'"):
        Detector([sensor(rules=(strange,))], "c1")


def test_states_of_rules_that_are_no_more_are_ignored() -> None:
    """A configuration that dropped a rule starts all the same."""
    detector = Detector([sensor(rules=(FAULT,))], "c1")
    detector.restore({"TA-0117-tilt/lean": b"\x00", "gone/lean": b"\x00"})
    assert detector.step([reading(0, 5.0)]).events == ()


_QUALITY = st.sampled_from([Quality.GOOD] * 6 + [Quality.STALE, Quality.STUCK])
_SPELLS = st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.4, 0.8, 2.0]), _QUALITY, st.integers(1, 90)), max_size=10)


@given(_SPELLS, st.sets(st.integers(0, 300), max_size=6))
def test_what_was_handed_out_is_enough_to_go_on(spells: list[tuple[float, Quality, int]], at: set[int]) -> None:
    """A box restarted at any moments from the states it was told to keep raises the same alarms."""
    readings: list[Reading] = []
    kept: dict[str, bytes] = {}
    found: list[AlarmEvent] = []
    for value, quality, hold in spells:
        readings += [reading(len(readings) + more, value, quality) for more in range(hold)]
    detector, steady = Detector([sensor(every_s=1.0)], "c1"), Detector([sensor(every_s=1.0)], "c1")
    for index, one in enumerate(readings):
        if index in at:
            detector = Detector([sensor(every_s=1.0)], "c1")
            detector.restore(kept)
        detection = detector.step([one])
        found += detection.events
        kept |= detection.states
    expected = steady.step(readings).events
    assert [(event.alarm, event.reason, event.time_ns) for event in found] == [
        (event.alarm, event.reason, event.time_ns) for event in expected
    ]


def test_one_call_or_many_is_the_same() -> None:
    """How a source bundles its readings does not change what is detected."""
    readings = [reading(at, 0.4) for at in range(10)]
    together = Detector([sensor(rules=(LEAN,))], "c1").step(readings).events
    assert said(together) == said(events(limit.Rule(sensor(), LEAN, "c1"), readings))
