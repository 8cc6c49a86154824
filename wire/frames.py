"""Binary frames in a stream of bytes: `55 53 …`, `77 0D …`, `FF hi lo sum`.

A stream begins anywhere and loses bytes. Where no frame begins, one byte is dropped and it is looked again, so a
damaged frame costs itself and never its successor.
"""

from collections.abc import Sequence
from enum import Enum, auto

from wire.byte_template import checksum
from wire.messages import FrameShape, Message


class _Fit(Enum):
    WHOLE = auto()
    PART = auto()
    NONE = auto()


class FrameStream:
    """Finds the frames of some shapes in what is fed to it. It keeps less than one frame of bytes."""

    def __init__(self, shapes: Sequence[FrameShape]) -> None:
        """`shapes` are tried in this order at each place."""
        self.dropped = 0
        """Bytes so far that belong to no message: noise, damaged frames, those of another model."""
        self._shapes = tuple(shapes)
        self._buffer = bytearray()

    def feed(self, octets: bytes) -> list[Message]:
        """The frames that are whole with these bytes."""
        self._buffer += octets
        found: list[Message] = []
        place = 0
        while place < len(self._buffer):
            fits = [(shape, *_fit(shape, self._buffer, place)) for shape in self._shapes]
            whole = next(((shape, size) for shape, fit, size in fits if fit is _Fit.WHOLE), None)
            if whole:
                shape, size = whole
                found.append(Message(shape.name, bytes(self._buffer[place : place + size])))
                place += size
            elif any(fit is _Fit.PART for _, fit, _ in fits):
                break
            else:
                after = self._next_begin(place + 1)
                self.dropped += after - place
                place = after
        del self._buffer[:place]
        return found

    def _next_begin(self, place: int) -> int:
        """The next place where a frame may begin; behind the last byte when there is none."""
        begins = (self._buffer.find(shape.sync[:1], place) for shape in self._shapes)
        return min((begin for begin in begins if begin >= 0), default=len(self._buffer))

    def forget(self) -> None:
        """The line was away: what came before belongs to no frame that follows."""
        self.dropped += len(self._buffer)
        self._buffer.clear()


def is_whole(shape: FrameShape, octets: bytes) -> bool:
    """Is this one frame of that shape, nothing before and nothing after it?"""
    return _fit(shape, octets, 0) == (_Fit.WHOLE, len(octets))


def _fit(shape: FrameShape, octets: bytes | bytearray, place: int) -> tuple[_Fit, int]:
    """Whether a frame of `shape` begins at `place`, and its size when it is whole."""
    available = len(octets) - place
    head = octets[place : place + len(shape.sync)]
    if not shape.sync.startswith(head):
        return _Fit.NONE, 0
    if any(at < available and octets[place + at] != byte for at, byte in shape.match):
        return _Fit.NONE, 0
    size = _size(shape, octets, place)
    if size is None or available < size:
        return _Fit.PART, 0
    frame = octets[place : place + size]
    return (_Fit.WHOLE, size) if size >= _least(shape) and _is_sound(shape, frame) else (_Fit.NONE, 0)


def _size(shape: FrameShape, octets: bytes | bytearray, place: int) -> int | None:
    if shape.length_at is None:
        return shape.size
    at = place + shape.length_at
    return octets[at] + shape.size if at < len(octets) else None


def _least(shape: FrameShape) -> int:
    """Bytes without which a frame is none, whatever its length byte says."""
    return max([len(shape.sync) + 1, *(at + 1 for at, _ in shape.match)])


def _is_sound(shape: FrameShape, frame: bytes | bytearray) -> bool:
    check = shape.check
    if check is None:
        return True
    if not -len(frame) <= check.at < len(frame):
        return False
    return checksum(check.kind, frame[check.first : check.end]) == frame[check.at]
