"""What a message about cases says to people: one card in plain words, which each service lays out its own way.

The level is told by word, shape and numeral, never by colour alone (ISA-101); the shapes are those of
the board. A drill says so first. Whatever comes from a sensor's name, a site or a person is made
harmless by `plain` before it stands beside markup.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from cloud.notices.notice_body import ALARM_TEST, CaseFacts, CaseNotice
from cloud.ports import House
from wire.dates import CHINA

Language = Literal["zh", "en"]

DIGEST_MOST = 10
"""Titles in a card about many cases; the rest is a number and a link."""

_TITLE_MOST, _NAME_MOST = 60, 40


def _wide(sign: str) -> str:
    """The full-width twin of an ASCII sign."""
    return chr(ord(sign) + 0xFEE0)


_MARKUP = str.maketrans({sign: _wide(sign) for sign in "<>[](){}*_`#~|\\!@&$"})
_BARE_ADDRESS = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})")
_SAFE_IN_LINK = "%:/?#@!$&'+,;=~"

_SHAPES = {"red": "▲", "orange": "◆", "yellow": "■", "blue": "●"}
_NUMERALS = {"red": "\u2160", "orange": "\u2161", "yellow": "\u2162", "blue": "\u2163"}  # Roman I to IV
_COLOURS = {
    "red": ("红色", "red"),
    "orange": ("橙色", "orange"),
    "yellow": ("黄色", "yellow"),
    "blue": ("蓝色", "blue"),
}
_HAPPENED = {
    "case.opened": ("新案件", "new case"),
    "case.escalated": ("案件升级", "case escalated"),
    "case.dispatched": ("案件派遣", "case dispatched"),
    "case.climbed": ("无人接单，逐级上报", "nobody accepted, next in line"),
    "case.overdue": ("案件超时", "case overdue"),
    "case.closed": ("案件已结", "case closed"),
    ALARM_TEST: ("测试报警", "test alarm"),
}
_UPDATED = ("案件更新", "case update")
_STAGES = {
    "reported": ("上报", "reported"),
    "filed": ("立案", "filed"),
    "dispatched": ("派遣", "dispatched"),
    "handling": ("处置", "handling"),
    "fed_back": ("反馈", "fed back"),
    "verification": ("核查", "verification"),
    "closed": ("结案", "closed"),
}
_ACTS = (("接单", "Accept", "accept"), ("到场", "Arrived", "arrive"), ("已处置", "Done", "done"))
_VIEW = ("查看", "View")
_MAP = ("地图", "Map")


@dataclass(frozen=True, slots=True)
class Link:
    """A button, or a word to press; `url` holds nothing that ends or opens markup."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Fact:
    """`地点`, `同安区 TA-0113`, and both as one line. A label has at most five characters."""

    label: str
    text: str
    line: str


@dataclass(frozen=True, slots=True)
class Card:
    """What is said, in order: the headline, the facts, the other lines, whom it concerns, what can be pressed.

    `level` is the worst (`red`), or empty. There are at most six facts. `concerned` are the ids of the
    unit and the person (or empty) as they stand in a case that is open, to be looked up and never shown. `acts`
    are at most four links, the last only looks; `map` is the place.
    """

    headline: str
    level: str
    facts: tuple[Fact, ...]
    lines: tuple[str, ...]
    concerned: tuple[()] | tuple[str, str]
    acts: tuple[Link, ...]
    map: Link | None


def card_of(notice: CaseNotice, language: Language, house: House) -> Card:
    """The card of one case, or of many; the house is asked for the link of the case's unit and for names."""
    if len(notice.cases) == 1 and notice.type != "case.digest":
        return _of_one(notice.type, notice.cases[0], language, house)
    return _of_many(_as_they_became(notice.cases), language, house.board_url)


def plain(text: str, most: int = _NAME_MOST) -> str:
    """`text` on one line of at most `most` characters, in which no service finds markup, a mention or a link.

    Signs of markup become their full-width twins, because the services document no way to escape them
    (Feishu alone does); a bare address is broken at its dots, because clients make links of those.
    """
    line = " ".join("".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text).split())
    line = _BARE_ADDRESS.sub(_wide("."), line.translate(_MARKUP)).replace("://", f"：{_wide('/') * 2}")
    return line if len(line) <= most else f"{line[: most - 1]}…"


def level_words(level: str, language: Language) -> str:
    """Shape, colour and numeral."""
    if level not in _SHAPES:
        return plain(level)
    colour, numeral = _COLOURS[level][language == "en"], _NUMERALS[level]
    return f"{_SHAPES[level]} {colour}{numeral}级" if language == "zh" else f"{_SHAPES[level]} {colour} {numeral}"


def china_time(time_ns: int) -> str:
    """`2026-11-24 18:30`, eight hours ahead of UTC."""
    return datetime.fromtimestamp(time_ns // 10**9, UTC).astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def _of_one(kind: str, case: CaseFacts, language: Language, house: House) -> Card:
    return Card(
        headline=_headline(kind, case, language),
        level=case.level,
        facts=_facts(case, language, house),
        lines=(_other_tongue(kind, case, language),),
        concerned=(case.unit, case.person) if case.unit and case.stage != "closed" else (),
        acts=_acts(case, language, house.case_link(case.number, case.unit) if case.number else ""),
        map=_map(case, language),
    )


def _headline(kind: str, case: CaseFacts, language: Language) -> str:
    happened = _HAPPENED.get(kind, _UPDATED)[language == "en"]
    title = plain(_title(case, language), _TITLE_MOST)
    colon = "：" if language == "zh" else ": "
    mark = _test(language) if kind == ALARM_TEST else _drill(language) if case.drill else ""
    return f"{mark}{level_words(case.level, language)} {happened}{colon}{title}"


def _title(case: CaseFacts, language: Language) -> str:
    return (case.title_en or case.title) if language == "en" else (case.title or case.title_en)


def _drill(language: Language) -> str:
    return "【演练】" if language == "zh" else "【DRILL 演练】"


def _test(language: Language) -> str:
    return "【测试】" if language == "zh" else "【TEST 测试】"


def _facts(case: CaseFacts, language: Language, house: House) -> tuple[Fact, ...]:
    is_en = language == "en"
    stage = _STAGES.get(case.stage, (plain(case.stage),) * 2)[is_en]
    due = f"{china_time(case.due_ns)} {'China time' if is_en else '北京时间'}" if case.due_ns is not None else ""
    facts = (
        ("案号", "Case", plain(case.number)),
        ("地点", "Place", _names(case.district, case.site)),
        ("坐标", "At", _position(case)),
        ("阶段", "Stage", stage),
        ("时限", "Due", due),
        ("责任", "Unit", plain(house.name_of(case.unit, case.person), 2 * _NAME_MOST) if case.unit else ""),
    )
    return tuple(
        Fact(en, said, f"{en}: {said}") if is_en else Fact(zh, said, f"{zh}：{said}") for zh, en, said in facts if said
    )


def _names(*names: str) -> str:
    return " ".join(plain(name) for name in names if name)


def _position(case: CaseFacts) -> str:
    """To about a metre, and in which coordinate system: Chinese maps shift by hundreds of metres."""
    if case.longitude is None or case.latitude is None:
        return ""
    return f"WGS-84 {case.longitude:.5f},{case.latitude:.5f}"


def _other_tongue(kind: str, case: CaseFacts, language: Language) -> str:
    """One line for whoever reads the other language better."""
    other: Language = "en" if language == "zh" else "zh"
    due = "" if case.due_ns is None else f" · {'due' if other == 'en' else '时限'} {china_time(case.due_ns)} UTC+8"
    return _headline(kind, case, other) + due


def _acts(case: CaseFacts, language: Language, link: str) -> tuple[Link, ...]:
    """Nothing is done by following one of them: the page asks, and a person presses there."""
    if not link:
        return ()
    joint = "&" if "?" in link else "?"
    acts = () if case.stage == "closed" else _ACTS
    pressed = [Link(en if language == "en" else zh, _quoted(f"{link}{joint}act={act}")) for zh, en, act in acts]
    return (*pressed, Link(_VIEW[language == "en"], _quoted(link)))


def _quoted(link: str) -> str:
    return quote(link, safe=_SAFE_IN_LINK)


def _map(case: CaseFacts, language: Language) -> Link | None:
    """AMap's page turns WGS-84 into its own GCJ-02. Source: 高德开放平台, URI API 单点标注."""
    if case.longitude is None or case.latitude is None:
        return None
    position = f"{case.longitude:.6f},{case.latitude:.6f}"
    name = quote(plain(case.site), safe="")
    url = f"https://uri.amap.com/marker?position={position}&name={name}&src=egret&coordinate=wgs84&callnative=0"
    return Link(_MAP[language == "en"], url)


def _as_they_became(cases: tuple[CaseFacts, ...]) -> tuple[CaseFacts, ...]:
    """A digest tells of some cases twice, first as they opened and then as they closed."""
    return tuple({case.number or f"#{at}": case for at, case in enumerate(cases)}.values())


def _of_many(cases: tuple[CaseFacts, ...], language: Language, board_url: str) -> Card:
    order = list(_SHAPES)
    worst_first = sorted(cases, key=lambda case: order.index(case.level) if case.level in order else len(order))
    counts = [
        f"{level_words(level, language)} × {count}"
        for level in order
        if (count := sum(case.level == level for case in cases))
    ]
    heading = f"案件汇总：{len(cases)} 件" if language == "zh" else f"{len(cases)} cases"
    shown = [_item(number, case, language) for number, case in enumerate(worst_first[:DIGEST_MOST], 1)]
    more = len(cases) - len(shown)
    rest = [f"另有 {more} 件" if language == "zh" else f"and {more} more"] if more else []
    return Card(
        headline=f"{_drills(cases, language)}{heading}",
        level=worst_first[0].level if worst_first else "",
        facts=(),
        lines=(*([" ".join(counts)] if counts else []), *shown, *rest),
        concerned=(),
        acts=(Link(_VIEW[language == "en"], _quoted(board_url)),) if board_url else (),
        map=None,
    )


def _item(number: int, case: CaseFacts, language: Language) -> str:
    title = plain(_title(case, language), _TITLE_MOST)
    drill = _drill(language) if case.drill else ""
    over = f" {_STAGES['closed'][language == 'en']}" if case.stage == "closed" else ""
    return f"{number}. {drill}{level_words(case.level, language)} {plain(case.number)} {title}{over}"


def _drills(cases: tuple[CaseFacts, ...], language: Language) -> str:
    """Real cases among drills must not look like one."""
    drills = sum(case.drill for case in cases)
    if not drills:
        return ""
    if drills == len(cases):
        return _drill(language)
    return f"【含演练 {drills} 件】" if language == "zh" else f"【{drills} DRILL 演练】"
