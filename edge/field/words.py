"""What `egret site` and `egret bus` say to people, by key, in both languages. Errors stay English, and have their code.

Profiles ask people in English; the sentences that the library uses are here by themselves.
"""

import os
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from unicodedata import east_asian_width

import yaml

LANGUAGES = ("zh", "en")
_FILE = Path(__file__).parent / "words.yaml"


class Words:
    """The catalogue in one language."""

    def __init__(self, lang: str, catalogue: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """`lang` is one of LANGUAGES."""
        self.lang = lang
        self._known = {key: both[lang] for key, both in (catalogue or read()).items()}

    def __call__(self, key: str, **fields: object) -> str:
        """What the key says. Raises KeyError: a test looks that all are there."""
        return self._known[key].format(**fields)

    def sentence(self, english: str) -> str:
        """A sentence of a profile, as it is where nobody has translated it."""
        return self._known.get(f"say {english}", english)

    def note(self, key: str) -> str:
        """A note of a check: a key of the catalogue, or words as they are."""
        return self._known.get(f"note.{key}", key)


def padded(text: str, width: int) -> str:
    """Filled with spaces to so many columns of a terminal, in which a Chinese character has two."""
    return text + " " * (width - sum(map(_columns, text)))


def cut(text: str, width: int) -> str:
    """As much of it as so many columns of a terminal hold."""
    ends = accumulate(map(_columns, text))
    return text[: sum(end <= width for end in ends)]


def _columns(character: str) -> int:
    return 1 + (east_asian_width(character) in "WF")


def read() -> dict[str, dict[str, str]]:
    """Every key with its two texts."""
    found: dict[str, dict[str, str]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return found


def of_environment(environ: Mapping[str, str] = os.environ) -> str:
    """Chinese (zh) where the machine speaks Chinese, else en."""
    spoken = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "zh" if spoken.lower().startswith("zh") else "en"
