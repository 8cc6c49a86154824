"""The messages of devices that Modbus registers cannot say: binary frames, lines of text, TLV entries.

A profile's sections `frames`, `lines` and `tlv` become these shapes (`wire.message_yaml`). `wire.frames`,
`wire.text_lines` and `wire.tlv` find the messages in what a line, a Bluetooth device or an uplink delivers, and
`wire.fields` decodes them.
"""

from dataclasses import dataclass
from typing import TypeGuard

from wire.byte_template import Template


@dataclass(frozen=True, slots=True)
class Checksum:
    """One byte at `at` over the bytes `first` to `end`, which is not counted; negative numbers count from the end.

    `kind` is sum8, neg8 or xor. One damaged frame in 256 passes it: points of such frames need their range.
    """

    kind: str
    first: int
    end: int
    at: int


@dataclass(frozen=True, slots=True)
class FrameShape:
    """A binary frame. `sync` are its first bytes; it is `size` bytes long, or what byte `length_at` says plus `size`.

    `match` are further bytes it must have at their places. `is_little` is the byte order of its numbers. A frame that
    is asked for has `ask`. Of the frames in `every_s`, or of the answers of a poll, one is taken: the last, or the one
    whose point `median` is the median.
    """

    name: str
    sync: bytes
    size: int
    length_at: int | None
    match: tuple[tuple[int, int], ...]
    check: Checksum | None
    is_little: bool
    every_s: float
    ask: Template | None
    median: str


@dataclass(frozen=True, slots=True)
class LineShape:
    """A line of text: `begin`, then `fields` texts between `separator`s, then `end`.

    A separator that holds the end makes a message of several lines. With `check_after` the fields end at the last such
    character, and two hexadecimal digits after it are the XOR of what stands between the first character of `begin` and
    it. `ask`, `every_s`, `median`: as for a frame.
    """

    name: str
    begin: str
    end: str
    separator: str
    fields: int
    check_after: str
    every_s: float
    ask: Template | None
    median: str

    @property
    def lines(self) -> int:
        """How many it takes."""
        return 1 + (self.fields - 1) * self.separator.count(self.end)


@dataclass(frozen=True, slots=True)
class TlvShape:
    """One entry of an uplink: the bytes `key`, then `size` bytes of value.

    `time_at`: where in the value its own time stands, as unix seconds; None for a value of now. Points count their
    bytes from the begin of the value.
    """

    name: str
    key: bytes
    size: int
    time_at: int | None
    every_s: float
    is_little: bool = True


MessageShape = FrameShape | LineShape | TlvShape


def is_asked_for(shape: MessageShape) -> bool:
    """Does the profile say how to ask for it? Others come by themselves."""
    return not isinstance(shape, TlvShape) and shape.ask is not None


def is_judged_by_median(shape: MessageShape) -> TypeGuard[FrameShape | LineShape]:
    """Does the profile name the point whose median stands for several messages? Else it is the last."""
    return not isinstance(shape, TlvShape) and bool(shape.median)


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message of the shape `name`; `time_s` is its own unix time, None when it is of now."""

    name: str
    octets: bytes
    time_s: int | None = None
