"""The device library: every folder's vectors, checks, round trip and manual."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.modbus_frame import checked_frame, numbers_of, reading, request_frame
from edge.sim.modbus_device import ModbusDevice
from wire.expression import Expression, ExpressionError, Values
from wire.fields import decode_message, messages_in, stream_of
from wire.message_encoding import encode_message
from wire.messages import TlvShape
from wire.profile import Derived, LinkKind, Point, PointType, Profile, Vector
from wire.profile_acts import APPLY, KNOWN_TILT, ZERO_HERE
from wire.profile_yaml import library_folder, load_library
from wire.quantities import QUANTITIES
from wire.registers import Value, decode_block, encode_block, width
from wire.vector_proof import mistakes_of, values_of

LIBRARY = load_library(library_folder())
VECTORS = [(profile, vector) for profile in LIBRARY.values() for vector in profile.vectors]
BLOCKS = [(profile, block) for profile in LIBRARY.values() for block in profile.blocks]
STREAMS = (LinkKind.SERIAL_STREAM, LinkKind.SERIAL_QUERY, LinkKind.BLE_NOTIFY)
HEADINGS = ("Wiring", "Address and baud", "Source", "Not verified")


def named(found: object) -> str:
    """A test's name: the device, and the block."""
    if isinstance(found, Vector):
        return found.block or "message"
    return found.name if isinstance(found, Profile) else str(found)


def published(profile: Profile) -> list[Point | Derived]:
    """What leaves the box as a quantity."""
    everything: list[Point | Derived] = [*profile.points, *profile.derived]
    return [value for value in everything if value.quantity]


def holds(condition: Expression, values: Values) -> bool | None:
    """Whether a condition holds; None when its points are in another block."""
    try:
        result = condition(values)
    except ExpressionError:
        return None
    assert isinstance(result, bool)
    return result


@pytest.mark.parametrize(("profile", "vector"), VECTORS, ids=named)
def test_every_vector_decodes_to_what_it_says(profile: Profile, vector: Vector) -> None:
    """Numbers to within 0.0001 of their unit, words and flags exactly."""
    assert not mistakes_of(replace(profile, vectors=(vector,)), profile.name)


@pytest.mark.parametrize(("profile", "vector"), [pair for pair in VECTORS if pair[1].asked], ids=named)
def test_a_device_is_asked_with_the_bytes_of_its_manual(profile: Profile, vector: Vector) -> None:
    """The template of the request, its checksum worked out, is what the vendor prints."""
    asked = [shape.ask.render() for shape in profile.messages.values() if not isinstance(shape, TlvShape) and shape.ask]
    assert vector.asked in asked


@pytest.mark.parametrize("profile", LIBRARY.values(), ids=named)
def test_vectors_reach_everything_a_profile_claims(profile: Profile) -> None:
    """Every published value is wanted by a vector, and every check gives an answer on one."""
    wanted = {name for vector in profile.vectors for name in vector.want}
    assert {value.name for value in published(profile)} <= wanted
    for check in profile.checks:
        answers = {holds(check.condition, values_of(profile, vector)) for vector in profile.vectors}
        assert answers - {None}, check.condition.text


@pytest.mark.parametrize("profile", LIBRARY.values(), ids=named)
def test_values_are_in_their_quantity_s_unit(profile: Profile) -> None:
    """What the store is told is degrees is degrees."""
    for value in published(profile):
        assert value.unit == QUANTITIES[value.quantity].unit


def raw_values(point: Point) -> st.SearchStrategy[Value]:
    """Values that a device of this model can send for one point."""
    if point.codes:
        last = (point.mask & 0xFFFF) >> point.shift
        return st.sampled_from([*point.codes.values(), point.codes.get(last, f"code_{last}")])
    if point.type is PointType.F32:
        finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
        return st.none() | finite.filter(lambda number: number not in point.invalid)
    full = (1 << 16 * width(point.type)) - 1
    if point.type in (PointType.I16, PointType.I32):
        raw = st.integers(-(full + 1) // 2, full // 2)
    else:
        raw = st.integers(0, 1 if point.type is PointType.BIT else (point.mask & full) >> point.shift)
    measured = raw.filter(lambda number: number not in point.invalid)
    return measured.map(lambda number: number * point.scale + point.offset)


def device_values(profile: Profile, block: str) -> st.SearchStrategy[Mapping[str, Value]]:
    """One answer of a device."""
    fields: dict[str, st.SearchStrategy[Value]] = {}
    for point in profile.points:
        if point.block != block:
            continue
        if point.bits:
            fields |= {f"{point.name}.{flag}": st.booleans() for flag in point.bits.values()}
        elif point.require is not None:
            fields[point.name] = st.just(float(point.require))
        else:
            fields[point.name] = raw_values(point)
    return st.fixed_dictionaries(fields)


@pytest.mark.parametrize(("profile", "block"), BLOCKS, ids=named)
@settings(max_examples=8)
@given(data=st.data())
def test_what_the_simulator_sends_is_what_the_line_reads(profile: Profile, block: str, data: st.DataObject) -> None:
    """Encode, then decode: the same words, flags and numbers, for any state of the device."""
    sent = data.draw(device_values(profile, block))
    read = decode_block(profile, block, encode_block(profile, block, sent))
    assert set(read) == set(sent)
    for name, value in sent.items():
        expected = pytest.approx(value, rel=1e-12, abs=1e-12) if isinstance(value, float) else value
        assert read[name] == expected, name


@pytest.mark.parametrize(("profile", "vector"), [pair for pair in VECTORS if pair[1].block], ids=named)
def test_a_vector_s_values_encode_to_registers_that_say_the_same(profile: Profile, vector: Vector) -> None:
    """Registers that no point describes may differ; what the points say may not."""
    values = decode_block(profile, vector.block, vector.registers)
    assert decode_block(profile, vector.block, encode_block(profile, vector.block, values)) == values


@pytest.mark.parametrize(("profile", "vector"), [pair for pair in VECTORS if pair[1].block], ids=named)
def test_the_simulator_answers_a_request_with_what_the_vector_says(profile: Profile, vector: Vector) -> None:
    """A request and a reply of real frames, by a device that is made of the same profile."""
    values = decode_block(profile, vector.block, vector.registers)
    block, unit = profile.blocks[vector.block], profile.link.unit
    asked = reading(unit, block)
    reply = ModbusDevice(profile, unit, lambda: values).answer(request_frame(asked))
    registers = numbers_of(checked_frame(reply, asked, profile.name), asked, profile.name)
    assert decode_block(profile, vector.block, registers) == values


@pytest.mark.parametrize(
    ("profile", "vector"),
    [(profile, vector) for profile, vector in VECTORS if profile.link.kind in STREAMS and vector.want],
    ids=named,
)
def test_a_vector_s_values_encode_to_messages_that_say_the_same(profile: Profile, vector: Vector) -> None:
    """Bytes that no point describes may differ; what the points say may not."""
    for message in messages_in(profile, vector.octets):
        values = decode_message(profile, message.name, message.octets)
        assert decode_message(profile, message.name, encode_message(profile, message.name, values)) == values


@pytest.mark.parametrize(("profile", "vector"), [pair for pair in VECTORS if pair[0].link.kind in STREAMS], ids=named)
def test_noise_before_a_message_and_bytes_one_by_one_change_nothing(profile: Profile, vector: Vector) -> None:
    """A stream begins anywhere and comes in pieces; an uplink or an advert comes whole."""
    whole = messages_in(profile, vector.octets)
    stream = stream_of(profile)
    noisy = b"\x00\x31" + vector.octets
    found = [message for octet in noisy for message in stream.feed(bytes([octet]))]
    assert found == whole


@pytest.mark.parametrize("profile", LIBRARY.values(), ids=named)
def test_every_device_has_a_manual_page(profile: Profile) -> None:
    """A README for the person on the ladder, with the headings they look for."""
    page = (library_folder() / profile.name / "README.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert set(HEADINGS) <= set(headings)


@pytest.mark.parametrize("profile", LIBRARY.values(), ids=named)
def test_a_profile_below_bench_level_says_so(profile: Profile) -> None:
    """What was never tried on hardware is an open point, shown at commissioning."""
    assert profile.evidence.level == "bench" or "never tried on hardware" in profile.evidence.open


def test_gas_of_another_unit_or_a_faulty_detector_is_not_believed() -> None:
    """An XRL set to ppm, in warm-up and with its fault bit, fails three checks; the %LEL example none."""
    profile = LIBRARY["honeywell-sensepoint-xrl"]
    good, bad = (values_of(profile, vector) for vector in profile.vectors)
    assert [holds(check.condition, good) for check in profile.checks] == [False, False, False, False]
    assert [holds(check.condition, bad) for check in profile.checks] == [True, True, True, False]


def test_the_library_covers_what_a_city_hangs_up() -> None:
    """Thirty devices and more, of every kind that its sites need, over wire, Bluetooth and LoRaWAN."""
    assert len(LIBRARY) >= 30
    kinds = {"tilt", "vibration", "gas", "level", "flow", "rain", "wind", "weather", "power", "relay", "door"}
    assert kinds <= {profile.kind for profile in LIBRARY.values()}
    assert {profile.link.kind for profile in LIBRARY.values()} == set(LinkKind)


@pytest.mark.parametrize("profile", LIBRARY.values(), ids=named)
def test_an_inclinometer_can_be_proved_by_a_known_tilt(profile: Profile) -> None:
    """A wrong family reads plausible angles: whoever publishes a resultant has the procedure, and a zero on the box."""
    if "tilt" in profile.quantities:
        assert {KNOWN_TILT, ZERO_HERE} <= set(profile.procedures)


@pytest.mark.parametrize("profile", LIBRARY.values(), ids=named)
def test_what_can_be_set_can_be_applied(profile: Profile) -> None:
    """A profile with settings says how one is written."""
    assert not profile.settings or APPLY in profile.procedures


@pytest.mark.parametrize(
    ("sent_by", "read_as"),
    [
        ("witmotion-wt901c-485", "witmotion-hwt9073-485"),
        ("witmotion-hwt9073-485", "witmotion-wt901c-485"),
    ],
)
def test_a_sensor_of_the_other_witmotion_family_never_passes(sent_by: str, read_as: str) -> None:
    """Two degrees of lean, read with the other family's profile: the readings carry a failure, and identity says no."""
    sender, reader = LIBRARY[sent_by], LIBRARY[read_as]
    leaning = {"roll": 2.0, "pitch": -2.0, "temp": 25.0, "acc_z": 1.0}
    (own,), (read,) = sender.blocks.values(), reader.blocks.values()
    memory = dict(
        zip(range(own.address, own.address + own.count), encode_block(sender, own.name, leaning), strict=True)
    )
    registers = [memory.get(address, 0) for address in range(read.address, read.address + read.count)]
    values = decode_block(reader, read.name, registers)
    assert any(holds(check.condition, values) for check in reader.checks)
    proofs = [proof for proof in reader.identity if proof.is_proof]
    assert not all(proof.is_met(memory.get(proof.address, 0)) for proof in proofs)


def test_the_wheel_carries_the_library() -> None:
    """A box that installs the wheel finds the profiles beside the wire package."""
    build = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert '"firmware-configs" = "wire/firmware-configs"' in build
