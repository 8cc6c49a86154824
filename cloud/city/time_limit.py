"""Time limits (时限): round the clock, `30min`, `4h`, or in working time, `4wh`, `3wd`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import TypeAlias

from cloud.city.working_time import SECOND_NS, Calendar
from wire import scalars
from wire.alarm import Level
from wire.located import Block

DAYS_MAX = 366
_WORKING = re.compile(r"(\d{1,4}(?:\.\d{1,2})?) ?(wh|wd)")
_CLOCK_S = {"h": 3600.0, "min": 60.0}
_WORST_FIRST = sorted(Level, key=lambda level: -level.severity)


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """How long something may take: `seconds`, and `days` ordinary working days of the calendar.

    Round the clock (`30min`, `4h`) unless `is_working` (`4wh`, `3wd`); only then are there `days`.
    """

    seconds: float
    is_working: bool = False
    days: float = 0.0

    def __str__(self) -> str:
        """As it is written."""
        if self.is_working:
            return f"{self.days:g}wd" if self.days else f"{self.seconds / 3600:g}wh"
        for unit, size_s in _CLOCK_S.items():
            if self.seconds % size_s == 0:
                return f"{self.seconds / size_s:g}{unit}"
        return f"{self.seconds:g}s"

    def due_ns(self, start_ns: int, calendar: Calendar, factor: float = 1.0) -> int:
        """When it is over; `factor` > 0 shortens or lengthens it, as the mode of the city asks."""
        seconds = (self.seconds + self.days * calendar.day_s) * factor
        if self.is_working:
            return calendar.after(start_ns, seconds)
        return start_ns + round(seconds * SECOND_NS)

    def remaining_s(self, now_ns: int, due_ns: int, calendar: Calendar) -> float:
        """Seconds left, counted as the limit counts them; negative by how much it is overdue."""
        if not self.is_working:
            return (due_ns - now_ns) / SECOND_NS
        return calendar.between(now_ns, due_ns) - calendar.between(due_ns, now_ns)


LevelLimits: TypeAlias = Mapping[Level, TimeLimit]
"""A time limit for each of the four levels."""

NO_LIMITS: LevelLimits = MappingProxyType({})


def parse(text: str) -> TimeLimit:
    """`30min`, `4h`, `4wh` (working hours) or `3wd` (working days), at most a year; raises ValueError with examples."""
    expected = f"a time limit up to {DAYS_MAX}d: 30min or 4h round the clock, 4wh or 3wd in working time"
    found = _WORKING.fullmatch(text)
    amount = float(found[1]) if found else 0.0
    if found and found[2] == "wd":
        limit, days = TimeLimit(0.0, is_working=True, days=amount), amount
    elif found:
        limit, days = TimeLimit(amount * 3600, is_working=True), amount / 24
    else:
        try:
            limit = TimeLimit(scalars.duration_s(text))
        except ValueError:
            raise ValueError(expected) from None
        days = limit.seconds / 86_400
    if not 0 < days <= DAYS_MAX:
        raise ValueError(expected)
    return limit


def read(block: Block, base: LevelLimits = NO_LIMITS) -> dict[Level, TimeLimit]:
    """The limits of the four levels; what is not written is that of `base`. Mistakes go to the block's."""
    limits = {level: _limit(block, level, base.get(level)) for level in _WORST_FIRST}
    block.done()
    for worse, milder in combinations(_WORST_FIRST, 2):
        if _is_longer(limits[worse], limits[milder]):
            what = f"{worse} {limits[worse]} is longer than {milder} {limits[milder]}."
            block.wrong(worse if worse in block else milder, what, "give the worse level no more time", "E-CODE-005")
    return limits


def _limit(block: Block, level: Level, base: TimeLimit | None) -> TimeLimit:
    text = block.text(level, str(base) if base else None)
    try:
        return parse(text) if text else TimeLimit(1.0)
    except ValueError as error:
        block.wrong(level, f"{level.value!r} is {text!r}.", f"write {error}", "E-CODE-004")
        return base or TimeLimit(1.0)


def _is_longer(one: TimeLimit, other: TimeLimit) -> bool:
    """Only limits of one unit compare: what four working hours are on a clock depends on the day."""
    if (one.is_working, one.days > 0) != (other.is_working, other.days > 0):
        return False
    return (one.days, one.seconds) > (other.days, other.seconds)
