"""A device that speaks by itself: what stands for an interval, and how its silence is told."""

import logging
from random import Random

import pytest

from edge.clock import BoxClock
from edge.talkers import SILENCE_S, Talker
from wire.inventory import Sensor
from wire.messages import Message
from wire.profile_yaml import library_folder, load_profile
from wire.reading import Sample

NOW_NS = 1_795_000_000 * 10**9
SECOND_NS = 10**9
GAUGE, STREAM, UPLINK = (
    load_profile(library_folder() / name)
    for name in ("dfrobot-a02yyuw", "witmotion-hwt905-ttl", "milesight-em310-tilt")
)


def talker(profile: object = GAUGE, *, every_s: float | None = None) -> Talker:
    """Of sensor XM-D1-L1, listened to from 100 s on; the clock shows 100 s less than what the test says."""
    sensor = Sensor("XM-D1-L1", "XM-D1", "B", "l", profile, 1, None, {}, {}, ())  # type: ignore[arg-type]
    return Talker(sensor, every_s=every_s, clock=BoxClock.trusted(lambda: NOW_NS), now=100.0)


def echo(millimetres: int) -> Message:
    """A frame of the gauge."""
    frame = b"\xff" + millimetres.to_bytes(2, "big")
    return Message("echo", frame + bytes([sum(frame) & 0xFF]))


def given(device: Talker, now: float) -> list[Sample]:
    """The samples of this moment."""
    return list(device.samples(now))


def test_of_an_interval_the_message_with_the_median_stands_with_its_own_time() -> None:
    """Five frames in a second, a gull in one of them; the median came 0.4 s before the interval ended."""
    device = talker()
    for place, millimetres in enumerate((1951, 400, 1955, 1953, 1958)):
        device.heard(echo(millimetres), 100.1 + 0.2 * place if place != 3 else 100.6)
    assert device.due == 101.0
    assert given(device, 100.9) == []
    (sample,) = given(device, 101.0)
    assert (sample.block, sample.reply) == ("echo", echo(1953).octets)
    assert sample.time_ns == NOW_NS - 400_000_000


def test_the_interval_is_the_sensor_s_the_line_s_or_the_profile_s_and_never_shorter_than_the_device_allows() -> None:
    """A line that says 10 s waits for 10 s; one that says 10 ms gets what the gauge can give, 300 ms."""
    for every_s, ends_at in ((10.0, 110.0), (0.01, 100.3), (None, 101.0)):
        device = talker(every_s=every_s)
        device.heard(echo(1953), 100.05)
        assert device.due == pytest.approx(ends_at)


def test_a_quiet_interval_is_no_sample_and_the_clockwork_goes_on() -> None:
    """Nothing between 101 s and 102.5 s, less than the patience of 2 s: the next sample is at 103 s."""
    device = talker()
    device.heard(echo(1953), 100.5)
    assert len(given(device, 101.0)) == 1
    assert given(device, 102.4) == []
    device.heard(echo(1953), 102.45)
    assert device.due == pytest.approx(103.0)


def test_silence_is_said_after_the_profile_s_time_and_again(caplog: pytest.LogCaptureFixture) -> None:
    """After 2 s without a word a sample that says so, every 5 s; in the log it goes once and is back once."""
    device = talker()
    assert device.due == 102.0
    (silent,) = given(device, 102.0)
    assert silent.fault == "sensor XM-D1-L1: no message echo for 2 s. fix: check its power. [E-TALK-001]"
    assert given(device, 102.0 + SILENCE_S - 0.1) == []
    (again,) = given(device, 102.0 + SILENCE_S)
    assert again.time_ns > silent.time_ns
    device.heard(echo(1953), 107.5)
    (back,) = given(device, 108.0)
    assert (back.fault, back.reply) == ("", echo(1953).octets)
    said = [record.getMessage() for record in caplog.records]
    assert [line.partition(":")[0] for line in said] == ["sensor XM-D1-L1", "sensor XM-D1-L1 is back after 8 s"]


def test_damage_is_not_silence() -> None:
    """Bytes come, and none of them is a message: another baud rate, another model."""
    device = talker()
    device.dropped = 17
    (sample,) = given(device, 102.0)
    assert "nothing but 17 bytes that are no message for 2 s" in sample.fault
    assert sample.fault.endswith("[E-TALK-002]")


def test_one_kind_of_message_may_fall_silent_alone(caplog: pytest.LogCaptureFixture) -> None:
    """A tilt sensor that no longer sends its angle goes on sending acceleration: the angle is stale."""
    device = talker(STREAM)
    acceleration = Message("acceleration", bytes.fromhex("55510000000000 08C4097B".replace(" ", "")))
    found: dict[str, list[str]] = {"acceleration": [], "angle": []}
    for second in range(100, 110):
        device.heard(acceleration, second + 0.5)
        for sample in given(device, second + 1.0):
            found[sample.block].append(sample.fault)
    assert found["acceleration"] == [""] * 10
    assert all("no message angle for" in fault for fault in found["angle"])
    assert len(caplog.records) == 1


def test_what_no_point_stands_in_is_passed_over() -> None:
    """A WitMotion also sends its gyroscope: known, so no damage, and no sample."""
    device = talker(STREAM)
    device.heard(Message("others", bytes(11)), 100.5)
    assert given(device, 102.9) == []


def test_an_uplink_waits_for_nothing() -> None:
    """What comes once in ten minutes is a sample at once, and two hours without one are silence."""
    device = talker(UPLINK)
    device.heard(Message("battery", b"\x5c"), 130.0)
    assert device.due <= 130.0
    (sample,) = given(device, 130.0)
    assert (sample.block, sample.reply) == ("battery", b"\x5c")
    assert device.due == 100.0 + 7200
    device.heard(Message("angles", bytes(7), time_s=1_665_561_758), 131.0)
    assert device.due == 100.0 + 7200  # of the past: not of this


def test_messages_beyond_all_measure_cost_no_memory() -> None:
    """Two hours of 1 kHz in one interval: the last thousand are looked at."""
    device = talker(every_s=3600.0)
    rng = Random(1)
    for place in range(5000):
        device.heard(echo(rng.randrange(1900, 2000)), 100.0 + place / 1000)
    (sample,) = given(device, 3700.0)
    assert sample.reply


def test_times_only_go_forward(caplog: pytest.LogCaptureFixture) -> None:
    """With a clock that stands still, the samples of one kind of message are a millisecond apart at least."""
    caplog.set_level(logging.ERROR)
    device, times = talker(every_s=0.3), []
    for place in range(20):
        device.heard(echo(1953), 100.0 + 0.3 * place)
        times += [sample.time_ns for sample in given(device, 100.0 + 0.3 * (place + 1))]
    assert times == sorted(set(times))
