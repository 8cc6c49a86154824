"""Registers to values and back: byte orders, codes, flags, missing values and the wrong device."""

import math
import struct

import pytest

from wire.errors import FrameError, SourceError
from wire.profile import Block, Evidence, LinkSettings, Point, PointType, Profile, Timing
from wire.registers import decode_block, encode_block

U16, I16, U32, I32, F32 = PointType.U16, PointType.I16, PointType.U32, PointType.I32, PointType.F32


def point(name: str, register: int, kind: PointType, **more: object) -> Point:
    """A point of block `live` that is neither scaled nor published."""
    fields: dict[str, object] = {
        "order": "ABCD",
        "mask": 0xFFFF_FFFF,
        "shift": 0,
        "scale": 1.0,
        "offset": 0.0,
        "unit": "",
        "span": None,
        "invalid": (),
        "require": None,
        "codes": {},
        "bits": {},
        "quantity": "",
    }
    return Point(name=name, block="live", register=register, type=kind, **{**fields, **more})  # type: ignore[arg-type]


def device(*points: Point, count: int) -> Profile:
    """A device with one block from address 100."""
    return Profile(
        name="example-lv1",
        kind="level",
        title="Example LV1",
        evidence=Evidence("none", "", ()),
        link=LinkSettings(9600, "8N1", 1),
        timing=Timing(0.3, 0.005, 0.5, 0.2),
        blocks={"live": Block("live", 3, 100, count, 1.0)},
        points=points,
        derived=(),
        checks=(),
        stuck=(),
        vectors=(),
    )


@pytest.mark.parametrize(
    ("order", "registers"),
    [
        ("ABCD", (0x4248, 0x1234)),
        ("CDAB", (0x1234, 0x4248)),
        ("BADC", (0x4842, 0x3412)),
        ("DCBA", (0x3412, 0x4842)),
    ],
)
@pytest.mark.parametrize(("kind", "code"), [(U32, ">I"), (I32, ">i"), (F32, ">f")])
def test_all_byte_orders(order: str, registers: tuple[int, int], kind: PointType, code: str) -> None:
    """The number whose bytes are 42 48 12 34 arrives in four ways, and leaves the same way."""
    profile = device(point("value", 100, kind, order=order), count=2)
    value = struct.unpack(code, bytes.fromhex("42481234"))[0]
    assert decode_block(profile, "live", registers) == {"value": value}
    assert encode_block(profile, "live", {"value": value}) == registers


def test_geokon_example_of_low_word_first() -> None:
    """Geokon 3810A: C87C 4628 is 10 802.12 ohms (geokon.com, 3810A)."""
    profile = device(point("ohms", 100, F32, order="CDAB"), count=2)
    assert decode_block(profile, "live", (0xC87C, 0x4628))["ohms"] == pytest.approx(10802.12, abs=0.005)


def test_scale_offset_and_sign() -> None:
    """-25.00 Cel in hundredths, and 20.0 Cel from tenths above -40."""
    profile = device(point("a", 100, I16, scale=0.01), point("b", 101, U16, scale=0.1, offset=-40.0), count=2)
    assert decode_block(profile, "live", (0xF63C, 600)) == {"a": -25.0, "b": 20.0}
    assert encode_block(profile, "live", {"a": -25.0, "b": 20.0}) == (0xF63C, 600)


def test_codes_become_words_and_unknown_ones_say_so() -> None:
    """A state nobody documented is neither lost nor mistaken for another."""
    profile = device(point("mode", 100, U16, codes={1: "normal", 2: "warmup"}), count=1)
    assert decode_block(profile, "live", (2,)) == {"mode": "warmup"}
    assert decode_block(profile, "live", (17,)) == {"mode": "code_17"}
    assert encode_block(profile, "live", {"mode": "code_17"}) == (17,)
    with pytest.raises(ValueError, match="no code 'asleep'; it has normal, warmup"):
        encode_block(profile, "live", {"mode": "asleep"})


def test_bits_become_flags() -> None:
    """Bit 0 is the lowest."""
    profile = device(point("flags", 100, U16, bits={0: "alarm", 6: "fault"}), count=1)
    assert decode_block(profile, "live", (0x40,)) == {"flags.alarm": False, "flags.fault": True}
    assert encode_block(profile, "live", {"flags.alarm": True, "flags.fault": True}) == (0x41,)


def test_two_points_share_a_register_by_their_masks() -> None:
    """The high byte is the type code, the low byte the address; writing one keeps the other."""
    high = point("kind", 100, U16, mask=0xFF00, shift=8)
    low = point("unit", 100, U16, mask=0x00FF)
    profile = device(high, low, count=1)
    assert decode_block(profile, "live", (0x2605,)) == {"kind": 0x26, "unit": 5}
    assert encode_block(profile, "live", {"kind": 0x26, "unit": 5}) == (0x2605,)
    assert encode_block(profile, "live", {"kind": 9999, "unit": 5}) == (0xFF05,)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_float_that_is_no_number_is_no_value(number: float) -> None:
    """Keller sends NaN for an inactive channel and infinities beyond its range."""
    profile = device(point("p1", 100, F32), count=2)
    registers = struct.unpack(">HH", struct.pack(">f", number))
    assert decode_block(profile, "live", registers) == {"p1": None}


def test_invalid_raw_values_are_no_value() -> None:
    """0xFFFF is a missing reading, not 655.35 Cel; the simulator sends it for None, and NaN for a float."""
    profile = device(point("temp", 100, U16, scale=0.01, invalid=(65535.0,)), point("p1", 101, F32), count=3)
    assert encode_block(profile, "live", {"temp": None, "p1": None}) == (0xFFFF, 0x7FC0, 0)
    assert decode_block(profile, "live", (0xFFFF, 0x7FC0, 0)) == {"temp": None, "p1": None}


def test_numbers_go_to_the_nearest_raw_value_of_the_type() -> None:
    """Rounded, and clamped rather than wrapped: 400 degrees is full scale, not -320."""
    profile = device(
        point("roll", 100, I16, scale=180 / 32768), point("level", 101, U16), point("p1", 102, F32), count=4
    )
    assert encode_block(profile, "live", {"roll": 400.0, "level": -5.0, "p1": 1e300}) == (0x7FFF, 0, 0x7F7F, 0xFFFF)
    assert encode_block(profile, "live", {"roll": 2.0})[0] == 364


def test_another_model_is_refused_by_name() -> None:
    """An XCD answers 0x25 where an XRL answers 0x26: its unit codes differ, so nothing of it is believed."""
    profile = device(point("ident", 100, U16, mask=0xFF00, shift=8, require=0x26), count=1)
    assert encode_block(profile, "live", {}) == (0x2600,)
    with pytest.raises(SourceError, match="this is no Example LV1: ident is 0x25, this model answers 0x26") as refused:
        decode_block(profile, "live", (0x2501,))
    assert refused.value.code == "E-DEVICE-002"


def test_a_reply_of_the_wrong_length_is_no_answer() -> None:
    """Three registers when five were asked for belong to somebody else's question."""
    profile = device(point("p1", 100, F32), count=5)
    with pytest.raises(FrameError, match="3 registers in block live, 5 were asked for") as wrong:
        decode_block(profile, "live", (1, 2, 3))
    assert wrong.value.raw == bytes.fromhex("000100020003")
