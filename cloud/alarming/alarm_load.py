"""How much alarms ask of the people who answer them: the figures of ISA-18.2 / IEC 62682.

Arithmetic only; what was raised when is read by `cloud.tables.alarm_load`. A count is of alarms that
were raised and shown to people, by the clocks of their boxes; tests and what is held count nothing.

Sources. More than 10 alarms in 10 minutes are a flood, which ends when there are fewer than 5; at most
1 in 10 minutes is asked of one operator; a share of 80/15/5 (and at most 1 % of the worst) from the
mildest level to the worst: ISA-18.2, performance metrics [M]. Three times within a minute is chatter:
the rule of thumb of alarm management, which the standard leaves open [M]. An alarm that is over within
a minute and does not chatter is fleeting: judgement. One that stands for a day is standing: EEMUA 191 [M].
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

from cloud.alarming.alarm_state import Alarm
from wire.alarm import TEST_RULE, Change, Level
from wire.inventory import UNREGISTERED

INTERVAL_NS = 600 * 10**9
FLOOD_ABOVE, FLOOD_ENDS_BELOW = 10, 5
"""Alarms in ten minutes."""
TARGET = 1.0
"""Alarms in ten minutes that one operator can answer with care."""
CHATTER_TIMES, CHATTER_NS = 3, 60 * 10**9
FLEETING_NS = 60 * 10**9
STANDING_NS = 24 * 3600 * 10**9
RECOMMENDED: Mapping[Level, float] = {Level.RED: 0.01, Level.ORANGE: 0.05, Level.YELLOW: 0.15, Level.BLUE: 0.80}
"""About this share of all alarms has this level."""


class Period(msgspec.Struct, frozen=True):
    """start_ns ≤ time < end_ns, in whole intervals; empty `district`: the city."""

    start_ns: int
    end_ns: int
    district: str = ""

    @property
    def intervals(self) -> int:
        """Of ten minutes."""
        return (self.end_ns - self.start_ns) // INTERVAL_NS


class Flood(msgspec.Struct, frozen=True):
    """From the first interval with more than 10 alarms to the end of the last with 5 or more. `peak`: the worst's."""

    start_ns: int
    end_ns: int
    raised: int
    peak: int
    first_out: str = ""


class Often(msgspec.Struct, frozen=True):
    """An alarm, how often, and its share of all."""

    alarm: str
    times: int
    share: float


class Rate(msgspec.Struct, frozen=True):
    """Alarms in ten minutes. `flood_share`: of the time, in which there were more than 10."""

    raised: int
    mean: float
    per_operator: float
    target_per_operator: float
    peak: int
    peak_start_ns: int
    flood_intervals: int
    flood_share: float


class Repeated(msgspec.Struct, frozen=True):
    """Alarms that come and go too fast, the most frequent first."""

    chattering: tuple[Often, ...]
    fleeting: tuple[Often, ...]


def period(start_ns: int, end_ns: int, district: str = "") -> Period:
    """The intervals that the time from start to end touches."""
    first, last = start_ns // INTERVAL_NS, -(-end_ns // INTERVAL_NS)
    return Period(first * INTERVAL_NS, last * INTERVAL_NS, district)


def rate(raised: Mapping[int, int], asked: Period, operators: int) -> Rate:
    """`raised`: alarms by the start of their interval; those without any may be missing."""
    total = sum(raised.values())
    peak_start_ns = max(raised, key=lambda start_ns: (raised[start_ns], -start_ns), default=asked.start_ns)
    flooded = sum(count > FLOOD_ABOVE for count in raised.values())
    return Rate(
        raised=total,
        mean=total / asked.intervals,
        per_operator=total / asked.intervals / operators,
        target_per_operator=TARGET,
        peak=raised.get(peak_start_ns, 0),
        peak_start_ns=peak_start_ns,
        flood_intervals=flooded,
        flood_share=flooded / asked.intervals,
    )


def floods(raised: Mapping[int, int]) -> list[Flood]:
    """The oldest first; without their first alarms."""
    spans: list[list[int]] = []
    for start_ns in sorted(raised):
        is_next = bool(spans) and spans[-1][-1] + INTERVAL_NS == start_ns
        if is_next and raised[start_ns] >= FLOOD_ENDS_BELOW:
            spans[-1].append(start_ns)
        elif raised[start_ns] > FLOOD_ABOVE:
            spans.append([start_ns])
    return [_flood(span, [raised[start_ns] for start_ns in span]) for span in spans]


def shares(by_level: Mapping[Level, int]) -> dict[Level, float]:
    """Of every level, the worst first; 0 when there were no alarms."""
    total = sum(by_level.values())
    return {level: by_level.get(level, 0) / total if total else 0.0 for level in Level}


def often(times: Mapping[str, int], total: int) -> tuple[Often, ...]:
    """The most frequent first."""
    ranked = sorted(times.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Often(alarm, count, count / total) for alarm, count in ranked)


def repeated(events: Iterable[tuple[str, Change, int]]) -> Repeated:
    """Of (alarm, raised or cleared, time in ns), the oldest first of each alarm."""
    said: defaultdict[str, list[tuple[Change, int]]] = defaultdict(list)
    for alarm, change, time_ns in events:
        said[alarm].append((change, time_ns))
    raised = {alarm: [time_ns for change, time_ns in lines if change is Change.RAISED] for alarm, lines in said.items()}
    chatter = {alarm: len(times) for alarm, times in raised.items() if _chatters(times)}
    short = Counter({alarm: _short(lines) for alarm, lines in said.items() if alarm not in chatter})
    total = sum(len(times) for times in raised.values())
    return Repeated(often(chatter, total), often(+short, total))


def first_outs(alarms: Sequence[Alarm]) -> frozenset[str]:
    """Ids of alarms that were first where others followed within ten minutes: where to look for the cause.

    Of more than 10 active alarms of a district, and of several of one site.
    """
    districts: defaultdict[str, list[Alarm]] = defaultdict(list)
    sites: defaultdict[str, list[Alarm]] = defaultdict(list)
    for alarm in sorted(alarms, key=lambda alarm: (alarm.since_ns, alarm.id)):
        if alarm.is_active and not alarm.is_held and alarm.rule != TEST_RULE:
            districts[alarm.district].append(alarm)
            sites[alarm.site].append(alarm)
    of_districts = (first for found in districts.values() for first in _firsts(found, FLOOD_ABOVE + 1))
    of_sites = (first for site, found in sites.items() if site not in ("", UNREGISTERED) for first in _firsts(found, 2))
    return frozenset({*of_districts, *of_sites})


def _flood(span: Sequence[int], counts: Sequence[int]) -> Flood:
    return Flood(span[0], span[-1] + INTERVAL_NS, sum(counts), max(counts))


def _chatters(times: Sequence[int]) -> bool:
    late = times[CHATTER_TIMES - 1 :]
    return any(last - first <= CHATTER_NS for first, last in zip(times, late, strict=False))


def _short(lines: Sequence[tuple[Change, int]]) -> int:
    """How often it was over in no time."""
    return sum(
        before is Change.RAISED and after is Change.CLEARED and end_ns - start_ns < FLEETING_NS
        for (before, start_ns), (after, end_ns) in pairwise(lines)
    )


def _firsts(alarms: Sequence[Alarm], many: int) -> Iterable[str]:
    """The first of every run in which, of alarms in order, `many` lie within ten minutes."""
    through = -1
    for at, (alarm, last) in enumerate(zip(alarms, alarms[many - 1 :], strict=False)):
        if last.since_ns - alarm.since_ns < INTERVAL_NS:
            if at > through:
                yield alarm.id
            through = at + many - 1
