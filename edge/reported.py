"""What other systems report: times that are believed or not, messages that come twice, late or out of order."""

import logging
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from edge.clock import BoxClock, Stamp
from wire.inventory import Line

_log = logging.getLogger(__name__)
_SAID_MAX = 100
"""Different complaints of a line."""
_SECOND_NS = 1_000_000_000
_MILLISECOND_NS = 1_000_000
AHEAD_MOST_NS = 60 * _SECOND_NS
"""So much a report may be ahead of the box's clock (judgement); one that is more was made by a clock that is wrong."""
EARLIEST_NS = 946_684_800 * _SECOND_NS
"""1 January 2000: before that, clocks that were never set."""
LATEST_NS = 4_102_444_800 * _SECOND_NS
"""1 January 2100."""
_UNITS_NS = ((1e17, 1), (1e14, 1_000), (1e11, _MILLISECOND_NS), (0.0, _SECOND_NS))
"""From this magnitude on, a number of our century is in units of so many nanoseconds."""


class Complaints:
    """Of one line, each said once: a platform may send anything, and neighbours' devices may be many."""

    def __init__(self, line: Line) -> None:
        """Nothing was said."""
        self._name, self._said = f"box {line.box}, line {line.key}", set[str]()

    def say(self, complaint: str) -> None:
        """A whole sentence, with its code."""
        if complaint not in self._said and len(self._said) < _SAID_MAX:
            self._said.add(complaint)
            _log.warning("%s: %s", self._name, complaint)


class Place(Enum):
    """Where a report stands among those of the same thing."""

    NEW = auto()
    PAST = auto()
    """Another one is newer."""
    AGAIN = auto()
    """The newest, once more."""


class Order:
    """The newest report of each thing. What came before the start is not known."""

    def __init__(self) -> None:
        """Nothing was reported."""
        self._newest: dict[Hashable, tuple[int, object]] = {}

    def place(self, thing: Hashable, time_ns: int, said: object, *, is_retained: bool = False) -> Place:
        """Of a report that says so; it is remembered when it is the newest.

        One that the broker has kept is never new: it may be from before the start.
        """
        newest_ns, before = self._newest.get(thing, (-1, None))
        if time_ns < newest_ns:
            return Place.PAST
        if time_ns == newest_ns and (said is before or said == before):  # NaN is equal to nothing
            return Place.AGAIN
        if is_retained:
            return Place.PAST
        self._newest[thing] = time_ns, said
        return Place.NEW


class Stamps:
    """When the reports of some sensors were made, by themselves or by the box's clock."""

    def __init__(self, clock: BoxClock) -> None:
        """`clock` is the box's."""
        self._clock = clock
        self._last: dict[str, Stamp] = {}

    def of(self, sensor: str, time_ns: int | None) -> Stamp:
        """Of a report with such a time, or none. One that cannot be true is of now, and unsure."""
        own = self._clock.stamp()
        if time_ns is not None:
            is_ahead = not own.is_unsure and time_ns > own.time_ns + AHEAD_MOST_NS
            if EARLIEST_NS <= time_ns <= LATEST_NS and not is_ahead:
                return Stamp(time_ns, own.moved_ns, is_unsure=False)
            own = own._replace(is_unsure=True)
        self._last[sensor] = own = own.after(self._last.get(sensor))
        return own


def time_of(written: object) -> int:
    """Nanoseconds, in whole milliseconds, of a number since 1970 or of RFC 3339 text with its offset.

    Raises ValueError with what is wrong.
    """
    if isinstance(written, str) and not written.isdecimal():  # many numbers are dates, too, without their hyphens
        try:
            moment = datetime.fromisoformat(written)
        except ValueError:
            return _from_number(written)
        if moment.tzinfo is None:
            raise ValueError(f"the time {written[:40]!r} has no offset (2026-11-27T08:00:00+08:00)")
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
        return (since // timedelta(milliseconds=1)) * _MILLISECOND_NS
    return _from_number(written)


def _from_number(written: object) -> int:
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        raise ValueError(f"{str(written)[:40]!r} is no time")  # noqa: TRY004 - of a message, not of our own call
    try:
        number = written if isinstance(written, int) else float(written)
        unit_ns = next(unit_ns for least, unit_ns in _UNITS_NS if abs(number) >= least)
        return round(number * unit_ns) // _MILLISECOND_NS * _MILLISECOND_NS
    except (ValueError, OverflowError, StopIteration):
        raise ValueError(f"{str(written)[:40]!r} is no time") from None
