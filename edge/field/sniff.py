"""Listening to a line that others use: frames out of bytes, and what they say."""

from collections.abc import Iterator
from dataclasses import dataclass

from wire.rtu import AROUND_SIZE, EXCEPTION_FLAG, REQUEST_SIZE, has_right_crc

_READS = {1: "coils", 2: "discrete inputs", 3: "holding registers", 4: "input registers"}
_EXCEPTION_SIZE = 5
_WRITE_MANY, _WRITE_AROUND = 16, 9


@dataclass(frozen=True, slots=True)
class Piece:
    """A frame with a right CRC, or bytes that are none (`is_frame` false)."""

    octets: bytes
    is_frame: bool

    @property
    def said(self) -> str:
        """What it says, in words."""
        if not self.is_frame:
            return f"? {len(self.octets)} bytes that are no frame"
        unit, function = self.octets[0], self.octets[1]
        if function & EXCEPTION_FLAG:
            return f"← unit {unit}: exception code {self.octets[2]} to function {function & ~EXCEPTION_FLAG}"
        if len(self.octets) == REQUEST_SIZE and function in _READS:
            address, count = (int.from_bytes(self.octets[at : at + 2], "big") for at in (2, 4))
            return f"→ unit {unit}: read {count} {_READS[function]} from 0x{address:04X}"
        if function in _READS:
            return f"← unit {unit}: {self.octets[3:-2].hex(' ', 2).upper()}"
        address = int.from_bytes(self.octets[2:4], "big")
        many = f" and {int.from_bytes(self.octets[4:6], 'big') - 1} more" if function == _WRITE_MANY else ""
        written = self.octets[4:-2].hex(" ", 2).upper()
        return f"⇄ unit {unit}: write 0x{address:04X}{many} = {written} (function {function})"


def pieces(octets: bytes) -> Iterator[Piece]:
    """All of `octets`, in order, frame by frame: where none begins, byte by byte until one does."""
    at, stray = 0, 0
    while at < len(octets):
        size = _size_at(octets, at)
        if not size:
            at += 1
            continue
        if stray < at:
            yield Piece(octets[stray:at], is_frame=False)
        yield Piece(octets[at : at + size], is_frame=True)
        at = stray = at + size
    if stray < len(octets):
        yield Piece(octets[stray:], is_frame=False)


def _size_at(octets: bytes, at: int) -> int:
    """Bytes of the frame that begins here; 0 for none."""
    if len(octets) < at + _EXCEPTION_SIZE:
        return 0
    function = octets[at + 1]
    sizes: list[int] = []
    if function & EXCEPTION_FLAG:
        sizes = [_EXCEPTION_SIZE]
    elif function in _READS:
        sizes = [REQUEST_SIZE, AROUND_SIZE + octets[at + 2]]
    elif function in (5, 6):
        sizes = [REQUEST_SIZE]
    elif function == _WRITE_MANY:
        sizes = [REQUEST_SIZE, *([_WRITE_AROUND + octets[at + 6]] if len(octets) > at + 6 else [])]
    fits = (size for size in sizes if len(octets) >= at + size and has_right_crc(octets[at : at + size]))
    return next(fits, 0)
