"""Templates of bodies: what is put where, and what is told of a wrong one."""

import json
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.notices.notice_template import Format, Template, Value, read
from wire.errors import ConfigError
from wire.located import Mistakes

PLACES = ("number", "title", "title_en", "latitude", "drill", "count", "due")
FACTS: dict[str, Value] = {
    "number": "20261118-00001",
    "title": "环城西路 12 号：倾角超限",
    "title_en": "",
    "latitude": 24.7236,
    "drill": False,
    "count": 1,
    "due": None,
}
HOSTILE = 'a"b\\c\nd{link}}&e=f%00;<script>'


def template(text: str, form: Format) -> Template:
    """As cloud.yaml has it at line 9."""
    mistakes = Mistakes()
    found = read(text, form, places=PLACES, where="cloud.yaml:9", mistakes=mistakes)
    mistakes.raise_any()
    return found


@pytest.mark.parametrize(
    ("form", "text", "body"),
    [
        ("text", "{number}: {title}", "20261118-00001: 环城西路 12 号：倾角超限"),
        ("text", "{latitude} {drill} {count} [{due}]", "24.7236 false 1 []"),
        ("text", "{{number}} {{{number}}} }}{{", "{number} {20261118-00001} }{"),
        ("text", "", ""),
        ("json", '{"a": "{number}"}', '{"a":"20261118-00001"}'),
        ("json", '["{latitude}", "{drill}", "{due}", "{count}", "{title_en}"]', '[24.7236,false,null,1,""]'),
        ("json", '["at {latitude}", "{due}!", "{{x}}", "{{"]', '["at 24.7236","!","{x}","{"]'),
        (
            "json",
            '{"case {number}": {"n": 1.5, "x": [true, null]}}',
            '{"case 20261118-00001":{"n":1.5,"x":[true,null]}}',
        ),
        ("json", '"{title}"', '"环城西路 12 号：倾角超限"'),
        ("form", "n={number}&empty=&due={due}", "n=20261118-00001&empty=&due="),
        ("form", "标题={number}&a%26b=1+1", "%E6%A0%87%E9%A2%98=20261118-00001&a%26b=1+1"),
    ],
)
def test_facts_take_their_places(form: Format, text: str, body: str) -> None:
    """A number stays one in JSON when its place stands alone; what is not known is null there, else nothing."""
    assert template(text, form).filled(FACTS).decode() == body


@given(st.text())
def test_json_is_well_formed_whatever_a_title_holds(title: str) -> None:
    """The title comes back as it was, and no member beside it."""
    found = template('{"text": "{title}", "more": "<{title}>"}', "json").filled({**FACTS, "title": _plain(title)})
    assert json.loads(found) == {"text": _plain(title), "more": f"<{_plain(title)}>"}


@given(st.text())
def test_a_form_is_well_formed_whatever_a_title_holds(title: str) -> None:
    """No title adds a pair."""
    found = template("text={title}&more=1", "form").filled({**FACTS, "title": _plain(title)})
    assert parse_qsl(found.decode(), keep_blank_values=True) == [("text", _plain(title)), ("more", "1")]


def _plain(title: str) -> str:
    """What JSON in UTF-8 can hold."""
    return title.encode(errors="replace").decode()


@pytest.mark.parametrize("form", ["text", "json", "form"])
def test_a_fact_is_never_filled_again(form: Format) -> None:
    """A site named `{link}` gets no link."""
    text = {"text": "{title}", "json": '["{title}"]', "form": "t={title}"}[form]
    found = template(text, form).filled({**FACTS, "title": HOSTILE}).decode()
    read_back = {"text": found, "json": found, "form": found}[form]
    if form == "json":
        [read_back] = msgspec.json.decode(found)
    if form == "form":
        [(_, read_back)] = parse_qsl(found)
    assert read_back == HOSTILE


@pytest.mark.parametrize(
    ("place", "fix"),
    [
        ("{nummer}", "write 'number'"),
        ("{titel}", "write 'title'"),
        ("{}", "use one of: number, title"),
        ("{0}", "use one of"),
        ("{number!r}", "write 'number'"),
        ("{number:>9}", "write 'number'"),
        ("{number.__class__}", "use one of"),
        ("{title[0]}", "write 'title'"),
        ("{ number }", "write 'number'"),
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_an_unknown_place_is_a_mistake(place: str, fix: str, form: Format) -> None:
    """Nothing of Python's own formatting is understood; the nearest place is offered."""
    text = f"<{place}>" if form == "text" else json.dumps({"x": [{"y": place}]})
    with pytest.raises(ConfigError, match="E-HOOK-009") as caught:
        template(text, form)
    assert str(caught.value).startswith(f"cloud.yaml:9: there is no {place} in a notice. fix: {fix}")


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        ("text", "{number", "a lone { stands in the body. fix: write {{ for it."),
        ("text", "number}", "a lone } stands in the body. fix: write }} for it."),
        ("text", "{a{number}}", "a lone { stands in the body."),
        ("json", '{"latitude": {latitude}}', "the body is not json: "),
        ("json", '{"a": "b"', "the body is not json: "),
        ("json", "", "the body is not json: "),
        ("form", "number", "the body is not form: "),
        ("form", "", ""),
    ],
)
def test_what_cannot_be_read_is_a_mistake(form: Format, text: str, said: str) -> None:
    """Found when the cloud starts, with what to write instead."""
    if not said:
        assert template(text, form).filled(FACTS) == b""
        return
    with pytest.raises(ConfigError, match="E-HOOK-010") as caught:
        template(text, form)
    assert f"cloud.yaml:9: {said}" in str(caught.value)
