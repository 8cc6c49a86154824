"""The hours of a working day as people write them: `["08:00-12:00", "14:30-18:00"]`."""

import re
from itertools import pairwise
from typing import NamedTuple

from wire.located import Items

SPAN_PATTERN = r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"


class Span(NamedTuple):
    """A part of every working day, in minutes after midnight: opens < closes ≤ 1440."""

    opens: int
    closes: int

    def __str__(self) -> str:
        """As it is written: `08:00-12:00`."""
        return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in self)


USUAL = (Span(8 * 60, 12 * 60), Span(14 * 60 + 30, 18 * 60))


def read_hours(items: Items) -> tuple[Span, ...]:
    """The spans of the list, in order; mistakes go to the list's, and the usual hours stand in."""
    found = sorted((span, index) for index in range(len(items)) if (span := _span(items, index)))
    for (first, _), (second, index) in pairwise(found):
        if second.opens < first.closes:
            fix = "let one begin where the other ends, or write them as one"
            items.wrong(index, f"{second} overlaps {first}.", fix, "E-CAL-003")
            return USUAL
    if not len(items):
        fix = 'write at least one, such as "08:00-12:00"'
        items.mistakes.add(items.where, "'hours' is empty.", fix, "E-CAL-007")
    return tuple(span for span, _ in found) or USUAL


def _span(items: Items, index: int) -> Span | None:
    text = items.text(index)
    if not re.fullmatch(SPAN_PATTERN, text):
        fix = 'write a part of the day such as "08:00-12:00", at most to 24:00'
        items.wrong(index, f"{text!r} is no part of a day.", fix, "E-CAL-001")
        return None
    span = Span(*(int(hour) * 60 + int(minute) for hour, minute in (end.split(":") for end in text.split("-"))))
    if span.opens < span.closes:
        return span
    fix = f'end it at midnight, "{text[:5]}-24:00", and let another begin at 00:00'
    items.wrong(index, f"{text} crosses midnight.", fix, "E-CAL-002")
    return None
