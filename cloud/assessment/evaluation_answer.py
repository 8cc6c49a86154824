"""An evaluation as the API answers it: groups, each with its figures, its rates, and where their cases are."""

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

import msgspec

from cloud.assessment.evaluation import (
    NONE,
    POINTS_PER_SENT_BACK,
    RATES,
    By,
    Filters,
    Period,
    Sums,
    added_up,
    amount,
    months,
    penalty,
)
from cloud.cases.practice import Practice
from cloud.tables.evaluation import Groups

CASES_PATH = "/api/v1/evaluation/cases"
LEVEL_WORDS: Mapping[str, str] = {"red": "红色", "orange": "橙色", "yellow": "黄色", "blue": "蓝色"}


class RateAnswer(msgspec.Struct, frozen=True):
    """`value` is `numerator` ÷ `denominator`, null when that is 0; the links list the cases of each."""

    id: str
    value: float | None
    numerator: int
    denominator: int
    numerator_cases: str
    denominator_cases: str


class Part(msgspec.Struct, frozen=True):
    """`figures` as in `cloud/cases/tally.py`. `cases` lists those of any of them with `&figure=` and its name."""

    figures: Mapping[str, int]
    rates: tuple[RateAnswer, ...]
    penalty_points: int
    cases: str


class Group(msgspec.Struct, frozen=True):
    """`key` is a unit, a day …, `-` for cases that have none; `urgent` are those of red and orange cases alone."""

    key: str
    name: str
    all: Part
    urgent: Part


class Definition(msgspec.Struct, frozen=True):
    """What a rate is. `unit` is that of its value: `share` or `s`."""

    id: str
    zh: str
    en: str
    formula: str
    unit: str
    source: str


class Evaluation(msgspec.Struct, frozen=True, rename={"first": "from", "last": "to"}):
    """`first` and `last` are days in China, both included; nothing after `until_ns` (UTC) counts."""

    first: date
    last: date
    until_ns: int
    by: By
    points_per_sent_back: int
    total: Group
    groups: tuple[Group, ...]
    rates: tuple[Definition, ...]


def evaluation(found: Groups, period: Period, filters: Filters, by: By, practice: Practice) -> Evaluation:
    """Groups in the order of their keys; of days and months those, too, on which nothing happened."""
    keys = sorted({*found, *_times(period, by)}) if by != "none" else []
    total = [half for halves in found.values() for half in halves.values()]
    urgent = [halves[True] for halves in found.values()]
    return Evaluation(
        first=period.first,
        last=period.last,
        until_ns=min(period.now_ns, period.end_ns),
        by=by,
        points_per_sent_back=POINTS_PER_SENT_BACK,
        total=_group("", "合计", (added_up(total), added_up(urgent)), _link(period, filters)),
        groups=tuple(_of_key(key, found, period, filters, by, practice) for key in keys),
        rates=tuple(Definition(one.id, one.zh, one.en, one.formula, one.unit, one.source) for one in RATES),
    )


def _of_key(key: str, found: Groups, period: Period, filters: Filters, by: By, practice: Practice) -> Group:
    halves = found.get(key, {})
    word = key if key.strip() else NONE
    link = _link(_narrowed(period, by, key), filters, **({} if by in ("month", "day") else {by: word}))
    return _group(word, _name(word, by, practice), (added_up(halves.values()), halves.get(True, {})), link)


def _group(key: str, name: str, sums: tuple[Sums, Sums], link: Mapping[str, str]) -> Group:
    return Group(
        key=key,
        name=name,
        all=_part(sums[0], f"{CASES_PATH}?{urlencode(link)}"),
        urgent=_part(added_up([sums[1]]), f"{CASES_PATH}?{urlencode({**link, 'urgent': 'true'})}"),
    )


def _part(sums: Sums, link: str) -> Part:
    return Part(
        figures=sums,
        rates=tuple(
            RateAnswer(
                id=rate.id,
                value=rate.value(sums),
                numerator=amount(rate.numerator, sums),
                denominator=amount(rate.denominator, sums),
                numerator_cases=f"{link}&figure={rate.cases}",
                denominator_cases=f"{link}&figure={rate.denominator}",
            )
            for rate in RATES
        ),
        penalty_points=penalty(sums),
        cases=link,
    )


def _link(period: Period, filters: Filters, **more: str) -> Mapping[str, str]:
    asked = {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "unit": filters.unit,
        "district": filters.district,
        "street": filters.street,
        "code": filters.code,
        "level": filters.level,
        "urgent": "true" if filters.is_urgent else "",
    } | more
    return {name: value for name, value in asked.items() if value}


def _times(period: Period, by: By) -> list[str]:
    if by == "month":
        return [f"{month:%Y%m}" for month in months(period.first, period.last)]
    if by == "day":
        first = period.first.toordinal()
        return [f"{date.fromordinal(first + number):%Y%m%d}" for number in range(period.days)]
    return []


def _narrowed(period: Period, by: By, key: str) -> Period:
    """The part of the period that a day or a month is."""
    if by == "day":
        day = date(int(key[:4]), int(key[4:6]), int(key[6:]))
        return Period(day, day, period.now_ns)
    if by == "month":
        first = date(int(key[:4]), int(key[4:]), 1)
        following = months(first, date.fromordinal(first.toordinal() + 31))[1]
        last = date.fromordinal(following.toordinal() - 1)
        return Period(max(first, period.first), min(last, period.last), period.now_ns)
    return period


def _name(key: str, by: By, practice: Practice) -> str:
    """As people know it; the key where nobody has named it."""
    if by == "unit":
        unit = practice.rules.organisation.units.get(key)
        return unit.name if unit else key
    if by == "code":
        named = {f"{row.code_class} {row.code}": row.zh for row in practice.rules.codes.rows.values()}
        return named.get(key, key)
    if by == "district":
        return practice.inventory.districts.get(key, key)
    return LEVEL_WORDS.get(key, key) if by == "level" else key
