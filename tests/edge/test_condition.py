"""Condition: quality flags on decoded values."""

import math
import struct
from collections.abc import Mapping

from detection import BEGIN_NS, SECOND_NS, profiles, sensor

from edge.condition import Conditioner
from edge.decode import decode
from wire.inventory import Sensor
from wire.reading import Quality, Reading, Sample
from wire.registers import Value, encode_block


class Device:
    """A sensor whose samples are conditioned one after the other."""

    def __init__(self, profile: str, **constants: float) -> None:
        self.sensor: Sensor = sensor(profile, constants=constants)
        self.conditioner = Conditioner(self.sensor)

    def poll(self, at_s: float, block: str, values: Mapping[str, Value]) -> dict[str, Reading]:
        """A good answer, by quantity."""
        registers = encode_block(profiles()[self.sensor.profile.name], block, values)
        return self.sample(Sample(self.sensor.id, _time(at_s), block, registers))

    def sample(self, sample: Sample) -> dict[str, Reading]:
        """Any sample, by quantity."""
        return {one.quantity: one for one in self.conditioner.readings(decode(sample, self.sensor))}


def _time(at_s: float) -> int:
    return BEGIN_NS + round(at_s * SECOND_NS)


STILL = {"roll": 0.5, "pitch": 0.0, "acc_z": 1.0, "temp": 20.0}


def test_a_good_answer_is_good() -> None:
    """All quantities of the poll, at the sample's time, without flags."""
    found = Device("witmotion-wt901c-485").poll(0, "attitude", STILL)
    assert set(found) == {"tilt", "tilt_x", "tilt_y", "temperature"}
    assert {one.quality for one in found.values()} == {Quality.GOOD}
    assert {one.time_ns for one in found.values()} == {BEGIN_NS}


def test_silence_is_stale_and_without_value() -> None:
    """No old value is repeated."""
    device = Device("witmotion-wt901c-485")
    device.poll(0, "attitude", STILL)
    found = device.sample(Sample(device.sensor.id, _time(1), "attitude", fault="no reply in 300 ms"))
    assert {(one.value, one.quality) for one in found.values()} == {(None, Quality.STALE)}


def test_out_of_span_marks_the_point_and_what_is_derived_from_it() -> None:
    """A pitch beyond 90 degrees cannot be; the lean computed from it cannot be trusted, the temperature can."""
    found = Device("witmotion-wt901c-485").poll(0, "attitude", STILL | {"pitch": 120.0})
    marked = {name for name, one in found.items() if one.quality == Quality.OUT_OF_SPAN}
    assert marked == {"tilt_y", "tilt"}


def test_the_span_holds_for_recorded_values_too() -> None:
    """A recording names its values by quantity; 99 degrees Celsius is beyond the sensor."""
    device = Device("witmotion-wt901c-485")
    found = device.sample(Sample(device.sensor.id, BEGIN_NS, values=(("temperature", 99.0), ("tilt_x", 1.0))))
    assert (found["temperature"].quality, found["tilt_x"].quality) == (Quality.OUT_OF_SPAN, Quality.GOOD)


def test_an_answer_without_a_value_is_a_failure() -> None:
    """NaN registers, and NaN in a recording."""
    device = Device("keller-36xw", sensor_height=0.1, water_density=998.2)
    found = device.poll(0, "live", {"p1": None, "tob1": 21.0})
    assert (found["pressure"].value, found["pressure"].quality) == (None, Quality.FAILURE)
    assert (found["water_level"].value, found["water_level"].quality) == (None, Quality.FAILURE)
    assert found["temperature"].quality == Quality.GOOD
    recorded = device.sample(Sample(device.sensor.id, BEGIN_NS, values=(("water_level", math.nan),)))
    assert recorded["water_level"].quality == Quality.FAILURE


def test_a_check_marks_all_readings_of_the_device() -> None:
    """A gas detector in warm-up: its value and its temperature are marked as calibrating."""
    device = Device("honeywell-sensepoint-xrl")
    good: dict[str, Value] = {"gas": 2.0, "gas_unit": "%{LEL}", "mode": "normal", "beat": 1, "temp": 20.0}
    assert {one.quality for one in device.poll(0, "live", good).values()} == {Quality.GOOD}
    warm = device.poll(1, "live", good | {"mode": "warmup", "beat": 2})
    assert {one.quality for one in warm.values()} == {Quality.CALIBRATING}
    failed = device.poll(2, "live", good | {"flags.fault": True, "beat": 3})
    assert {one.quality for one in failed.values()} == {Quality.FAILURE}
    assert {one.quality for one in device.poll(3, "live", good | {"beat": 4}).values()} == {Quality.GOOD}


def test_a_check_over_another_block_keeps_its_last_outcome() -> None:
    """A shock seen in the acceleration also marks the temperature that is polled in between."""
    device = Device("witmotion-wtvb01-485")
    at_scale_end = {"acc_x": 156.9, "acc_y": 0.0, "acc_z": 0.0}
    assert device.poll(0, "motion", at_scale_end)["accel_x"].quality == Quality.UNCERTAIN
    assert device.poll(1, "chip", {"temp": 20.0})["temperature"].quality == Quality.UNCERTAIN
    device.poll(2, "motion", {"acc_x": 0.0})
    assert device.poll(3, "chip", {"temp": 20.0})["temperature"].quality == Quality.GOOD


def test_a_sensor_that_does_not_change_is_stuck() -> None:
    """The tilt sensor repeats itself to the last step for 600 s of its own time; one step frees it."""
    device = Device("witmotion-wt901c-485")
    assert device.poll(0, "attitude", STILL)["tilt"].quality == Quality.GOOD
    assert device.poll(599, "attitude", STILL)["tilt"].quality == Quality.GOOD
    assert device.poll(600, "attitude", STILL)["tilt"].quality == Quality.STUCK
    assert device.poll(601, "attitude", STILL | {"roll": 0.51})["tilt"].quality == Quality.GOOD


def test_silence_and_a_clock_set_back_begin_the_count_again() -> None:
    """Nobody saw the sensor for 600 s: it is not called stuck."""
    device = Device("witmotion-wt901c-485")
    device.poll(0, "attitude", STILL)
    device.sample(Sample(device.sensor.id, _time(300), "attitude", fault="no reply"))
    assert device.poll(601, "attitude", STILL)["tilt"].quality == Quality.GOOD
    device.poll(-3600, "attitude", STILL)
    assert device.poll(-3100, "attitude", STILL)["tilt"].quality == Quality.GOOD
    assert device.poll(-3000, "attitude", STILL)["tilt"].quality == Quality.STUCK


def test_an_unsure_clock_is_said_of_good_and_of_missing_values() -> None:
    """A box without time marks everything it samples."""
    device = Device("keller-36xw", sensor_height=0.0, water_density=998.2)
    registers = struct.unpack(">4H", struct.pack(">2f", 0.3, 21.0))
    good = device.sample(Sample(device.sensor.id, BEGIN_NS, "live", registers, clock_unsure=True))
    assert {one.quality for one in good.values()} == {Quality.CLOCK_UNSURE}
    silent = device.sample(Sample(device.sensor.id, BEGIN_NS, "live", fault="no reply", clock_unsure=True))
    assert {one.quality for one in silent.values()} == {Quality.CLOCK_UNSURE | Quality.STALE}
