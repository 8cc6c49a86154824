"""Registers to values and back, as a device profile says: the one place that knows byte and word order.

The simulator encodes with what the line decodes with, so a profile is checked from both sides.
"""

import math
import struct
from collections.abc import Mapping, Sequence

from wire.errors import FrameError, SourceError
from wire.profile import Block, Point, PointType, Profile

Value = float | str | bool | None
"""A number in the point's unit, a word of its `codes`, a flag of its `bits`, or None: the sensor has no value."""

_UNKNOWN_CODE = "code_"
UNSIGNED = (PointType.U8, PointType.U16, PointType.U32, PointType.HEX, PointType.CHAR)
"""Types with bits: mask, shift, codes and flags."""
_FORMATS: Mapping[PointType, str] = {
    PointType.U16: ">H",
    PointType.I16: ">h",
    PointType.U32: ">I",
    PointType.I32: ">i",
    PointType.F32: ">f",
}
_LIMITS: Mapping[PointType, tuple[float, float]] = {
    PointType.U16: (0, 2**16 - 1),
    PointType.I16: (-(2**15), 2**15 - 1),
    PointType.U32: (0, 2**32 - 1),
    PointType.I32: (-(2**31), 2**31 - 1),
    PointType.F32: (-struct.unpack(">f", b"\x7f\x7f\xff\xff")[0], struct.unpack(">f", b"\x7f\x7f\xff\xff")[0]),
}
_ORDERS: Mapping[str, tuple[int, int, int, int]] = {
    "ABCD": (0, 1, 2, 3),
    "CDAB": (2, 3, 0, 1),
    "BADC": (1, 0, 3, 2),
    "DCBA": (3, 2, 1, 0),
}
"""Where each byte of the number stands on the line; every order is its own inverse."""

ORDERS = tuple(_ORDERS)
TYPES = tuple(_FORMATS)
"""What a point of a block may be."""


def width(kind: PointType) -> int:
    """Registers a point of this type spans: 1 or 2; 1 for a type that registers do not have."""
    return struct.calcsize(_FORMATS.get(kind, ">H")) // 2


def decode_block(profile: Profile, block: str, registers: Sequence[int]) -> dict[str, Value]:
    """The points of one block by name, flags as `point.flag`.

    Raises:
        FrameError: the number of registers is not the block's.
        SourceError: a `require` point shows that this is another model.
    """
    layout = profile.blocks[block]
    if len(registers) != layout.count:
        raw = struct.pack(f">{len(registers)}H", *registers)
        what = f"{len(registers)} registers in block {block}, {layout.count} were asked for"
        raise FrameError(what, raw=raw, fix="look for a second device at this unit identifier", code="E-DEVICE-001")
    values: dict[str, Value] = {}
    for point in _points(profile, block):
        values |= meanings(profile, point, _raw(point, _words(point, layout, registers)))
    return values


def meanings(profile: Profile, point: Point, raw: float | None) -> dict[str, Value]:
    """What the number of one point says, or each of its flags; None where the device gave none.

    Raises SourceError when the number shows that this is another model.
    """
    if raw is not None and point.type in UNSIGNED:
        raw = float((int(raw) & point.mask) >> point.shift)
    if raw is not None:
        _check_model(profile, point, raw)
    if point.bits:
        number = None if raw is None else int(raw)
        return {
            f"{point.name}.{flag}": None if number is None else bool(number >> bit & 1)
            for bit, flag in point.bits.items()
        }
    return {point.name: None if raw is None else _meaning(point, raw)}


def encode_block(profile: Profile, block: str, values: Mapping[str, Value]) -> tuple[int, ...]:
    """The registers a device with these values would send.

    A point that is not in `values` is 0, one that is None gets its `invalid` raw value (NaN for a
    float), and a `require` point what it must be. Numbers go to the nearest raw value of the type.
    """
    layout = profile.blocks[block]
    registers = [0] * layout.count
    for point in _points(profile, block):
        start = point.register - layout.address
        words = slice(start, start + width(point.type))
        raw = raw_to_send(point, values)
        if raw is not None:
            registers[words] = _packed(point, raw, registers[words])
    return tuple(registers)


def _points(profile: Profile, block: str) -> list[Point]:
    return [point for point in profile.points if point.block == block]


def _words(point: Point, layout: Block, registers: Sequence[int]) -> Sequence[int]:
    start = point.register - layout.address
    return registers[start : start + width(point.type)]


def _raw(point: Point, words: Sequence[int]) -> float:
    (raw,) = struct.unpack(_FORMATS[point.type], _ordered(point, struct.pack(f">{len(words)}H", *words)))
    return float(raw)


def _ordered(point: Point, octets: bytes) -> bytes:
    """From line order to ABCD or back; a 16-bit point has no word order."""
    return octets if len(octets) == 2 else bytes(octets[place] for place in _ORDERS[point.order])


def _meaning(point: Point, raw: float) -> Value:
    if not math.isfinite(raw) or raw in point.invalid:
        return None
    if point.codes:
        return point.codes.get(int(raw), f"{_UNKNOWN_CODE}{int(raw)}")
    return raw * point.scale + point.offset


def _check_model(profile: Profile, point: Point, raw: float) -> None:
    if point.require is None or raw == point.require:
        return
    what = f"this is no {profile.title}: {point.name} is {_hex(raw)}, this model answers {_hex(point.require)}"
    raise SourceError(what, fix="correct the sensor's profile or unit identifier in sensors.yaml", code="E-DEVICE-002")


def _hex(raw: float) -> str:
    return f"0x{int(raw):X}" if math.isfinite(raw) else str(raw)


def raw_to_send(point: Point, values: Mapping[str, Value]) -> float | None:
    """The raw value before `shift`, or None for a point left at 0."""
    if point.require is not None:
        return point.require
    if point.bits:
        return sum(1 << bit for bit, flag in point.bits.items() if values.get(f"{point.name}.{flag}"))
    if point.name not in values:
        return None
    value = values[point.name]
    if isinstance(value, str):
        return _code(point, value)
    if value is None or not math.isfinite(value):
        return point.invalid[0] if point.invalid else math.nan
    return (value - point.offset) / point.scale


def _code(point: Point, word: str) -> int:
    for code, name in point.codes.items():
        if name == word:
            return code
    digits = word.removeprefix(_UNKNOWN_CODE)
    if not digits.isdecimal():
        raise ValueError(f"{point.name} has no code {word!r}; it has {', '.join(point.codes.values())}")
    return int(digits)


def _packed(point: Point, raw: float, words: Sequence[int]) -> list[int]:
    """The words with this point's bits replaced."""
    lowest, highest = _LIMITS[point.type]
    if point.type is PointType.F32:
        number = raw if math.isnan(raw) else min(max(raw, lowest), highest)
        octets = struct.pack(">f", number)
    else:
        whole = 0 if math.isnan(raw) else round(min(max(raw, lowest), highest))
        if point.type in (PointType.U16, PointType.U32):
            whole = _masked(point, whole, words)
        octets = struct.pack(_FORMATS[point.type], whole)
    return list(struct.unpack(f">{len(words)}H", _ordered(point, octets)))


def _masked(point: Point, whole: int, words: Sequence[int]) -> int:
    """`whole`, clamped to the mask, among the bits that other points of the same register own."""
    mask = point.mask & int(_LIMITS[point.type][1])
    (before,) = struct.unpack(_FORMATS[point.type], _ordered(point, struct.pack(f">{len(words)}H", *words)))
    return int(before) & ~mask | min(whole, mask >> point.shift) << point.shift & mask
