"""Robots in group chats: what the group sees, what is signed, what each answer means, and what no name can do."""

import base64
import hashlib
import hmac
import importlib
import json
import re
import time
from collections.abc import Mapping
from typing import Any

import pytest
import robot_standins
import small_house
from robot_standins import SECRET, TOKEN, StandIn

from cloud.notifiers import dingtalk, feishu
from cloud.ports import Notice, Notifier, unknown
from wire.errors import ConfigError, NotifyError, Undeliverable

ROBOTS = tuple(robot_standins.ROBOTS)
SIGNED = ("dingtalk", "feishu")
CALLED = {"dingtalk": "13800001111", "wecom": "zhangsan", "feishu": "ou_7d8a6e6df7621556ce0d21922b676706"}
UNIT = "同安区城管局"
CASE = {
    "number": "20261124-00003",
    "title": "环城西路广告牌倾斜 3.52°",
    "title_en": "Billboard leans 3.52 deg",
    "level": "red",
    "stage": "filed",
    "site": "TA-0113",
    "district": "同安区",
    "unit": UNIT,
    "person": "张三",
    "due_ns": 1_795_516_200_000_000_000,
    "longitude": 118.152341,
    "latitude": 24.723456,
}
HOSTILE = (
    "<at id=all></at><@all>@13800001111 [x](http://evil.example) <b>\n# **b** `c` www.evil.example " + "长" * 5_000
)


def notice(kind: str = "case.opened", **changed: Any) -> Notice:
    """A notice about the case, or of what is given as `cases`."""
    data = changed if "cases" in changed else {**CASE, **changed}
    body = {"type": kind, "timestamp": "2026-11-24T00:26:40Z", "data": data}
    return Notice("20261124-00003.opened.red", kind, 0, json.dumps(body).encode())


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Token and secret are in the environment."""
    monkeypatch.setenv("EGRET_TEST_TOKEN", TOKEN)
    monkeypatch.setenv("EGRET_TEST_SECRET", SECRET)


def notifier(
    kind: str, robot: StandIn, *, now_ns: int | None = None, addresses_of: Any = unknown, **more: Any
) -> Notifier:
    """A notifier of this robot."""
    module = importlib.import_module(f"cloud.notifiers.{kind}")
    settings = {"token_env": "EGRET_TEST_TOKEN", "url": robot.url, "timeout_s": 60.0, "allow_private": True}
    if kind in SIGNED:
        settings["secret_env"] = "EGRET_TEST_SECRET"
    house = small_house.house(time.time_ns if now_ns is None else lambda: now_ns, addresses_of=addresses_of)
    opened: Notifier = module.open_notifier(module.Config(**(settings | more)), house)
    return opened


async def shown(kind: str, what: Notice, **more: Any) -> dict[str, Any]:
    """What the group gets to see."""
    async with robot_standins.robot(kind) as robot:
        await notifier(kind, robot, **more).send(what)
    [message] = robot.taken
    return message


async def refusal(kind: str, robot: StandIn, **more: Any) -> NotifyError:
    """What is said of a notice that the robot does not take; neither token nor secret is in it."""
    with pytest.raises(NotifyError) as caught:
        await notifier(kind, robot, **more).send(notice())
    assert TOKEN not in str(caught.value)
    assert SECRET not in str(caught.value)
    return caught.value


def test_the_signatures_are_those_of_the_documents() -> None:
    """The key of DingTalk is the secret, that of Feishu is time and secret over nothing; checked with openssl."""
    assert dingtalk.sign("SECabc123", 1_795_480_000_000) == "o7TdPB4yTLi0OjPllAi8y1uE7ZlJHKzPc7MKpH/HdR8="
    assert feishu.sign("abc123", 1_795_480_000) == "20a4fBNx+y3ycdp8BlD1vRd7vfKVylKXFR/TgsdEVTE="
    said = hmac.new(b"SECabc123", b"1795480000000\nSECabc123", hashlib.sha256).digest()
    assert dingtalk.sign("SECabc123", 1_795_480_000_000) == base64.b64encode(said).decode()


async def test_dingtalk_shows_a_card_with_a_button_for_each_step() -> None:
    """Level, place with its map, deadline in China time, unit; the link is made for the unit."""
    card = (await shown("dingtalk", notice()))["actionCard"]
    assert card["title"] == "▲ 红色Ⅰ级 新案件：环城西路广告牌倾斜 3.52°"
    assert "坐标：WGS-84 118.15234,24.72346" in card["text"]
    assert "[地图](https://uri.amap.com/marker?position=118.152341,24.723456" in card["text"]
    assert "时限：2026-11-24 18:30 北京时间\n\n责任：同安区城管局 张三" in card["text"]
    assert [button["title"] for button in card["btns"]] == ["接单", "到场", "已处置", "查看"]
    unit = "%E5%90%8C%E5%AE%89%E5%8C%BA%E5%9F%8E%E7%AE%A1%E5%B1%80"
    assert card["btns"][0]["actionURL"] == f"http://board.example/m/20261124-00003?to={unit}&act=accept"


async def test_wecom_shows_a_card_with_three_steps() -> None:
    """A press on the card itself looks at the case; the coordinates open the map."""
    card = (await shown("wecom", notice()))["template_card"]
    assert card["main_title"]["title"] == "▲ 红色Ⅰ级 新案件：环城西路广告牌倾斜 3.52°"
    assert card["sub_title_text"].startswith("▲ 红色Ⅰ级 新案件：环城西路广告牌倾斜 3.52° ▲ red")
    assert [jump["title"] for jump in card["jump_list"]] == ["接单", "到场", "已处置"]
    assert card["card_action"]["url"].startswith("http://board.example/m/20261124-00003?to=")
    facts = {fact["keyname"]: fact for fact in card["horizontal_content_list"]}
    assert facts["时限"]["value"] == "2026-11-24 18:30 北京时间"
    assert facts["坐标"]["url"].startswith("https://uri.amap.com/marker?position=118.152341,24.723456")


async def test_feishu_shows_a_card_in_the_colour_of_the_level() -> None:
    """The colour is never alone: the headline has shape, word and numeral."""
    card = (await shown("feishu", notice()))["card"]
    assert (card["header"]["template"], card["header"]["title"]["content"][0]) == ("red", "▲")
    text, buttons = card["elements"]
    assert text["text"]["tag"] == "plain_text"
    assert "责任：同安区城管局 张三" in text["text"]["content"]
    assert [button["text"]["content"] for button in buttons["actions"]] == ["接单", "到场", "已处置", "查看", "地图"]


@pytest.mark.parametrize("kind", ROBOTS)
async def test_english_comes_first_where_asked(kind: str) -> None:
    """The words of buttons, too."""
    said = json.dumps(await shown(kind, notice(), lang="en"), ensure_ascii=False)
    assert "new case: Billboard leans 3.52 deg" in said
    assert '"Accept"' in said


@pytest.mark.parametrize("kind", ROBOTS)
async def test_who_is_responsible_is_called(kind: str) -> None:
    """By unit or by person, and the links are there all the same; others are not called."""
    mark = {"dingtalk": "@13800001111", "wecom": "<@zhangsan>", "feishu": f"<at id={CALLED['feishu']}></at>"}[kind]
    for name in (UNIT, "张三"):
        said = json.dumps(await shown(kind, notice(), mentions={name: CALLED[kind]}), ensure_ascii=False)
        assert said.count(mark) == 1
        assert "act=accept" in said
    assert mark not in json.dumps(await shown(kind, notice(), mentions={"集美区城管局": CALLED[kind]}))


@pytest.mark.parametrize("kind", ROBOTS)
async def test_who_is_responsible_is_called_as_units_say(kind: str) -> None:
    """The house knows by what its people are called there; what the notifier itself says goes before it."""
    mark = {"dingtalk": "@13800001111", "wecom": "<@zhangsan>", "feishu": f"<at id={CALLED['feishu']}></at>"}[kind]
    asked: list[tuple[str, str, str]] = []

    def addresses_of(service: str, unit: str, person: str) -> tuple[str, ...]:
        asked.append((service, unit, person))
        return (CALLED[kind], CALLED[kind])

    said = json.dumps(await shown(kind, notice(), addresses_of=addresses_of), ensure_ascii=False)
    assert said.count(mark) == 1
    assert asked == [(kind, UNIT, "张三")]
    other = {"dingtalk": "13900002222", "wecom": "lisi", "feishu": "ou_2"}[kind]
    said = json.dumps(await shown(kind, notice(), addresses_of=addresses_of, mentions={"张三": other}))
    assert other in said
    assert mark not in said
    test = notice("alarm.test", number="", unit="", person="")
    assert mark not in json.dumps(await shown(kind, test, addresses_of=addresses_of))


@pytest.mark.parametrize("kind", ROBOTS)
@pytest.mark.parametrize("mentions", [{}, {UNIT: "x"}])
async def test_no_name_calls_or_links_anywhere(kind: str, mentions: Mapping[str, str]) -> None:
    """Title, site, district and person may hold what they like: no call, no link, no overlong message."""
    called = dict.fromkeys(mentions, CALLED[kind])
    hostile = dict.fromkeys(("title", "title_en", "site", "district", "person", "stage", "level"), HOSTILE)
    said = json.dumps(await shown(kind, notice(**hostile), mentions=called), ensure_ascii=False)
    for mark in (f"<at id={CALLED['feishu']}></at>", "<@zhangsan>", "@13800001111"):
        said = said.replace(mark, "", len(mentions))
    assert "<at" not in said
    assert "<@" not in said
    assert "@1380" not in said
    assert "evil.example" not in re.sub(r'https?://[^")\s]*', "", said), "only inside the address of our own page"
    assert not re.search(r"\]\((?!http://board\.example/|https://uri\.amap\.com/)", said)
    assert all("://evil" not in url.split("?")[0] for url in re.findall(r'"(?:url|actionURL)": "([^"]*)"', said))


@pytest.mark.parametrize("kind", ROBOTS)
async def test_a_digest_of_500_cases_is_one_message(kind: str) -> None:
    """One gust: counts by level, the ten worst, the rest as a number; it keeps to the service's length."""
    cases = [{**CASE, "number": f"20261124-{at:05}", "title": "长" * 300, "level": "orange"} for at in range(500)]
    said = json.dumps(await shown(kind, notice("case.digest", cases=cases)), ensure_ascii=False)
    assert "案件汇总：500 件" in said
    assert "◆ 橙色Ⅱ级 × 500" in said
    assert said.count("20261124-00") == 10
    assert "http://board.example" in said


@pytest.mark.parametrize("kind", ROBOTS)
async def test_a_house_without_an_address_still_tells(kind: str) -> None:
    """No links; the rest is there."""
    module = importlib.import_module(f"cloud.notifiers.{kind}")
    async with robot_standins.robot(kind) as robot:
        settings = {"token_env": "EGRET_TEST_TOKEN", "url": robot.url, "allow_private": True}
        if kind in SIGNED:
            settings["secret_env"] = "EGRET_TEST_SECRET"
        house = small_house.House(time.time_ns, "cloud.yaml:9", "", lambda _number, _recipient: "")
        await module.open_notifier(module.Config(**settings), house).send(notice())
    said = json.dumps(robot.taken, ensure_ascii=False)
    assert "红色Ⅰ级 新案件" in said
    assert "act=" not in said


@pytest.mark.parametrize("kind", ROBOTS)
async def test_the_21st_message_of_a_minute_waits(kind: str) -> None:
    """Feishu takes five a second; after that each says how long to wait."""
    most = 5 if kind == "feishu" else 20
    async with robot_standins.robot(kind) as robot:
        speaker = notifier(kind, robot)
        robot.spoken_s = [time.time()] * (most - 1)
        await speaker.send(notice())
        error = await refusal(kind, robot)
    assert (len(robot.taken), error.code) == (1, "E-ROBOT-002")
    assert error.retry_after_s == (600.0 if kind == "dingtalk" else 60.0)


@pytest.mark.parametrize("kind", ROBOTS)
async def test_a_wrong_token_is_an_operators_mistake(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to copy, and goes on trying: nothing is lost while somebody corrects it."""
    monkeypatch.setenv("EGRET_TEST_TOKEN", "00000000-0000-0000-0000-000000000000")
    async with robot_standins.robot(kind) as robot:
        error = await refusal(kind, robot)
    assert not isinstance(error, Undeliverable)
    assert (error.code, "again" in error.fix) == ("E-ROBOT-003", True)


@pytest.mark.parametrize("kind", SIGNED)
@pytest.mark.parametrize("wrong", ["secret", "clock", "no secret"])
async def test_a_wrong_signature_is_an_operators_mistake(
    kind: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret mistyped or not given, or a clock 61 minutes late."""
    if wrong == "secret":
        monkeypatch.setenv("EGRET_TEST_SECRET", "SECanother-secret")
    late_ns = time.time_ns() - 3_660 * 10**9 if wrong == "clock" else None
    more = {"secret_env": ""} if wrong == "no secret" else {}
    async with robot_standins.robot(kind) as robot:
        error = await refusal(kind, robot, now_ns=late_ns, **more)
    assert not isinstance(error, Undeliverable)
    assert error.code == "E-ROBOT-003"
    assert "secret" in error.fix
    assert "clock" in error.fix


async def test_feishu_says_frequency_with_a_code_of_bad_requests() -> None:
    """9499 with words about frequency is waited for; 19024 tells of keywords."""
    async with robot_standins.robot("feishu") as robot:
        for said in (
            {"code": 9499, "msg": "frequency limited psm test"},
            {"code": 19024, "msg": "Key Words Not Found"},
        ):
            robot.answers.append(robot_standins.answer_of(200, body=json.dumps(said).encode()))
        errors = [await refusal("feishu", robot), await refusal("feishu", robot)]
    assert [error.code for error in errors] == ["E-ROBOT-002", "E-ROBOT-003"]
    assert "keywords" in errors[1].fix


@pytest.mark.parametrize("kind", ROBOTS)
async def test_an_answer_that_repeats_the_token_is_not_repeated(kind: str) -> None:
    """A service, or a proxy, that says our own address back."""
    async with robot_standins.robot(kind) as robot:
        robot.answers.append(robot_standins.answer_of(404, body=f"no robot at {robot.path}/{TOKEN}".encode()))
        error = await refusal(kind, robot)
    assert "no robot at" in error.what


@pytest.mark.parametrize("kind", ROBOTS)
@pytest.mark.parametrize(
    "token", ["", "short", "https://oapi.dingtalk.com/robot/send?access_token=abcdefgh", "a b" * 9]
)
async def test_a_token_must_be_one(kind: str, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole address is what people paste; the message does not repeat it."""
    monkeypatch.setenv("EGRET_TEST_TOKEN", token)
    with pytest.raises(ConfigError, match="E-ROBOT-001") as caught:
        notifier(kind, StandIn("/robot", "http://127.0.0.1:1"))
    assert "abcdefgh" not in str(caught.value)


@pytest.mark.parametrize("kind", ROBOTS)
def test_who_is_called_must_be_somebody(kind: str) -> None:
    """Every wrong one is told at once, and nobody calls everybody by a mark in cloud.yaml."""
    wrong = {"甲": "<at id=all>", "乙": "@all", "丙": ""}
    with pytest.raises(ConfigError) as caught:
        notifier(kind, StandIn("/robot", "http://127.0.0.1:1"), mentions=wrong)
    assert [mistake.code for mistake in caught.value.mistakes] == ["E-ROBOT-006"] * 3


@pytest.mark.parametrize("kind", ROBOTS)
async def test_a_notice_that_is_not_about_cases_is_a_dead_letter(kind: str) -> None:
    """Nobody can put it into words, today or tomorrow."""
    async with robot_standins.robot(kind) as robot:
        with pytest.raises(Undeliverable):
            await notifier(kind, robot).send(Notice("1", "case.opened", 0, b"{}"))
