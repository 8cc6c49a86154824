"""The values in one message of a device, as its profile says: bytes of a frame, fields of a line.

The sibling of `wire.registers` for devices that have none; what a raw value means is said there for both.
"""

import math
import re
import struct
from collections.abc import Callable, Mapping, Sequence

from wire import scalars
from wire.errors import FrameError, SourceError
from wire.frames import FrameStream
from wire.frames import is_whole as is_frame
from wire.messages import FrameShape, LineShape, Message, MessageShape, TlvShape, is_judged_by_median
from wire.profile import Point, PointType, Profile
from wire.registers import Value, meanings
from wire.text_lines import LineStream, fields_of
from wire.tlv import split

BYTE_FORMATS: Mapping[PointType, str] = {
    PointType.U8: "B",
    PointType.I8: "b",
    PointType.U16: "H",
    PointType.I16: "h",
    PointType.U32: "I",
    PointType.I32: "i",
    PointType.F32: "f",
}
"""How they stand in a message, in the words of `struct`."""
_BCD_SIZE = 4
_HEX = re.compile(r"[0-9A-Fa-f]{1,8}")
BYTE_TYPES = (*BYTE_FORMATS, PointType.BCD)
"""What a point of a frame or a TLV entry may be."""
TEXT_TYPES = (PointType.NUM, PointType.HEX, PointType.CHAR)
"""What a point of a line may be."""


def size_of(kind: PointType) -> int:
    """Bytes of one of BYTE_TYPES."""
    return _BCD_SIZE if kind is PointType.BCD else struct.calcsize(BYTE_FORMATS[kind])


def stream_of(profile: Profile) -> FrameStream | LineStream:
    """What finds the messages of a device of frames or lines in the bytes of its line."""
    shapes = tuple(profile.messages.values())
    lines = [shape for shape in shapes if isinstance(shape, LineShape)]
    return LineStream(lines) if lines else FrameStream([shape for shape in shapes if isinstance(shape, FrameShape)])


def messages_in(profile: Profile, octets: bytes) -> list[Message]:
    """All whole messages in some bytes that stand for themselves: a reply, a notification, an uplink."""
    entries = [shape for shape in profile.messages.values() if isinstance(shape, TlvShape)]
    return split(entries, octets)[0] if entries else stream_of(profile).feed(octets)


def decode_message(profile: Profile, name: str, octets: bytes) -> dict[str, Value]:
    """The points of one message by name, flags as `point.flag`.

    Raises:
        FrameError: these bytes are no such message.
        SourceError: a `require` point shows that this is another model.
    """
    shape = profile.messages[name]
    raw_of = _reader(shape, octets)
    values: dict[str, Value] = {}
    for point in profile.points:
        if point.block == name:
            values |= meanings(profile, point, raw_of(point))
    return values


def typical(profile: Profile, name: str, candidates: Sequence[bytes]) -> bytes:
    """Of the messages of an interval, or answers of a poll, the one that stands for it: by the median, else the last.

    It is a message that came, so that whoever asks sees the bytes. Values outside the point's range do not count
    unless there are no others. `candidates` is not empty.
    """
    shape = profile.messages[name]
    if not is_judged_by_median(shape):
        return candidates[-1]
    span = next((point.span for point in profile.points if point.name == shape.median), None) or (-math.inf, math.inf)
    valued = [(_value(profile, name, octets, shape.median), octets) for octets in candidates]
    numbers = [(value, octets) for value, octets in valued if isinstance(value, float)]
    inside = [(value, octets) for value, octets in numbers if span[0] <= value <= span[1]]
    ranked = sorted(inside or numbers)
    return ranked[(len(ranked) - 1) // 2][1] if ranked else candidates[-1]


def _value(profile: Profile, name: str, octets: bytes, point: str) -> Value:
    """Of a message of another model, none."""
    try:
        return decode_message(profile, name, octets).get(point)
    except SourceError:
        return None


_Raw = Callable[[Point], float | None]
"""The number that a point has in one message, before mask and scale; None for an empty field."""


def _reader(shape: MessageShape, octets: bytes) -> _Raw:
    if isinstance(shape, LineShape):
        fields = fields_of(shape, octets)
        if fields is None:
            raise _damaged(shape, octets)
        return lambda point: _text_raw(point, fields[point.at])
    is_whole = len(octets) == shape.size if isinstance(shape, TlvShape) else is_frame(shape, octets)
    if not is_whole:
        raise _damaged(shape, octets)
    order = "<" if shape.is_little else ">"
    return lambda point: _bytes_raw(point, octets, order)


def _damaged(shape: MessageShape, octets: bytes) -> FrameError:
    what = f"these bytes are no message {shape.name}"
    return FrameError(what, raw=octets, fix="look for noise on the line, or for another model", code="E-DEVICE-003")


def _bytes_raw(point: Point, octets: bytes, order: str) -> float | None:
    found = octets[point.at : point.at + size_of(point.type)]
    if len(found) < size_of(point.type):
        return None  # a frame of varying length without this field
    if point.type is PointType.BCD:
        return _bcd(found)
    (number,) = struct.unpack(order + BYTE_FORMATS[point.type], found)
    return float(number)


def _bcd(octets: bytes) -> float | None:
    """Packed decimal digits, the first of which is the sign: 0 above zero, 1 below."""
    sign, digits = octets.hex()[0], octets.hex()[1:]
    if sign not in "01" or not digits.isdecimal():
        return None
    return -float(digits) if sign == "1" else float(digits)


def _text_raw(point: Point, field: str) -> float | None:
    field = field.strip()
    if point.type is PointType.CHAR:
        return float(ord(field)) if len(field) == 1 else None
    if point.type is PointType.HEX:
        return float(int(field, 16)) if _HEX.fullmatch(field) else None
    try:
        return scalars.number(field)
    except ValueError:
        return None
