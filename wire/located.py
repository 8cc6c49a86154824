"""A user's YAML file, read field by field; every mistake is collected with its file:line and a fix.

    mistakes = Mistakes()
    root = load(path, mistakes)
    for name, box in root.mapping("boxes").blocks():
        port = box.text("port")
        unit = box.integer("unit", 1, 247, default=1)
        every_s = box.duration("every") if "every" in box else None
        box.done()                       # whatever was not asked for is an unknown key
    root.done()
    mistakes.raise_any()

A reader that finds a mistake collects it and returns a harmless stand-in (empty text, zero, the
first choice), so that one run finds all mistakes; `raise_any` makes sure no stand-in is ever used.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from wire import scalars, yaml_nodes
from wire.errors import ConfigError, Mistake
from wire.yaml_nodes import ListNode, MapNode, Node, TextNode

SIZE_MAX = 5 * 1024 * 1024
"""Bytes of one file."""

K = TypeVar("K", str, int)
T = TypeVar("T")
N = TypeVar("N", int, float)


class Mistakes:
    """Collects the mistakes of one or more files."""

    def __init__(self) -> None:
        """None yet."""
        self._found: dict[Mistake, None] = {}

    def __len__(self) -> int:
        """How many."""
        return len(self._found)

    def add(self, where: str, what: str, fix: str, code: str) -> None:
        """One mistake; the same one twice counts once."""
        self._found.setdefault(Mistake(where, what, fix, code))

    def extend(self, mistakes: Iterable[Mistake]) -> None:
        """Mistakes that somebody else collected."""
        self._found.update(dict.fromkeys(mistakes))

    def sorted(self) -> tuple[Mistake, ...]:
        """By file, then line."""
        return tuple(sorted(self._found, key=_file_and_line))

    def raise_any(self) -> None:
        """Raises ConfigError with all of them, if there are any."""
        if self._found:
            raise ConfigError(self.sorted())


def load(path: Path, mistakes: Mistakes) -> "Block":
    """The file's top mapping. Raises ConfigError when the file cannot be read, or is no YAML mapping."""
    name = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        what = f"cannot read this file: {error.strerror}."
        raise ConfigError([Mistake(name, what, "check its name and permissions", "E-FILE-001")]) from error
    if len(content) > SIZE_MAX:
        what = f"the file has {len(content)} bytes, the limit is {SIZE_MAX}."
        raise ConfigError([Mistake(name, what, "split it, or remove what is not configuration", "E-FILE-003")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        what = f"byte 0x{content[error.start]:02X} is not UTF-8."
        raise ConfigError([Mistake(f"{name}:{line}", what, "save the file as UTF-8", "E-FILE-002")]) from error
    return parse(text, name, mistakes)


def parse(text: str, name: str, mistakes: Mistakes) -> "Block":
    """As `load`, of a text that is already here; `name` stands for the file in messages."""
    before = len(mistakes)
    node = yaml_nodes.parse(text, name, lambda mistake: mistakes.extend([mistake]))
    if not isinstance(node, MapNode):
        if len(mistakes) == before:
            mistakes.add(f"{name}:1", "the file must be a mapping of keys.", "begin with `schema:`", "E-FILE-008")
        raise ConfigError(mistakes.sorted())
    return Block(node, mistakes)


def block_of(values: Mapping[str, object], where: str, mistakes: Mistakes) -> "Block":
    """`values` as a block that reports to `mistakes`: a Block read before, or plain values at the place `where`."""
    if isinstance(values, Block):
        return Block(values.node, mistakes, asked=values.asked)
    entries = {key: yaml_nodes.plain(value, where) for key, value in values.items()}
    return Block(MapNode(where, entries), mistakes)


def nearest(word: str, known: Iterable[str]) -> str:
    """What to write instead of `word`: the most similar of `known`, or all of them."""
    choices = list(dict.fromkeys(known))
    found = difflib.get_close_matches(word, choices, n=1)
    if found:
        return f"write {found[0]!r}"
    shown = ", ".join(choices[:12]) + (", …" if len(choices) > 12 else "")
    return f"use one of: {shown}" if choices else "remove it"


class _Fields(Generic[K]):
    """The fields of one mapping (by key) or list (by index, from 0)."""

    def __init__(self, where: str, mistakes: Mistakes) -> None:
        self.where = where
        self.mistakes = mistakes

    def _find(self, key: K) -> Node | None:
        raise NotImplementedError

    def _say(self, key: K) -> str:
        raise NotImplementedError

    def place(self, key: K) -> str:
        """file:line of this field, or of what it is missing in."""
        node = self._find(key)
        return node.where if node else self.where

    def wrong(self, key: K, what: str, fix: str, code: str) -> None:
        """A mistake at this field."""
        self.mistakes.add(self.place(key), what, fix, code)

    def text(self, key: K, default: str | None = None) -> str:
        """Text as written; without a default it must be there."""
        return self._scalar(key, "a text", str, default, "")

    def number(
        self, key: K, minimum: float | None = None, maximum: float | None = None, *, default: float | None = None
    ) -> float:
        """A finite number, minimum ≤ number ≤ maximum."""
        found = self._scalar(key, "a number", scalars.number, default, minimum or 0.0)
        return self._within(key, found, minimum, maximum)

    def integer(
        self, key: K, minimum: int | None = None, maximum: int | None = None, *, default: int | None = None
    ) -> int:
        """A whole number, `80` or `0x50`, minimum ≤ number ≤ maximum."""
        found = self._scalar(key, "a whole number", scalars.integer, default, minimum or 0)
        return self._within(key, found, minimum, maximum)

    def duration(
        self, key: K, minimum: float = 0.0, maximum: float | None = None, *, default: float | None = None
    ) -> float:
        """Seconds of `300ms`, `5s`, `10min`, `1h` or `30d`; bounds and default in seconds."""
        found = self._scalar(key, "a time such as 5s", scalars.duration_s, default, minimum)
        return self._within(key, found, minimum, maximum, unit=" s")

    def size(self, key: K, *, default: int | None = None) -> int:
        """Bytes of `64 KiB`, `512 MiB` or `8 GiB`; the default in bytes."""
        return self._scalar(key, "a size such as 512 MiB", scalars.size_bytes, default, 0)

    def scale(self, key: K, default: float | None = None) -> float:
        """A factor, also as a fraction: `16/32768`."""
        return self._scalar(key, "a factor such as 16/32768", scalars.scale, default, 1.0)

    def flag(self, key: K, *, default: bool | None = None) -> bool:
        """`true` or `false`."""
        return self._scalar(key, "true or false", scalars.flag, default, stand_in=False)

    def choice(self, key: K, choices: Sequence[str], default: str | None = None) -> str:
        """One of the words `choices`."""
        found = self._scalar(key, f"one of {', '.join(choices)}", str, default, choices[0])
        if found in choices:
            return found
        what = f"{self._say(key)} {found!r} is not known."
        self.wrong(key, what, nearest(found, choices), "E-FILE-014")
        return choices[0]

    def mapping(self, key: K, *, optional: bool = False) -> "Block":
        """The mapping below this key; empty when `optional` and not there."""
        node = self._find(key)
        if isinstance(node, MapNode):
            return Block(node, self.mistakes)
        self._not_there(key, node, "a mapping", optional=optional)
        return Block(MapNode(self.place(key), {}), self.mistakes)

    def sequence(self, key: K, *, optional: bool = False) -> "Items":
        """The list below this key; empty when `optional` and not there."""
        node = self._find(key)
        if isinstance(node, ListNode):
            return Items(node, self._say(key), self.mistakes)
        self._not_there(key, node, "a list", optional=optional)
        return Items(ListNode(self.place(key), ()), self._say(key), self.mistakes)

    def _scalar(self, key: K, expected: str, parse: Callable[[str], T], default: T | None, stand_in: T) -> T:
        node = self._find(key)
        if not isinstance(node, TextNode) or node.is_null:
            self._not_there(key, node, expected, optional=default is not None)
            return stand_in if default is None else default
        try:
            return parse(node.text)
        except ValueError as error:
            self.wrong(key, f"{self._say(key)} is {node.text!r}.", f"write {error}", "E-FILE-012")
            return stand_in

    def _not_there(self, key: K, node: Node | None, expected: str, *, optional: bool) -> None:
        if node and not (isinstance(node, TextNode) and node.is_null):
            kind = {TextNode: "a single value", ListNode: "a list", MapNode: "a mapping"}[type(node)]
            self.wrong(key, f"{self._say(key)} is {kind}.", f"write {expected}", "E-FILE-012")
        elif not optional:
            self.wrong(key, f"{self._say(key)} is missing.", f"write {key}: and {expected}", "E-FILE-011")

    def _within(self, key: K, found: N, minimum: N | None, maximum: N | None, unit: str = "") -> N:
        if (minimum is None or found >= minimum) and (maximum is None or found <= maximum):
            return found
        span = f"{'' if minimum is None else f'{minimum:g}'}..{'' if maximum is None else f'{maximum:g}'}{unit}"
        self.wrong(key, f"{self._say(key)} {found:g} is outside {span}.", "write a value inside", "E-FILE-013")
        return found if minimum is None else minimum


class Block(_Fields[str], Mapping[str, object]):
    """A mapping of the file."""

    def __init__(self, node: MapNode, mistakes: Mistakes, asked: Iterable[str] = ()) -> None:
        """`asked`: keys that another reader has taken."""
        super().__init__(node.where, mistakes)
        self.node = node
        self.asked = dict.fromkeys(asked)

    def __getitem__(self, key: str) -> object:
        return self.node.entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.node.entries)

    def __len__(self) -> int:
        return len(self.node.entries)

    def __contains__(self, key: object) -> bool:
        """Is this key written, with a value? It counts as known from now on."""
        node = self._find(str(key))
        return node is not None and not (isinstance(node, TextNode) and node.is_null)

    def blocks(self) -> Iterator[tuple[str, "Block"]]:
        """Every key with the mapping below it, for mappings whose keys are names."""
        for key in self:
            yield key, self.mapping(key)

    def done(self) -> None:
        """Collects every key that nobody asked for."""
        for key in self:
            if key not in self.asked:
                self.wrong(key, f"unknown key {key!r}.", nearest(key, self.asked), "E-FILE-010")

    def _find(self, key: str) -> Node | None:
        self.asked[key] = None
        return self.node.entries.get(key)

    def _say(self, key: str) -> str:
        return repr(key)


class Items(_Fields[int]):
    """A list of the file; its fields are read by index."""

    def __init__(self, node: ListNode, name: str, mistakes: Mistakes) -> None:
        """`name` is what the list is called in messages."""
        super().__init__(node.where, mistakes)
        self.node = node
        self._called = name

    def __len__(self) -> int:
        return len(self.node.items)

    def texts(self) -> tuple[str, ...]:
        """All items as text."""
        return tuple(self.text(index) for index in range(len(self)))

    def numbers(self) -> tuple[float, ...]:
        """All items as numbers."""
        return tuple(self.number(index) for index in range(len(self)))

    def blocks(self) -> Iterator[Block]:
        """All items as mappings."""
        for index in range(len(self)):
            yield self.mapping(index)

    def _find(self, key: int) -> Node | None:
        return self.node.items[key] if key < len(self.node.items) else None

    def _say(self, key: int) -> str:
        return f"item {key + 1} of {self._called}"


def _file_and_line(mistake: Mistake) -> tuple[str, int]:
    file, _, line = mistake.where.rpartition(":")
    return (file, int(line)) if line.isdecimal() else (mistake.where, 0)
