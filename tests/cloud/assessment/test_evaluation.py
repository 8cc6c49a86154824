"""Rates are those worked out by hand, a period is the sum of its days, and every figure leads to its cases."""

from calendar import monthrange
from collections import Counter
from datetime import date, timedelta

import assessed_cases
import pytest
from assessed_cases import NOW_NS, at
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from cloud.assessment.evaluation import (
    COUNTS,
    NONE,
    RATES,
    By,
    Filters,
    Period,
    added_up,
    amount,
    cover,
    day_by_day,
    penalty,
    today,
)
from cloud.cases import tally
from cloud.cases.case_flow import Case, CaseKind, Outcome
from cloud.city.day import day_of
from cloud.schema.cases import cases
from cloud.tables import evaluation
from wire.alarm import Level

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 18), NOW_NS)
HOUR_NS = 3_600 * 10**9
RATE = {rate.id: rate for rate in RATES}
DAYS = st.dates(date(2023, 12, 1), date(2027, 2, 1))


def total(connection: Connection, period: Period, filters: Filters = Filters(), by: By = "none") -> dict[str, int]:  # noqa: B008 - frozen
    """All groups together."""
    found = evaluation.sums(connection, period, filters, by)
    return added_up(half for halves in found.values() for half in halves.values())


def fractions(sums: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Numerator and denominator of every rate."""
    return {name: (amount(rate.numerator, sums), amount(rate.denominator, sums)) for name, rate in RATE.items()}


def test_rates_are_those_worked_out_by_hand() -> None:
    """Of the 14 cases two are not assessed; see the comments beside them for every second."""
    with assessed_cases.tables() as connection:
        assessed_cases.keep(connection, assessed_cases.story())
        sums = total(connection, NOVEMBER)
    assert fractions(sums) == {
        "filing_rate": (11, 12),  # 1-10, 13 and 14 reported; 14 not filed
        "dispatch_on_time_rate": (8, 9),  # 1-8 and 10; 2 late
        "accept_on_time_rate": (7, 8),  # 1-7 and 10; 2 late
        "handle_on_time_rate": (5, 6),  # 1, 2, 3, 5, 6, 10; 2 late
        "close_on_time_rate": (5, 7),  # due 1-8 without the suspended 7; closed in time 1, 3, 4, 5, 6
        "close_rate": (6, 7),  # and 2, too late
        "rework_rate": (1, 6),  # 3
        "extension_rate": (1, 7),  # 6, of 1-6 and 10
        "alarm_precision": (3, 5),  # 1, 2, 10 with something behind
        "false_alarm_rate": (2, 5),  # 4 and 5
        "dispatch_mean_s": (1_440, 9),  # 60 + 600 + 120 + 0 + 0 + 300 + 60 + 300 + 0
        "accept_mean_s": (4_380, 8),  # 120 + 660 + 600 + 600 + 1080 + 600 + 600 + 120
        "handle_mean_s": (145_800, 6),  # 3600 + 21600 + 7200 + 1800 + 86400 + 25200
        "verify_mean_s": (7_200, 6),  # 600 + 600 + 1200 + 600 + 600 + 3600; 4 was closed without feedback
    }
    assert RATE["dispatch_mean_s"].value(sums) == 160.0
    assert penalty(sums) == 1


def test_urgent_cases_stand_apart() -> None:
    """Red and orange: 1, 2, 3 are due, 1 and 3 closed in time; 9 and 10 are due in 3 h and 4 h."""
    with assessed_cases.tables() as connection:
        assessed_cases.keep(connection, assessed_cases.story())
        urgent = evaluation.sums(connection, NOVEMBER, Filters(), "none")[""][True]
        same = total(connection, NOVEMBER, Filters(is_urgent=True))
    assert fractions(urgent)["close_on_time_rate"] == (2, 3)
    assert fractions(urgent)["filing_rate"] == (6, 6)  # 1, 2, 3, 9, 10, 13
    assert added_up([urgent]) == same


@pytest.mark.parametrize(("clock", "due"), [("21:59", 8), ("22:00", 9), ("23:30", 10)])
def test_deadline_is_due_from_its_own_minute_on(clock: str, due: int) -> None:
    """Case 10 is due at 22:00 and case 9 at 23:00, whether they are closed or not."""
    with assessed_cases.tables() as connection:
        assessed_cases.keep(connection, assessed_cases.story())
        period = Period(date(2026, 11, 18), date(2026, 11, 18), at(18, clock))
        assert total(connection, period)["due"] == due - 8
        assert total(connection, Period(NOVEMBER.first, NOVEMBER.last, at(18, clock)))["due"] == due


def test_groups_are_parts_of_the_whole() -> None:
    """Case 8 is of another unit, 14 of none; every dimension adds up to the same."""
    with assessed_cases.tables() as connection:
        assessed_cases.keep(connection, assessed_cases.story())
        by_unit = evaluation.sums(connection, NOVEMBER, Filters(), "unit")
        whole = total(connection, NOVEMBER)
        dimensions: tuple[By, ...] = ("unit", "district", "street", "code", "level", "month", "day")
        parts = [total(connection, NOVEMBER, by=by) for by in dimensions]
        none = total(connection, NOVEMBER, Filters(unit=NONE))
    assert set(by_unit) == {"", "siming-lights", "tongan-ads"}
    assert added_up(by_unit["siming-lights"].values())["reported"] == 1
    assert parts == [whole] * 7
    assert (none["reported"], none["filed"]) == (1, 0)


def test_empty_period_has_no_rates() -> None:
    """In October nothing was counted: 0 of 0 is no rate."""
    with assessed_cases.tables() as connection:
        assessed_cases.keep(connection, assessed_cases.story())
        period = Period(date(2026, 10, 1), date(2026, 10, 31), NOW_NS)
        found = evaluation.sums(connection, period, Filters(), "unit")
    assert found == {}
    assert [rate.value(added_up([])) for rate in RATES] == [None] * len(RATES)


def test_formula_says_what_is_divided() -> None:
    """As the assessment rules write it: closed in time by due less suspended."""
    assert RATE["close_on_time_rate"].formula == "due_closed_on_time ÷ (due − due_suspended)"
    assert RATE["alarm_precision"].formula == "confirmed ÷ (confirmed + false_alarms)"
    assert (RATE["handle_mean_s"].cases, RATE["close_rate"].cases) == ("handled", "due_closed")


@given(DAYS, DAYS)
def test_cover_is_the_days_of_the_period(one: date, other: date) -> None:
    """Years, months and days, some taken away, make each day of the period once and no other."""
    first, last = min(one, other), max(one, other)
    counted: Counter[str] = Counter()
    assert not any(segment.grain == "year" for segment in cover(first, last, by_month=True))
    for segment in cover(first, last):
        day = date(2023, 11, 1)
        while day < date(2027, 4, 1):
            text = f"{day:%Y%m%d}"
            if segment.first <= text[: len(segment.first)] <= segment.last:
                counted[text] += segment.sign
            day += timedelta(days=1)
    days = {f"{first + timedelta(days=n):%Y%m%d}": 1 for n in range((last - first).days + 1)}
    assert {day: n for day, n in counted.items() if n} == days


@given(DAYS, DAYS)
def test_cover_reads_half_a_month_of_days_at_each_end_at_most(one: date, other: date) -> None:
    """However a period lies, at most 15 days at its beginning and 15 at its end are read day by day."""
    first, last = min(one, other), max(one, other)
    days = [segment for segment in cover(first, last) if segment.grain == "day"]
    lengths = [int(segment.last[6:]) - int(segment.first[6:]) + 1 for segment in days]
    assert len(days) <= 2
    assert all(length <= monthrange(2024, 1)[1] // 2 for length in lengths)
    assert len(day_by_day(first, last)) == 1


def moments(opened_ns: int) -> st.SearchStrategy[int | None]:
    """Nothing yet, or up to 50 days after it was opened, to the hour."""
    return st.none() | st.integers(0, 1_200).map(lambda hours: opened_ns + hours * HOUR_NS)


@st.composite
def anything(draw: st.DrawFn) -> Case:
    """A case with any facts at all, opened within 80 days of now."""
    opened_ns = NOW_NS - draw(st.integers(0, 1_920)) * HOUR_NS
    names = ("filed", "dispatched", "accepted", "fed_back", "closed", "dispatch_due", "accept_due", "due", "suspended")
    return Case(
        number=f"{day_of(opened_ns)}-{draw(st.integers(1, 99_999)):05d}",
        kind=draw(st.sampled_from([*CaseKind, CaseKind.EVENT_PART])),
        code_class=draw(st.sampled_from(["part", "event"])),
        code=draw(st.sampled_from(["0390", "0590"])),
        outcome=draw(st.sampled_from(Outcome)),
        level=draw(st.sampled_from(Level)),
        title="",
        title_en="",
        source=draw(st.sampled_from(["sensor", "person"])),
        district=draw(st.sampled_from(["tongan", ""])),
        street=draw(st.sampled_from(["祥平街道", ""])),
        unit=draw(st.sampled_from(["ads", "lights", ""])),
        is_drill=draw(st.sampled_from([False, False, True])),
        opened_ns=opened_ns,
        stage_ns=opened_ns,
        reworked=draw(st.integers(0, 2)),
        extended=draw(st.integers(0, 1)),
        **{f"{name}_ns": draw(moments(opened_ns)) for name in names},
    )


FILTERS = st.builds(
    Filters,
    unit=st.sampled_from(["", "", "ads", NONE]),
    district=st.sampled_from(["", "", "tongan", NONE]),
    street=st.sampled_from(["", "", "祥平街道"]),
    code=st.sampled_from(["", "", "part 0390", "event 0590"]),
    level=st.sampled_from(["", "", "red", "blue"]),
    is_urgent=st.booleans(),
    districts=st.sampled_from([frozenset(), frozenset({"tongan"})]),
    units=st.sampled_from([frozenset(), frozenset({"ads", "lights"})]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(anything(), max_size=25, unique_by=lambda case: case.number), FILTERS, st.data())
def test_every_figure_leads_to_its_cases(found: list[Case], filters: Filters, data: st.DataObject) -> None:
    """For any cases, period and filters: the figure is how many cases are listed, page by page, and each once."""
    days = st.dates(date(2026, 8, 28), today(NOW_NS))
    first, last = sorted([data.draw(days), data.draw(days)])
    period = Period(first, last, NOW_NS)
    with assessed_cases.tables() as connection:
        assessed_cases.keep(connection, found)
        sums = total(connection, period, filters, data.draw(st.sampled_from(["none", "unit", "month", "day"])))
        for figure in COUNTS:
            wanted = evaluation.cases_of(figure, period, filters)
            counted = connection.execute(select(func.count()).select_from(cases).where(*wanted)).scalar_one()
            assert counted == amount(figure, sums), figure
            assert pages(connection, figure, period, filters) == counted, figure


def pages(connection: Connection, figure: str, period: Period, filters: Filters) -> int:
    """How many cases are listed, in pages of 3, newest first."""
    numbers: list[str] = []
    while found := evaluation.listed(
        connection, figure, period, filters, limit=3, before=numbers[-1] if numbers else ""
    ):
        numbers += [case.number for case in found]
    assert numbers == sorted(set(numbers), reverse=True)
    return len(numbers)


def test_seconds_are_those_of_the_cases_behind_a_mean() -> None:
    """The seconds a unit took to accept, added up over the cases that its link lists: 4380 s of 8 cases."""
    with assessed_cases.tables() as connection:
        assessed_cases.keep(connection, assessed_cases.story())
        listed = evaluation.listed(connection, RATE["accept_mean_s"].cases, NOVEMBER, Filters(), limit=100, before="")
    seconds = [(case.accepted_ns or 0) - (case.dispatched_ns or 0) for case in listed]
    assert (sum(seconds) // 10**9, len(listed)) == (4_380, 8)
    assert all(tally.added(case) for case in listed)
