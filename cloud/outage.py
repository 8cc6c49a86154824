"""Waiting for a database that is away: one line in the log when it goes, one when it is back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar

from wire.backoff import delays
from wire.errors import Unavailable

T = TypeVar("T")

_log = logging.getLogger(__name__)
_RETRY_FIRST_S, _RETRY_MOST_S = 0.25, 1.0
"""A database on one's own network costs nothing to ask, and everybody waits for it when it is back."""


class Outage:
    """An outage as one lane sees it. It outlives the lane's connections, so it is said once."""

    def __init__(self, waiting: str, rng: Random) -> None:
        """`waiting`: what has to wait meanwhile, for the log."""
        self._waiting, self._rng = waiting, rng
        self._since: float | None = None

    async def outlast(self, act: Callable[[], Awaitable[T]]) -> T:
        """What `act` returns. It is done again while it raises Unavailable, as long as that takes."""
        clock = asyncio.get_running_loop().time
        for pause_s in delays(_RETRY_FIRST_S, _RETRY_MOST_S, self._rng):
            try:
                done = await act()
            except Unavailable as error:
                if self._since is None:
                    self._since = clock()
                    _log.warning("%s must wait: %s", self._waiting, error)
                await asyncio.sleep(pause_s)
            else:
                if self._since is not None:
                    _log.warning("%s need wait no longer, after %.0f s", self._waiting, clock() - self._since)
                    self._since = None
                return done
        raise AssertionError("delays never end")
