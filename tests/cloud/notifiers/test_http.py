"""The generic notifier: a request in the words of another system, and its manual page."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
import webhook_receiver
from small_house import house
from webhook_receiver import answer_of

from cloud.notifiers import http, webhook
from cloud.ports import Notice
from wire import kinds
from wire.errors import ConfigError, NotifyError, Undeliverable
from wire.located import Block, Mistakes, parse

AT_NS = 1_794_971_200_000_000_000
CASE = {
    "number": "20261118-00001",
    "kind": "event_part",
    "title": '环城西路 "12" 号：倾角超限，2.004°',
    "title_en": "West Ring Road: tilt over its limit",
    "level": "red",
    "stage": "dispatched",
    "site": "XM-TA-0117",
    "district": "tongan",
    "unit": "同安区城管局",
    "person": None,
    "opened_ns": AT_NS,
    "due_ns": AT_NS + 3_600_000_000_000,
    "longitude": 118.152,
    "latitude": 24.7236,
    "is_drill": False,
}
EVERYTHING = json.dumps({place: f"{{{place}}}" for place in http.PLACES})


def notice(*cases: Mapping[str, object]) -> Notice:
    """Of one case, or a digest of several."""
    data = cases[0] if len(cases) == 1 else {"cases": cases}
    kind = "case.opened" if len(cases) == 1 else "case.digest"
    return Notice("20261118-00001.opened.red", kind, AT_NS, json.dumps({"type": kind, "data": data}).encode())


async def sent(body: str, of: Notice, **settings: Any) -> webhook_receiver.Request:
    """What the receiver gets."""
    async with webhook_receiver.receiving() as receiver:
        config = http.Config(receiver.url, body, allow_private=True, timeout_s=60, **settings)
        await http.open_notifier(config, house()).send(of)
    [request] = receiver.requests
    return request


async def test_every_place_has_its_fact() -> None:
    """Numbers, true and null are what they are; the link is made for the recipient."""
    request = await sent(EVERYTHING, notice(CASE), recipient="office")
    assert json.loads(request.body) == {
        "id": "20261118-00001.opened.red",
        "event": "case.opened",
        "time": "2026-11-18T03:06:40Z",
        "count": 1,
        "board": "http://board.example",
        "link": "http://board.example/m/20261118-00001?to=office",
        "longitude": 118.152,
        "latitude": 24.7236,
        "opened": "2026-11-18T03:06:40Z",
        "due": "2026-11-18T04:06:40Z",
        "drill": False,
        **{name: CASE[name] for name in ("number", "kind", "title", "title_en", "level", "stage", "site", "district")},
        "unit": "同安区城管局",
        "person": "",
    }
    assert request.line == "POST /egret HTTP/1.1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == "20261118-00001.opened.red"


async def test_a_digest_is_one_request() -> None:
    """Three boards in one gust: texts once each, the worst level, no position, the board as the link."""
    cases = [
        {**CASE, "number": f"20261118-0000{n}", "level": level} for n, level in enumerate(("yellow", "red", "blue"))
    ]
    found = json.loads((await sent(EVERYTHING, notice(*cases))).body)
    assert found["number"] == "20261118-00000, 20261118-00001, 20261118-00002"
    assert (found["count"], found["level"], found["unit"]) == (3, "red", "同安区城管局")
    assert (found["longitude"], found["link"]) == (None, "http://board.example")


async def test_a_drill_says_so_even_if_the_template_does_not_ask() -> None:
    """Nobody is sent out for an exercise; a real case among drills is no drill."""
    drill = {**CASE, "is_drill": True}
    assert (await sent("{title} {title_en}", notice(drill), format="text")).body.decode() == (
        f"【演练】{CASE['title']} DRILL {CASE['title_en']}"
    )
    assert json.loads((await sent(EVERYTHING, notice(drill, CASE))).body)["drill"] is False
    assert json.loads((await sent(EVERYTHING, notice(drill, drill))).body)["drill"] is True


async def test_a_notice_of_an_older_version_lacks_facts() -> None:
    """They are empty, and null where a number would be."""
    found = json.loads((await sent(EVERYTHING, notice({"number": "7"}))).body)
    assert (found["title"], found["level"], found["due"], found["opened"]) == ("", "", "", "")
    assert (found["latitude"], found["drill"]) == (None, False)


async def test_method_format_headers_and_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A form, put; the token is in the environment and in no file."""
    monkeypatch.setenv("OFFICE_TOKEN", "geheim")
    request = await sent(
        "id={number}&text={title}",
        notice(CASE),
        method="PUT",
        format="form",
        headers={"Authorization": "Bearer env:OFFICE_TOKEN", "X-Key": "env:OFFICE_TOKEN", "X-Plain": "env"},
    )
    assert request.line.startswith("PUT /egret")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["authorization"] == "Bearer geheim"
    assert (request.headers["x-key"], request.headers["x-plain"]) == ("geheim", "env")
    assert request.body.startswith(b"id=20261118-00001&text=%E7%8E%AF")


async def test_a_content_type_of_its_own() -> None:
    """SOAP and its like; however the name is written, the header is sent once."""
    request = await sent("<n>{number}</n>", notice(CASE), format="text", headers={"Content-Type": "text/xml"})
    assert (request.headers["content-type"], request.body) == ("text/xml", b"<n>20261118-00001</n>")


async def test_an_address_may_be_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the address itself is the token; no message repeats its path."""
    async with webhook_receiver.receiving() as receiver:
        monkeypatch.setenv("OFFICE_URL", f"{receiver.url}/geheim")
        receiver.answers += [204, answer_of(403, body=b'{"error":"bad token"}')]
        notifier = http.open_notifier(http.Config("env:OFFICE_URL", "[]", allow_private=True), house())
        await notifier.send(notice(CASE))
        with pytest.raises(NotifyError, match=r"answered 403 '\{\"error\":\"bad token\"\}'") as caught:
            await notifier.send(notice(CASE))
    assert receiver.requests[0].line == "POST /egret/geheim HTTP/1.1"
    assert "geheim" not in str(caught.value)


async def test_a_notice_that_is_not_about_cases_is_given_up() -> None:
    """At once, without a request."""
    async with webhook_receiver.receiving() as receiver:
        notifier = http.open_notifier(http.Config(receiver.url, "[]", allow_private=True), house())
        with pytest.raises(Undeliverable, match="E-HOOK-008"):
            await notifier.send(Notice("1", "other", 0, b"{}"))
    assert receiver.requests == []


def test_all_mistakes_are_told_at_once() -> None:
    """Address, two headers, a secret that is not there and two places; no value is repeated."""
    config = http.Config(
        "http://10.0.0.1/",
        '{"a": "{nummer}", "b": "{titel}"}',
        headers={"Host": "office.example", "X-A": "a\nb", "X-B": "env:NOT_THERE"},
    )
    with pytest.raises(ConfigError) as caught:
        http.open_notifier(config, house(where="cloud.yaml:9"))
    codes = [mistake.code for mistake in caught.value.mistakes]
    assert sorted(codes) == ["E-CLOUD-003", "E-HOOK-005", "E-HOOK-006", "E-HOOK-006", "E-HOOK-009", "E-HOOK-009"]
    assert {mistake.where for mistake in caught.value.mistakes} == {"cloud.yaml:9"}


def test_the_manual_page_names_every_place_and_no_other() -> None:
    """Whoever writes a template has nothing else to look at."""
    table = (http.__doc__ or "").split("take:\n\n")[1].split("\n\nTimes")[0]
    words = [word for line in table.splitlines() for word in re.findall(r"(?:^ {4}|  )([a-z_]+)  +\S", line)]
    assert sorted(words) == sorted(http.PLACES)


@pytest.mark.parametrize("module", [http, webhook], ids=["http", "webhook"])
def test_the_example_in_the_manual_page_is_right(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what people copy: every key exists, and with the secrets it names it opens."""
    monkeypatch.setenv("EGRET_WEBHOOK_SECRET", webhook_receiver.SECRET)
    monkeypatch.setenv("OFFICE_TOKEN", "geheim")
    _, example, _ = (module.__doc__ or "").split("\n\n", 2)
    mistakes = Mistakes()
    root = parse(example, "cloud.yaml", mistakes)
    [block] = root.sequence("notifiers").blocks()
    config = built(module, block, mistakes)
    assert not mistakes.sorted()
    assert callable(module.open_notifier(config, house()).send)


def built(module: Any, block: Block, mistakes: Mistakes) -> object:
    """As `cloud.config` reads it."""
    assert block.text("kind") == module.__name__.rpartition(".")[2]
    block.text("name")
    return kinds.build(module.Config, block, mistakes)
