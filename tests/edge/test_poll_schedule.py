"""Turns on a line: fair under overload, sparing with the silent."""

from collections import Counter
from pathlib import Path

import pytest

from edge.poll_schedule import Poll, PollSchedule
from wire.errors import FrameError, SourceTimeout
from wire.inventory import Sensor
from wire.profile_yaml import load_profile

PROFILE = load_profile(Path(__file__).parents[2] / "firmware-configs" / "witmotion-wt901c-485")
BLOCK = PROFILE.blocks["attitude"]
SILENCE = SourceTimeout("no reply", code="E-BUS-010")
DAMAGE = FrameError("damaged", raw=b"", code="E-BUS-012")


def poll(unit: int, every_s: float) -> Poll:
    """One block of one sensor, first due at 0 s."""
    sensor = Sensor(f"XM-{unit}-tilt", f"XM-{unit}", "TA-0113", "rs485-1", PROFILE, unit, every_s, {}, {}, ())
    return Poll(sensor, BLOCK, every_s, 0.0)


def run(schedule: PollSchedule, until: float, poll_s: float) -> Counter[str]:
    """Answered polls a sensor, each taking `poll_s` of the line's time."""
    turns: Counter[str] = Counter()
    now = 0.0
    while now < until:
        chosen = schedule.next(now)
        now = max(now, chosen.due) + poll_s
        chosen.answered(now)
        turns[chosen.sensor.id] += 1
    return turns


def test_a_line_with_time_keeps_every_interval() -> None:
    """1 s and 250 ms on a line that needs 42 ms a poll: 60 s hold 60 and 240 turns, none is lost."""
    schedule = PollSchedule([poll(1, 1.0), poll(2, 0.25)])
    turns = run(schedule, until=60.0, poll_s=0.042)
    assert turns["XM-1-tilt"] == pytest.approx(60, abs=1)
    assert turns["XM-2-tilt"] == pytest.approx(240, abs=1)
    assert schedule.skipped == 0


def test_overload_is_shared_evenly_and_counted() -> None:
    """Four sensors want 10 Hz each, the line holds 24 polls/s: each gets a quarter, the rest is counted."""
    schedule = PollSchedule([poll(unit, 0.1) for unit in range(1, 5)])
    turns = run(schedule, until=60.0, poll_s=0.042)
    assert max(turns.values()) - min(turns.values()) <= 2
    assert schedule.skipped == pytest.approx(4 * 600 - sum(turns.values()), abs=8)


def test_a_greedy_sensor_does_not_starve_a_modest_one() -> None:
    """Beside a sensor that wants 100 Hz, one that wants a reading a minute gets it."""
    turns = run(PollSchedule([poll(1, 0.01), poll(2, 60.0)]), until=600.0, poll_s=0.042)
    assert turns["XM-2-tilt"] == pytest.approx(10, abs=1)


def test_a_fast_sensor_does_not_wait_for_slow_ones() -> None:
    """Beside 40 sensors that want 1 Hz, on a line that holds 24 polls/s, one that wants 5 Hz gets most of its turns."""
    turns = run(PollSchedule([poll(1, 0.2), *(poll(unit, 1.0) for unit in range(2, 42))]), until=60.0, poll_s=0.042)
    slow = [turns[f"XM-{unit}-tilt"] for unit in range(2, 42)]
    assert turns["XM-1-tilt"] >= 1.5 * max(slow)
    assert max(slow) - min(slow) <= 2


def test_silence_is_asked_less_and_less_up_to_a_minute() -> None:
    """Three turns at the usual interval, then 2, 4, 8, 16, 32 and 60 s; one answer restores it."""
    silent = poll(1, 0.5)
    waits = []
    now = 0.0
    for _ in range(9):
        silent.failed(SILENCE, now)
        waits.append(silent.due - now)
        now = silent.due
    assert waits == [0.5, 0.5, 2, 4, 8, 16, 32, 60, 60]
    assert silent.gone_since == 0.0
    silent.answered(now)
    assert silent.gone_since is None
    assert silent.due == now + 0.5


def test_a_silent_sensor_is_asked_by_one_of_its_blocks() -> None:
    """Of four blocks one asks at each turn; the others wait as long, and all are asked at once when it is back."""
    blocks = [poll(1, 1.0) for _ in range(4)]
    for other in blocks[1:]:
        other.sensor = blocks[0].sensor
    schedule = PollSchedule([*blocks, poll(2, 1.0)])
    asked, now = 0, 0.0
    while now < 120.0:
        chosen = schedule.next(now)
        now = max(now, chosen.due) + 0.05
        if chosen.sensor is blocks[0].sensor:
            asked += 1
            chosen.failed(SILENCE, now)
            schedule.silenced_by(chosen)
        else:
            chosen.answered(now)
    assert asked <= 18
    assert len({other.due for other in blocks}) == 1
    assert all(other.gone_since is not None for other in blocks)


def test_damaged_replies_are_not_silence() -> None:
    """On a noisy line a sensor counts as gone after three failures, but keeps its interval."""
    noisy = poll(1, 0.5)
    for turn in range(6):
        noisy.failed(DAMAGE, turn * 0.5)
    assert noisy.due == 3.0
    assert noisy.gone_since == 0.0


def test_one_answer_wakes_the_other_blocks_of_the_sensor() -> None:
    """A sensor that is back is asked for everything at once, not in a minute."""
    schedule = PollSchedule([poll(1, 1.0), poll(2, 1.0)])
    for item in schedule.polls:
        item.due = 50.0
    schedule.wake(schedule.polls[0].sensor, now=10.0)
    assert [item.due for item in schedule.polls] == [10.0, 50.0]
