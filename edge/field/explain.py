"""One answer of a device, step by step: bytes, registers, what the profile makes of them, and how good that is."""

import struct
from collections.abc import Iterator, Sequence

from edge.bus import Answer
from edge.field.notation import Place
from edge.field.words import Words, padded
from edge.modbus_frame import Request
from wire.expression import ExpressionError
from wire.profile import Block, Point, Profile
from wire.registers import Value, decode_block, width

_READS_BITS = (1, 2)
_LABEL = 11
"""Columns before what a step shows."""
_SHOWN_MAX = 16
"""Registers that are shown one by one where no profile says what they mean."""


def exchange(request: Request, answer: Answer, words: Words, proof: str) -> Iterator[str]:
    """Where, what was asked, what came back. `proof` is the key of what shows that it answers this request."""
    many = words("read.many", count=request.count) if request.count > 1 else ""
    steps = {
        "read.where": f"{Place(request.function, request.address).said(words)}{many}",
        "read.asked": answer.request.hex(" ").upper(),
        "read.answered": answer.reply.hex(" ").upper(),
    }
    for key, text in steps.items():
        yield f"{padded(words(key), _LABEL)}{text}"
    yield " " * _LABEL + words(proof, took_ms=1000 * answer.took_s)


def registers(request: Request, numbers: Sequence[int], words: Words) -> Iterator[str]:
    """Every register in the ways in which it may be meant."""
    for place, number in enumerate(numbers[:_SHOWN_MAX]):
        where = f"0x{request.address + place:04X}"
        if request.function in _READS_BITS:
            yield f"{where}     {number}"
            continue
        signed = f"  i16 {number - 0x1_0000}" if number > 0x7FFF else ""
        yield f"{where}     0x{number:04X}  u16 {number}{signed}"
    if len(numbers) > _SHOWN_MAX:
        yield " " * _LABEL + words("read.more", count=len(numbers) - _SHOWN_MAX)
    if len(numbers) == 2 and request.function not in _READS_BITS:
        high, low = numbers
        for order, pair in (("ABCD", (high, low)), ("CDAB", (low, high))):
            octets = struct.pack(">HH", *pair)
            whole, real = struct.unpack(">i", octets)[0], struct.unpack(">f", octets)[0]
            yield f"{order}       i32 {whole}  f32 {real:.6g}"


def points(profile: Profile, block: Block, numbers: Sequence[int], words: Words) -> Iterator[str]:
    """What the profile makes of a block: each point from its registers to a value, and what is derived.

    Raises SourceError where this is another model.
    """
    values: dict[str, Value] = {**decode_block(profile, block.name, numbers)}
    for point in (found for found in profile.points if found.block == block.name):
        first = point.register - block.address
        raw = " ".join(f"{number:04X}" for number in numbers[first : first + width(point.type)])
        yield f"{point.name:<10} {raw} {_how(point)} = {_meant(point, values, words)}"
    for derived in profile.derived:
        try:
            value = derived.expression(values)
        except ExpressionError:
            continue  # it needs another block, or what only the site knows
        values[derived.name] = value if isinstance(value, float | str | bool) else None
        yield f"{derived.name:<10} {derived.expression.text} = {_said(value, derived.unit, words)}"
    yield from _quality(profile, values, words)


def _quality(profile: Profile, values: dict[str, Value], words: Words) -> Iterator[str]:
    """What the profile's checks say of these values."""
    label, is_good = padded(words("read.quality"), _LABEL), True
    for check in profile.checks:
        try:
            holds = check.condition(values)
        except ExpressionError:
            continue  # it is about another block
        if holds:
            is_good = False
            yield label + words("read.flag", flag=words(f"quality.{check.quality.name}"), why=words.sentence(check.say))
    if is_good:
        yield label + words("quality.GOOD")


def _how(point: Point) -> str:
    """Type, order, bits, scale."""
    parts = [point.type.value]
    if width(point.type) == 2:
        parts.append(point.order)
    if point.shift or point.mask != 0xFFFF_FFFF:
        parts.append(f"& 0x{point.mask:X} >> {point.shift}")
    if point.scale != 1:
        parts.append(f"· {point.scale:.6g}")
    if point.offset:
        parts.append(f"+ {point.offset:g}")
    return " ".join(parts)


def _meant(point: Point, values: dict[str, Value], words: Words) -> str:
    if point.bits:
        on = [flag for flag in point.bits.values() if values.get(f"{point.name}.{flag}")]
        return ", ".join(on) or words("read.no_flag")
    value = values.get(point.name)
    said = _said(value, point.unit, words)
    if isinstance(value, float) and point.span and not point.span[0] <= value <= point.span[1]:
        return said + words("read.outside", least=point.span[0], most=point.span[1])
    return said


def _said(value: object, unit: str, words: Words) -> str:
    if value is None:
        return words("read.no_value")
    return f"{value:.6g} {unit}".rstrip() if isinstance(value, float) else str(value)
