"""The registers of a device of which nothing is known, as a table: each in all that it may mean."""

import struct
from collections.abc import Iterator, Mapping
from itertools import groupby

from edge.field.notation import Place
from edge.field.words import Words, padded

_HEAD = f"  Modicon  hex     {'u16':>6}  {'i16':>6}  {'f32 ABCD':>12}  {'f32 CDAB':>12}"
_ZEROS_LEAST = 4
"""Zeros in a row that are one row: devices fill their gaps with them."""
_REAL_LEAST, _REAL_MOST = 1e-4, 1e8
"""Outside, a pair of registers is hardly a number that somebody measures."""


def table(registers: Mapping[Place, int], words: Words) -> Iterator[str]:
    """A head, and a row a register, in order; `registers` holds what each contains."""
    yield padded(words("read.address"), 17) + _HEAD
    ordered = sorted(registers, key=lambda place: (place.function, place.address))
    for is_zero, same in groupby(ordered, key=lambda place: registers[place] == 0):
        for places in _runs(list(same)):
            if is_zero and len(places) >= _ZEROS_LEAST:
                yield f"{_where(places[0])}  {words('read.zeros', count=len(places), last=places[-1].address)}"
            else:
                yield from (_row(place, registers) for place in places)


def _runs(places: list[Place]) -> list[list[Place]]:
    """Cut where an address is missing, or another function begins."""
    keyed = groupby(enumerate(places), key=lambda pair: (pair[1].function, pair[1].address - pair[0]))
    return [[place for _, place in run] for _, run in keyed]


def _where(place: Place) -> str:
    return f"0x{place.address:04X} = {place.address:<8}  {place.modicon:<7}"


def _row(place: Place, registers: Mapping[Place, int]) -> str:
    number = registers[place]
    signed = str(number - 0x1_0000) if number > 0x7FFF else ""
    following = registers.get(Place(place.function, place.address + 1))
    pairs = ((number, following), (following, number)) if following is not None else ()
    reals = "".join(f"  {_real(*pair):>12}" for pair in pairs)
    return f"{_where(place)}  0x{number:04X}  {number:>6}  {signed:>6}{reals}".rstrip()


def _real(high: int, low: int) -> str:
    (value,) = struct.unpack(">f", struct.pack(">HH", high, low))
    return f"{value:.6g}" if _REAL_LEAST <= abs(value) <= _REAL_MOST else ""
