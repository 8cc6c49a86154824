"""Lines of text in a stream of bytes: NMEA sentences, Gill's polar lines, `R1234`.

What stands before a line's begin is noise (a line half read, stray 0xFF bytes) and is dropped with it. A message of
several lines is one whose separator holds the end: until its last one has come, those before it are kept.
"""

from collections import deque
from collections.abc import Sequence

from wire.byte_template import checksum
from wire.messages import LineShape, Message

KEPT_MAX = 512
"""Bytes kept while no line has ended."""


class LineStream:
    """Finds the lines of some shapes in what is fed to it; all of them end alike."""

    def __init__(self, shapes: Sequence[LineShape]) -> None:
        """`shapes` are tried in this order on each line."""
        self.dropped = 0
        """Bytes so far that belong to no message: damaged lines, half read ones, those of another model."""
        self._shapes = tuple(shapes)
        self._end = shapes[0].end.encode("latin-1")
        self._buffer = bytearray()
        self._ended: deque[bytes] = deque()
        """The last lines, none of which is yet a message."""
        self._kept_most = max(shape.lines for shape in shapes) - 1

    def feed(self, octets: bytes) -> list[Message]:
        """The lines that have ended with these bytes."""
        self._buffer += octets
        *lines, rest = bytes(self._buffer).split(self._end)
        self._buffer = bytearray(rest[-KEPT_MAX:])
        self.dropped += max(0, len(rest) - KEPT_MAX)
        return [message for line in lines if (message := self._message(line + self._end))]

    def forget(self) -> None:
        """The line was away: what came before belongs to no text that follows."""
        self.dropped += len(self._buffer) + sum(map(len, self._ended))
        self._buffer.clear()
        self._ended.clear()

    def _message(self, line: bytes) -> Message | None:
        """What this line ends."""
        self._ended.append(line)
        for shape in self._shapes:
            text = b"".join(list(self._ended)[-shape.lines :])
            begin = text.rfind(shape.begin.encode("latin-1"))
            if begin >= 0 and fields_of(shape, text[begin:]) is not None:
                self.dropped += sum(map(len, self._ended)) - len(text) + begin
                self._ended.clear()
                return Message(shape.name, text[begin:])
        if len(self._ended) > self._kept_most:
            self.dropped += len(self._ended.popleft())
        return None


def fields_of(shape: LineShape, line: bytes) -> tuple[str, ...] | None:
    """The texts between the separators, or None for what is no line of this shape."""
    text = line.decode("latin-1")
    if not text.startswith(shape.begin) or not text.endswith(shape.end):
        return None
    body = text.removesuffix(shape.end)
    if shape.check_after:
        body, _, digits = body.rpartition(shape.check_after)
        if not _is_sound(body, digits):
            return None
    inner = body[len(shape.begin) :]
    fields = tuple(inner.split(shape.separator)) if shape.separator else (inner,)
    return fields if len(fields) == shape.fields else None


def _is_sound(body: str, digits: str) -> bool:
    """The XOR of all characters but the first, which is the start character."""
    return digits.upper() == f"{checksum('xor', body[1:].encode('latin-1')):02X}"
