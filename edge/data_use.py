"""The data a box uses in a month, and whether it has to be sparing: alarms always go, readings give way.

Used is what has been sent and received since the first of the month (UTC), as `wire.traffic` counts it. A box with a
budget is sparing while it has used more than the share of the month that is over, and a little in hand, allows: then
one sample in ten minutes leaves, what changes its quality, and what stands around an alarm.
"""

import logging
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from edge.ports import Now
from wire.receipt import BoxStatus

_log = logging.getLogger(__name__)

_STATE = "box data"
"""Names what is used among the states of rules: no id has a space in it."""
_IN_HAND = 0.03
"""Of what is left of the month, before a box becomes sparing: a day in its beginning (judgement)."""
_MONTHS_KEPT = 3
"""A clock that jumps into another month and back finds what it had counted."""


def used_by(states: Mapping[str, bytes]) -> Mapping[str, int]:
    """Bytes by month (`2026-11`), as a spool keeps it; a count that cannot be read begins anew."""
    try:
        return msgspec.msgpack.decode(states.get(_STATE, b"\x80"), type=dict[str, int])
    except msgspec.MsgspecError as error:
        _log.warning("the kept count of data cannot be read, it begins anew: %s", error)
        return {}


class DataMeter:
    """Counts for one box. `budget`: bytes a month, 0 for none."""

    def __init__(self, budget: int, now: Now) -> None:
        self.budget, self._now = budget, now
        self._used: dict[str, int] = {}
        self.is_sparing = False
        """Must readings give way? As of the last message, or the last time that the count was kept."""

    def add(self, size: int) -> None:
        """Bytes were sent or received."""
        month = self._month()
        self._used[month] = self._used.get(month, 0) + size
        self._weigh()

    def tell(self, status: BoxStatus) -> BoxStatus:
        """The box's status with it."""
        self._weigh()
        return msgspec.structs.replace(
            status,
            data_used_mb=round(self._used.get(self._month(), 0) / 1e6),
            data_budget_mb=-(-self.budget // 10**6),
            is_sparing=self.is_sparing,
        )

    def states(self) -> Mapping[str, bytes]:
        """To be kept among the states of rules."""
        self._weigh()
        newest = dict(sorted(self._used.items())[-_MONTHS_KEPT:])
        return {_STATE: msgspec.msgpack.encode(newest)}

    def restore(self, states: Mapping[str, bytes]) -> None:
        """Go on counting, with what was sent since the start."""
        for month, size in used_by(states).items():
            self._used[month] = self._used.get(month, 0) + size
        self._weigh()

    def _weigh(self) -> None:
        """It ends when time has caught up with what was used."""
        if self.budget:
            over = self._elapsed()
            ahead = self._used.get(self._month(), 0) / self.budget - over
            self.is_sparing = ahead > (0 if self.is_sparing else _IN_HAND * (1 - over))

    def _today(self) -> datetime:
        return datetime.fromtimestamp(self._now() / 1e9, UTC)

    def _month(self) -> str:
        return f"{self._today():%Y-%m}"

    def _elapsed(self) -> float:
        """The share of the month that is over."""
        today = self._today()
        days = monthrange(today.year, today.month)[1]
        return (today - today.replace(day=1, hour=0, minute=0, second=0, microsecond=0)).total_seconds() / 86_400 / days
