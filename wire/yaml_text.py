"""A YAML file as the text it is: an entry is put in where it belongs, and every other character stays.

Comments, order, blank lines and how long lines are broken belong to whoever wrote them, so nothing is read and written
again. PyYAML says where each node begins and ends.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
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
        self.text = text if text.endswith("\n") or not text else f"{text}\n"
        self._root = yaml.compose(self.text, Loader=_LOADER)

    def has(self, *path: str) -> bool:
        """Is there such an entry?"""
        return self._find(path) is not None

    def value(self, *path: str) -> str:
        """The text of a scalar; empty when there is none."""
        node = self._find(path)
        return str(node.value) if isinstance(node, yaml.ScalarNode) else ""

    def put(self, path: Sequence[str], value: Entry) -> None:
        """A new entry at the end of its mapping, or another value for one that is there. All above it must be there.

        Raises KeyError.
        """
        *above, key = path
        mapping = self._find(above)
        if mapping is None:
            raise KeyError("/".join(above))
        if known := self._find(path):
            self._cut(_begin(known), _end(known), _flow(value))
        elif isinstance(mapping, yaml.MappingNode):
            self._append(mapping, key, value)
        else:  # `sites:` with nothing behind it
            indent = (len(above) - 1) * _STEP + _STEP
            self._insert_line(_end(mapping), _block(key, value, indent))
        self._root = yaml.compose(self.text, Loader=_LOADER)

    def _find(self, path: Sequence[str]) -> yaml.Node | None:
        node = self._root
        for word in path:
            if not isinstance(node, yaml.MappingNode):
                return None
            node = next((value for key, value in node.value if key.value == word), None)
        return node

    def _append(self, mapping: yaml.MappingNode, key: str, value: Entry) -> None:
        if mapping.flow_style:
            end = _end(mapping.value[-1][1]) if mapping.value else _begin(mapping) + 1
            self._cut(end, end, f"{', ' if mapping.value else ''}{_scalar(key)}: {_flow(value)}")
            return
        indent = mapping.value[0][0].start_mark.column
        self._insert_line(_end(mapping.value[-1][1]), _block(key, value, indent))

    def _insert_line(self, after: int, lines: str) -> None:
        """Below the line in which `after` is: its comment stays with it."""
        end = self.text.find("\n", max(0, after - 1)) + 1 or len(self.text)
        self._cut(end, end, lines)

    def _cut(self, begin: int, end: int, text: str) -> None:
        self.text = self.text[:begin] + text + self.text[end:]


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
        return value if isinstance(value, Bare) else _scalar(value)
    return "[" + ", ".join(_flow(entry) for entry in value) + "]"


def _scalar(text: str) -> str:
    """Plain where that is read as the same text, also between braces, else in double quotes."""
    try:
        read: Any = yaml.compose(f"{{a: {text}, b: c}}", Loader=yaml.BaseLoader)
        is_plain = len(read.value) == 2 and read.value[0][1].value == text and text not in ("", "~", "null")
        is_plain = is_plain and not read.value[0][1].style and isinstance(read.value[0][1], yaml.ScalarNode)
    except yaml.YAMLError:
        is_plain = False
    return text if is_plain else json.dumps(text, ensure_ascii=False)
