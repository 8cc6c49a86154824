"""When the sensors of a case confirm that all is well, and what they say when they do not."""

import msgspec
import pytest

from cloud.alarming.alarm_state import Alarm, AlarmState
from cloud.cases.sensor_word import doubts
from wire.alarm import Level

SECOND_NS = 10**9
NOW_NS = 1_795_000_000 * SECOND_NS
GOOD_FOR_S = 600.0
LEAN = Alarm(
    id="XM-TA-0117-T1/lean",
    site="XM-TA-0117",
    sensor="XM-TA-0117-T1",
    rule="lean",
    quantity="tilt",
    level=Level.RED,
    state=AlarmState.NORMAL,
    since_ns=NOW_NS - 3_600 * SECOND_NS,
    changed_ns=NOW_NS - 600 * SECOND_NS,
    value=0.1,
    limit=1.5,
    reason="",
    box="XM-TA-01",
)

SEEN = ("XM-TA-0117-T1", "tilt")


@pytest.mark.parametrize(
    ("changed_s_ago", "seen_s_ago", "doubt"),
    [
        (600, 0, []),
        (600, 600, []),
        (86_400, 600, []),
        (599.5, 0, ["XM-TA-0117-T1/lean is good for 599 s of 600 s"]),
        (180, 0, ["XM-TA-0117-T1/lean is good for 180 s of 600 s"]),
        (600, 601, ["XM-TA-0117-T1 (tilt) is silent for 601 s"]),
        (600, None, ["XM-TA-0117-T1 (tilt) has given no reading"]),
        (-30, 0, ["XM-TA-0117-T1/lean is good for -30 s of 600 s"]),
        (600, -30, []),
    ],
)
def test_good_for_ten_minutes_and_still_speaking(
    changed_s_ago: float, seen_s_ago: float | None, doubt: list[str]
) -> None:
    """Both edges belong to the good side; a box whose clock is ahead is waited for."""
    alarm = msgspec.structs.replace(LEAN, changed_ns=NOW_NS - round(changed_s_ago * SECOND_NS))
    seen = {} if seen_s_ago is None else {SEEN: NOW_NS - round(seen_s_ago * SECOND_NS)}
    assert doubts([alarm], seen, GOOD_FOR_S, NOW_NS) == doubt


@pytest.mark.parametrize("state", list(AlarmState))
def test_what_is_active_is_never_good(state: AlarmState) -> None:
    """Acknowledged, shelved or out of service: the level stands, and the doubt names it."""
    alarm = msgspec.structs.replace(LEAN, is_active=True, state=state, changed_ns=0)
    assert doubts([alarm], {SEEN: NOW_NS}, GOOD_FOR_S, NOW_NS) == ["XM-TA-0117-T1/lean is still red"]


def test_every_alarm_has_its_own_doubt() -> None:
    """In the order of the case's members; one that is good says nothing."""
    other = msgspec.structs.replace(LEAN, id="XM-SM-0001-T1/lean", sensor="XM-SM-0001-T1")
    active = msgspec.structs.replace(LEAN, id="XM-TA-0117-T1/fault", is_active=True, level=Level.YELLOW)
    assert doubts([active, LEAN, other], {SEEN: NOW_NS}, GOOD_FOR_S, NOW_NS) == [
        "XM-TA-0117-T1/fault is still yellow",
        "XM-SM-0001-T1 (tilt) has given no reading",
    ]


def test_the_quantity_of_the_alarm_is_asked_for() -> None:
    """A tilt that is stuck while the temperature goes on is no word about a lean; a fault asks for any reading."""
    fault = msgspec.structs.replace(LEAN, id="XM-TA-0117-T1/fault", quantity="", limit=None)
    seen = {("XM-TA-0117-T1", "temperature"): NOW_NS, ("XM-TA-0117-T1", ""): NOW_NS}
    assert doubts([LEAN, fault], seen, GOOD_FOR_S, NOW_NS) == ["XM-TA-0117-T1 (tilt) has given no reading"]


def test_without_alarms_there_is_no_doubt() -> None:
    """A case that a person filed asks no sensor."""
    assert doubts([], {}, GOOD_FOR_S, NOW_NS) == []


def test_a_box_that_is_back_needs_no_reading() -> None:
    """The alarm of a box that was gone is about the box: that it has been back for ten minutes is its word."""
    offline = msgspec.structs.replace(LEAN, id="XM-TA-01/offline", sensor="XM-TA-01", rule="offline")
    assert doubts([offline], {}, GOOD_FOR_S, NOW_NS) == []
    soon = msgspec.structs.replace(offline, changed_ns=NOW_NS - SECOND_NS)
    assert doubts([soon], {}, GOOD_FOR_S, NOW_NS) == ["XM-TA-01/offline is good for 1 s of 600 s"]
