"""The catalogue of `egret site` says everything in both languages, and the program asks for nothing else."""

import re
from pathlib import Path
from string import Formatter

from commissioned import LIBRARY

from edge.field.selftest import Outcome
from edge.field.words import LANGUAGES, Words, cut, of_environment, padded, read
from edge.field.zero import IN_SENSOR
from wire.profile_acts import KNOWN_TILT, Confirm

EDGE = Path(__file__).parents[3] / "edge"
ASKED = re.compile(r"\b(?:words|say|_say|_add|_words)\(\s*\"([a-z_]+\.[a-z_.]+)\"")


def fields(text: str) -> set[str]:
    """The holes of a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_key_has_both_languages_and_the_same_holes() -> None:
    """A text with a hole of its own would fail only in that language, on a ladder."""
    for key, both in read().items():
        assert set(both) == set(LANGUAGES), key
        assert fields(both["zh"]) == fields(both["en"]), key


def test_every_key_that_is_asked_for_is_there() -> None:
    """Those written in the program, and those made of the names of checks and outcomes."""
    known = read()
    sources = [*EDGE.glob("field/**/*.py"), *EDGE.glob("commands/*.py")]
    asked = {key for path in sources for key in ASKED.findall(path.read_text(encoding="utf-8"))}
    asked |= {f"outcome.{outcome}" for outcome in Outcome}
    assert asked
    assert not asked - known.keys()


def test_what_profiles_ask_people_is_said_in_chinese() -> None:
    """Every sentence of a known tilt, of a sensor's own zero, and of a check in the library."""
    acts = (profile.procedures.get(name) for profile in LIBRARY.values() for name in (KNOWN_TILT, IN_SENSOR))
    said = {step.say for act in acts if act for step in act.steps if isinstance(step, Confirm)}
    said |= {check.say for profile in LIBRARY.values() for check in profile.checks}
    assert said
    chinese = Words("zh")
    assert not [sentence for sentence in said if chinese.sentence(sentence) == sentence]


def test_the_language_is_the_machine_s() -> None:
    """LC_ALL wins over LANG; whatever is not Chinese is English."""
    assert of_environment({"LANG": "zh_CN.UTF-8"}) == "zh"
    assert of_environment({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}) == "en"
    assert of_environment({}) == "en"


def test_columns_count_what_a_terminal_shows() -> None:
    """Two columns for a Chinese character."""
    assert padded("噪声 x", 8) == "噪声 x  "
    assert [cut("噪声 x", width) for width in (3, 4, 8)] == ["噪", "噪声", "噪声 x"]
