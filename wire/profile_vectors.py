"""The section `vectors` of a profile.yaml: answers of the device, and what they must decode to."""

from collections.abc import Mapping

from wire import located
from wire.profile import Block, Point, Vector
from wire.profile_expressions import check_known
from wire.rtu import bits_in


def read_vectors(
    root: located.Block, blocks: Mapping[str, Block], points: tuple[Point, ...], names: Mapping[str, str]
) -> tuple[Vector, ...]:
    """The section `vectors`. `names`: what the profile's expressions may name."""
    found: list[Vector] = []
    for entry in root.sequence("vectors").blocks():
        block = entry.choice("block", tuple(blocks)) if blocks else ""
        octets = b"" if blocks else _octets(entry)
        given = entry.mapping("given", optional=True)
        want = entry.mapping("want")
        found.append(
            Vector(
                block=block,
                registers=_answer(entry, blocks[block]) if blocks else (),
                given={name: given.number(name) for name in given},
                want={name: _wanted(want, name, points) for name in want},
                source=entry.text("source"),
                octets=octets,
                asked=_hex(entry, "ask") if "ask" in entry else b"",
            )
        )
        for section in (given, want):
            for name in section:
                check_known(section, name, (name,), names)
        entry.done()
    return tuple(found)


def _octets(entry: located.Block) -> bytes:
    """`hex`, or `text` for a device of lines."""
    if "text" in entry:
        return entry.text("text").encode("latin-1", "replace")
    return _hex(entry, "hex")


def _hex(entry: located.Block, key: str) -> bytes:
    try:
        return bytes.fromhex(entry.text(key))
    except ValueError:
        what = f"{key!r} is no hexadecimal bytes."
        entry.wrong(key, what, "write two digits a byte: FF 07 A1 A7", "E-PROFILE-012")
        return b""


def _answer(entry: located.Block, block: Block) -> tuple[int, ...]:
    return _bits(entry, block.count) if block.is_bits else _registers(entry, block.count)


def _bits(entry: located.Block, count: int) -> tuple[int, ...]:
    """As a reply carries them: eight a byte, the first in its lowest bit."""
    octets = _hex(entry, "hex")
    if len(octets) != (count + 7) // 8:
        what = f"hex is {len(octets)} bytes, {count} bits are {(count + 7) // 8}."
        entry.wrong("hex", what, "write the bytes as the line carries them", "E-PROFILE-012")
        return ()
    return bits_in(octets, count)


def _registers(entry: located.Block, count: int) -> tuple[int, ...]:
    digits = entry.text("hex").replace(" ", "")
    try:
        octets = bytes.fromhex(digits)
    except ValueError:
        octets = b""
    if len(octets) == 2 * count:
        return tuple(int.from_bytes(octets[place : place + 2], "big") for place in range(0, len(octets), 2))
    what = f"hex is {len(digits)} characters, not {count} registers of four hexadecimal digits."
    entry.wrong("hex", what, "write the registers as the line carries them: 0800 016C", "E-PROFILE-012")
    return ()


def _wanted(want: located.Block, name: str, points: tuple[Point, ...]) -> float | str | bool:
    """A flag for a bit, a word for a code, a number for anything else."""
    owner = next((point for point in points if point.name == name.partition(".")[0]), None)
    if owner and owner.bits:
        return want.flag(name)
    return want.text(name) if owner and owner.codes else want.number(name)
