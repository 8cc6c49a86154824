"""The sections `frames`, `lines` and `tlv` of a profile.yaml, for devices that speak no Modbus."""

from collections.abc import Callable, Mapping

from wire import byte_template, located, scalars
from wire.byte_template import Template
from wire.messages import Checksum, FrameShape, LineShape, MessageShape, TlvShape
from wire.profile_points import named
from wire.tlv import TIME_SIZE

BYTE_ORDERS = ("big", "little")
SIZE_MAX = 260
"""Bytes of the longest frame: a length byte, and what stands around it."""
FIELDS_MAX = 40
_BYTES = 256


def read_messages(root: located.Block) -> Mapping[str, MessageShape]:
    """The one of the three sections that is there; none for a Modbus device."""
    found: dict[str, MessageShape] = {}
    readers: Mapping[str, Callable[[str, located.Block], MessageShape]] = {
        "frames": _frame,
        "lines": _line,
        "tlv": _entry,
    }
    for section, read in readers.items():
        for name, entry in named(root.mapping(section, optional=True)):
            found[name] = read(name, entry)
    _check_alike(root, found)
    return found


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
        ask=read_template(entry, "ask") if "ask" in entry else None,
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
        kind=entry.choice("kind", byte_template.SUMS),
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
        separator=_sendable(entry, "separator"),
        fields=entry.integer("fields", 1, FIELDS_MAX),
        check_after=_sendable(entry, "check_after"),
        every_s=entry.duration("every", 0.001),
        ask=read_template(entry, "ask") if "ask" in entry else None,
        median=entry.text("median", ""),
    )


def _written(entry: located.Block, key: str) -> str:
    """Without these a stream has no lines."""
    found = entry.text(key)
    if not found:
        entry.wrong(key, f"{key!r} is empty.", 'write it in quotes: "\\r\\n"', "E-PROFILE-025")
    return _sendable(entry, key) or "\n"


def _sendable(entry: located.Block, key: str) -> str:
    """Each character of a line is a byte."""
    found = entry.text(key, "")
    if all(ord(character) < _BYTES for character in found):
        return found
    what = f"{key!r} has characters that are no bytes."
    entry.wrong(key, what, 'write ASCII, or an escape: "\\x02"', "E-PROFILE-025")
    return ""


def _entry(name: str, entry: located.Block) -> TlvShape:
    size = entry.integer("size", 1, SIZE_MAX)
    return TlvShape(
        name=name,
        key=_octets(entry, "key"),
        size=size,
        time_at=entry.integer("time_at", 0, size - TIME_SIZE) if "time_at" in entry else None,
        every_s=entry.duration("every", 1.0),
        is_little=entry.choice("order", BYTE_ORDERS, default="little") == "little",
    )


def _octets(entry: located.Block, key: str) -> bytes:
    return read_template(entry, key).render() or b"\x00"


def read_template(entry: located.Block, key: str) -> Template:
    """Bytes to send or to look for; empty when they are not written as such."""
    try:
        return byte_template.parse(entry.text(key))
    except ValueError as error:
        entry.wrong(key, f"{key!r} is no bytes.", f"write {error}", "E-PROFILE-021")
        return Template(())
