"""Why is this red? From the bytes of an event to its value, and what is said when they do not fit any more."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import detection
import frames
import msgspec
import pytest
import small_city
from detection import BEGIN_NS, profiles

from cloud.alarming.alarm_answer import AlarmAnswer, answers
from cloud.alarming.alarm_state import Alarm, step
from cloud.alarming.chain import chain_of
from cloud.alarming.explanation import Explanation, explain
from edge.decode import decode, published_by
from wire.alarm import OFFLINE_RULE, AlarmEvent, Change, Frame, Level
from wire.expression import parse
from wire.fields import messages_in
from wire.inventory import Inventory, Sensor
from wire.profile import Derived, Profile, Vector
from wire.reading import Sample

LEANING = (0, 0, 2048, 0, 0, 0, 0, 0, 0, 365, 0, 0, 2500)
"""Of a WT901C-485: roll 2.005°, pitch 0°, 25 °C."""
VECTORS = [
    pytest.param(profile, vector, id=f"{name}-{at}")
    for name, profile in profiles().items()
    for at, vector in enumerate(profile.vectors)
    if vector.octets or published_by(profile, vector.block)
]


def given(vector: Vector, scope: str) -> dict[str, float]:
    """The zero or the constants that a vector needs."""
    return {name.removeprefix(scope): value for name, value in vector.given.items() if name.startswith(scope)}


def event(sensor: Sensor, frame: Frame | None, value: float | None, quantity: str = "tilt") -> AlarmEvent:
    """The sensor's rule `lean` says that it is red."""
    return AlarmEvent(
        alarm=f"{sensor.id}/lean",
        sensor=sensor.id,
        rule="lean",
        quantity=quantity,
        change=Change.RAISED,
        level=Level.RED,
        value=value,
        limit=1.5,
        time_ns=BEGIN_NS,
        reason="it leans",
        frame=frame,
    )


@pytest.mark.parametrize(("profile", "vector"), VECTORS)
def test_the_last_step_is_the_value_of_the_event(profile: Profile, vector: Vector) -> None:
    """For every device of the library and everything it publishes, from the bytes to what the box judged by."""
    sensor = detection.sensor(
        profile.name, zero=given(vector, "zero.") or None, constants=given(vector, "site.") or None
    )
    for frame, sample in answers_of(sensor, vector):
        check_last_steps(sensor, vector, frame, sample)


def answers_of(sensor: Sensor, vector: Vector) -> Iterator[tuple[Frame, Sample]]:
    """The exchange of a block, or each message, as a box sends it and as it judged it."""
    if vector.block:
        frame = frames.frame(sensor, vector.block, vector.registers)
        yield frame, Sample(sensor.id, BEGIN_NS, vector.block, vector.registers)
    for message in messages_in(sensor.profile, vector.octets):
        frame = Frame(message.name, "", message.octets.hex())
        yield frame, Sample(sensor.id, BEGIN_NS, message.name, reply=message.octets)


def check_last_steps(sensor: Sensor, vector: Vector, frame: Frame, sample: Sample) -> None:
    """Of everything that the sample publishes."""
    judged = decode(sample, sensor).readings
    assert judged or not vector.block  # a damaged message says nothing
    for quantity, value in judged:
        chain = chain_of(event(sensor, frame, value, quantity), sensor)
        assert (chain.steps[-1].value, chain.steps[-1].quantity, chain.doubt) == (value, quantity, "")
        assert tuple(register.value for register in chain.registers) == vector.registers
        points = {point.name: point.value for point in chain.points}
        for name, wanted in vector.want.items():
            if name in points:
                assert points[name] == (pytest.approx(wanted, abs=1e-4) if type(wanted) is float else wanted)


def test_each_link_of_the_chain_names_where_it_comes_from() -> None:
    """Roll is register 0x3D: 365 steps of 180/32768 degree; the lean is worked out from roll, pitch and the zero."""
    sensor = detection.sensor()
    frame = frames.frame(sensor, "attitude", LEANING)
    chain = chain_of(event(sensor, frame, 2.005), sensor)
    assert chain.frame is not None
    assert (chain.frame.unit, chain.frame.function, chain.frame.register, chain.frame.count) == (80, 3, "0x34", 13)
    assert (chain.frame.request, chain.frame.crc_ok) == ("50030034000dc840", True)
    assert [(one.address, one.value) for one in chain.registers][9:11] == [("0x3D", 365), ("0x3E", 0)]
    roll = chain.points[1]
    assert (roll.name, roll.registers, roll.type, roll.expression) == (
        "roll",
        ("0x3D",),
        "i16",
        "raw * 0.0054931640625",
    )
    assert (roll.value, roll.unit, roll.quantity) == (pytest.approx(2.00500, abs=1e-5), "deg", "tilt_x")
    [lean] = chain.steps
    assert (lean.name, lean.expression) == ("lean", "tilt_from(roll, pitch, zero.roll, zero.pitch)")
    assert (lean.value, lean.unit, lean.quantity, chain.doubt) == (2.005, "deg", "tilt", "")


def test_flags_codes_and_masks_say_how_they_are_read() -> None:
    """A gas detector's registers: the model's mark, two-register floats, states, and one line for each flag."""
    sensor = detection.sensor("honeywell-sensepoint-xrl")
    vector = sensor.profile.vectors[1]
    chain = chain_of(event(sensor, frames.frame(sensor, "live", vector.registers), 0.0, "gas_lel"), sensor)
    read = {point.name: (point.registers, point.expression, point.value) for point in chain.points}
    assert read["ident"] == (("0x64",), "(raw & 0xFF00) >> 8", 0x26)
    assert read["gas"] == (("0x66", "0x67"), "raw", 0.0)
    assert read["flags.fault2"] == (("0x69",), "bit 6 of raw", True)
    assert read["mode"] == (("0x6A",), "word for raw", "warmup")


def test_what_is_derived_from_derived_values_is_shown_in_steps() -> None:
    """In the order of the profile, and nothing that the value does not need."""
    steps = (
        Derived("across", parse("sqrt(acc_x * acc_x + acc_y * acc_y)"), "m/s2", ""),
        Derived("aside", parse("acc_y"), "m/s2", ""),
        Derived("total", parse("sqrt(across * across + acc_z * acc_z)"), "m/s2", "accel_rms"),
    )
    plain = detection.sensor("witmotion-wtvb01-485")
    sensor = replace(plain, profile=replace(plain.profile, derived=steps))
    frame = frames.frame(sensor, "motion", (0x0800, 0x0800, 0x0800))
    chain = chain_of(event(sensor, frame, 16.98562, "accel_rms"), sensor)
    assert [(one.name, one.value) for one in chain.steps] == [
        ("across", pytest.approx(13.868, abs=1e-3)),
        ("total", 16.98562),
    ]
    assert chain.doubt == ""


def doubt(sensor: Sensor, frame: Frame, value: float | None = 2.005, quantity: str = "tilt") -> str:
    """What is said of an event with these bytes."""
    return chain_of(event(sensor, frame, value, quantity), sensor).doubt


def test_a_block_that_was_read_with_its_neighbours_is_found_in_their_reply() -> None:
    """Thirteen registers were read at once; roll and pitch are a block of their own among them."""
    sensor = detection.sensor()
    frame = msgspec.structs.replace(frames.frame(sensor, "attitude", LEANING), block="angles")
    angles = replace(sensor.profile.blocks["attitude"], name="angles", address=0x3D, count=2)
    points = tuple(replace(one, block="angles") for one in sensor.profile.points if one.name in {"roll", "pitch"})
    profile = replace(sensor.profile, blocks={"angles": angles}, points=points, checks=())
    chain = chain_of(event(sensor, frame, 2.005), replace(sensor, profile=profile))
    assert (chain.steps[-1].value, chain.doubt, len(chain.registers)) == (2.005, "", 13)


def test_a_zero_that_changed_since_is_said() -> None:
    """The bytes are the same, and give another lean today."""
    frame = frames.frame(detection.sensor(), "attitude", LEANING)
    said = doubt(detection.sensor(zero={"roll": 1.0, "pitch": 0.0}), frame)
    assert said.startswith("today these bytes give 1.005 deg, then it was 2.005 deg: the zero, the constants or")


def test_a_profile_that_changed_since_is_said() -> None:
    """Another block of this name, none of it, another model, or a quantity that is published no more."""
    sensor = detection.sensor()
    frame = frames.frame(sensor, "attitude", LEANING)
    block = replace(sensor.profile.blocks["attitude"], address=0x35)
    moved = replace(sensor, profile=replace(sensor.profile, blocks={"attitude": block}))
    for now in (moved, detection.sensor("keller-36xw")):
        assert "has no block 'attitude' of these registers today" in doubt(now, frame)
    silent = replace(sensor, profile=replace(sensor.profile, derived=()))
    assert "publishes no tilt from these registers today" in doubt(silent, frame)
    gas = detection.sensor("honeywell-sensepoint-xrl")
    another = frames.frame(gas, "live", (0x2501, *([0] * 16)))
    assert "this is no Honeywell Sensepoint XRL" in doubt(gas, another, None, "gas_lel")


def test_bytes_that_cannot_be_right_are_said() -> None:
    """A box of somebody else sends damaged frames, half of them, or none at all."""
    sensor = detection.sensor()
    frame = frames.frame(sensor, "attitude", LEANING)
    damaged = chain_of(event(sensor, msgspec.structs.replace(frame, reply=frame.reply[:-4] + "0000"), 2.005), sensor)
    assert (damaged.frame is not None and damaged.frame.crc_ok, damaged.doubt) == (
        False,
        "the CRC of these bytes is wrong.",
    )
    assert damaged.steps[-1].value == 2.005
    half = chain_of(event(sensor, msgspec.structs.replace(frame, reply=frame.reply[:20]), 2.005), sensor)
    assert (half.frame, half.registers, half.steps) == (None, (), ())
    assert "the reply does not answer the request" in half.doubt
    short = frames.frame(sensor, "attitude", LEANING[:5])
    assert "5 registers in block attitude, 13 were asked for" in doubt(sensor, short)


@pytest.fixture
def city(tmp_path: Path) -> Inventory:
    """The small city."""
    return small_city.inventory(tmp_path)


def explained(city: Inventory, event: AlarmEvent, **changed: Any) -> Explanation:
    """What the city's cloud says of an alarm whose last event it is."""
    alarm: Alarm = msgspec.structs.replace(step(None, event, city.tags(event.sensor, "XM-TA-01")), **changed)
    [answer] = answers([alarm])
    assert isinstance(answer, AlarmAnswer)
    return explain(answer, event, city)


def changed(city: Inventory, sensor: str, **facts: Any) -> Inventory:
    """The city with other facts of one sensor."""
    sensors: Mapping[str, Sensor] = {**city.sensors, sensor: replace(city.sensors[sensor], **facts)}
    return replace(city, sensors=MappingProxyType(dict(sensors)))


def test_everything_on_the_way_from_the_bytes_to_the_case(city: Inventory) -> None:
    """Event, rule with the on-delay of its level, baseline with its days, device, case."""
    days = {"commissioned": date(2026, 3, 14), "calibrated": date(2026, 3, 15)}
    city = changed(city, "XM-TA-0117-T1", zero={"roll": 0.0, "pitch": 0.0}, **days)
    sensor = city.sensors["XM-TA-0117-T1"]
    leans = event(sensor, frames.frame(sensor, "attitude", LEANING), 2.005)
    leans = msgspec.structs.replace(leans, config_version=city.version)
    why = explained(city, leans, case="20261118-00001")
    assert (why.case, why.alarm.id, why.alarm.is_first_out, why.doubt) == ("20261118-00001", leans.alarm, False, "")
    assert (why.event.value, why.event.limit, why.event.is_current_config) == (2.005, 1.5, True)
    assert [(one.name, one.value) for one in why.baseline] == [("roll", 0.0), ("pitch", 0.0)]
    assert (why.commissioned, why.calibrated) == (date(2026, 3, 14), date(2026, 3, 15))
    assert why.rule is not None
    assert (why.rule.name, why.rule.kind, why.rule.quantity, why.rule.on_delay_s) == ("lean", "limit", "tilt", 2.0)
    assert [(one.level.value, one.limit) for one in why.rule.levels][-1] == ("red", 1.5)
    assert why.profile is not None
    assert (why.profile.vendor, why.profile.model, why.profile.evidence_level) == (
        "witmotion",
        "wt901c-485",
        "vendor-code",
    )


def test_a_configuration_that_gives_the_same_is_not_doubted(city: Inventory) -> None:
    """sensors.yaml changed somewhere else since: it is another version, and everything still fits."""
    sensor = city.sensors["XM-TA-0117-T1"]
    leans = event(sensor, frames.frame(sensor, "attitude", LEANING), 2.005)
    why = explained(city, msgspec.structs.replace(leans, config_version="7c1f"))
    assert (why.event.is_current_config, why.doubt) == (False, "")


def test_a_sensor_a_rule_or_a_limit_that_is_no_more_is_said(city: Inventory) -> None:
    """What was judged then cannot be judged so today."""
    leans = event(city.sensors["XM-TA-0117-T1"], None, 2.17)
    assert explained(city, msgspec.structs.replace(leans, limit=1.2)).doubt == (
        "today the limit of red is 1.5 deg, then it was 1.2 deg."
    )
    assert "the sensor has no rule sway today" in explained(city, msgspec.structs.replace(leans, rule="sway")).doubt
    why = explained(city, msgspec.structs.replace(leans, sensor="GONE-T1"))
    assert (why.rule, why.profile, why.baseline) == (None, None, ())
    assert why.doubt == "sensors.yaml knows no sensor GONE-T1 today."
    lean = city.sensors["XM-TA-0117-T1"].rules[0]
    without = changed(city, "XM-TA-0117-T1", rules=(replace(lean, levels=lean.levels[:1]),))
    assert explained(without, leans).doubt == "the rule lean has no level red today."


def test_an_alarm_of_the_cloud_itself_is_not_doubted(city: Inventory) -> None:
    """A box that is gone and a test have no rule in any file."""
    gone = msgspec.structs.replace(
        event(city.sensors["XM-TA-0117-T1"], None, None), sensor="XM-TA-01", rule=OFFLINE_RULE, limit=None
    )
    why = explained(city, gone)
    assert (why.frame, why.rule, why.doubt) == (None, None, "")
