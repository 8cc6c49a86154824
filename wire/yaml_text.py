"""A YAML file as the text it is: an entry is put in where it belongs, or taken out, and every other character stays.

Comments, order, blank lines and how long lines are broken belong to whoever wrote them, so nothing is read and written
again. PyYAML says where each node begins and ends.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BYTE_ORDER = "\ufeff"
_STEP = 2
"""Spaces of indentation, where a file shows none of its own."""
Entry = str | int | float | bool | Sequence["Entry"] | Mapping[str, "Entry"]
"""What is put in; `Flow` stands on one line."""


class Flow(dict[str, Entry]):
    """A mapping that is written on one line: `{line: XM-TA-01/a, unit: 0x51}`."""


class Bare(str):
    """Text that is written as it is: `0x51`, `2026-11-27`."""

    __slots__ = ()


class YamlText:
    """One file's text. It must be read first by whoever knows what is allowed in it."""

    def __init__(self, text: str) -> None:
        """Raises yaml.YAMLError."""
        self._mark = _BYTE_ORDER if text.startswith(_BYTE_ORDER) else ""  # libyaml does not count it
        self._newline = "\r\n" if "\r\n" in text else "\n"
        text = text.removeprefix(_BYTE_ORDER)
        self._text = text if text.endswith("\n") or not text else text + self._newline
        self._root = yaml.compose(self._text, Loader=_LOADER)

    @property
    def text(self) -> str:
        """The whole of it, with the line ends that it came with."""
        return self._mark + self._text

    def has(self, *path: str) -> bool:
        """Is there such an entry?"""
        return self._find(path) is not None

    def value(self, *path: str) -> str:
        """The text of a scalar; empty when there is none."""
        node = self._find(path)
        return str(node.value) if isinstance(node, yaml.ScalarNode) else ""

    def put(self, path: Sequence[str], value: Entry) -> None:
        """A new entry at the end of its mapping, or another value for one that is there. All above it must be there.

        Raises KeyError, and yaml.YAMLError where the text cannot take it: written in a way that is not known here.
        """
        *above, key = path
        mapping = self._find(above)
        if mapping is None:
            raise KeyError("/".join(above))
        wanted = _said(self._root)
        if known := self._find(path):
            self._replace(path, known, value)
        elif isinstance(mapping, yaml.MappingNode):
            self._append(mapping, key, value)
        else:
            self._fill(above, mapping, key, value)
        self._root = yaml.compose(self._text, Loader=_LOADER)
        _set(wanted, path, _said(yaml.compose(_flow(value), Loader=_LOADER)))
        if _said(self._root) != wanted:
            raise yaml.YAMLError(f"{'/'.join(path)} cannot be put in without changing something else")

    def take_out(self, path: Sequence[str]) -> None:
        """The entry that is there, with what stands beside it. Raises KeyError, and yaml.YAMLError as `put`."""
        *above, key = path
        mapping = self._find(above)
        if not isinstance(mapping, yaml.MappingNode) or not self.has(*path):
            raise KeyError("/".join(path))
        wanted, entries = _said(self._root), mapping.value
        at = next(at for at, (name, _) in enumerate(entries) if name.value == key)
        name, value = entries[at]
        begin, end = _begin(name), _end(value)
        if not mapping.flow_style:
            begin, end = self._text.rfind("\n", 0, begin) + 1, self._text.find("\n", end - 1) + 1
        elif at + 1 < len(entries):
            end = _begin(entries[at + 1][0])
        elif at:
            begin = _end(entries[at - 1][1])
        self._cut(begin, end, "")
        self._root = yaml.compose(self._text, Loader=_LOADER)
        del _at(wanted, above)[key]
        if _said(self._root) != wanted:
            raise yaml.YAMLError(f"{'/'.join(path)} cannot be taken out without changing something else")

    def _find(self, path: Sequence[str]) -> yaml.Node | None:
        return self._entry(path)[1]

    def _entry(self, path: Sequence[str]) -> tuple[yaml.Node | None, yaml.Node | None]:
        """Its key and what it is; the root has no key."""
        name, node = None, self._root
        for word in path:
            entries = node.value if isinstance(node, yaml.MappingNode) else ()
            name, node = next(((key, value) for key, value in entries if key.value == word), (None, None))
        return name, node

    def _replace(self, path: Sequence[str], known: yaml.Node, value: Entry) -> None:
        """Name by name where the names stay: what is written beside them stays, too."""
        names = [key.value for key, _ in known.value] if isinstance(known, yaml.MappingNode) else None
        if isinstance(value, Mapping) and names and set(names) == set(value):
            for name, entry in value.items():
                self.put([*path, name], entry)
            return
        begin, end = _begin(known), _end(known)
        end = begin + len(self._text[begin:end].rstrip())  # text behind a `|` ends with its line
        self._cut(begin, end, _flow(value) if end > begin else f" {_flow(value)}")

    def _fill(self, above: Sequence[str], empty: yaml.Node, key: str, value: Entry) -> None:
        """The first entry of `sites:` with nothing behind it, or `null`."""
        name, _ = self._entry(above)
        parent = self._find(above[:-1])
        if name is None or not isinstance(parent, yaml.MappingNode):
            raise KeyError("/".join(above))
        begin, end = _begin(empty), _end(empty)
        if parent.flow_style:
            self._cut(begin, end, f" {_flow({key: value})}")
            return
        self._cut(begin, end, "")
        self._insert_line(begin, _block(key, value, name.start_mark.column + _STEP))

    def _append(self, mapping: yaml.MappingNode, key: str, value: Entry) -> None:
        if mapping.flow_style:
            end = _end(mapping.value[-1][1]) if mapping.value else _begin(mapping) + 1
            self._cut(end, end, f"{', ' if mapping.value else ''}{_scalar(key)}: {_flow(value)}")
            return
        indent = mapping.value[0][0].start_mark.column
        self._insert_line(_end(mapping.value[-1][1]), _block(key, value, indent))

    def _insert_line(self, after: int, lines: str) -> None:
        """Below the line in which `after` is: its comment stays with it."""
        end = self._text.find("\n", max(0, after - 1)) + 1 or len(self._text)
        self._cut(end, end, lines.replace("\n", self._newline))

    def _cut(self, begin: int, end: int, text: str) -> None:
        self._text = self._text[:begin] + text + self._text[end:]


def _said(node: yaml.Node | None) -> Any:
    """What it says, without how it is written."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: _said(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_said(item) for item in node.value]
    return node.value if node else None


def _at(said: Any, path: Sequence[str]) -> Any:
    """What `_said` says of that entry."""
    for word in path:
        said = said[word]
    return said


def _set(said: Any, path: Sequence[str], value: Any) -> None:
    """In what `_said` says; what was empty becomes a mapping."""
    *above, key = path
    for word in above:
        if not isinstance(said[word], dict):
            said[word] = {}
        said = said[word]
    said[key] = value


def _begin(node: yaml.Node) -> int:
    return int(node.start_mark.index)


def _end(node: yaml.Node) -> int:
    """Behind its last character: a block's own mark is behind the comments that follow it, too."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _block(key: str, value: Entry, indent: int) -> str:
    """Lines of one entry, each with its end."""
    margin = " " * indent
    if isinstance(value, Mapping) and value and not isinstance(value, Flow):
        inner = "".join(_block(name, entry, indent + _STEP) for name, entry in value.items())
        return f"{margin}{_scalar(key)}:\n{inner}"
    return f"{margin}{_scalar(key)}: {_flow(value)}\n"


def _flow(value: Entry) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(name)}: {_flow(entry)}" for name, entry in value.items()) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:.10g}"
    if isinstance(value, str):
        return str(value) if isinstance(value, Bare) else _scalar(value)
    return "[" + ", ".join(_flow(entry) for entry in value) + "]"


def _scalar(text: str) -> str:
    """Plain where that is read as the same text, also between braces, else in double quotes."""
    try:
        read: Any = yaml.compose(f"{{a: {text}, b: c}}", Loader=yaml.BaseLoader)
        is_plain = len(read.value) == 2 and read.value[0][1].value == text and text not in ("", "~", "null")
        is_plain = is_plain and not read.value[0][1].style and isinstance(read.value[0][1], yaml.ScalarNode)
    except yaml.YAMLError:
        is_plain = False
    if is_plain and text.isprintable():
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in quoted)
