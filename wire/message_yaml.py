"""The sections `frames`, `lines` and `tlv` of a profile.yaml, for devices that speak no Modbus."""

from collections.abc import Callable, Iterator, Mapping

from wire import byte_template, located, scalars
from wire.byte_template import Template
from wire.messages import Checksum, FrameShape, LineShape, MessageShape, TlvShape
from wire.profile_points import check_name

CHECKS = ("sum8", "neg8", "xor")
BYTE_ORDERS = ("big", "little")
SIZE_MAX = 260
"""Bytes of the longest frame: a length byte, and what stands around it."""
FIELDS_MAX = 40


def read_messages(root: located.Block) -> Mapping[str, MessageShape]:
    """The one of the three sections that is there; none for a Modbus device."""
    found: dict[str, MessageShape] = {}
    readers: Mapping[str, Callable[[str, located.Block], MessageShape]] = {
        "frames": _frame,
        "lines": _line,
        "tlv": _entry,
    }
    for section, read in readers.items():
        for name, entry in _named(root, section):
            found[name] = read(name, entry)
    _check_alike(root, found)
    return found


def _named(root: located.Block, key: str) -> Iterator[tuple[str, located.Block]]:
    section = root.mapping(key, optional=True)
    for name, entry in section.blocks():
        check_name(section, name)
        yield name, entry
        entry.done()


def _check_alike(root: located.Block, found: Mapping[str, MessageShape]) -> None:
    """One stream is cut into frames or into lines, and lines end alike."""
    kinds = {type(shape) for shape in found.values()}
    ends = {shape.end for shape in found.values() if isinstance(shape, LineShape)}
    if len(kinds) > 1 or len(ends) > 1:
        what = "the messages of a device are all frames, all lines with one end, or all tlv entries."
        root.wrong("profile", what, "keep one of the sections frames, lines, tlv", "E-PROFILE-024")


def _frame(name: str, entry: located.Block) -> FrameShape:
    sync = _octets(entry, "sync")
    length_at, size = None, 0
    if "length" in entry:
        length = entry.mapping("length")
        length_at, size = length.integer("at", 0, SIZE_MAX), length.integer("add", 0, SIZE_MAX)
        length.done()
    else:
        size = entry.integer("size", len(sync) + 1, SIZE_MAX)
    return FrameShape(
        name=name,
        sync=sync,
        size=size,
        length_at=length_at,
        match=_match(entry),
        check=_check(entry.mapping("check")) if "check" in entry else None,
        is_little=entry.choice("order", BYTE_ORDERS) == "little",
        every_s=entry.duration("every", 0.001),
        ask=_template(entry),
        median=entry.text("median", ""),
    )


def _match(entry: located.Block) -> tuple[tuple[int, int], ...]:
    """`{3: 0x84}`: bytes that a frame must have at their places."""
    words = entry.mapping("match", optional=True)
    found: list[tuple[int, int]] = []
    for place in words:
        try:
            found.append((scalars.integer(place), words.integer(place, 0, 0xFF)))
        except ValueError as error:
            words.wrong(place, f"{place!r} in match is no place.", f"write {error}", "E-PROFILE-008")
    return tuple(found)


def _check(entry: located.Block) -> Checksum:
    check = Checksum(
        kind=entry.choice("kind", CHECKS),
        first=entry.integer("from", 0, SIZE_MAX),
        end=entry.integer("to", -SIZE_MAX, SIZE_MAX),
        at=entry.integer("at", -SIZE_MAX, SIZE_MAX),
    )
    entry.done()
    return check


def _line(name: str, entry: located.Block) -> LineShape:
    return LineShape(
        name=name,
        begin=_written(entry, "begin"),
        end=_written(entry, "end"),
        separator=entry.text("separator", ""),
        fields=entry.integer("fields", 1, FIELDS_MAX),
        check_after=entry.text("check_after", ""),
        every_s=entry.duration("every", 0.001),
        ask=_template(entry),
        median=entry.text("median", ""),
    )


def _written(entry: located.Block, key: str) -> str:
    """Without these a stream has no lines."""
    found = entry.text(key)
    if not found:
        entry.wrong(key, f"{key!r} is empty.", 'write it in quotes: "\\r\\n"', "E-PROFILE-025")
    return found or "\n"


def _entry(name: str, entry: located.Block) -> TlvShape:
    return TlvShape(
        name=name,
        key=_octets(entry, "key"),
        size=entry.integer("size", 1, SIZE_MAX),
        time_at=entry.integer("time_at", 0, SIZE_MAX) if "time_at" in entry else None,
        every_s=entry.duration("every", 1.0),
        is_little=entry.choice("order", BYTE_ORDERS, default="little") == "little",
    )


def _octets(entry: located.Block, key: str) -> bytes:
    try:
        return byte_template.parse(entry.text(key)).render()
    except ValueError as error:
        entry.wrong(key, f"{key!r} is no bytes.", f"write {error}", "E-PROFILE-021")
        return b"\x00"


def _template(entry: located.Block) -> Template | None:
    if "ask" not in entry:
        return None
    try:
        return byte_template.parse(entry.text("ask"))
    except ValueError as error:
        entry.wrong("ask", "'ask' is no bytes to send.", f"write {error}", "E-PROFILE-021")
        return None
