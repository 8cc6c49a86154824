"""The manual tells the truth: its links lead somewhere, its commands exist, its error codes are raised."""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("firmware-configs/*/*.md")]
)
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
COMMAND = re.compile(r"(?:^|`|\s)(?:\.venv/bin/)?egret((?: [a-z][a-z-]+)+)")
CODE = re.compile(r"[EW]-[A-Z]+-\d{3}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page is a file or a folder of the project."""
    missing = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not missing


def verbs() -> set[str]:
    """Every verb and sub-verb, as the command itself lists them."""
    found: set[str] = set()

    def walk(words: list[str], depth: int) -> None:
        shown = subprocess.run(
            [sys.executable, "-m", "wire", *words, "--help"], capture_output=True, text=True, check=True
        ).stdout
        listed = re.findall(r"^  ([a-z][a-z-]+)", shown.partition("Commands:")[2], re.MULTILINE)
        for verb in listed:
            found.add(" ".join([*words, verb]))
            if depth:
                walk([*words, verb], depth - 1)

    walk([], 1)
    return found


def test_commands_exist() -> None:
    """A page that says `egret edge run` names a verb that there is."""
    known = verbs()
    wrong = defaultdict(set)
    for page in PAGES:
        for words in COMMAND.findall(page.read_text(encoding="utf-8")):
            first, *rest = words.split()
            has_verbs = any(verb.startswith(f"{first} ") for verb in known)
            if first not in known or (has_verbs and rest and f"{first} {rest[0]}" not in known and first != "demo"):
                wrong[page.name].add(words.strip())
    assert not wrong


def test_error_codes_of_the_manual_are_raised() -> None:
    """A code that a page explains stands in the program."""
    program = "".join(
        path.read_text(encoding="utf-8") for side in ("wire", "edge", "cloud") for path in ROOT.glob(f"{side}/**/*.py")
    )
    explained = {code for page in PAGES for code in CODE.findall(page.read_text(encoding="utf-8"))}
    assert explained
    assert not {code for code in explained if code not in program}
