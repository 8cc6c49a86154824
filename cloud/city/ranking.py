"""Which sites a patrol should see first before a typhoon or heavy rain: points, each with its reason.

A site's score is the sum of its points, and each reason gives `most` of them at worst. What nobody knows
gives half, so that an unknown board neither hides at the end nor is sent before one that is known to be
bad. docs/operate/typhoon.md explains every number.

The moment of the wind is taken as area × height × μz: the pressure at the top edge, with the lever of the
top edge. Both are too large, and the city's basic pressure and the board's shape are left out: boards are
compared by it, never designed.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from operator import mul
from typing import TypeAlias

import msgspec

from wire.alarm import Level
from wire.inventory import Exposure, Inventory, Sensor, Site
from wire.quantities import QUANTITIES

SECOND_NS = 10**9
UNKNOWN_SHARE = 0.5
"""Of `most`, for what nobody knows (judgement)."""
AGE_FULL_DAYS = 365
"""An inspection of a year ago, or more, gives all points (judgement: once a year, before the season)."""
FRESH_NS = 600 * SECOND_NS
FRESH_INTERVALS = 3
"""A value is of now for ten minutes, or for three sampling intervals where that is longer (judgement)."""
ALARM_SHARES = {Level.RED: 1.0, Level.ORANGE: 2 / 3, Level.YELLOW: 1 / 3, Level.BLUE: 1 / 6}
"""Of `most`, by the level of the worst alarm (judgement)."""

_WIND: Mapping[Exposure, tuple[float, float, float]] = {
    Exposure.A: (1.284, 0.24, 5.0),
    Exposure.B: (1.000, 0.30, 10.0),
    Exposure.C: (0.544, 0.44, 15.0),
    Exposure.D: (0.262, 0.60, 30.0),
}
"""μz at 10 m, its exponent, and the height in m below which it falls no further.

Source: GB 50009-2012, 8.2.1 and its explanation; not re-read in the standard's text.
"""
_FACTOR_MAX = 2.91
"""μz above the gradient height. Source: as `_WIND`."""

Heard: TypeAlias = Callable[[Sensor, str], float | None]
"""What a sensor says of a quantity now, None when it says nothing that counts."""


class Key(StrEnum):
    """A reason's id."""

    WIND = "wind"
    AGE = "age"
    MARGIN = "margin"
    DRIFT = "drift"
    ALARM = "alarm"


class Reason(msgspec.Struct, frozen=True):
    """Why a site stands high. `most`: its points at worst. `source`: a standard, or "judgement"."""

    key: Key
    zh: str
    en: str
    most: float
    source: str


class Margin(msgspec.Struct, frozen=True, gc=False):
    """What a sensor says now beside the lowest limit of one of its rules, in the unit of `quantity`."""

    sensor: str
    quantity: str
    value: float
    limit: float

    @property
    def ratio(self) -> float:
        """1 at the limit."""
        return max(0.0, self.value / self.limit)


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What is known of a site now; None is what nobody knows.

    `margin` is the worst of what its sensors say; `is_silent`: not all of them say something. `alarm` is the
    level of the worst alarm that stands, None when none does.
    """

    site: Site
    moment_m3: float | None
    age_days: int | None
    margin: Margin | None
    is_silent: bool
    alarm: Level | None


class Part(msgspec.Struct, frozen=True):
    """What one reason gives a site. `value` in `unit` (UCUM), null where nobody knows; `text`: what it was made of."""

    key: Key
    points: float
    value: float | None
    unit: str
    text: str = ""


class Ranked(msgspec.Struct, frozen=True, gc=False):
    """A site, and its points by reason in whole tenths."""

    facts: Facts
    tenths: tuple[int, ...]

    @property
    def site(self) -> Site:
        """Which one."""
        return self.facts.site

    @property
    def score(self) -> float:
        """The sum of the points as people see them."""
        return sum(self.tenths) / 10


class Seen(msgspec.Struct, frozen=True):
    """The city now. `alarms`: the worst level that stands, by site. `today` is the day in China."""

    heard: Heard
    alarms: Mapping[str, Level]
    today: date


_REASONS: tuple[Reason, ...] = (
    Reason(
        Key.WIND,
        "风荷载力矩",
        "moment of the wind",
        30,
        "area × height × μz as a share of the city's largest; μz: GB 50009-2012, 8.2.1, not re-read in the standard's"
        " text; the points: judgement",
    ),
    Reason(
        Key.MARGIN,
        "接近限值",
        "nearness to a limit",
        15,
        "judgement; the value as a share of the lowest limit of its rule",
    ),
    Reason(Key.ALARM, "当前报警", "standing alarm", 40, "judgement; red all, orange 2/3, yellow 1/3, blue 1/6"),
    Reason(Key.AGE, "距上次巡检", "time since inspection", 15, "judgement; all after a year"),
    Reason(Key.DRIFT, "频率漂移", "frequency drift", 0, "not measured yet: it gives no points and takes none"),
)
_OF_OTHERS = slice(1, 4)
"""Of these reasons, those by which sites are ranked that are no billboards: what the wind does is not asked of them."""
_BILLBOARD = "billboard"


def reasons_of(kind: str) -> tuple[Reason, ...]:
    """By which sites of a kind are ranked."""
    return _REASONS if kind == _BILLBOARD else _REASONS[_OF_OTHERS]


def rank(kind: str, inventory: Inventory, seen: Seen) -> list[Ranked]:
    """All sites of this kind, the worst first, and those of one score in the order of the file.

    5 000 sites take 25 ms of one core.
    """
    found = [facts_of(site, inventory, seen) for site in inventory.sites.values() if site.kind == kind]
    largest_m3 = max((facts.moment_m3 for facts in found if facts.moment_m3), default=1.0)
    chosen = slice(None) if kind == _BILLBOARD else _OF_OTHERS
    most = [10 * reason.most for reason in _REASONS[chosen]]
    ranked: list[Ranked] = []
    for facts in found:
        shares = _shares(facts, largest_m3)[chosen]
        ranked.append(Ranked(facts, tuple(map(round, map(mul, most, shares)))))
    return sorted(ranked, key=lambda one: sum(one.tenths), reverse=True)


def height_factor(height_m: float, exposure: Exposure) -> float:
    """μz, by which the wind's pressure differs from that at 10 m over open country. Source: as `_WIND`."""
    at_10_m, exponent, lowest_m = _WIND[exposure]
    return min(at_10_m * math.pow(max(height_m, lowest_m) / 10, exponent), _FACTOR_MAX)


def moment_m3(site: Site) -> float | None:
    """Area × height × μz; None unless all three are known."""
    if site.height_m is None or site.area_m2 is None or site.exposure is None:
        return None
    return site.area_m2 * site.height_m * height_factor(site.height_m, site.exposure)


def is_of_now(sensor: Sensor, age_ns: int) -> bool:
    """Does a value of this age say how things are?"""
    return age_ns <= FRESH_NS or age_ns <= FRESH_INTERVALS * (sensor.every_s or 0.0) * SECOND_NS


def facts_of(site: Site, inventory: Inventory, seen: Seen) -> Facts:
    """What is known of a site."""
    age_days = None if site.inspected is None else max(0, (seen.today - site.inspected).days)
    margin, is_silent = _nearest(site, inventory, seen.heard)
    return Facts(site, moment_m3(site), age_days, margin, is_silent, seen.alarms.get(site.id))


def parts_of(ranked: Ranked, reasons: Sequence[Reason]) -> tuple[Part, ...]:
    """The points with what they were made of."""
    facts, site = ranked.facts, ranked.site
    ratio = round(facts.margin.ratio, 3) if facts.margin else None
    said = {
        Key.WIND: (facts.moment_m3 and round(facts.moment_m3, 1), "m3", _product(site)),
        Key.MARGIN: (ratio, "1", _comparison(facts.margin)),
        Key.ALARM: (None, "", facts.alarm.value if facts.alarm else ""),
        Key.AGE: (facts.age_days, "d", site.inspected.isoformat() if site.inspected else ""),
        Key.DRIFT: (None, "1", ""),
    }
    return tuple(
        Part(reason.key, tenths / 10, *said[reason.key]) for reason, tenths in zip(reasons, ranked.tenths, strict=True)
    )


def unknown_of(facts: Facts, reasons: Sequence[Reason]) -> tuple[Key, ...]:
    """The reasons of which nobody knows all."""
    unknown = {
        Key.WIND: facts.moment_m3 is None,
        Key.MARGIN: facts.margin is None or facts.is_silent,
        Key.AGE: facts.age_days is None,
        Key.DRIFT: True,
    }
    return tuple(reason.key for reason in reasons if unknown.get(reason.key))


def _shares(facts: Facts, largest_m3: float) -> tuple[float, ...]:
    """What each of `_REASONS` gives of its points, 0..1."""
    margin = min(1.0, facts.margin.ratio) if facts.margin else UNKNOWN_SHARE
    if facts.is_silent and margin < UNKNOWN_SHARE:
        margin = UNKNOWN_SHARE  # a sensor that is silent may be worse than those that are heard
    return (
        UNKNOWN_SHARE if facts.moment_m3 is None else facts.moment_m3 / largest_m3,
        margin,
        ALARM_SHARES[facts.alarm] if facts.alarm else 0.0,
        UNKNOWN_SHARE if facts.age_days is None else min(1.0, facts.age_days / AGE_FULL_DAYS),
        0.0,
    )


def _nearest(site: Site, inventory: Inventory, heard: Heard) -> tuple[Margin | None, bool]:
    """The worst of what its sensors say, and whether one of them says nothing."""
    worst: Margin | None = None
    is_silent = False
    for sensor in (inventory.sensors[name] for name in site.sensors):
        for rule in sensor.rules:
            if not rule.quantity or rule.levels[0].limit <= 0:
                continue  # a rule that judges the sensor, or a limit that no value is a share of
            value = heard(sensor, rule.quantity)
            if value is None:
                is_silent = True
                continue
            found = Margin(sensor.id, rule.quantity, value, rule.levels[0].limit)
            worst = found if worst is None or found.ratio > worst.ratio else worst
    return worst, is_silent


def _product(site: Site) -> str:
    """`108 m² × 20 m × 1.23 (B)`, with ? for what is not known."""
    area = "?" if site.area_m2 is None else f"{site.area_m2:g}"
    height = "?" if site.height_m is None else f"{site.height_m:g}"
    factor = "?"
    if site.exposure is not None and site.height_m is not None:
        factor = f"{height_factor(site.height_m, site.exposure):.2f}"
    return f"{area} m² × {height} m × {factor} ({site.exposure.value if site.exposure else '?'})"


def _comparison(margin: Margin | None) -> str:
    """`XM-TA-0117-T1 tilt 0.21 / 0.3 °`."""
    if margin is None:
        return ""
    known = QUANTITIES.get(margin.quantity)
    symbol = known.symbol if known else ""
    return f"{margin.sensor} {margin.quantity} {margin.value:g} / {margin.limit:g} {symbol}".rstrip()
