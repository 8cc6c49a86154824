"""Days as this city counts them: in China's one time zone, without summer time since 1991."""

from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))


def day_of(time_ns: int) -> str:
    """The day of an instant: `20261124`."""
    return datetime.fromtimestamp(time_ns // 10**9, UTC).astimezone(CHINA).strftime("%Y%m%d")
