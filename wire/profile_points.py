"""The blocks and points of a profile.yaml: which registers are read, and what each of them means."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wire import fields, located, registers, scalars
from wire.block_plan import BITS_MAX, COUNT_MAX
from wire.expression import FUNCTIONS
from wire.messages import FrameShape, LineShape, MessageShape
from wire.profile import READS_BITS, Block, Point, PointType, Trigger
from wire.quantities import QUANTITIES
from wire.registers import ORDERS, UNSIGNED, width

MODICON_FIRST = {1: 1, 2: 10001, 3: 40001, 4: 30001}
"""The printed number of address 0, by function code, where a manual counts as Modicon did."""
REF_BASES = ("modicon", "minus1", "raw")
REGISTER_TYPES = tuple(kind.value for kind in registers.TYPES if kind is not PointType.BIT)
BYTE_TYPES = tuple(kind.value for kind in fields.BYTE_TYPES)
TEXT_TYPES = tuple(kind.value for kind in fields.TEXT_TYPES)

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = frozenset({*FUNCTIONS, "zero", "site"})
_ALL_BITS = 0xFFFF_FFFF
_BITS = {PointType.BIT: 1, PointType.U8: 8, PointType.HEX: 32, PointType.CHAR: 8}
FRAME_MAX = 255
"""Where a point of a frame of varying length may stand at most."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A block, and what to subtract from a printed register number to get its address (None: none are printed)."""

    block: Block
    ref_first: int | None


def read_layouts(root: located.Block, min_poll_s: float) -> Mapping[str, Layout]:
    """The section `blocks`."""
    section = root.mapping("blocks", optional=True)
    return {name: _layout(name, entry, min_poll_s) for name, entry in named(section)}


def read_points(
    root: located.Block, layouts: Mapping[str, Layout], messages: Mapping[str, MessageShape]
) -> tuple[Point, ...]:
    """The section `points`."""
    return tuple(_point(name, entry, layouts, messages) for name, entry in named(root.mapping("points")))


def check_name(block: located.Block, name: str) -> None:
    """Collects a mistake when `name` cannot stand in an expression."""
    if not _NAME.fullmatch(name) or name in _RESERVED:
        what = f"{name!r} cannot be a name: a name is lower case letters, digits and _, and no function."
        block.wrong(name, what, f"rename it, for example {re.sub('[^a-z0-9]+', '_', name.lower())}_1", "E-PROFILE-002")


def read_quantity(entry: located.Block, unit: str) -> str:
    """The key `means`: a quantity whose unit is `unit`, or nothing."""
    if "means" not in entry:
        return ""
    quantity = QUANTITIES[entry.choice("means", tuple(QUANTITIES))]
    if quantity.unit != unit:
        what = f"{quantity.name} is kept in {quantity.unit!r}, this value is in {unit or 'no unit'!r}."
        fix = f"scale it to {quantity.unit} and write unit: {quantity.unit!r}"
        entry.wrong("means", what, fix, "E-PROFILE-007")
    return quantity.name


def named(block: located.Block) -> Iterator[tuple[str, located.Block]]:
    """The entries of a section by their names; a name that cannot be one, and a key nobody asked for, are mistakes."""
    for name, entry in block.blocks():
        check_name(block, name)
        yield name, entry
        entry.done()


def _layout(name: str, entry: located.Block, min_poll_s: float) -> Layout:
    function = entry.integer("fc", 1, 4)
    ref_first = _ref_first(entry, function)
    if "addr" in entry and ref_first is not None:
        entry.wrong("addr", "both addr and ref are written.", "keep the one the manual prints", "E-PROFILE-003")
    address = entry.integer("addr", 0, 0xFFFF) if ref_first is None else entry.integer("ref", ref_first) - ref_first
    block = Block(
        name=name,
        function=function,
        address=address,
        count=entry.integer("count", 1, BITS_MAX if function in READS_BITS else COUNT_MAX),
        every_s=entry.duration("every", min_poll_s),
        once=entry.flag("once", default=False),
        before=_trigger(entry.mapping("before")) if "before" in entry else None,
        max_hole=entry.integer("max_hole", 0, COUNT_MAX) if "max_hole" in entry else None,
    )
    return Layout(block, ref_first)


def _trigger(entry: located.Block) -> Trigger:
    trigger = Trigger(
        entry.integer("reg", 0, 0xFFFF), entry.integer("value", 0, 0xFFFF), entry.duration("wait", 0.0, 60.0)
    )
    entry.done()
    return trigger


def _ref_first(entry: located.Block, function: int) -> int | None:
    """A printed number needs its base: 40001 means 0 to one maker and 0x9C41 to another, so it is never guessed."""
    if "ref" not in entry and "ref_base" not in entry:
        return None
    base = entry.choice("ref_base", REF_BASES)
    return {"modicon": MODICON_FIRST[function], "minus1": 1, "raw": 0}[base]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a point stands, and how its number is written there."""

    register: int
    at: int
    type: PointType
    order: str


def _point(
    name: str, entry: located.Block, layouts: Mapping[str, Layout], messages: Mapping[str, MessageShape]
) -> Point:
    known = (*layouts, *messages)
    inside = entry.choice("in", known) if known else ""
    shape = messages.get(inside)
    place = _message_place(entry, shape) if shape else _register_place(entry, layouts.get(inside, _NOWHERE))
    unit = entry.text("unit", "")
    point = Point(
        name=name,
        block=inside,
        register=place.register,
        at=place.at,
        type=place.type,
        order=place.order,
        mask=entry.integer("mask", 1, _ALL_BITS, default=_ALL_BITS),
        shift=entry.integer("shift", 0, 31, default=0),
        scale=entry.scale("scale", 1.0),
        offset=entry.number("offset", default=0.0),
        unit=unit,
        span=read_span(entry),
        invalid=entry.sequence("invalid", optional=True).numbers(),
        require=entry.integer("require") if "require" in entry else None,
        codes=numbered(entry, "codes"),
        bits=numbered(entry, "bits"),
        quantity=read_quantity(entry, unit),
    )
    _check_kind(entry, point)
    return point


_NOWHERE = Layout(Block("", 3, 0, COUNT_MAX, 1.0), None)
"""Stands in while a file without blocks is read to its end."""


def _register_place(entry: located.Block, layout: Layout) -> _Place:
    kind = PointType(entry.choice("type", (PointType.BIT,) if layout.block.is_bits else REGISTER_TYPES))
    return _Place(_register(entry, layout, kind), 0, kind, _order(entry, kind))


def _message_place(entry: located.Block, shape: MessageShape) -> _Place:
    if isinstance(shape, LineShape):
        kind = PointType(entry.choice("type", TEXT_TYPES))
        return _Place(0, entry.integer("field", 0, shape.fields - 1), kind, ORDERS[0])
    kind = PointType(entry.choice("type", BYTE_TYPES))
    is_open = isinstance(shape, FrameShape) and shape.length_at is not None
    last = FRAME_MAX if is_open else shape.size - fields.size_of(kind)
    return _Place(0, entry.integer("at", 0, last), kind, ORDERS[0])


def _register(entry: located.Block, layout: Layout, kind: PointType) -> int:
    block = layout.block
    key, first = ("reg", 0) if layout.ref_first is None else ("ref", layout.ref_first)
    register = entry.integer(key) - first
    if not block.address <= register <= block.address + block.count - width(kind):
        last = block.address + block.count - 1 + first
        what = f"{kind} at {register + first} is not within block {block.name}, {block.address + first}..{last}."
        entry.wrong(key, what, "correct the number, or the block's count", "E-PROFILE-004")
    return register


def _order(entry: located.Block, kind: PointType) -> str:
    """Must be written for 32 bits: a wrong guess reads plausible numbers."""
    if width(kind) == 2:
        return entry.choice("order", ORDERS)
    if "order" in entry:
        what = f"{kind} is one register, it has no word order."
        entry.wrong("order", what, "remove order, or correct type", "E-PROFILE-005")
    return ORDERS[0]


def read_span(entry: located.Block) -> tuple[float, float] | None:
    """The key `range`, or nothing."""
    if "range" not in entry:
        return None
    numbers = entry.sequence("range").numbers()
    if len(numbers) == 2 and numbers[0] < numbers[1]:
        return numbers[0], numbers[1]
    entry.wrong("range", "a range is its least and greatest value.", "write range: [-90, 90]", "E-PROFILE-006")
    return None


def numbered(entry: located.Block, key: str) -> Mapping[int, str]:
    """`{1: normal, 2: warmup}`."""
    words: dict[int, str] = {}
    block = entry.mapping(key, optional=True)
    for number in block:
        try:
            words[scalars.integer(number)] = block.text(number)
        except ValueError as error:
            block.wrong(number, f"{number!r} in {key} is no number.", f"write {error}", "E-PROFILE-008")
    return words


def _check_kind(entry: located.Block, point: Point) -> None:
    """Codes, bits and masks belong to unsigned registers; a word or a flag is no quantity; a scale can be undone."""
    unsigned_only = [key for key in ("mask", "shift", "codes", "bits") if key in entry]
    if unsigned_only and point.type not in UNSIGNED:
        what = f"{unsigned_only[0]} needs an unsigned type, this point is {point.type}."
        entry.wrong(unsigned_only[0], what, f"write one of the types {', '.join(UNSIGNED)}", "E-PROFILE-009")
    if point.quantity and (point.codes or point.bits):
        what = f"{point.name} has codes or bits: words, no quantity."
        entry.wrong("means", what, "remove means", "E-PROFILE-009")
    bits = _BITS.get(point.type, 16 * width(point.type))
    if any(not 0 <= bit < bits for bit in point.bits):
        what = f"bits are numbered 0..{bits - 1}, 0 the lowest."
        entry.wrong("bits", what, "correct the numbers", "E-PROFILE-009")
    if point.scale == 0:
        entry.wrong("scale", "a scale of 0 makes every value 0.", "write a fraction: 16/32768", "E-PROFILE-009")
