"""How large the bursts of a backlog become: on a fast link, a slow one, and one that is far away."""

import pytest

from cloud.admission import READINGS
from edge.pace import FIRST, MESSAGES_S, SLOW_S, VALUES_S, Pace

MOST = 50
MESSAGE_BYTES = 350


@pytest.mark.parametrize(
    ("bytes_a_second", "away_s", "waits_s"),
    [(1_000_000, 0.02, 0.05), (8_000, 0.1, SLOW_S), (1_000_000, 5.0, 0.05), (800, 0.3, 2 * SLOW_S)],
    ids=["fibre", "64 kbit/s", "5 s away", "6 kbit/s"],
)
def test_what_an_alarm_would_wait(bytes_a_second: float, away_s: float, waits_s: float) -> None:
    """It stands behind at most one burst, and that is half a second at most, where one message allows it."""
    pace = Pace(MOST)
    for _ in range(40):
        burst = pace.burst
        queued_s = burst * MESSAGE_BYTES / bytes_a_second
        pace.took(burst, away_s + queued_s)
    assert queued_s <= waits_s


def test_a_fast_link_is_used() -> None:
    """Six good bursts, and the whole window goes out at once; a lane that has little to say asks for no more."""
    pace = Pace(MOST)
    for _ in range(10):
        pace.took(FIRST, 0.02)
    assert pace.burst == 2 * FIRST
    for _ in range(5):
        pace.took(pace.burst, 0.02)
    assert pace.burst == MOST


def test_a_link_that_becomes_slow_is_spared() -> None:
    """One burst that queued for a second halves the next."""
    pace = Pace(MOST)
    for seconds in (0.02, 0.02, 0.02, 1.02):
        pace.took(pace.burst, seconds)
    assert pace.burst == 4 * FIRST


def test_no_more_than_a_cloud_admits() -> None:
    """Eighty messages a second, and eighty thousand values: the larger of the two rests, less what the burst took."""
    assert Pace.rest_s(50, 8_000, 0.1) == pytest.approx(50 / MESSAGES_S - 0.1)
    assert Pace.rest_s(10, 50_000, 0.1) == pytest.approx(50_000 / VALUES_S - 0.1)
    assert Pace.rest_s(1, 160, 0.02) == 0
    assert READINGS.messages_s > MESSAGES_S
