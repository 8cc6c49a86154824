"""What a card about cases says, and that no name in it becomes markup, a mention or a link."""

# ruff: noqa: RUF001 - the full-width twins of signs are what is tested

from collections.abc import Callable

import msgspec
import pytest

from cloud.notices.card import Link, card_of, plain
from cloud.notices.notice_body import CaseFacts, CaseNotice, decode
from cloud.ports import House, as_written

Names = Callable[[str, str], str]

DUE_NS = 1_795_516_200_000_000_000
"""2026-11-24 10:30:00 UTC, which is 18:30 in China."""

LEANING = CaseFacts(
    number="20261124-00003",
    kind="event_part",
    title="环城西路广告牌倾斜 3.52°",
    title_en="Billboard leans 3.52 deg",
    level="red",
    stage="filed",
    site="TA-0113",
    district="同安区",
    unit="同安区城管局",
    person="张三",
    due_ns=DUE_NS,
    longitude=118.152341,
    latitude=24.723456,
)


def link(number: str, recipient: str) -> str:
    """As the house makes it."""
    return f"http://board.example/m/{number}?to={recipient}"


def house(case_link: Callable[[str, str], str] = link, board_url: str = "", names: Names = as_written) -> House:
    """It is asked for links and names only."""
    return House(lambda: 0, "cloud.yaml", board_url, case_link, names)


def test_a_card_says_what_a_handler_needs() -> None:
    """Level by shape, word and numeral; place with its coordinate system; the deadline in China's time."""
    card = card_of(CaseNotice("case.opened", (LEANING,)), "zh", house())
    assert card.headline == "▲ 红色Ⅰ级 新案件：环城西路广告牌倾斜 3.52°"
    assert [fact.line for fact in card.facts] == [
        "案号：20261124-00003",
        "地点：同安区 TA-0113",
        "坐标：WGS-84 118.15234,24.72346",
        "阶段：立案",
        "时限：2026-11-24 18:30 北京时间",
        "责任：同安区城管局 张三",
    ]
    assert card.lines == ("▲ red Ⅰ new case: Billboard leans 3.52 deg · due 2026-11-24 18:30 UTC+8",)
    assert card.concerned == ("同安区城管局", "张三")
    assert card.map is not None
    assert card.map.url.startswith("https://uri.amap.com/marker?position=118.152341,24.723456&name=TA-0113&")
    assert "coordinate=wgs84" in card.map.url


def test_english_comes_first_where_asked() -> None:
    """One Chinese line stays."""
    card = card_of(CaseNotice("case.escalated", (LEANING,)), "en", house())
    assert card.headline == "▲ red Ⅰ case escalated: Billboard leans 3.52 deg"
    assert [fact.label for fact in card.facts] == ["Case", "Place", "At", "Stage", "Due", "Unit"]
    assert card.facts[4].line == "Due: 2026-11-24 18:30 China time"
    assert card.lines[-1] == "▲ 红色Ⅰ级 案件升级：环城西路广告牌倾斜 3.52° · 时限 2026-11-24 18:30 UTC+8"


def test_the_buttons_lead_to_pages_that_ask() -> None:
    """Each carries the act in its address; the unit's name is quoted, so that it ends no link."""
    card = card_of(
        CaseNotice("case.opened", (LEANING,)), "zh", house(lambda _, __: "http://b.example/m/3?to=a)[b](http://e")
    )
    assert [act.text for act in card.acts] == ["接单", "到场", "已处置", "查看"]
    assert card.acts[0] == Link("接单", "http://b.example/m/3?to=a%29%5Bb%5D%28http://e&act=accept")
    assert card.acts[3].url == "http://b.example/m/3?to=a%29%5Bb%5D%28http://e"


def test_a_closed_case_can_only_be_looked_at() -> None:
    """And a house without an address gives no link at all."""
    closed = CaseNotice("case.closed", (CaseFacts(number="20261124-00003", stage="closed", level="blue"),))
    assert [act.text for act in card_of(closed, "zh", house()).acts] == ["查看"]
    assert card_of(closed, "zh", house(lambda _, __: "")).acts == ()
    assert card_of(closed, "zh", house()).map is None


def test_a_drill_says_so_first() -> None:
    """In both languages."""
    drill = CaseNotice("case.opened", (CaseFacts(title="演练广告牌", title_en="Board", level="orange", drill=True),))
    card = card_of(drill, "zh", house())
    assert card.headline == "【演练】◆ 橙色Ⅱ级 新案件：演练广告牌"
    assert card.lines[-1] == "【DRILL 演练】◆ orange Ⅱ new case: Board"


def test_a_digest_counts_by_level_and_shows_the_ten_worst() -> None:
    """Twelve boards in one gust, one of them a drill: the two red ones come first, the rest is a number."""
    cases = [CaseFacts(number=f"20261124-{at:05}", title=f"广告牌 {at}", level="blue") for at in range(1, 10)]
    cases += [CaseFacts(number=f"20261124-{at:05}", title=f"广告牌 {at}", level="red") for at in (10, 11)]
    cases += [CaseFacts(number="20261124-00012", title="广告牌 12", level="red", drill=True)]
    card = card_of(CaseNotice("case.digest", tuple(cases)), "zh", house(board_url="http://board.example"))
    assert card.headline == "【含演练 1 件】案件汇总：12 件"
    assert card.lines[:2] == ("▲ 红色Ⅰ级 × 3 ● 蓝色Ⅳ级 × 9", "1. ▲ 红色Ⅰ级 20261124-00010 广告牌 10")
    assert card.lines[3] == "3. 【演练】▲ 红色Ⅰ级 20261124-00012 广告牌 12"
    assert len(card.lines) == 12
    assert card.lines[-1] == "另有 2 件"
    assert card.acts == (Link("查看", "http://board.example"),)


def test_an_empty_digest_is_a_card_too() -> None:
    """Nothing is counted, nothing falls over."""
    assert card_of(CaseNotice("case.digest", ()), "en", house()).headline == "0 cases"


@pytest.mark.parametrize(
    ("tricky", "harmless"),
    [
        ("<at id=all></at>", "＜at id=all＞＜/at＞"),
        ("<@all>", "＜＠all＞"),
        ("@13800001111", "＠13800001111"),
        ("[x](http://evil.example/a)", "［x］（http：／／evil．example/a）"),
        ("**bold** `code` # head", "＊＊bold＊＊ ｀code｀ ＃ head"),
        ("a\r\n# b\u2028c\u202ed\x00", "a ＃ b c d"),
        ('<font color="warning">x</font>', '＜font color="warning"＞x＜/font＞'),
        ("![](x) \\* &#60;", "！［］（x） ＼＊ ＆＃60;"),
        ("www.evil.example 3.52 mm", "www．evil．example 3.52 mm"),
        ("[l]($urlVal)", "［l］（＄urlVal）"),
    ],
)
def test_no_name_becomes_markup(tricky: str, harmless: str) -> None:
    """A site's name is typed by somebody: it may mention nobody, link nowhere, break no line."""
    assert plain(tricky) == harmless


def test_long_names_are_cut() -> None:
    """A title of 5 000 characters leaves room for the rest."""
    assert plain("长" * 5_000, 60) == "长" * 59 + "…"


def test_a_digest_tells_a_case_once_as_it_became() -> None:
    """Opened and closed within one minute: one line, which says that it is over."""
    closed = msgspec.structs.replace(LEANING, stage="closed")
    card = card_of(CaseNotice("case.digest", (LEANING, closed)), "zh", house())
    assert card.headline == "案件汇总：1 件"
    assert card.lines[1:] == ("1. ▲ 红色Ⅰ级 20261124-00003 环城西路广告牌倾斜 3.52° 结案",)


def test_people_read_names_and_not_ids() -> None:
    """The case has tongan-ads/lin, the card the unit's name and the person's; mentions are looked up by id."""
    case = msgspec.structs.replace(LEANING, unit="tongan-ads", person="lin")
    names = {("tongan-ads", "lin"): "同安区城管局广告科 林工"}
    card = card_of(CaseNotice("case.climbed", (case,)), "zh", house(names=lambda unit, person: names[unit, person]))
    assert card.headline == "▲ 红色Ⅰ级 无人接单，逐级上报：环城西路广告牌倾斜 3.52°"
    assert card.facts[-1].line == "责任：同安区城管局广告科 林工"
    assert card.concerned == ("tongan-ads", "lin")
    over = msgspec.structs.replace(case, stage="closed")
    card = card_of(CaseNotice("case.closed", (over,)), "zh", house(names=lambda unit, person: names[unit, person]))
    assert card.concerned == (), "nobody is called to what is over"


def test_a_test_alarm_says_that_it_is_one() -> None:
    """First of all, and with nothing to press: there is no case."""
    told = decode(
        b'{"type": "alarm.test", "data": {"id": "TA-0113-T1/test", "sensor": "TA-0113-T1", "site": "TA-0113",'
        b' "level": "red", "reason": "test by wang", "state": "unacknowledged"}}'
    )
    card = card_of(told, "zh", house())
    assert card.headline == "【测试】▲ 红色Ⅰ级 测试报警：TA-0113-T1 test by wang"
    assert card.lines[0].startswith("【TEST 测试】▲ red")
    assert card.acts == ()
