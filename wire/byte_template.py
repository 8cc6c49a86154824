"""Bytes with holes, as a profile writes what is sent to a device: `77 04 {unit} 04 {sum8}`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import xor

SIZE_MAX = 64
"""Bytes and holes of one template."""

_OCTET = re.compile(r"[0-9A-Fa-f]{2}")
SUMS = ("sum8", "neg8", "xor")
HOLES = ("unit", "value", "value_high", "value_low", *SUMS)
"""`unit` and `value` are one byte, `value_high` and `value_low` the halves of 16 bits. The sums are over all bytes
before them but the first, which is the start byte of every protocol we know: their sum, minus their sum, their XOR."""


@dataclass(frozen=True, slots=True)
class Template:
    """`parts` are bytes and names of holes."""

    parts: tuple[int | str, ...]

    def render(self, *, unit: int = 0, value: int = 0) -> bytes:
        """The bytes to send; numbers keep their low bytes."""
        named: Mapping[str, int] = {
            "unit": unit,
            "value": value,
            "value_high": value >> 8,
            "value_low": value,
        }
        octets = bytearray()
        for part in self.parts:
            if isinstance(part, int):
                octets.append(part)
            else:
                number = checksum(part, octets[1:]) if part in SUMS else named[part]
                octets.append(number & 0xFF)
        return bytes(octets)


def parse(text: str) -> Template:
    """Raises ValueError with what may be written."""
    words = text.split()
    if not 0 < len(words) <= SIZE_MAX:
        raise ValueError(f"1 to {SIZE_MAX} bytes such as FF AA {{value}} 00")
    return Template(tuple(_part(word) for word in words))


def checksum(kind: str, octets: bytes | bytearray) -> int:
    """sum8, neg8 (minus the sum) or xor, 0..255."""
    if kind == "xor":
        return reduce(xor, octets, 0)
    return (-sum(octets) if kind == "neg8" else sum(octets)) & 0xFF


def _part(word: str) -> int | str:
    if _OCTET.fullmatch(word):
        return int(word, 16)
    hole = word.removeprefix("{").removesuffix("}")
    if word == f"{{{hole}}}" and hole in HOLES:
        return hole
    raise ValueError(f"bytes such as FF 1A, or one of {', '.join(f'{{{name}}}' for name in HOLES)}, not {word!r}")
