"""Working time: which hours count for a deadline, over nights, weekends, holidays and make-up days (调休).

    calendar:
      base: china                                  # cloud/calendars/china.yaml, or none
      zone: Asia/Shanghai
      hours: ["08:00-12:00", "14:30-18:00"]
      weekdays: [mon, tue, wed, thu, fri]
      holidays: [2026-09-08, 2026-12-28..2026-12-31]
      working_days: [2026-09-12]
      years: [2027]                                # these lists are complete for these years, too

Nothing must be written. What is written is added to the base, and holds against it. Of a year that
neither the base nor `years` names only the weekdays are known: see `Calendar.years_known`.

A year's spans are laid out once (3 ms) and kept; a question then costs 4 µs within a year, whatever the
days between: 2 ms for the deadlines of a list of 500 cases.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from cloud.city.day_ranges import DAYS_PATTERN, read_days
from cloud.city.hours import SPAN_PATTERN, USUAL, Span, read_hours
from wire.located import Block, Items, Mistakes, load, nearest

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SECOND_NS = 10**9
_YEARS_MAX = 100
_FOLDER, _FILE_SCHEMA = Path(__file__).parents[1] / "calendars", "egret.calendar/1"
_CHINA, _NO_BASE = "china", "none"


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a city works. A holiday beats a weekday, and a make-up day (`working_days`) beats both.

    `zone` is an IANA name; `hours` rise and do not overlap; `weekdays` are words of WEEKDAYS.
    `years_known`: the years whose holidays are told completely. Instants are UTC nanoseconds.
    """

    zone: str = "Asia/Shanghai"
    hours: tuple[Span, ...] = USUAL
    weekdays: tuple[str, ...] = WEEKDAYS[:5]
    holidays: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()
    years_known: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        """Raises ValueError: hours that cross midnight or overlap, or no working time at all."""
        edges = [minute for span in self.hours for minute in span]
        if not self.weekdays or not edges or edges[0] < 0 or edges[-1] > 24 * 60:
            raise ValueError(f"no working time: hours {self.hours}, weekdays {self.weekdays}")
        if any(span.opens >= span.closes for span in self.hours) or edges != sorted(edges):
            raise ValueError(f"hours must rise within the day and not overlap: {self.hours}")

    @property
    def day_s(self) -> float:
        """The working seconds of an ordinary day: what one working day means in a time limit."""
        return 60.0 * sum(span.closes - span.opens for span in self.hours)

    def works_on(self, day: date) -> bool:
        """Is this a working day?"""
        if day in self.working_days:
            return True
        return WEEKDAYS[day.weekday()] in self.weekdays and day not in self.holidays

    def is_working(self, time_ns: int) -> bool:
        """Does the clock of working time run? A span's last instant is no longer in it."""
        year = _year(self, self._year_of(time_ns))
        index = bisect_right(year.opens, time_ns) - 1
        return index >= 0 and time_ns < year.closes[index]

    def between(self, start_ns: int, end_ns: int) -> float:
        """Working seconds from start to end; 0 when the end is not after the start."""
        return self._between_ns(start_ns, end_ns) / SECOND_NS

    def after(self, start_ns: int, working_s: float) -> int:
        """The first instant at which `working_s` ≥ 0 have been worked since the start: 12:00, not 14:30.

        Raises ValueError: a negative time, or no such instant within a hundred years.
        """
        left = round(working_s * SECOND_NS)
        if left < 0:
            raise ValueError(f"working time {working_s} s is negative")
        if left == 0:
            return start_ns
        first = self._year_of(start_ns)
        left += _year(self, first).worked(start_ns)
        for number in range(first, first + _YEARS_MAX):
            year = _year(self, number)
            if left <= year.total:
                return year.when(left)
            left -= year.total
        raise ValueError(f"{working_s} s of working time are not done in {_YEARS_MAX} years")

    def _between_ns(self, start_ns: int, end_ns: int) -> int:
        if end_ns <= start_ns:
            return 0
        first, last = self._year_of(start_ns), self._year_of(end_ns)
        whole = sum(_year(self, number).total for number in range(first, last))
        return whole + _year(self, last).worked(end_ns) - _year(self, first).worked(start_ns)

    def _year_of(self, time_ns: int) -> int:
        return datetime.fromtimestamp(time_ns // SECOND_NS, ZoneInfo(self.zone)).year


@dataclass(frozen=True, slots=True)
class _Year:
    """The spans of a local year: when each opens and closes, and the working time done at its end, in ns."""

    opens: tuple[int, ...]
    closes: tuple[int, ...]
    done: tuple[int, ...]

    @property
    def total(self) -> int:
        return self.done[-1] if self.done else 0

    def worked(self, time_ns: int) -> int:
        """Working time from the start of the year."""
        index = bisect_right(self.opens, time_ns) - 1
        return self.done[index] - max(0, self.closes[index] - time_ns) if index >= 0 else 0

    def when(self, done: int) -> int:
        """The first instant at which so much is done, 0 < done ≤ total."""
        index = bisect_left(self.done, done)
        return self.closes[index] - (self.done[index] - done)


@lru_cache(maxsize=256)
def _year(calendar: Calendar, number: int) -> _Year:
    opens: list[int] = []
    closes: list[int] = []
    for start, end in _spans(calendar, number):
        # Where clocks are set forward, hours that do not exist run into those that follow.
        free = max(start, closes[-1]) if closes else start
        if free < end:
            opens.append(free)
            closes.append(end)
    done = accumulate(end - start for start, end in zip(opens, closes, strict=True))
    return _Year(tuple(opens), tuple(closes), tuple(done))


def _spans(calendar: Calendar, number: int) -> Iterator[tuple[int, int]]:
    zone = ZoneInfo(calendar.zone)
    day = date(number, 1, 1)
    while day.year == number:
        if calendar.works_on(day):
            midnight = datetime.combine(day, time(), zone)
            for span in calendar.hours:
                yield _instant_ns(midnight, span.opens), _instant_ns(midnight, span.closes)
        day += timedelta(days=1)


def _instant_ns(midnight: datetime, minute: int) -> int:
    # Adding to an aware datetime moves its wall clock, which is what working hours follow.
    return int((midnight + timedelta(minutes=minute)).timestamp()) * SECOND_NS


_USUAL = Calendar()


def read(block: Block) -> Calendar:
    """The section `calendar:` of cloud.yaml, empty when it is not there; mistakes go to the block's."""
    base = block.choice("base", [*_bases(), _NO_BASE], _CHINA)
    told = _told(base)
    holidays = read_days(block.sequence("holidays", optional=True))
    working_days = read_days(block.sequence("working_days", optional=True))
    for day in sorted(holidays & working_days):
        what = f"{day} is a holiday and a working day."
        block.wrong("working_days", what, "leave it in one of the two lists", "E-CAL-005")
    years = block.sequence("years", optional=True)
    calendar = Calendar(
        zone=_zone(block),
        hours=read_hours(block.sequence("hours")) if "hours" in block else _USUAL.hours,
        weekdays=_weekdays(block.sequence("weekdays")) if "weekdays" in block else _USUAL.weekdays,
        holidays=(told.holidays - working_days) | holidays,
        working_days=(told.working_days - holidays) | (working_days - holidays),
        years_known=told.years_known | {years.integer(index, 1970, 2200) for index in range(len(years))},
    )
    block.done()
    return calendar


def _bases() -> list[str]:
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


@lru_cache
def _told(base: str) -> Calendar:
    """What a shipped file tells. Raises ConfigError."""
    if base == _NO_BASE:
        return _USUAL
    mistakes = Mistakes()
    root = load(_FOLDER / f"{base}.yaml", mistakes)
    root.choice("schema", [_FILE_SCHEMA])
    holidays: set[date] = set()
    working_days: set[date] = set()
    years = root.mapping("years")
    for _, year in years.blocks():
        year.text("source")
        holidays |= read_days(year.sequence("holidays"))
        working_days |= read_days(year.sequence("working_days"))
        year.done()
    root.done()
    mistakes.raise_any()
    known = frozenset(int(number) for number in years)
    return Calendar(holidays=frozenset(holidays), working_days=frozenset(working_days), years_known=known)


def _zone(block: Block) -> str:
    name = block.text("zone", _USUAL.zone)
    if name in available_timezones():
        return name
    fix = f"{nearest(name, available_timezones())}, a name of the IANA time zone database"
    block.wrong("zone", f"there is no time zone {name!r}.", fix, "E-CAL-006")
    return _USUAL.zone


def _weekdays(items: Items) -> tuple[str, ...]:
    words = [items.choice(index, WEEKDAYS) for index in range(len(items))]
    if not words:
        items.mistakes.add(items.where, "'weekdays' is empty.", "write at least one, such as mon", "E-CAL-007")
    return tuple(word for word in WEEKDAYS if word in words) or _USUAL.weekdays


_DAY_LIST = {"type": "array", "items": {"type": "string", "pattern": DAYS_PATTERN}, "default": []}

SCHEMA: dict[str, object] = {
    "type": "object",
    "description": "which hours count for a time limit in working time",
    "properties": {
        "base": {"enum": [*_bases(), _NO_BASE], "default": _CHINA},
        "zone": {"type": "string", "default": _USUAL.zone, "description": "a name of the IANA time zone database"},
        "hours": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "pattern": SPAN_PATTERN},
            "default": [str(span) for span in _USUAL.hours],
        },
        "weekdays": {
            "type": "array",
            "minItems": 1,
            "items": {"enum": list(WEEKDAYS)},
            "default": list(_USUAL.weekdays),
        },
        "holidays": {**_DAY_LIST, "description": "days, or ranges such as 2026-10-01..2026-10-07"},
        "working_days": {**_DAY_LIST, "description": "make-up days on which people work"},
        "years": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "the lists are complete for these, too",
        },
    },
    "additionalProperties": False,
}
"""The section in the JSON Schema of cloud.yaml."""
