"""An entry is put into a YAML file, and nothing else of the text changes."""

import pytest
import yaml

from wire.yaml_text import Bare, Entry, Flow, YamlText


def put(text: str, path: str, value: Entry) -> str:
    """The text then."""
    found = YamlText(text)
    found.put(path.split("/"), value)
    return found.text


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("a: 1\n", "b", "x", "a: 1\nb: x\n"),
        ("a: 1", "b", "x", "a: 1\nb: x\n"),
        (
            "boxes:\n  A:  # 1\n    name: 一号  # kept\n\n# sites\nsites: {}\n",
            "boxes/B",
            {"name": "二号", "a": Flow(port="x")},
            "boxes:\n  A:  # 1\n    name: 一号  # kept\n  B:\n    name: 二号\n    a: {port: x}\n\n# sites\nsites: {}\n",
        ),
        ("boxes:\n    A: {x: 1}\n", "boxes/B", Flow(x=2), "boxes:\n    A: {x: 1}\n    B: {x: 2}\n"),
        ("s: {T1: {unit: 1}}  # 1\n", "s/T2", Flow(unit=Bare("0x5")), "s: {T1: {unit: 1}, T2: {unit: 0x5}}  # 1\n"),
        ("s: {}\n", "s/T1", Flow(unit=1), "s: {T1: {unit: 1}}\n"),
        ("s: {a: 1,\n    b: 2}\nt: 1\n", "s/c", 3, "s: {a: 1,\n    b: 2, c: 3}\nt: 1\n"),
        ("s:\n", "s/T1", Flow(unit=1), "s:\n  T1: {unit: 1}\n"),
        ("s:\nt: 1\n", "s/T1", 1, "s:\n  T1: 1\nt: 1\n"),
        ("s: {unit: 1, zero: {roll: 0}}\n", "s/zero", Flow(roll=0.42), "s: {unit: 1, zero: {roll: 0.42}}\n"),
        ("s:\n  d: 2026-01-01  # 1st\n  x: 1\n", "s/d", Bare("2026-11-27"), "s:\n  d: 2026-11-27  # 1st\n  x: 1\n"),
        ("s:\n  - 1\n  - 2  # two\n# end\n", "t", 1, "s:\n  - 1\n  - 2  # two\nt: 1\n# end\n"),
        ("a: |\n  text\n  more\n", "b", 1, "a: |\n  text\n  more\nb: 1\n"),
        ("a: |\n  text\nb: 1\n", "a", "x", "a: x\nb: 1\n"),
        ("a:\nb: 1\n", "a", "x", "a: x\nb: 1\n"),
        ("s: ~  # none\nt: 1\n", "s/T1", 1, "s:   # none\n  T1: 1\nt: 1\n"),
        ("s: {t: {u: }}\n", "s/t/u/T1", 1, "s: {t: {u:  {T1: 1}}}\n"),
        ("s:\n    A:\n        u:\nt: 1\n", "s/A/u/T1", 1, "s:\n    A:\n        u:\n          T1: 1\nt: 1\n"),
        ("s:\n  z:\n    a: 0  # 1\n    b: 0\n", "s/z", Flow(a=1, b=2), "s:\n  z:\n    a: 1  # 1\n    b: 2\n"),
        ("a: {x: 1}\r\nb: 1\r\n", "a/y", 2, "a: {x: 1, y: 2}\r\nb: 1\r\n"),
        ("a:\r\n  x: 1\r\nb: 1\r\n", "a/y", {"z": 2}, "a:\r\n  x: 1\r\n  y:\r\n    z: 2\r\nb: 1\r\n"),
        ("\ufeffa: {x: 1}\nb: 1\n", "a/x", 2, "\ufeffa: {x: 2}\nb: 1\n"),
    ],
)  # fmt: skip
def test_an_entry_goes_where_it_belongs(before: str, path: str, value: Entry, after: str) -> None:
    """At the end of its mapping, in the style of that mapping; comments and all other lines stay."""
    assert put(before, path, value) == after


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ("s: {T1: {unit: 1, zero: {roll: 0}}}  # 1\n", "s/T1/unit", "s: {T1: {zero: {roll: 0}}}  # 1\n"),
        ("s: {unit: 1, zero: {roll: 0}}  # 1\n", "s/zero", "s: {unit: 1}  # 1\n"),
        ("s: {unit: 1,  # one\n    x: 2,  # two\n    y: 3}\n", "s/y", "s: {unit: 1,  # one\n    x: 2}\n"),
        ("s: {unit: 1}\n", "s/unit", "s: {}\n"),
        ("s:\n  # 1\n  unit: 1  # one\n  # 2\n  x: 2\n", "s/unit", "s:\n  # 1\n  # 2\n  x: 2\n"),
        ("s:\r\n  x: 2\r\n  zero:\r\n    roll: 0\r\n# end\r\n", "s/zero", "s:\r\n  x: 2\r\n# end\r\n"),
        ("a: |\n  text\nb: 1\n", "a", "b: 1\n"),
    ],
)
def test_an_entry_that_is_taken_out_leaves_the_others(before: str, path: str, after: str) -> None:
    """With the comment beside it."""
    found = YamlText(before)
    found.take_out(path.split("/"))
    assert found.text == after


def test_what_cannot_be_taken_out_stays() -> None:
    """What is not there; and what is a block's only entry, which would leave no block."""
    with pytest.raises(KeyError):
        YamlText("s: {unit: 1}\n").take_out(["s", "zero"])
    with pytest.raises(yaml.YAMLError, match="cannot be taken out"):
        YamlText("s:\n  unit: 1\n").take_out(["s", "unit"])


@pytest.mark.parametrize(
    "text",
    [
        "环城西路: 南段",
        "a, b",
        "{x}",
        "# no",
        "yes: no",
        "",
        "null",
        "it's",
        '"quoted"',
        "- x",
        "a\nb",
        "*a",
        "@x",
        "a\x7fb",
        "a\x85b",
        "a\u2028b",
        "\ufeffa",
        "全\u3000角",
        "\t",
    ],
)
def test_text_is_quoted_where_it_must_be(text: str) -> None:
    """What is read back is what was put in, on a line of its own and between braces."""
    assert yaml.load(put("a: 1\n", "b", text), yaml.BaseLoader)["b"] == text
    assert yaml.load(put("a: {x: 1}\n", "a/b", text), yaml.BaseLoader)["a"]["b"] == text


def test_plain_text_stays_plain() -> None:
    """Quotes only where they are needed."""
    assert put("a: 1\n", "b", "环城西路南段 LED (北)") == "a: 1\nb: 环城西路南段 LED (北)\n"


def test_what_is_above_it_must_be_there() -> None:
    """A site cannot be put into a file without sites."""
    with pytest.raises(KeyError):
        put("a: 1\n", "sites/X/name", "x")


def test_what_would_change_something_else_is_refused() -> None:
    """Whatever way of writing is not known here: nothing that was said is ever said otherwise."""
    text = YamlText("a: {x, y: 1}\n")
    with pytest.raises(yaml.YAMLError):
        text.put(["a", "x"], 2)
