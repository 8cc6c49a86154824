"""Who is told what, and when: the keys that every notifier of cloud.yaml may have beside those of its kind.

    notifiers:
      - name: tongan-group
        kind: dingtalk
        token_env: EGRET_DINGTALK_TOKEN
        levels: [red, orange]
        kinds: [case.opened, case.climbed, alarm.test]
        districts: [tongan]
        units: [tongan-ads]
        codes: [part 0390]
        drills: false
        hours: "08:00-22:00"
        always: [red]
        group: 60s

Nothing must be written: then everything is told at once, drills as well, marked as drills. `hours` are
of the city calendar's zone and may run over midnight; what happens outside waits until they begin.
Within `group` of the first notice, notices become one digest. A level in `always` (red, unless it says
otherwise) waits for neither. A test alarm has no unit and no code, is not asked for them, and never waits.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, get_args
from zoneinfo import ZoneInfo

import msgspec

from cloud.city.case_codes import CodeClass
from cloud.city.city_rules import CityRules
from cloud.notices.notice_body import ALARM_TEST
from cloud.ports import Notice
from wire.alarm import Level
from wire.located import Block, Mistakes, nearest

KINDS = (
    "case.opened",
    "case.escalated",
    "case.dispatched",
    "case.climbed",
    "case.overdue",
    "case.closed",
    ALARM_TEST,
)
"""What a notifier can be told."""
GROUP_MOST_S = 3_600.0
_SECOND_NS = 10**9
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_CODE = re.compile(rf"({'|'.join(get_args(CodeClass))}) (\d{{4}})")


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a route is asked about: the kind of a notice, and what its body says of the case or the alarm."""

    kind: str = ""
    level: Level | None = None
    district: str = ""
    unit: str = ""
    code_class: str = ""
    code: str = ""
    is_drill: bool = False


class _Body(msgspec.Struct, frozen=True):
    data: Facts


_decoder = msgspec.json.Decoder(_Body)


def facts_of(notice: Notice) -> Facts:
    """Of a notice about one case or one alarm."""
    return msgspec.structs.replace(_decoder.decode(notice.body).data, kind=notice.kind)


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of every day, in minutes after midnight of `zone`; it runs over midnight when it closes first."""

    opens: int
    closes: int
    zone: str = "Asia/Shanghai"

    def begin_ns(self, now_ns: int) -> int:
        """`now_ns` within the hours, otherwise when they begin next. The last minute is no longer in them."""
        here = datetime.fromtimestamp(now_ns // _SECOND_NS, UTC).astimezone(ZoneInfo(self.zone))
        minute = here.hour * 60 + here.minute
        is_late = minute >= self.closes
        is_within = self.opens <= minute and not is_late
        if self.closes <= self.opens:
            is_within = self.opens <= minute or not is_late
        if is_within:
            return now_ns
        midnight = here.replace(hour=0, minute=0, second=0)
        next_day = minute >= self.opens
        # Adding to an aware datetime moves its wall clock, which is what hours follow.
        begin = midnight + timedelta(days=next_day, minutes=self.opens)
        return int(begin.timestamp()) * _SECOND_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What one target is told. What is empty asks for nothing; `codes` are (class, digits).

    `where` is the notifier's place in the file, for what is checked later.
    """

    levels: frozenset[Level] = frozenset()
    kinds: frozenset[str] = frozenset()
    districts: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    codes: frozenset[tuple[str, str]] = frozenset()
    drills: bool = True
    hours: Hours | None = None
    always: frozenset[Level] = frozenset({Level.RED})
    group_s: float = 0.0
    where: str = field(default="", compare=False)

    @property
    def group_ns(self) -> int:
        """How long notices are gathered; 0: each goes by itself."""
        return round(self.group_s * _SECOND_NS)

    def wants(self, facts: Facts) -> bool:
        """Is the target told of it at all?"""
        is_of_case = facts.kind != ALARM_TEST
        return (
            (not self.kinds or facts.kind in self.kinds)
            and (not self.levels or facts.level in self.levels)
            and (not self.districts or facts.district in self.districts)
            and not (is_of_case and self.units and facts.unit not in self.units)
            and not (is_of_case and self.codes and (facts.code_class, facts.code) not in self.codes)
            and (self.drills or not facts.is_drill)
        )

    def waits(self, facts: Facts) -> bool:
        """May it be held back?"""
        return facts.kind != ALARM_TEST and facts.level not in self.always

    def due_ns(self, now_ns: int, facts: Facts) -> int:
        """When a notice that came at `now_ns` goes out."""
        if not self.waits(facts):
            return now_ns
        begin_ns = self.hours.begin_ns(now_ns) if self.hours else now_ns
        # What waits for the hours has been gathered by then.
        return begin_ns if begin_ns > now_ns else now_ns + self.group_ns


EVERYTHING = Route()


Targets: TypeAlias = Iterable[str] | Mapping[str, Route]
"""Who is told, by name."""


def routes_of(targets: Targets) -> dict[str, Route]:
    """Names alone are told everything."""
    return dict(targets) if isinstance(targets, Mapping) else dict.fromkeys(targets, EVERYTHING)


def read(block: Block, rules: CityRules) -> Route:
    """These keys of a notifier; mistakes are collected, and the keys count as known."""
    return Route(
        levels=_levels(block, "levels"),
        kinds=_words(block, "kinds", KINDS, "E-ROUTE-001"),
        districts=frozenset(block.sequence("districts", optional=True).texts()),
        units=_words(block, "units", rules.organisation.units, "E-ROUTE-002"),
        codes=_codes(block, rules),
        drills=block.flag("drills", default=True),
        hours=_hours(block, rules.calendar.zone),
        always=_levels(block, "always") if "always" in block else EVERYTHING.always,
        group_s=block.duration("group", 0.0, GROUP_MOST_S, default=0.0),
        where=block.place("districts"),
    )


def check_districts(routes: Iterable[Route], districts: Iterable[str]) -> Mistakes:
    """Routes about districts that sensors.yaml does not have."""
    mistakes, known = Mistakes(), list(districts)
    for route in routes:
        for district in sorted(route.districts - set(known)):
            what = f"sensors.yaml has no district {district!r}."
            mistakes.add(route.where, what, nearest(district, known), "E-ROUTE-005")
    return mistakes


def _levels(block: Block, key: str) -> frozenset[Level]:
    items, words = block.sequence(key, optional=True), [str(level) for level in Level]
    return frozenset(Level(items.choice(index, words)) for index in range(len(items)))


def _words(block: Block, key: str, known: Iterable[str], code: str) -> frozenset[str]:
    items, words = block.sequence(key, optional=True), tuple(known)
    found = items.texts()
    for index, word in enumerate(found):
        if word not in words:
            items.wrong(index, f"{key}: there is no {word!r}.", nearest(word, words), code)
    return frozenset(found)


def _codes(block: Block, rules: CityRules) -> frozenset[tuple[str, str]]:
    items = block.sequence("codes", optional=True)
    known = {(row.code_class, row.code) for row in rules.codes.rows.values()}
    found: set[tuple[str, str]] = set()
    for index, text in enumerate(items.texts()):
        match = _CODE.fullmatch(text)
        pair = (match[1], match[2]) if match else ("", "")
        if pair in known:
            found.add(pair)
            continue
        fix = nearest(text, (" ".join(each) for each in sorted(known)))
        items.wrong(index, f"codes: there is no case code {text!r}.", fix, "E-ROUTE-003")
    return frozenset(found)


def _hours(block: Block, zone: str) -> Hours | None:
    if "hours" not in block:
        return None
    text = block.text("hours")
    match = _HOURS.fullmatch(text)
    opens, closes = (_minute(match[1], match[2]), _minute(match[3], match[4])) if match else (0, 0)
    if opens == closes:
        fix = 'write a part of the day such as "08:00-22:00", or "22:00-06:00" for the night'
        block.wrong("hours", f"{text!r} is no part of a day.", fix, "E-ROUTE-004")
        return None
    return Hours(opens, closes, zone)


def _minute(hour: str | None, minute: str | None) -> int:
    """None and None is 24:00."""
    return 24 * 60 if hour is None or minute is None else int(hour) * 60 + int(minute)


_LEVEL_LIST = {"type": "array", "items": {"enum": [str(level) for level in Level]}}
_TEXT_LIST = {"type": "array", "items": {"type": "string"}}
SCHEMA: dict[str, object] = {
    "levels": {**_LEVEL_LIST, "description": "only these levels"},
    "kinds": {"type": "array", "items": {"enum": list(KINDS)}, "description": "only these kinds of notices"},
    "districts": {**_TEXT_LIST, "description": "only these districts of sensors.yaml"},
    "units": {**_TEXT_LIST, "description": "only cases that are these units'"},
    "codes": {"type": "array", "items": {"type": "string", "pattern": f"^{_CODE.pattern}$"}},
    "drills": {"type": "boolean", "default": True, "description": "drills, too; they are marked"},
    "hours": {"type": "string", "pattern": f"^{_HOURS.pattern}$", "description": "what happens outside waits"},
    "always": {**_LEVEL_LIST, "default": ["red"], "description": "these levels never wait"},
    "group": {"type": "string", "pattern": r"^\d+(\.\d+)? ?(ms|s|min|h|d)$", "default": "0s"},
}
"""JSON Schema of these keys; they are the same for every kind."""
