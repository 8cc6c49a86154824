"""The YAML reader: every mistake at once, each with its line, cause and fix."""

from pathlib import Path

import pytest

from wire.errors import ConfigError
from wire.located import Block, Mistakes, block_of, load, parse

NAME = "box.yaml"


def read(text: str) -> tuple[Block, Mistakes]:
    """A text as a file named box.yaml."""
    mistakes = Mistakes()
    return parse(text, NAME, mistakes), mistakes


def refused(text: str) -> str:
    """What a person sees of a text that cannot be read at all."""
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value)


def said(mistakes: Mistakes) -> str:
    """What a person would see."""
    return "\n".join(str(mistake) for mistake in mistakes.sorted())


def test_values_are_read_as_people_write_them() -> None:
    """Hexadecimal unit identifiers, times with units, fractions of data sheets, and words that YAML would twist."""
    block, mistakes = read(
        "unit: 0x50\nevery: 500ms\nlong: 10min\nscale: 16/32768\nlean: -0.57\non: no\nname: 厦门\nlive: true\n"
    )
    assert block.integer("unit", 1, 247) == 80
    assert block.duration("every") == 0.5
    assert block.duration("long") == 600.0
    assert block.scale("scale") == 16 / 32768
    assert block.number("lean") == -0.57
    assert block.text("on") == "no"
    assert block.text("name") == "厦门"
    assert block.flag("live") is True
    block.done()
    mistakes.raise_any()


def test_a_default_stands_for_a_field_that_is_not_written() -> None:
    """Defaults apply to missing and to empty fields, never to wrong ones."""
    block, mistakes = read("empty:\nwrong: x\n")
    assert block.number("missing", default=2.5) == 2.5
    assert block.number("empty", default=2.5) == 2.5
    assert block.flag("absent", default=False) is False
    block.number("wrong", default=2.5)
    assert said(mistakes) == "box.yaml:2: 'wrong' is 'x'. fix: write a number such as 0.57 [E-FILE-012]"


def test_all_mistakes_of_a_file_are_said_at_once_in_its_order() -> None:
    """Each reader's message: missing, wrong type, out of bounds, no unit, unknown word, unknown key."""
    block, mistakes = read("unit: 300\nevery: 5\nlevel: purple\nline: {port: /dev/ttyS1}\nprot: x\nlist: [1, a]\n")
    block.choice("level", ["red", "orange"])
    block.text("line")
    block.integer("unit", 1, 247)
    block.duration("every")
    block.text("port")
    block.sequence("list").numbers()
    block.done()
    with pytest.raises(ConfigError) as caught:
        mistakes.raise_any()
    assert str(caught.value).splitlines() == [
        "box.yaml:1: 'unit' 300 is outside 1..247. fix: write a value inside [E-FILE-013]",
        "box.yaml:1: 'port' is missing. fix: write port: and a text [E-FILE-011]",
        "box.yaml:2: 'every' is '5'. fix: write a time with its unit: 5s or 5ms [E-FILE-012]",
        "box.yaml:3: 'level' 'purple' is not known. fix: use one of: red, orange [E-FILE-014]",
        "box.yaml:4: 'line' is a mapping. fix: write a text [E-FILE-012]",
        "box.yaml:5: unknown key 'prot'. fix: write 'port' [E-FILE-010]",
        "box.yaml:6: item 2 of 'list' is 'a'. fix: write a number such as 0.57 [E-FILE-012]",
    ]


def test_a_key_written_twice_is_a_mistake() -> None:
    """YAML would silently keep the last one; the message names both lines."""
    _, mistakes = read("a: 1\nb: 2\na: 3\n")
    assert said(mistakes) == (
        "box.yaml:3: the key 'a' is written twice. fix: keep one; the first is at box.yaml:1 [E-FILE-006]"
    )


def test_broken_syntax_is_one_mistake_with_its_line() -> None:
    """What the parser says, in our form; nothing else is said of a file that cannot be read."""
    assert refused("a: 1\nb: [1, 2\nc: 3\n") == (
        "box.yaml:3: this is not YAML: did not find expected ',' or ']'."
        " fix: look at this line and the one above: indentation, a missing colon, quote or bracket [E-FILE-004]"
    )


@pytest.mark.parametrize("text", ["a: &x 1\n", "a: !!python/name:os.system x\n"])
def test_anchors_and_tags_are_mistakes(text: str) -> None:
    """No foreign types: a file means what it looks like."""
    _, mistakes = read(text)
    assert said(mistakes) == (
        "box.yaml:1: anchors, aliases and tags are not used here."
        " fix: write the value out, without & * or ! [E-FILE-005]"
    )


def test_aliases_are_refused_before_they_expand() -> None:
    """An expansion bomb is two messages, and nothing is read of it."""
    text = "a: &a [1, 1]\nb: [*a, *a]\n"
    assert [line.partition(" ")[0] for line in refused(text).splitlines()] == ["box.yaml:1:", "box.yaml:2:"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: " + "[" * 1000 + "]" * 1000, "E-FILE-007"),
        ("", "E-FILE-008"),
        ("- 1\n", "E-FILE-008"),
        ("only text\n", "E-FILE-008"),
        ("a: \x07\n", "E-FILE-004"),
    ],
)
def test_what_is_no_mapping_is_refused(text: str, code: str) -> None:
    """A thousand brackets, an empty file, a list, a sentence, a control character."""
    assert refused(text).endswith(f"[{code}]")


def test_a_second_document_is_a_mistake() -> None:
    """It would otherwise be ignored silently."""
    _, mistakes = read("a: 1\n---\nb: 2\n")
    assert said(mistakes) == "box.yaml:2: a second document begins here. fix: keep one document a file [E-FILE-009]"


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    """The name that was asked for, and the reason of the operating system."""
    path = tmp_path / "sensors.yaml"
    with pytest.raises(ConfigError) as caught:
        load(path, Mistakes())
    assert str(caught.value) == (
        f"{path}: cannot read this file: No such file or directory. fix: check its name and permissions [E-FILE-001]"
    )


def test_a_file_in_another_encoding_says_which_line(tmp_path: Path) -> None:
    """GBK, as Windows editors save Chinese, is named at the first wrong byte."""
    path = tmp_path / "sensors.yaml"
    path.write_bytes("a: 1\nname: 厦门\n".encode("gbk"))
    with pytest.raises(ConfigError) as caught:
        load(path, Mistakes())
    assert str(caught.value) == f"{path}:2: byte 0xCF is not UTF-8. fix: save the file as UTF-8 [E-FILE-002]"


def test_a_block_can_be_read_again_by_somebody_else() -> None:
    """A line's options are read by the source kind later: keys already taken stay known, new mistakes go elsewhere."""
    block, first = read("source: modbus_rtu\nport: /dev/ttyS1\nbuad: 9600\n")
    block.text("source")
    second = Mistakes()
    later = block_of(block, block.where, second)
    later.text("port")
    later.integer("baud", default=9600)
    later.done()
    assert len(first) == 0
    assert said(second) == "box.yaml:3: unknown key 'buad'. fix: write 'baud' [E-FILE-010]"


def test_plain_values_read_like_a_file() -> None:
    """A program's own settings pass through the same readers; their place is the one given."""
    mistakes = Mistakes()
    block = block_of({"unit": 80, "live": True, "none": None}, "the demonstration", mistakes)
    assert (block.integer("unit"), block.flag("live"), block.text("none", "x")) == (80, True, "x")
    block.number("span")
    assert said(mistakes) == "the demonstration: 'span' is missing. fix: write span: and a number [E-FILE-011]"


@pytest.mark.parametrize("text", ["9" * 400, "0x" + "f" * 400, "1e999", "1_000", "nan", "inf", "½", ""])
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    """Python would read some of these; people who write them mean something else."""
    block, mistakes = read(f"n: '{text}'\n")
    block.integer("n", 0, 10)
    block.number("n", 0, 10)
    block.duration("n", 0, 10)
    assert [mistake.code for mistake in mistakes.sorted()] == ["E-FILE-012"] * 3
