"""The grammar of profile expressions: what it computes, and what it refuses to understand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.expression import DEPTH_MAX, LENGTH_MAX, ExpressionError, parse

angles = st.floats(-180, 180)
small = st.floats(-0.02, 0.02)


@pytest.mark.parametrize(
    ("text", "values", "result"),
    [
        ("2 + 3 * 4 - 6 / 3", {}, 12.0),
        ("-(a - 1)", {"a": 3.5}, -2.5),
        ("abs(a) + sqrt(b)", {"a": -2.0, "b": 9.0}, 5.0),
        ("min(a, b, 7) + max(a, b)", {"a": 1.0, "b": 9.0}, 10.0),
        ("site.sensor_height - dist", {"site.sensor_height": 3.2, "dist": 1.2}, 2.0),
        ("1 <= code <= 999", {"code": 17.0}, True),
        ("1 <= code <= 999", {"code": 1200.0}, False),
        ("flags.fault or code >= 1200", {"flags.fault": False, "code": 1207.0}, True),
        ("not flags.fault and a > 0", {"flags.fault": False, "a": 1.0}, True),
        ("mode in [warmup, inhibit]", {"mode": "inhibit"}, True),
        ("mode not in [warmup, inhibit]", {"mode": "code_17"}, True),
        ("unit in ['%{LEL}', none]", {"unit": "%{LEL}"}, True),
        ("mode == 'warmup'", {"mode": "warmup"}, True),
        ("mode != 'warmup'", {"mode": "warmup"}, False),
        ("code in [1, 5]", {"code": 5.0}, True),
    ],
)
def test_expressions_compute(text: str, values: dict[str, float | str | bool], result: object) -> None:
    """Arithmetic, chained comparisons, conditions and words, as docs/develop/profiles.md promises."""
    assert parse(text)(values) == result


def test_names_and_words_are_told_apart() -> None:
    """A bare word is a name everywhere but inside the brackets of `in`."""
    expression = parse("mode in [warmup, 'k[ppm]'] and abs(zero.roll) < limit")
    assert expression.names == {"mode", "zero.roll", "limit"}
    assert expression.words == {"warmup", "k[ppm]"}


def test_what_is_not_needed_is_not_read() -> None:
    """`or` and `and` stop at the first operand that decides."""
    assert parse("fault or missing > 3")({"fault": True}) is True
    assert parse("fault and missing > 3")({"fault": False}) is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a +",
        "__import__('os')",
        "a.b()",
        "a[0]",
        "a ** b",
        "a % b",
        "a if b else c",
        "lambda: 1",
        "[a, b]",
        "(a, b)",
        "a := 1",
        "True",
        "None",
        "1or 2",
        "1e999",
        "abs",
        "cos(a)",
        "abs(a, b)",
        "max(a)",
        "max(*a)",
        "abs(x=1)",
        "mode in words",
        "mode == [warmup]",
        "a is b",
        "f'{a}'",
        "-" * (DEPTH_MAX + 1) + "1",
        "(" * 300 + "1" + ")" * 300,
        "1 + " * LENGTH_MAX + "1",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    """Syntax outside the grammar is a mistake of the profile, said in one sentence."""
    with pytest.raises(ValueError, match=r".") as refused:
        parse(text)
    assert not isinstance(refused.value, SyntaxError)
    assert "\n" not in str(refused.value)


@given(st.text(min_size=1, max_size=60))
def test_no_text_escapes_the_grammar(text: str) -> None:
    """Any text is an expression or a ValueError, nothing else."""
    try:
        said = parse(text).text
    except ValueError as error:
        said = str(error)
    assert said


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a / b", {"a": 1.0, "b": 0.0}),
        ("a + 1", {}),
        ("a + 1", {"a": None}),
        ("a + 1", {"a": "warmup"}),
        ("a + 1", {"a": True}),
        ("a < 1", {"a": "warmup"}),
        ("not a", {"a": 1.0}),
        ("a or b", {"a": 0.0, "b": True}),
        ("sqrt(a)", {"a": -1.0}),
        ("a * a", {"a": 1e300}),
        ("a - a", {"a": math.inf}),
    ],
)
def test_no_value_is_an_error_never_a_wrong_number(text: str, values: dict[str, float | str | bool | None]) -> None:
    """Division by zero, a missing point, a word for a number, an overflow: ExpressionError, which is arithmetic."""
    with pytest.raises(ExpressionError) as failed:
        parse(text)(values)
    assert isinstance(failed.value, ArithmeticError)


TILT_FROM = parse("tilt_from(roll, pitch, zero.roll, zero.pitch)")


def lean(roll: float, pitch: float, zero_roll: float, zero_pitch: float) -> float:
    """Degrees."""
    result = TILT_FROM({"roll": roll, "pitch": pitch, "zero.roll": zero_roll, "zero.pitch": zero_pitch})
    assert isinstance(result, float)
    return result


def test_a_small_lean_is_right() -> None:
    """0.005 degrees from an odd mounting is 0.005 degrees: an arc cosine would have lost digits."""
    assert lean(37.005, 0.0, 37.0, 0.0) == pytest.approx(0.005, abs=1e-10)
    assert lean(0.0, -61.0, 0.0, -61.005) == pytest.approx(0.005, abs=1e-10)
    assert lean(12.0, -3.0, 12.0, -3.0) == 0.0


def test_tilt_is_the_angle_to_the_vertical() -> None:
    """At 30/30 degrees the angle is 41.41 degrees; the hypotenuse would say 42.43."""
    assert parse("tilt(30, 30)")({}) == pytest.approx(math.degrees(math.acos(0.75)), abs=1e-9)


@given(angles, st.floats(-90, 90), angles, st.floats(-90, 90))
def test_the_lean_is_an_angle_both_ways(roll: float, pitch: float, zero_roll: float, zero_pitch: float) -> None:
    """Between 0 and 180 degrees, and the same from the zero to now as from now to the zero."""
    there = lean(roll, pitch, zero_roll, zero_pitch)
    assert 0.0 <= there <= 180.0
    assert there == pytest.approx(lean(zero_roll, zero_pitch, roll, pitch), abs=1e-9)


@given(small, small)
def test_near_the_vertical_small_angles_add_up_as_a_hypotenuse(roll: float, pitch: float) -> None:
    """Within 1e-8 degrees below 0.03 degrees, down to nothing."""
    assert lean(roll, pitch, 0.0, 0.0) == pytest.approx(math.hypot(roll, pitch), abs=1e-8)
