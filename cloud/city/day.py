"""Days as this city counts them: in China's one time zone, without summer time since 1991."""

from datetime import UTC, datetime
from functools import lru_cache

_AHEAD_S, _DAY_S = 8 * 3600, 86_400


def day_of(time_ns: int) -> str:
    """The day of an instant: `20261124`."""
    return _name((time_ns // 10**9 + _AHEAD_S) // _DAY_S)


@lru_cache(maxsize=4_096)
def _name(days: int) -> str:
    """Of a day by its number since 1970 in China: a case asks for some ten, and most are of this week."""
    return datetime.fromtimestamp(days * _DAY_S, UTC).strftime("%Y%m%d")
