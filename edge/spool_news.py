"""What the log is told of a spool: one line when something begins, and one when it is over."""

import asyncio
import logging
from pathlib import Path

from edge.spool_damage import NAME
from wire.errors import EgretError
from wire.gap import Gap, Reason
from wire.inventory import SpoolLimits

_log = logging.getLogger(__name__)
_OVER_S = 60.0
"""Without readings that had to go, before it is said to be over."""

_FULL = (
    "%s: %s: from now on its oldest readings go and are counted as a gap; alarms stay. fix: see why the cloud sends no"
    " receipts, or %s. [E-SPOOL-005]"
)


class SpoolNews:
    """The spool in one folder."""

    def __init__(self, folder: Path, limits: SpoolLimits) -> None:
        """Nothing is wrong yet."""
        self._folder, self._limits = folder, limits
        self._refused_at: float | None = None
        self._full_at: float | None = None
        self._gone_at, self._gone = 0.0, 0

    def refused(self, error: EgretError) -> None:
        """The disk has not taken something."""
        if self._refused_at is None:
            self._refused_at = _clock()
            _log.warning("%s Meanwhile readings wait in memory, and then the lines wait.", error)

    def committed(self, gap: Gap | None) -> None:
        """The disk has taken a group; `gap`: what had to go for it."""
        now = _clock()
        if self._refused_at is not None:
            _log.warning("the spool in %s can be written again after %.0f s", self._folder, now - self._refused_at)
            self._refused_at = None
        if gap:
            if self._full_at is None:
                self._full_at, self._gone = now, 0
                _log.warning(_FULL, self._folder / NAME, *self._why(gap))
            self._gone_at, self._gone = now, self._gone + gap.count
        elif self._full_at is not None and now - self._gone_at >= _OVER_S:
            lasted_s = self._gone_at - self._full_at
            _log.warning(
                "the spool in %s has room again; %d readings went in %.0f s", self._folder, self._gone, lasted_s
            )
            self._full_at = None

    def _why(self, gap: Gap) -> tuple[str, str]:
        if gap.reason == Reason.SIZE:
            most = self._limits.most / 2**20
            return f"the spool has the {most:g} MiB that it may have", "raise `most:` of the box's `spool:`"
        free = self._limits.keep_free / 2**20
        return f"its disk has less than {free:g} MiB free", "make room on the disk"


def _clock() -> float:
    return asyncio.get_running_loop().time()
