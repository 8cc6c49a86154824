"""One answer of a device, step by step: bytes, registers, what the profile makes of them, and how good that is."""

import struct
from collections.abc import Iterator, Sequence

from edge.bus import Answer
from edge.field.notation import Place
from edge.modbus_frame import Request
from wire.expression import ExpressionError
from wire.profile import Block, Point, Profile
from wire.registers import Value, decode_block, width

_READS_BITS = (1, 2)
_SHOWN_MAX = 16
"""Registers that are shown one by one where no profile says what they mean."""


def exchange(request: Request, answer: Answer) -> Iterator[str]:
    """Where, what was asked, what came back."""
    many = f", {request.count} of them" if request.count > 1 else ""
    yield f"place      {Place(request.function, request.address).said}{many}"
    yield f"asked      {answer.request.hex(' ').upper()}"
    yield f"answered   {answer.reply.hex(' ').upper()}"
    yield f"           CRC right, {1000 * answer.took_s:.0f} ms after the request"


def registers(request: Request, numbers: Sequence[int]) -> Iterator[str]:
    """Every register in the ways in which it may be meant."""
    for place, number in enumerate(numbers[:_SHOWN_MAX]):
        where = f"0x{request.address + place:04X}"
        if request.function in _READS_BITS:
            yield f"{where}     {number}"
            continue
        signed = f"  i16 {number - 0x1_0000}" if number > 0x7FFF else ""
        yield f"{where}     0x{number:04X}  u16 {number}{signed}"
    if len(numbers) > _SHOWN_MAX:
        yield f"           and {len(numbers) - _SHOWN_MAX} more"
    if len(numbers) == 2 and request.function not in _READS_BITS:
        high, low = numbers
        for order, pair in (("ABCD", (high, low)), ("CDAB", (low, high))):
            octets = struct.pack(">HH", *pair)
            whole, real = struct.unpack(">i", octets)[0], struct.unpack(">f", octets)[0]
            yield f"{order}       i32 {whole}  f32 {real:.6g}"


def points(profile: Profile, block: Block, numbers: Sequence[int]) -> Iterator[str]:
    """What the profile makes of a block: each point from its registers to a value, and what is derived.

    Raises SourceError where this is another model.
    """
    values: dict[str, Value] = {**decode_block(profile, block.name, numbers)}
    for point in (found for found in profile.points if found.block == block.name):
        first = point.register - block.address
        raw = " ".join(f"{number:04X}" for number in numbers[first : first + width(point.type)])
        yield f"{point.name:<10} {raw} {_how(point)} = {_meant(point, values)}"
    for derived in profile.derived:
        try:
            value = derived.expression(values)
        except ExpressionError:
            continue  # it needs another block, or what only the site knows
        values[derived.name] = value if isinstance(value, float | str | bool) else None
        yield f"{derived.name:<10} {derived.expression.text} = {_said(value, derived.unit)}"
    yield from _quality(profile, values)


def _quality(profile: Profile, values: dict[str, Value]) -> Iterator[str]:
    """What the profile's checks say of these values."""
    is_good = True
    for check in profile.checks:
        try:
            holds = check.condition(values)
        except ExpressionError:
            continue  # it is about another block
        if holds:
            is_good = False
            yield f"quality    {(check.quality.name or '').lower().replace('_', ' ')}: {check.say}"
    if is_good:
        yield "quality    good"


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


def _meant(point: Point, values: dict[str, Value]) -> str:
    if point.bits:
        on = [flag for flag in point.bits.values() if values.get(f"{point.name}.{flag}")]
        return ", ".join(on) or "no flag"
    value = values.get(point.name)
    said = _said(value, point.unit)
    if isinstance(value, float) and point.span and not point.span[0] <= value <= point.span[1]:
        return f"{said}  outside {point.span[0]:g}..{point.span[1]:g}"
    return said


def _said(value: object, unit: str) -> str:
    if value is None:
        return "no value"
    return f"{value:.6g} {unit}".rstrip() if isinstance(value, float) else str(value)
