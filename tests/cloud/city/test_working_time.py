"""Working time: deadlines over nights, weekends, National Day and its make-up Saturday."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.city import working_time
from cloud.city.hours import Span
from cloud.city.working_time import Calendar
from wire.errors import ConfigError
from wire.located import Mistakes, block_of, parse

HOUR_S = 3600.0
SECOND_NS = 10**9


def at(text: str, zone: str = "Asia/Shanghai") -> int:
    """UTC nanoseconds of a local time such as 2026-10-10 08:00."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND_NS


def clock(time_ns: int) -> str:
    """The local time in China, to read."""
    return datetime.fromtimestamp(time_ns // SECOND_NS, ZoneInfo("Asia/Shanghai")).strftime("%m-%d %H:%M")


def calendar_of(text: str) -> Calendar:
    """The calendar that a `calendar:` section describes; raises all its mistakes."""
    mistakes = Mistakes()
    read = working_time.read(parse(text, "cloud.yaml", mistakes))
    mistakes.raise_any()
    return read


@pytest.fixture(scope="module")
def china() -> Calendar:
    """The shipped calendar: 7.5 h a day, Monday to Friday, the holidays of 2026."""
    return working_time.read(block_of({}, "cloud.yaml", Mistakes()))


def test_a_working_day_is_seven_and_a_half_hours(china: Calendar) -> None:
    """08:00-12:00 and 14:30-18:00 are what one working day means in a time limit."""
    assert china.day_s == 7.5 * HOUR_S


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-18 08:00", 4, "11-18 12:00"),
        ("2026-11-18 11:00", 4, "11-18 17:30"),
        ("2026-11-18 13:00", 1, "11-18 15:30"),
        ("2026-11-18 17:00", 4, "11-19 11:00"),
        ("2026-11-20 17:59", 1, "11-23 08:59"),
        ("2026-11-20 23:30", 7.5, "11-23 18:00"),
    ],
)
def test_four_working_hours_pause_at_noon_at_night_and_at_weekends(
    china: Calendar, start: str, hours: float, due: str
) -> None:
    """A time limit ends when so many hours have been worked: at 12:00, not at 14:30."""
    assert clock(china.after(at(start), hours * HOUR_S)) == due


def test_national_day_2026_and_its_make_up_saturday(china: Calendar) -> None:
    """Filed on 30 September at 16:00: 2 h that day, seven days off, then Thursday; Saturday the 10th is worked."""
    filed = at("2026-09-30 16:00")
    assert clock(china.after(filed, 3 * HOUR_S)) == "10-08 09:00"
    assert clock(china.after(filed, (2 + 3 * 7.5) * HOUR_S)) == "10-10 18:00"
    assert clock(china.after(filed, (3 + 3 * 7.5) * HOUR_S)) == "10-12 09:00"
    assert china.between(at("2026-10-01 00:00"), at("2026-10-08 00:00")) == 0
    assert china.is_working(at("2026-10-10 09:00"))
    assert not china.is_working(at("2026-10-11 09:00"))


def test_spring_festival_is_nine_days_off_and_two_saturdays_on(china: Calendar) -> None:
    """14 and 28 February 2026 are worked, 15 to 23 are not."""
    worked = china.between(at("2026-02-14 00:00"), at("2026-03-01 00:00"))
    assert worked == (1 + 4 + 1) * 7.5 * HOUR_S


@pytest.mark.parametrize(
    ("local", "is_on"),
    [
        ("07:59:59", False),
        ("08:00:00", True),
        ("11:59:59", True),
        ("12:00:00", False),
        ("14:30:00", True),
        ("18:00:00", False),
    ],
)
def test_a_span_begins_with_its_first_instant_and_ends_before_its_last(
    china: Calendar, local: str, *, is_on: bool
) -> None:
    """At 12:00:00 the clock of working time stands."""
    assert china.is_working(at(f"2026-11-18 {local}")) is is_on


def test_no_time_is_over_at_once_and_nothing_runs_backwards(china: Calendar) -> None:
    """Zero seconds end where they begin, at night too; time that ran out before it began is 0; less is refused."""
    night = at("2026-11-18 23:00")
    assert china.after(night, 0) == night
    assert china.between(night, night - 10**15) == 0.0
    with pytest.raises(ValueError, match=r"working time -1.0 s is negative"):
        china.after(night, -1.0)


def test_a_deadline_crosses_the_year(china: Calendar) -> None:
    """2027 is not told, so its New Year's Day, a Friday, counts as worked."""
    assert clock(china.after(at("2026-12-31 17:00"), 2 * HOUR_S)) == "01-01 09:00"
    assert china.years_known == {2026}


def test_summer_time_moves_the_deadline_with_the_wall_clock() -> None:
    """In Berlin the night of 29 March 2026 has 23 h, and a shift over the missing hour has 7 h."""
    berlin = Calendar(zone="Europe/Berlin", hours=(Span(0, 8 * 60),), weekdays=("sun",))
    morning = at("2026-03-29 08:00", "Europe/Berlin")
    assert berlin.between(at("2026-03-28 12:00", "Europe/Berlin"), morning) == 7 * HOUR_S
    assert berlin.after(at("2026-03-29 00:00", "Europe/Berlin"), 7 * HOUR_S) == morning


def test_a_calendar_without_working_time_is_refused() -> None:
    """A span over midnight, two that overlap, or nothing but days off would make deadlines that mean nothing."""
    for hours in [(Span(1320, 360),), (Span(480, 720), Span(700, 900)), ()]:
        with pytest.raises(ValueError, match="hours"):
            Calendar(hours=hours)
    off = frozenset(date(2026, 1, 1) + timedelta(days=day) for day in range(38_000))
    with pytest.raises(ValueError, match="not done in 100 years"):
        Calendar(holidays=off).after(at("2026-11-18 08:00"), 1.0)


days = st.dates(date(2025, 12, 1), date(2027, 2, 1))
instants = st.integers(at("2025-12-01 00:00"), at("2027-02-01 00:00"))
lengths_s = st.integers(0, 100 * 3600 * 10**6).map(lambda micro: micro / 10**6)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Any hours, weekdays, days off and on, in zones with and without summer time."""
    edges = sorted(draw(st.lists(st.integers(0, 96), min_size=2, max_size=6, unique=True)))
    return Calendar(
        zone=draw(st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])),
        hours=tuple(Span(15 * opens, 15 * closes) for opens, closes in zip(edges[::2], edges[1::2], strict=False)),
        weekdays=tuple(draw(st.sets(st.sampled_from(working_time.WEEKDAYS), min_size=1))),
        holidays=frozenset(draw(st.sets(days, max_size=20))),
        working_days=frozenset(draw(st.sets(days, max_size=20))),
    )


@given(calendars(), instants, lengths_s)
def test_between_undoes_after(calendar: Calendar, start_ns: int, length_s: float) -> None:
    """What lies between the start and the deadline is the time limit, to the nanosecond, and not a moment later."""
    due_ns = calendar.after(start_ns, length_s)
    assert due_ns >= start_ns
    assert calendar._between_ns(start_ns, due_ns) == round(length_s * SECOND_NS)
    if length_s:
        assert calendar._between_ns(start_ns, due_ns - 1) == round(length_s * SECOND_NS) - 1
        assert calendar.is_working(due_ns - 1)


@given(calendars(), instants, instants)
def test_after_undoes_between(calendar: Calendar, start_ns: int, later_ns: int) -> None:
    """Working on until an instant of working time leads to that instant; from a pause it leads back to its start."""
    start_ns, end_ns = sorted((start_ns, later_ns))
    reached_ns = calendar.after(start_ns, calendar.between(start_ns, end_ns))
    assert reached_ns <= end_ns + 1
    if calendar.is_working(end_ns) and calendar.between(start_ns, end_ns):
        assert abs(reached_ns - end_ns) <= 1


@given(calendars(), st.lists(instants, min_size=3, max_size=3), lengths_s, lengths_s)
def test_working_time_adds_up_and_never_falls(
    calendar: Calendar, three_ns: list[int], one_s: float, other_s: float
) -> None:
    """Two parts make the whole; a later end is never less; a longer limit or a later start is never due earlier."""
    first, second, third = sorted(three_ns)
    parts = calendar._between_ns(first, second) + calendar._between_ns(second, third)
    assert parts == calendar._between_ns(first, third)
    assert 0 <= calendar.between(first, second) <= calendar.between(first, third)
    assert calendar.after(first, min(one_s, other_s)) <= calendar.after(first, max(one_s, other_s))
    assert calendar.after(first, one_s) <= calendar.after(third, one_s)


@given(calendars(), st.dates(date(2026, 1, 1), date(2026, 12, 30)))
def test_a_day_has_the_working_time_that_its_minutes_have(calendar: Calendar, day: date) -> None:
    """Counted minute by minute, as a person would count it."""
    zone = ZoneInfo(calendar.zone)
    start_ns, end_ns = (
        int(datetime(each.year, each.month, each.day, tzinfo=zone).timestamp()) * SECOND_NS
        for each in (day, day + timedelta(days=1))
    )
    minutes = sum(calendar.is_working(minute) for minute in range(start_ns, end_ns, 60 * SECOND_NS))
    assert calendar.between(start_ns, end_ns) == minutes * 60.0


def test_a_city_adds_to_the_base() -> None:
    """Its own holiday and make-up day hold against the base, whose other days stay; 2027 is known once it says so."""
    city = calendar_of(
        'hours: ["13:00-17:00", "08:00-12:00"]\n'
        "weekdays: [sat, mon, tue, wed, thu, fri]\n"
        "holidays: [2026-10-10, 2026-11-18..2026-11-20]\n"
        "working_days: [2026-10-07]\n"
        "years: [2027]\n"
    )
    assert city.hours == (Span(480, 720), Span(780, 1020))
    assert city.weekdays == ("mon", "tue", "wed", "thu", "fri", "sat")
    worked = [day for day in range(1, 32) if city.works_on(date(2026, 10, day))]
    assert worked == [7, 8, 9, *range(12, 18), *range(19, 25), *range(26, 32)]
    assert not city.works_on(date(2026, 11, 19))
    assert city.years_known == {2026, 2027}


def test_without_a_base_only_weekdays_are_known() -> None:
    """National Day is a Thursday like any other, and no year is said to be known."""
    plain = calendar_of("base: none\nzone: Europe/Berlin\n")
    assert plain.works_on(date(2026, 10, 1))
    assert not plain.works_on(date(2026, 10, 10))
    assert (plain.zone, plain.years_known) == ("Europe/Berlin", frozenset())


def test_all_mistakes_are_told_at_once_with_their_lines() -> None:
    """Each with its file:line, what to write instead, and its code."""
    text = (
        "base: chine\n"
        "zone: Asia/Xiamen\n"
        'hours: ["22:00-06:00", "8-12", "08:00-12:00", "11:00-13:00"]\n'
        "weekdays: []\n"
        "holidays: [2026-02-30, 10.10.2026, 2026-10-07..2026-10-01, 2026-05-01]\n"
        "working_days: [2026-05-01]\n"
        "lunch: none\n"
    )
    with pytest.raises(ConfigError) as caught:
        calendar_of(text)
    found = [(mistake.where.removeprefix("cloud.yaml:"), mistake.code) for mistake in caught.value.mistakes]
    assert found == [
        ("1", "E-FILE-014"),
        ("2", "E-CAL-006"),
        ("3", "E-CAL-002"),
        ("3", "E-CAL-001"),
        ("3", "E-CAL-003"),
        ("4", "E-CAL-007"),
        ("5", "E-CAL-004"),
        ("5", "E-CAL-004"),
        ("5", "E-CAL-004"),
        ("6", "E-CAL-005"),
        ("7", "E-FILE-010"),
    ]
    said = "\n".join(mistake.fix for mistake in caught.value.mistakes)
    assert 'end it at midnight, "22:00-24:00"' in said
    assert "write 'china'" in said


def test_the_schema_takes_what_the_reader_takes() -> None:
    """An editor underlines a span over 24:00 and a date that is none, and accepts the manual's example."""
    validator = jsonschema_rs.validator_for(working_time.SCHEMA)
    example = {"base": "china", "hours": ["08:00-12:00", "14:30-24:00"], "holidays": ["2026-10-01..2026-10-07"]}
    assert validator.is_valid(example)
    assert not validator.is_valid({"hours": ["08:00-25:00"]})
    assert not validator.is_valid({"holidays": ["1 October"]})
    assert not validator.is_valid({"weekdays": []})


def test_the_shipped_days_agree_with_another_collection(china: Calendar) -> None:
    """Every day of 2026 is worked or not as chinesecalendar says, where that is installed."""
    other = pytest.importorskip("chinese_calendar")
    year = [date(2026, 1, 1) + timedelta(days=day) for day in range(365)]
    assert [china.works_on(day) for day in year] == [other.is_workday(day) for day in year]
