"""Keeps one line running whatever happens to it, while its neighbours run on.

This is one of the two places with a broad `except`: an error nobody expected is a defect of ours,
logged in full, and must cost a restart of one line, not the box.
"""

import asyncio
import logging
from collections.abc import Callable
from random import Random

from edge.clock import BoxClock
from edge.line import LinePath
from edge.ports import Source
from wire.backoff import delays
from wire.errors import SourceError

_log = logging.getLogger(__name__)
_RETRY_FIRST_S, _RETRY_MOST_S = 1.0, 30.0


async def keep_running(
    name: str, path: LinePath, open_source: Callable[[], Source], clock: BoxClock, rng: Random
) -> None:
    """Follow a line; when it is lost, say so once, record silence, and try again for ever.

    Returns when the source ends by itself (a recording). `name` is "box X, line Y" in the log.
    """
    outage = _Outage(name, rng)
    reason, pause_s = "", 0.0
    while True:
        try:
            await path.stay_silent(reason, pause_s, clock)
            async with open_source() as source:
                async for sample in source:
                    await path.take(sample)
                    outage.over()
        except SourceError as error:
            reason = str(error)
            outage.began(reason)
        except Exception as error:
            reason = f"defect: {error!r}"
            outage.has_defect()
        else:
            return
        pause_s = outage.pause_s()


class _Outage:
    """What the log is told of a line, and how long to wait before it is tried again."""

    def __init__(self, name: str, rng: Random) -> None:
        self._name, self._rng = name, rng
        self._clock = asyncio.get_running_loop().time
        self._gone_at: float | None = None
        self._back_at = self._clock()
        self._defects = 0
        self._pauses = delays(_RETRY_FIRST_S, _RETRY_MOST_S, rng)

    def over(self) -> None:
        """A sample has come through."""
        if self._gone_at is None:
            return
        self._back_at = self._clock()
        _log.warning("%s: back after %.0f s", self._name, self._back_at - self._gone_at)
        self._gone_at = None

    def began(self, reason: str) -> None:
        """The line is lost; while it stays so, no more is said."""
        if self._is_news():
            _log.warning("%s: gone: %s", self._name, reason)

    def has_defect(self) -> None:
        """The exception being handled is none that we expect: it is always told."""
        self._is_news()
        self._defects += 1
        _log.exception("%s: defect no. %d of this line, which is started again", self._name, self._defects)

    def pause_s(self) -> float:
        """1 s, 2 s … 30 s, with jitter."""
        return next(self._pauses)

    def _is_news(self) -> bool:
        if self._gone_at is not None:
            return False
        self._gone_at = self._clock()
        if self._gone_at - self._back_at > _RETRY_MOST_S:  # a line that never lasts is not tried faster
            self._pauses = delays(_RETRY_FIRST_S, _RETRY_MOST_S, self._rng)
        return True
