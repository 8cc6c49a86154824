"""How register numbers are written: one number, the notations it has in manuals, and which of them was meant.

Inside there is only the 0-based protocol address. A manual may print the same register as 61, 62, 40062 or 400062;
what a printed number means is the manual's own affair, so every notation is shown, never only ours.
"""

import re
from dataclasses import dataclass

from edge.field.words import Words
from wire import scalars

_MODICON = re.compile(r"([0134])(\d{4,5})")
_FUNCTION_OF = {"0": 1, "1": 2, "3": 4, "4": 3}
_DIGIT_OF = {function: digit for digit, function in _FUNCTION_OF.items()}
ADDRESS_MAX = 0xFFFF


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A register or bit: `address` is the 0-based protocol address; `function` reads it (1 to 4)."""

    function: int
    address: int

    @property
    def modicon(self) -> str:
        """`40062`."""
        return f"{_DIGIT_OF[self.function]}{self.address + 1:04d}"

    def said(self, words: Words) -> str:
        """In all notations: `address 0x003D = 61 · holding register 40062 (Modicon) · 62 where …`."""
        kind = words(f"kind.{self.function}")
        return words("read.place", address=self.address, kind=kind, modicon=self.modicon, from_one=self.address + 1)


def parse(text: str, function: int | None) -> Place:
    """`0x3D` or `61`: the protocol address. `40062`, `30001`: Modicon's numbers, which say the function too.

    With `function` every number is a protocol address. Raises ValueError with what may be written.
    """
    found = _MODICON.fullmatch(text)
    if found and function is None:
        address = int(found[2]) - 1
        if not 0 <= address <= ADDRESS_MAX:
            raise ValueError(f"a Modicon number such as {found[1]}0001")
        return Place(_FUNCTION_OF[found[1]], address)
    address = scalars.integer(text)
    if not 0 <= address <= ADDRESS_MAX:
        raise ValueError("an address 0..65535 (0xFFFF)")
    return Place(function or 3, address)
