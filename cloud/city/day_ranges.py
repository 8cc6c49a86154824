"""Days and ranges of days as people list them: `2026-10-10`, `2026-10-01..2026-10-07`."""

import re
from datetime import date, timedelta

from wire.located import Items

DAYS_PATTERN = r"^\d{4}-\d{2}-\d{2}(\.\.\d{4}-\d{2}-\d{2})?$"
RANGE_DAYS_MAX = 366


def read_days(items: Items) -> frozenset[date]:
    """All days of the list; a range has both its ends in it. Mistakes go to the list's."""
    return frozenset(day for index in range(len(items)) for day in _days(items, index))


def _days(items: Items, index: int) -> list[date]:
    text = items.text(index)
    fix = f"write a day such as 2026-10-10, or a range of at most {RANGE_DAYS_MAX} days: 2026-10-01..2026-10-07"
    ends = text.split("..") if re.fullmatch(DAYS_PATTERN, text) else []
    try:
        days = [date.fromisoformat(end) for end in ends]
    except ValueError as error:
        items.wrong(index, f"{text!r} is no day of the calendar: {error}.", fix, "E-CAL-004")
        return []
    count = (days[-1] - days[0]).days + 1 if days else 0
    if not 1 <= count <= RANGE_DAYS_MAX:
        items.wrong(index, f"{text!r} is no day and no range of days.", fix, "E-CAL-004")
        return []
    return [days[0] + timedelta(days=number) for number in range(count)]
