"""The steps of a procedure: what is written, and what is said about a step that is none."""

import pytest

from wire.profile_acts import (
    Capture,
    Confirm,
    Hole,
    PowerCycle,
    Rebind,
    Send,
    Step,
    Still,
    Verify,
    Wait,
    Write,
)
from wire.steps import parse


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("write 0x69 0xB588", Write(0x69, 0xB588)),
        ("write16 10 1", Write(10, 1, 16)),
        ("coil 3 1", Write(3, 0xFF00, 5)),
        ("coil 3 0", Write(3, 0, 5)),
        ("write $reg $value", Write(Hole.REGISTER, Hole.VALUE)),
        ("send $cmd", Send(Hole.COMMAND)),
        ("wait 100ms", Wait(0.1)),
        ("rebind", Rebind()),
        ("verify 0x1A 81", Verify(0x1A, 81)),
        ("still 30s roll pitch 0.05", Still(("roll", "pitch"), 30.0, 0.05)),
        ("capture roll", Capture("roll")),
        ('confirm "tilt the box"', Confirm("tilt the box")),
        ("power_cycle", PowerCycle()),
    ],
)
def test_a_step_is_read(text: str, step: Step) -> None:
    """Numbers as people write registers, times with their unit, words in quotes."""
    assert parse(text) == step


def test_a_step_that_waits_for_a_value_names_it() -> None:
    """The condition is an expression of the profile's grammar."""
    step = parse('expect "5 < lean < 20" within 60s')
    assert (step.condition.names, step.within_s) == ({"lean"}, 60.0)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wrote 1 2", "begins with one of write,"),
        ("", "begins with one of write,"),
        ("write 1", "write 0x69 0xB588"),
        ("write one 2", "a whole number such as 80 or 0x50"),
        ("coil 3 2", "1 closes, 0 opens"),
        ("wait 5", "a time with its unit"),
        ("rebind now", "nothing after it"),
        ("still 30s 0.05", "name a point"),
        ('expect "5 < lean" before 60s', "within and a time"),
        ('expect "5 < lean ** 2" within 60s', "outside the grammar"),
        ('confirm "tilt', "quotes are closed"),
        ("send GG", "bytes such as FF 1A"),
        ("send", "1 to 64 bytes"),
    ],
)
def test_what_is_no_step_says_how_one_is_written(text: str, said: str) -> None:
    """The verb's form, and what of it was not understood."""
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        parse(text)
