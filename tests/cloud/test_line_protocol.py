"""Line protocol: what is written reads back as the same names and numbers, or is refused; never as anything else."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud import line_protocol
from cloud.ports import AlarmPoint, Column
from wire.errors import Rejected
from wire.inventory import Tags
from wire.reading import Quality

TAGS = Tags("XM-0042", "XM-0042-tilt", "TA-0113", "billboard", "siming")
NS = 1_790_000_000_000_000_000


@dataclass(frozen=True)
class Line:
    """One line as a server understands it."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, float | int | str]
    time_ns: int


def split(text: str, at: str, *, quotes: bool = False) -> list[str]:
    """Parts between unescaped `at`, outside quotes where quotes mean something; escapes stay."""
    parts, part, is_quoted, position = [], "", False, 0
    while position < len(text):
        mark = text[position]
        if mark == "\\" and position + 1 < len(text):
            part += text[position : position + 2]
            position += 2
            continue
        is_quoted ^= quotes and mark == '"'
        if mark == at and not is_quoted:
            parts.append(part)
            part = ""
        else:
            part += mark
        position += 1
    return [*parts, part]


def plain(text: str, marks: str) -> str:
    """Without the backslashes before `marks`."""
    for mark in marks:
        text = text.replace("\\" + mark, mark)
    return text


def field(text: str) -> float | int | str:
    """A field's value by its type."""
    if text.startswith('"'):
        return plain(text[1:-1], '"')
    return int(text[:-1]) if text.endswith("i") else float(text)


def parse(payload: bytes) -> list[Line]:
    """A reader of the protocol that shares nothing with the writer."""
    text = payload.decode()
    assert text.endswith("\n")
    lines = []
    for line in text[:-1].split("\n"):
        series, *rest = split(line, " ")
        fields, time = split(" ".join(rest), " ", quotes=True)
        measurement, *tags = split(series, ",")
        pairs = [split(tag, "=") for tag in tags]
        values = [split(pair, "=", quotes=True) for pair in split(fields, ",", quotes=True)]
        lines.append(
            Line(
                plain(measurement, ", "),
                {key: plain(value, ",= ") for key, value in pairs},
                {key: field(value) for key, value in values},
                int(time),
            )
        )
    return lines


def test_a_good_reading_is_one_float_and_its_labels() -> None:
    """The fixed schema, byte for byte: tags sorted, no quality where it is good."""
    column = Column(TAGS, "tilt", (NS,), (1.25,), (0,))
    assert line_protocol.encode(column) == (
        b"tilt,box=TA-0113,district=siming,kind=billboard,sensor=XM-0042-tilt,site=XM-0042"
        b" value=1.25 1790000000000000000\n"
    )


def test_a_doubtful_reading_says_so_and_silence_is_its_quality_alone() -> None:
    """Quality is an integer; 16 = calibrating, 4 = stale."""
    column = Column(TAGS, "gas_lel", (NS, NS + 1), (3.0, None), (Quality.CALIBRATING, Quality.STALE))
    assert [line.fields for line in parse(line_protocol.encode(column))] == [
        {"value": 3.0, "quality": 16},
        {"quality": 4},
    ]


def test_an_alarm_event_is_one_line() -> None:
    """Measurement `alarm`; a sensor fault has neither value nor limit."""
    alarm = AlarmPoint(TAGS, "lean", "red", NS, "raised", 2.1, 2.0, "XM-2026-000007")
    assert line_protocol.encode_alarm(alarm) == (
        b"alarm,district=siming,level=red,rule=lean,sensor=XM-0042-tilt,site=XM-0042"
        b' event="raised",case="XM-2026-000007",value=2.1,limit=2.0 1790000000000000000\n'
    )
    fault = AlarmPoint(TAGS, "fault", "blue", NS, "raised", None, None, "")
    assert [line.fields for line in parse(line_protocol.encode_alarm(fault))] == [{"event": "raised", "case": ""}]


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\0b", "a\\", "a\\b", "\\,x=1", "\x7f"])
def test_names_that_no_server_reads_back_are_refused(name: str) -> None:
    """Line breaks, control characters and backslashes, in every place where a name can stand."""
    alarm = AlarmPoint(TAGS, name, "red", NS, "raised", 2.1, 2.0, "")
    for column in (
        Column(Tags("s", name, "b", "k", "d"), "tilt", (NS,), (1.0,), (0,)),
        Column(Tags("s", "x", "b", name, "d"), "tilt", (NS,), (1.0,), (0,)),
        Column(TAGS, name, (NS,), (1.0,), (0,)),
    ):
        with pytest.raises(Rejected, match="cannot be written in line protocol"):
            line_protocol.encode(column)
    with pytest.raises(Rejected, match="E-STORE-001"):
        line_protocol.encode_alarm(alarm)


@pytest.mark.parametrize("quantity", ["", "alarm", "# comment"])
def test_quantities_that_mean_something_else_are_refused(quantity: str) -> None:
    """A measurement needs a name, `alarm` is taken, and a line that begins with # is a comment."""
    with pytest.raises(Rejected, match="the quantity"):
        line_protocol.encode(Column(TAGS, quantity, (NS,), (1.0,), (0,)))


names = st.text(st.sampled_from(list("ab厦,= \"'\\\n\r\t#{}$\0🐦é")), max_size=8) | st.text(max_size=12)
values = st.none() | st.floats(allow_nan=False, allow_infinity=False)
rows = st.lists(st.tuples(st.integers(-(2**62), 2**62), values, st.integers(0, 255)), min_size=1, max_size=4)


@given(quantity=names, labels=st.builds(Tags, names, names, names, names, names), rows=rows)
def test_whatever_the_names_a_line_reads_back_as_it_was_meant(
    quantity: str, labels: Tags, rows: list[tuple[int, float | None, int]]
) -> None:
    """As many lines as readings, each with the same names and numbers; or the column is refused as a whole."""
    times, numbers, qualities = zip(*rows, strict=True)
    try:
        lines = parse(line_protocol.encode(Column(labels, quantity, times, numbers, qualities)))
    except Rejected:
        unwritable = [name for name in (quantity, *vars_of(labels).values()) if "\\" in name or not is_printing(name)]
        assert unwritable or not quantity or quantity.startswith("#") or quantity == "alarm"
        return
    assert len(lines) == len(rows)
    for line, (time_ns, value, quality) in zip(lines, rows, strict=True):
        assert line.measurement == quantity
        assert line.tags == {key: name for key, name in vars_of(labels).items() if name}
        assert line.time_ns == time_ns
        assert line.fields.get("value") == value
        assert line.fields.get("quality", 0) == quality


@given(rule=names, event=names, case=names, value=values)
def test_whatever_the_texts_an_alarm_event_reads_back(rule: str, event: str, case: str, value: float | None) -> None:
    """Quotes in a text field end nothing."""
    alarm = AlarmPoint(TAGS, rule, "red", NS, event, value, None, case)
    try:
        (line,) = parse(line_protocol.encode_alarm(alarm))
    except Rejected:
        assert any("\\" in text or not is_printing(text) for text in (rule, event, case))
        return
    assert line.tags.get("rule", "") == rule
    assert (line.fields["event"], line.fields["case"]) == (event, case)
    assert line.fields.get("value") == value
    assert value is None or math.copysign(1, float(line.fields["value"])) == math.copysign(1, value)


def vars_of(labels: Tags) -> dict[str, str]:
    """Tag by tag."""
    return {key: getattr(labels, key) for key in ("site", "sensor", "box", "kind", "district")}


def is_printing(name: str) -> bool:
    """Free of ASCII control characters."""
    return all(ord(mark) >= 32 and ord(mark) != 127 for mark in name)
