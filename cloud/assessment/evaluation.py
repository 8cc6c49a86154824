"""考核评价: the rates that units, districts and streets are assessed by, made of the figures of `cloud.cases.tally`.

A rate is never shown without its numerator and denominator, and each of the two is a set of cases that
can be listed. Arithmetic only; `cloud.tables.evaluation` reads the sums.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from cloud.cases.tally import FIGURES
from wire.alarm import Level
from wire.dates import CHINA

SECOND_NS = 10**9
PERIOD_DAYS_MAX = 3 * 366
URGENT = (Level.RED, Level.ORANGE)
"""紧急: they are assessed apart. Which levels are urgent is a judgement."""
_HALF_A_YEAR = 6
POINTS_PER_SENT_BACK = 1
"""扣分 for each rejected verification. That it costs points: Jinhua's rules; how many: judgement."""
JINHUA = "Jinhua assessment rules"
FUZHOU = "Fuzhou bulletin, second quarter of 2022"
JUDGEMENT = "judgement: cities report it, and we read no formula"

By = Literal["none", "unit", "district", "street", "code", "level", "month", "day"]
Sums = Mapping[str, int]
"""Figure to amount; a figure that is not in it is 0."""

DERIVED: Mapping[str, tuple[tuple[int, str], ...]] = {
    "due_unsuspended": ((1, "due"), (-1, "due_suspended")),
    "sensor_closed": ((1, "confirmed"), (1, "false_alarms")),
}
"""Denominators that are no figure of their own."""
NONE = "-"
"""A unit, district, street or code that a case has not; no id begins with it."""
COUNTS = (*(figure for figure in FIGURES if not figure.endswith("_s") and figure != "reworks"), *DERIVED)
"""What cases can be listed for; seconds of a stage belong to the cases that ended it, reworks to those sent back."""

FIGURE_WORDS: Mapping[str, str] = {
    "reported": "上报数",
    "filed": "立案数",
    "dispatched": "派遣数",
    "dispatched_on_time": "按时派遣数",
    "accepted": "接单数",
    "accepted_on_time": "按时接单数",
    "handled": "处置数",
    "handled_on_time": "按时处置数",
    "sent_back": "返工数",
    "reworks": "返工次数",
    "due": "应结案数",
    "due_suspended": "其中挂账数",
    "due_closed": "其中结案数",
    "due_closed_on_time": "其中按期结案数",
    "closed": "结案数",
    "verified": "核查后结案数",
    "extended": "延期数",
    "confirmed": "传感报警属实数",
    "false_alarms": "传感误报数",
    "dispatch_s": "派遣用时秒数",
    "accept_s": "接单用时秒数",
    "handle_s": "处置用时秒数",
    "verify_s": "核查用时秒数",
}


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate: `numerator` ÷ `denominator`, each a figure or derived from some.

    `cases` is the figure whose cases the numerator is made of: itself, but for seconds. `unit` is that
    of the value: `share` (0.9988 is 99.88 %) or `s`, a mean.
    """

    id: str
    zh: str
    en: str
    numerator: str
    denominator: str
    source: str
    unit: Literal["share", "s"] = "share"

    @property
    def formula(self) -> str:
        """In figures: `due_closed ÷ (due − due_suspended)`."""
        return f"{self.numerator} ÷ {_written(self.denominator)}"

    @property
    def cases(self) -> str:
        """See the class."""
        return self.denominator if self.unit == "s" else self.numerator

    def value(self, sums: Sums) -> float | None:
        """None when nothing is in the denominator: a rate of nothing is no rate."""
        below = amount(self.denominator, sums)
        return amount(self.numerator, sums) / below if below else None


RATES = (
    Rate("filing_rate", "立案率", "filed of those reported", "filed", "reported", JUDGEMENT),
    Rate("dispatch_on_time_rate", "派遣及时率", "dispatched on time", "dispatched_on_time", "dispatched", JUDGEMENT),
    Rate("accept_on_time_rate", "接单及时率", "accepted on time", "accepted_on_time", "accepted", JUDGEMENT),
    Rate("handle_on_time_rate", "处置及时率", "handled on time", "handled_on_time", "handled", JUDGEMENT),
    Rate("close_on_time_rate", "按期结案率", "closed on time", "due_closed_on_time", "due_unsuspended", JINHUA),
    Rate("close_rate", "结案率", "closed", "due_closed", "due_unsuspended", JINHUA),
    Rate("rework_rate", "返工率", "sent back", "sent_back", "handled", JINHUA),
    Rate("extension_rate", "延期率", "extended", "extended", "closed", FUZHOU),
    Rate(
        "alarm_precision", "报警准确率", "sensor alarms with something behind", "confirmed", "sensor_closed", JUDGEMENT
    ),
    Rate("false_alarm_rate", "误报率", "sensor alarms with nothing behind", "false_alarms", "sensor_closed", JUDGEMENT),
    Rate("dispatch_mean_s", "平均派遣用时", "mean time to dispatch", "dispatch_s", "dispatched", JUDGEMENT, "s"),
    Rate("accept_mean_s", "平均接单用时", "mean time to accept", "accept_s", "accepted", JUDGEMENT, "s"),
    Rate("handle_mean_s", "平均处置用时", "mean time to handle", "handle_s", "handled", JUDGEMENT, "s"),
    Rate("verify_mean_s", "平均核查用时", "mean time to verify", "verify_s", "verified", JUDGEMENT, "s"),
)


@dataclass(frozen=True, slots=True)
class Period:
    """Days in China, both included, as they are known at `now_ns` (UTC): nothing later than that counts."""

    first: date
    last: date
    now_ns: int

    @property
    def start_ns(self) -> int:
        """The first instant."""
        return midnight_ns(self.first)

    @property
    def end_ns(self) -> int:
        """The instant after the last."""
        return midnight_ns(self.last + timedelta(days=1))

    @property
    def due_end_ns(self) -> int:
        """As `end_ns` for deadlines: one that is still ahead is not due."""
        return min(self.end_ns, self.now_ns + 1)

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Filters:
    """Which cases; an empty field does not choose, `-` chooses those that have none.

    `code` is class and digits: `part 0390`. `is_urgent`: only such. `districts` and `units`, when not
    empty, are all that the asker may see.
    """

    unit: str = ""
    district: str = ""
    street: str = ""
    code: str = ""
    level: str = ""
    is_urgent: bool = False
    districts: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Segment:
    """Days `20261101`, months `202611` or years `2026` of the sums, `first` to `last`; `sign` -1 takes them away."""

    sign: int
    grain: Literal["year", "month", "day"]
    first: str
    last: str


def amount(figure: str, sums: Sums) -> int:
    """A figure, or one derived from figures."""
    return sum(sign * sums.get(name, 0) for sign, name in DERIVED.get(figure, ((1, figure),)))


def penalty(sums: Sums) -> int:
    """Points that rejected verifications cost."""
    return POINTS_PER_SENT_BACK * sums.get("reworks", 0)


def midnight_ns(day: date) -> int:
    """The instant a day begins in China."""
    return int(datetime.combine(day, time(), CHINA).timestamp()) * SECOND_NS


def today(now_ns: int) -> date:
    """The day in China."""
    return datetime.fromtimestamp(now_ns // SECOND_NS, UTC).astimezone(CHINA).date()


def cover(first: date, last: date, *, by_month: bool = False) -> tuple[Segment, ...]:
    """The fewest rows that make up a period: a month that is mostly in it is taken whole, less the days outside.

    `by_month`: without rows of whole years, which say nothing of their months.
    """
    segments: list[Segment] = []
    whole: list[date] = []
    for month in months(first, last):
        end = _month_end(month)
        inside = (max(first, month), min(last, end))
        length = (inside[1] - inside[0]).days + 1
        if length * 2 <= end.day:
            segments.append(_days(1, *inside))
            continue
        whole.append(month)
        if inside[0] > month:
            segments.append(_days(-1, month, inside[0] - timedelta(days=1)))
        if inside[1] < end:
            segments.append(_days(-1, inside[1] + timedelta(days=1), end))
    return (*segments, *_whole(whole, by_month=by_month))


def _whole(months_in: list[date], *, by_month: bool) -> Iterator[Segment]:
    """Months in a row, the longer part of a year as that year, less the months that are not in."""
    if not months_in:
        return
    counted = Counter(month.year for month in months_in)
    years = [] if by_month else [year for year, count in counted.items() if count > _HALF_A_YEAR]
    yield from _months(1, [month for month in months_in if not years or month.year < years[0]])
    if not years:
        return
    yield Segment(1, "year", str(years[0]), str(years[-1]))
    # Only the first and the last year can be incomplete.
    begins, ends = months_in[0], months_in[-1]
    yield from _months(-1, [date(begins.year, month, 1) for month in range(1, begins.month) if begins.year in years])
    yield from _months(-1, [date(ends.year, month, 1) for month in range(ends.month + 1, 13) if ends.year in years])
    yield from _months(1, [month for month in months_in if month.year > years[-1]])


def _months(sign: int, run: list[date]) -> Iterator[Segment]:
    if run:
        yield Segment(sign, "month", f"{run[0]:%Y%m}", f"{run[-1]:%Y%m}")


def day_by_day(first: date, last: date) -> tuple[Segment, ...]:
    """The rows of each day."""
    return (_days(1, first, last),)


def months(first: date, last: date) -> list[date]:
    """The first days of all months that a period touches."""
    found = [first.replace(day=1)]
    while (following := _month_end(found[-1]) + timedelta(days=1)) <= last:
        found.append(following)
    return found


def added_up(parts: Iterable[Sums]) -> dict[str, int]:
    """The sums of several groups, with all figures."""
    total = dict.fromkeys(FIGURES, 0)
    for part in parts:
        for figure, number in part.items():
            total[figure] += number
    return total


def _days(sign: int, first: date, last: date) -> Segment:
    return Segment(sign, "day", f"{first:%Y%m%d}", f"{last:%Y%m%d}")


def _month_end(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _written(figure: str) -> str:
    parts = DERIVED.get(figure)
    if parts is None:
        return figure
    words = " ".join(f"{'−' if sign < 0 else '+'} {name}" for sign, name in parts)
    return f"({words.removeprefix('+ ')})"
