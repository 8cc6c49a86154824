"""Calendar dates and periods of validity as people write them in our files: `2026-03-14`, `365d`, `1y`."""

import re
from datetime import date, timedelta, timezone

from wire.located import Block

CHINA = timezone(timedelta(hours=8))
YEAR_DAYS = 365
VALIDITY_DAYS_MAX = 36_500
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_PERIOD = re.compile(r"([1-9]\d{0,4}) ?([dy])")


def read_date(block: Block, key: str) -> date | None:
    """The date at `key`, None when it is left out; one that is not in the calendar is a mistake."""
    if key not in block:
        return None
    text = block.text(key)
    found = _DATE.fullmatch(text)
    if text and not found:
        block.wrong(key, f"{key!r} is {text!r}.", "write a date such as 2026-03-14", "E-CITY-017")
    if not found:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        what = f"{key!r} {text} is no day of the calendar."
        block.wrong(key, what, "write year-month-day, for example 2026-03-14", "E-CITY-017")
        return None


def read_period_days(block: Block, key: str) -> int | None:
    """Days of `365d` or `2y` (a year is 365 days) at `key`, None when it is left out."""
    if key not in block:
        return None
    text = block.text(key)
    found = _PERIOD.fullmatch(text)
    days = int(found[1]) * (YEAR_DAYS if found[2] == "y" else 1) if found else 0
    if text and not 1 <= days <= VALIDITY_DAYS_MAX:
        what = f"{key!r} is {text!r}."
        block.wrong(key, what, f"write days or years up to {VALIDITY_DAYS_MAX}d, such as 365d or 1y", "E-CITY-018")
        return None
    return days or None
