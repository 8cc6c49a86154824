"""A body for another system, written down by people with places for the facts of a case: `{title}`.

A template is read once, when the cloud starts, and is data ever after: a place is a word of a fixed
list and nothing else, so that neither a template nor a name in a notice can run or reach anything.
A JSON or form template is taken apart first and the facts are put into its texts, so that the result
is well-formed whatever a title holds. `{{` and `}}` stand for the braces themselves.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode

import msgspec

from wire.located import Mistakes, nearest

Format = Literal["json", "text", "form"]
Value = str | int | float | bool | None
"""None is a fact that is not known: null in JSON, nothing in a text."""
Tree = Value | list["Tree"] | dict[str, "Tree"]

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Template:
    """`parts` is a text for `text`, a JSON value for `json`, a list of pairs for `form`."""

    format: Format
    parts: Tree

    def filled(self, facts: Mapping[str, Value]) -> bytes:
        """The body in UTF-8; `facts` has a value for every place that `read` was told of.

        In JSON a text that is one place and nothing else becomes the fact itself: a number stays one.
        """
        found = _filled(self.parts, facts)
        if isinstance(found, str) and self.format == "text":
            return found.encode()
        if isinstance(found, list) and self.format == "form":
            return urlencode([(_words(name), _words(value)) for name, value in _pairs(found)]).encode()
        return msgspec.json.encode(found)


def read(text: str, form: Format, *, places: tuple[str, ...], where: str, mistakes: Mistakes) -> Template:
    """What is wrong with it goes to `mistakes`; raise them before the template is used."""
    try:
        parts = _taken_apart(text, form)
    except (msgspec.DecodeError, ValueError) as error:
        fix = {
            "json": 'quote every place, that of a number too: {"latitude": "{latitude}"}.',
            "form": "write it as number={number}&title={title}.",
        }
        mistakes.add(where, f"the body is not {form}: {error}.", fix.get(form, ""), "E-HOOK-010")
        return Template("text", "")
    for token in (token for part in _texts(parts) for token in _TOKEN.finditer(part)):
        if token[0] in {"{", "}"}:
            mistakes.add(where, f"a lone {token[0]} stands in the body.", f"write {token[0] * 2} for it.", "E-HOOK-010")
        elif token[1] is not None and token[1] not in places:
            mistakes.add(where, f"there is no {token[0]} in a notice.", nearest(token[1], places), "E-HOOK-009")
    return Template(form, parts)


def _taken_apart(text: str, form: Format) -> Tree:
    if form == "json":
        found: Tree = msgspec.json.decode(text)
        return found
    if form == "form":
        return [[name, value] for name, value in parse_qsl(text, keep_blank_values=True, strict_parsing=True)]
    return text


def _texts(parts: Tree) -> Iterator[str]:
    """Every text, the names of members too."""
    if isinstance(parts, str):
        yield parts
    elif isinstance(parts, list):
        for part in parts:
            yield from _texts(part)
    elif isinstance(parts, dict):
        yield from parts
        for part in parts.values():
            yield from _texts(part)


def _filled(parts: Tree, facts: Mapping[str, Value]) -> Tree:
    if isinstance(parts, str):
        alone = _TOKEN.fullmatch(parts)
        return facts[alone[1]] if alone and alone[1] is not None else _text(parts, facts)
    if isinstance(parts, list):
        return [_filled(part, facts) for part in parts]
    if isinstance(parts, dict):
        return {_text(name, facts): _filled(part, facts) for name, part in parts.items()}
    return parts


def _text(part: str, facts: Mapping[str, Value]) -> str:
    """One pass: a title that holds `{link}` is not filled again."""
    return _TOKEN.sub(lambda token: token[0][0] if token[1] is None else _words(facts[token[1]]), part)


def _words(value: Tree) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _pairs(found: list[Tree]) -> Iterator[tuple[Tree, Tree]]:
    for pair in found:
        if isinstance(pair, list):
            yield pair[0], pair[1]
