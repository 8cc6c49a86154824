"""Keeps one line running whatever happens to it, while its neighbours run on.

This is one of the two places with a broad `except`: an error nobody expected is a defect of ours,
logged in full, and must cost a restart of one line, not the box.
"""

import asyncio
import logging
from collections.abc import Callable
from random import Random

from edge.line import LinePath
from edge.ports import Now, Source
from wire.backoff import delays
from wire.errors import SourceError

_log = logging.getLogger(__name__)
_RETRY_FIRST_S, _RETRY_MOST_S = 1.0, 30.0


async def keep_running(name: str, path: LinePath, open_source: Callable[[], Source], now: Now, rng: Random) -> None:
    """Follow a line; when it is lost, say so once, record silence, and try again for ever.

    Returns when the source ends by itself (a recording). `name` is "box X, line Y" in the log.
    """
    lost_at: float | None = None
    pauses = delays(_RETRY_FIRST_S, _RETRY_MOST_S, rng)
    clock = asyncio.get_running_loop().time
    while True:
        try:
            async with open_source() as source:
                if lost_at is not None:
                    _log.warning("%s: back after %.0f s", name, clock() - lost_at)
                    lost_at, pauses = None, delays(_RETRY_FIRST_S, _RETRY_MOST_S, rng)
                await path.follow(source)
                return
        except SourceError as error:
            reason = str(error)
            if lost_at is None:
                _log.warning("%s: gone: %s", name, reason)
        except Exception as error:
            reason = f"defect: {error!r}"
            _log.exception("%s: a defect; the line is started again", name)
        lost_at = clock() if lost_at is None else lost_at
        try:
            async with asyncio.timeout(next(pauses)):
                await path.stay_silent(reason, now)
        except TimeoutError:
            continue
