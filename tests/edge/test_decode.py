"""Decode: registers and named values become quantities."""

import math
from dataclasses import replace

import pytest
from detection import BEGIN_NS, profiles, sensor

from edge.decode import decode, published_by
from wire.expression import parse
from wire.fields import messages_in
from wire.profile import Derived
from wire.reading import Sample


def shipped_vectors() -> list[object]:
    """Every vector of the device library that gives all its expressions need."""
    return [
        pytest.param(name, index, id=f"{name}-{index}")
        for name, profile in profiles().items()
        for index in range(len(profile.vectors))
    ]


@pytest.mark.parametrize(("name", "index"), shipped_vectors())
def test_every_vector_of_the_library_passes_the_line(name: str, index: int) -> None:
    """What a profile promises of its registers is what a sensor on a line gives."""
    vector = profiles()[name].vectors[index]
    zero = {key.removeprefix("zero."): value for key, value in vector.given.items() if key.startswith("zero.")}
    constants = {key.removeprefix("site."): value for key, value in vector.given.items() if key.startswith("site.")}
    samples = [Sample("TA-0117-tilt", BEGIN_NS, vector.block, vector.registers)] if vector.block else []
    samples += [
        Sample("TA-0117-tilt", BEGIN_NS, message.name, reply=message.octets)
        for message in messages_in(profiles()[name], vector.octets)
    ]
    at_site = sensor(name, zero=zero or None, constants=constants)
    values = {point: value for sample in samples for point, value in decode(sample, at_site).values.items()}
    for point, wanted in vector.want.items():
        found = values[point]
        assert found == (pytest.approx(wanted, abs=1e-3) if isinstance(wanted, float) else wanted)


def test_readings_are_the_published_quantities_at_their_resolution() -> None:
    """Roll 364 steps of 180/32768 degree is 2.000 degrees; thousandths are kept, and the lean is from the zero."""
    registers = (0, 0, 2048, 0, 0, 0, 0, 0, 0, 364, 0, 0, 2150)
    sample = Sample("TA-0117-tilt", BEGIN_NS, "attitude", registers)
    decoded = decode(sample, sensor(zero={"roll": 1.0, "pitch": 0.0}))
    assert decoded.readings == (("tilt_x", 2.0), ("tilt_y", 0.0), ("temperature", 21.5), ("tilt", 1.0))
    assert decoded.values["roll"] == pytest.approx(1.99951, abs=1e-5)


def test_a_fault_leaves_every_quantity_of_its_block_without_value() -> None:
    """Silence is recorded for what the block publishes, and only for that."""
    vibration = sensor("witmotion-wtvb01-485")
    motion = decode(Sample("TA-0117-tilt", BEGIN_NS, "motion", fault="no reply in 300 ms"), vibration)
    assert motion.readings == (("accel_x", None), ("accel_y", None), ("accel_z", None))
    assert decode(Sample("TA-0117-tilt", BEGIN_NS, "chip", fault="no reply"), vibration).readings == (
        ("temperature", None),
    )
    assert len(decode(Sample("TA-0117-tilt", BEGIN_NS, fault="the port is gone"), vibration).readings) == 4


def test_a_fault_also_silences_what_is_derived() -> None:
    """A level that comes from the pressure is as silent as the pressure."""
    assert published_by(profiles()["keller-36xw"], "live") == ("pressure", "temperature", "water_level")


def test_an_invalid_value_takes_what_is_derived_with_it() -> None:
    """NaN on an inactive channel: no pressure and no level, but a temperature."""
    given = {"sensor_height": 0.1, "water_density": 998.2}
    sample = Sample("TA-0117-tilt", BEGIN_NS, "live", (0x7FC0, 0x0000, 0x41A8, 0x0000))
    decoded = decode(sample, sensor("keller-36xw", constants=given))
    assert decoded.readings == (("pressure", None), ("temperature", 21.0), ("water_level", None))
    assert decoded.sample.fault == ""


def test_another_model_is_a_fault_of_this_sensor() -> None:
    """The identity register of another gas detector: no exception, a fault that says so."""
    registers = (0x2501, *([0] * 16))
    decoded = decode(Sample("TA-0117-tilt", BEGIN_NS, "live", registers), sensor("honeywell-sensepoint-xrl"))
    assert "E-DEVICE-002" in decoded.sample.fault
    assert decoded.readings == (("temperature", None), ("gas_lel", None))


def test_a_wrong_number_of_registers_is_a_fault_of_this_sensor() -> None:
    """Three registers where thirteen were asked for are not decoded."""
    decoded = decode(Sample("TA-0117-tilt", BEGIN_NS, "attitude", (1, 2, 3)), sensor())
    assert "E-DEVICE-001" in decoded.sample.fault
    assert {value for _, value in decoded.readings} == {None}


def test_named_values_pass_by_name_and_resolution() -> None:
    """A recording's values are quantities: no zero, no expression, no profile."""
    sample = Sample("TA-0117-tilt", BEGIN_NS, values=(("tilt", 0.30049), ("strain", -478.42917)))
    decoded = decode(sample, sensor(zero={"roll": 5.0, "pitch": 5.0}))
    assert decoded.readings == (("tilt", 0.3), ("strain", -478.429))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_is_no_value(value: float) -> None:
    """NaN and infinities never leave this stage."""
    assert decode(Sample("TA-0117-tilt", BEGIN_NS, values=(("tilt", value),)), sensor()).readings == (("tilt", None),)


def test_derived_values_may_build_on_derived_values() -> None:
    """In the order of the profile; one that needs another block is left out of this one's readings."""
    profile = profiles()["witmotion-wtvb01-485"]
    chain = (
        Derived("across", parse("sqrt(acc_x * acc_x + acc_y * acc_y)"), "m/s2", ""),
        Derived("total", parse("sqrt(across * across + acc_z * acc_z)"), "m/s2", "accel_rms"),
        Derived("mixed", parse("acc_x + temp"), "", "strain"),
    )
    device = replace(sensor("witmotion-wtvb01-485"), profile=replace(profile, derived=chain))
    decoded = decode(Sample("TA-0117-tilt", BEGIN_NS, "motion", (0x0800, 0x0800, 0x0800)), device)
    assert dict(decoded.readings)["accel_rms"] == pytest.approx(16.98562, abs=1e-5)
    assert "strain" not in dict(decoded.readings)
