"""Texts of other systems and of people, made harmless: plain, bounded, without characters that nobody sees.

Markup stays as it was typed and is never interpreted; whoever shows a text shows it as text.
"""

import unicodedata
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

S = TypeVar("S", bound=msgspec.Struct)

LINE_MAX, TEXT_MAX, URL_MAX = 200, 4_000, 2_000
"""Characters."""

_UNSEEN = {"Cc", "Cf", "Cs"}
"""Controls, formats (they can reverse what is read: U+202E) and halves of surrogate pairs."""


def line(text: str, limit: int = LINE_MAX) -> str:
    """One line of at most `limit` characters; white space of any kind and length is one space."""
    spaced = (" " if each.isspace() else each for each in text)
    seen = "".join(each for each in spaced if unicodedata.category(each) not in _UNSEEN)
    return _capped(" ".join(seen.split()), limit)


def paragraph(text: str) -> str:
    """Several lines, at most 4000 characters in all; lines of nothing are left out."""
    lines = (line(each, TEXT_MAX) for each in text.splitlines())
    return _capped("\n".join(each for each in lines if each), TEXT_MAX)


def spoken(asked: S) -> S:
    """What somebody asks for, each of its texts as `paragraph` makes it: a note is no line of a log, and no escape."""
    texts = {name: paragraph(said) for name, said in msgspec.structs.asdict(asked).items() if type(said) is str}
    return msgspec.structs.replace(asked, **texts)


def _capped(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def link(url: str) -> str:
    """The address if a person may follow it, else nothing: a report is worth more than its link."""
    if len(url) > URL_MAX or url != line(url, URL_MAX) or " " in url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:  # a bracket that never closes, for example
        return ""
    return url if parts.scheme in {"http", "https"} and parts.netloc else ""
