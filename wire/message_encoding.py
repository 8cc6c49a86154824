"""What a device of a profile would send: the messages of `wire.fields`, the other way round, for simulated devices."""

import math
import struct
from collections.abc import Mapping, Sequence

from wire.byte_template import checksum
from wire.fields import BYTE_FORMATS, size_of
from wire.messages import FrameShape, LineShape
from wire.profile import Point, PointType, Profile
from wire.registers import Value, raw_to_send

_BCD_DIGITS = 7


def encode_message(profile: Profile, name: str, values: Mapping[str, Value]) -> bytes:
    """The frame or line `name` of a device that measures `values`; what is not among them is 0, or an empty field."""
    shape = profile.messages[name]
    points = [point for point in profile.points if point.block == name]
    if isinstance(shape, LineShape):
        return _line(shape, points, values)
    if isinstance(shape, FrameShape):
        return _frame(shape, points, values)
    raise TypeError(f"{name} is an entry of an uplink")


def _frame(shape: FrameShape, points: Sequence[Point], values: Mapping[str, Value]) -> bytes:
    frame = bytearray(_size(shape, points))
    frame[: len(shape.sync)] = shape.sync
    if shape.length_at is not None:
        frame[shape.length_at] = len(frame) - shape.size
    for at, octet in shape.match:
        frame[at] = octet
    for point in points:
        raw = raw_to_send(point, values)
        if raw is not None:
            place = slice(point.at, point.at + size_of(point.type))
            frame[place] = _packed(point, raw, bytes(frame[place]), "<" if shape.is_little else ">")
    if shape.check:
        frame[shape.check.at] = checksum(shape.check.kind, frame[shape.check.first : shape.check.end])
    return bytes(frame)


def _size(shape: FrameShape, points: Sequence[Point]) -> int:
    """Of a frame that says its own length, what it must always say, else room for its points and its checksum."""
    if shape.length_at is None:
        return shape.size
    said = dict(shape.match).get(shape.length_at)
    if said is not None:
        return said + shape.size
    return max(shape.length_at + 1, *(point.at + size_of(point.type) for point in points)) + bool(shape.check)


def _packed(point: Point, raw: float, before: bytes, order: str) -> bytes:
    """The bytes with this point's bits replaced."""
    if point.type is PointType.F32:
        return struct.pack(f"{order}f", raw)
    whole = 0 if math.isnan(raw) else round(raw)
    if point.type is PointType.BCD:
        return bytes.fromhex(f"{int(whole < 0)}{abs(whole):0{_BCD_DIGITS}d}"[: _BCD_DIGITS + 1])
    form = order + BYTE_FORMATS[point.type]
    bits = 8 * len(before)
    if BYTE_FORMATS[point.type].islower():
        return struct.pack(form, max(-(1 << bits - 1), min(whole, (1 << bits - 1) - 1)))
    mask = point.mask & (1 << bits) - 1
    (held,) = struct.unpack(form, before)
    return struct.pack(form, held & ~mask | min(max(whole, 0), mask >> point.shift) << point.shift & mask)


def _line(shape: LineShape, points: Sequence[Point], values: Mapping[str, Value]) -> bytes:
    fields = [""] * shape.fields
    for point in points:
        raw = raw_to_send(point, values)
        if raw is not None:
            fields[point.at] = _text(point, raw)
    body = shape.begin + shape.separator.join(fields)
    if shape.check_after:
        body += f"{shape.check_after}{checksum('xor', body[1:].encode('latin-1')):02X}"
    return (body + shape.end).encode("latin-1")


def _text(point: Point, raw: float) -> str:
    if math.isnan(raw):
        return ""
    if point.type is PointType.CHAR:
        return chr(int(raw))
    if point.type is PointType.HEX:
        return f"{int(raw):02X}"
    return f"{raw:.6f}".rstrip("0").removesuffix(".")
