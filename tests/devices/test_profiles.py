"""The device library: every folder's vectors, checks, round trip and manual."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.expression import Expression, ExpressionError, Values
from wire.profile import Derived, Point, PointType, Profile, Vector
from wire.profile_yaml import library_folder, load_library
from wire.quantities import QUANTITIES
from wire.registers import Value, decode_block, encode_block, width

LIBRARY = load_library(library_folder())
VECTORS = [(profile, vector) for profile in LIBRARY.values() for vector in profile.vectors]
BLOCKS = [(profile, block) for profile in LIBRARY.values() for block in profile.blocks]
HEADINGS = ("Wiring", "Address and baud", "Source", "Not verified")


def named(found: object) -> str:
    """A test's name: the device, and the block."""
    return found.name if isinstance(found, Profile) else found.block if isinstance(found, Vector) else str(found)


def published(profile: Profile) -> list[Point | Derived]:
    """What leaves the box as a quantity."""
    everything: list[Point | Derived] = [*profile.points, *profile.derived]
    return [value for value in everything if value.quantity]


def decoded(profile: Profile, vector: Vector) -> dict[str, Value]:
    """Points, given numbers and derived values."""
    values: dict[str, Value] = {**decode_block(profile, vector.block, vector.registers), **vector.given}
    for derived in profile.derived:
        try:
            values[derived.name] = derived.expression(values)
        except ExpressionError:
            continue
    return values


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
    values = decoded(profile, vector)
    for name, want in vector.want.items():
        expected = pytest.approx(want, abs=1e-4) if type(want) is float else want
        assert values[name] == expected, name


@pytest.mark.parametrize("profile", LIBRARY.values(), ids=named)
def test_vectors_reach_everything_a_profile_claims(profile: Profile) -> None:
    """Every published value is wanted by a vector, and every check gives an answer on one."""
    wanted = {name for vector in profile.vectors for name in vector.want}
    assert {value.name for value in published(profile)} <= wanted
    for check in profile.checks:
        answers = {holds(check.condition, decoded(profile, vector)) for vector in profile.vectors}
        assert answers - {None}, check.condition.text


@pytest.mark.parametrize("profile", LIBRARY.values(), ids=named)
def test_values_are_in_their_quantity_s_unit(profile: Profile) -> None:
    """What the store is told is degrees is degrees."""
    for value in published(profile):
        assert value.unit == QUANTITIES[value.quantity].unit


def raw_values(point: Point) -> st.SearchStrategy[Value]:
    """Values that a device of this model can send for one point."""
    if point.codes:
        return st.sampled_from([*point.codes.values(), "code_99"])
    if point.type is PointType.F32:
        finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
        return st.none() | finite.filter(lambda number: number not in point.invalid)
    full = (1 << 16 * width(point.type)) - 1
    if point.type in (PointType.I16, PointType.I32):
        raw = st.integers(-(full + 1) // 2, full // 2)
    else:
        raw = st.integers(0, (point.mask & full) >> point.shift)
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
@given(data=st.data())
def test_what_the_simulator_sends_is_what_the_line_reads(profile: Profile, block: str, data: st.DataObject) -> None:
    """Encode, then decode: the same words, flags and numbers, for any state of the device."""
    sent = data.draw(device_values(profile, block))
    read = decode_block(profile, block, encode_block(profile, block, sent))
    assert set(read) == set(sent)
    for name, value in sent.items():
        expected = pytest.approx(value, rel=1e-12, abs=1e-12) if isinstance(value, float) else value
        assert read[name] == expected, name


@pytest.mark.parametrize(("profile", "vector"), VECTORS, ids=named)
def test_a_vector_s_values_encode_to_registers_that_say_the_same(profile: Profile, vector: Vector) -> None:
    """Registers that no point describes may differ; what the points say may not."""
    values = decode_block(profile, vector.block, vector.registers)
    assert decode_block(profile, vector.block, encode_block(profile, vector.block, values)) == values


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
    good, bad = (decoded(profile, vector) for vector in profile.vectors)
    assert [holds(check.condition, good) for check in profile.checks] == [False, False, False, False]
    assert [holds(check.condition, bad) for check in profile.checks] == [True, True, True, False]


def test_the_wheel_carries_the_library() -> None:
    """A box that installs the wheel finds the profiles beside the wire package."""
    build = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert '"firmware-configs" = "wire/firmware-configs"' in build
