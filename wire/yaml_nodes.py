"""YAML as a tree whose every node knows its line. Text stays text until somebody reads it as a number.

A plain subset, so that a file means what it looks like: no tags, anchors, aliases or second
documents, and no key twice. Nothing is guessed: `no` is not false, `0x50` and `12:30` are text.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import yaml

from wire.errors import Mistake

DEPTH_MAX = 32
"""Levels of nesting; more is no file a person wrote."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class TextNode:
    """A scalar as written; `is_null` for an unquoted nothing, `~` or `null`."""

    where: str
    text: str
    is_null: bool = False


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list."""

    where: str
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping; a value's `where` is the line of its key."""

    where: str
    entries: Mapping[str, "Node"]


Node: TypeAlias = TextNode | ListNode | MapNode


def plain(value: object, where: str) -> Node:
    """Nodes for values that were not written in a file (a program's own settings), all at one place."""
    if isinstance(value, Mapping):
        return MapNode(where, {str(key): plain(entry, where) for key, entry in value.items()})
    if isinstance(value, list | tuple):
        return ListNode(where, tuple(plain(item, where) for item in value))
    if isinstance(value, bool):
        return TextNode(where, str(value).lower())
    return TextNode(where, "" if value is None else str(value), is_null=value is None)


Bare: TypeAlias = "str | list[Bare] | dict[str, Bare] | None"


def bare(node: Node) -> Bare:
    """What a node says, without its place."""
    if isinstance(node, MapNode):
        return {key: bare(entry) for key, entry in node.entries.items()}
    if isinstance(node, ListNode):
        return [bare(item) for item in node.items]
    return None if node.is_null else node.text


def parse(text: str, file: str, add: Callable[[Mistake], None]) -> Node | None:
    """The document, or None when it is empty or cannot be read as written; mistakes go to `add`."""
    try:
        return _Builder(text, file, add).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        what = f"this is not YAML: {error.problem or error.context}."
        fix = "look at this line and the one above: indentation, a missing colon, quote or bracket"
        add(Mistake(f"{file}:{line}", what, fix, "E-FILE-004"))
    except yaml.reader.ReaderError as error:
        what = f"character {error.character!r} is not allowed in YAML."
        add(Mistake(f"{file}:1", what, "remove it; save the file as plain UTF-8 text", "E-FILE-004"))
    except _TooDeepError:
        pass
    return None


class _TooDeepError(Exception):
    """Ends the reading; the mistake is already noted."""


class _Builder:
    """Builds nodes from the parser's events."""

    def __init__(self, text: str, file: str, add: Callable[[Mistake], None]) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
        self._file = file
        self._add = add
        self._is_incomplete = False

    def document(self) -> Node | None:
        """The first document; a second one is a mistake."""
        root: Node | None = None
        starts = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                starts += 1
                if starts > 1:
                    self._wrong(event, "a second document begins here.", "keep one document a file", "E-FILE-009")
                    break
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, f"{self._file}:1", 0)
        return None if self._is_incomplete else root

    def _node(self, event: yaml.Event, where: str, depth: int) -> Node:
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            fix = "write the value out, without & * or !"
            self._wrong(event, "anchors, aliases and tags are not used here.", fix, "E-FILE-005")
        if depth == DEPTH_MAX:
            self._wrong(event, f"nested deeper than {DEPTH_MAX} levels.", "write it flatter", "E-FILE-007")
            raise _TooDeepError
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(where, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(where, depth)
        if isinstance(event, yaml.ScalarEvent):
            return TextNode(where, event.value, is_null=event.implicit[0] and event.value in ("", "~", "null"))
        self._is_incomplete = True  # an alias: what it stands for is not here
        return TextNode(where, "", is_null=True)

    def _list(self, where: str, depth: int) -> ListNode:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, self._place(event), depth + 1))
        return ListNode(where, tuple(items))

    def _mapping(self, where: str, depth: int) -> MapNode:
        entries: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            place = self._place(event)
            key = self._node(event, place, depth + 1)
            value = self._node(next(self._events), place, depth + 1)
            if not isinstance(key, TextNode):
                self._wrong(event, "a key must be plain text.", "quote it", "E-FILE-004")
            elif key.text in entries:
                first = entries[key.text].where
                fix = f"keep one; the first is at {first}"
                self._wrong(event, f"the key {key.text!r} is written twice.", fix, "E-FILE-006")
            else:
                entries[key.text] = value
        return MapNode(where, entries)

    def _place(self, event: yaml.Event) -> str:
        line = event.start_mark.line if event.start_mark else 0
        return f"{self._file}:{line + 1}"

    def _wrong(self, event: yaml.Event, what: str, fix: str, code: str) -> None:
        self._add(Mistake(self._place(event), what, fix, code))
