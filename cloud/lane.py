"""What keeps a lane running: connect, run, and connect again when the broker goes, until it is ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from random import Random

from cloud.outage import Outage
from cloud.ports import Delivery, Inbox
from cloud.quarantine import Quarantine
from wire.backoff import delays
from wire.errors import LinkError, first_of

_log = logging.getLogger(__name__)
_RETRY_FIRST_S, _RETRY_MOST_S = 0.25, 2.0
_CANCEL_AGAIN_S = 5.0


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """A cancellation is forgotten when a connection is made just then (`wait_for`, Python 3.11): it is said again."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_CANCEL_AGAIN_S)


async def _at_once() -> None:
    """Nothing need be waited for."""


async def keep_running(
    name: str,
    inbox: Inbox,
    run: Callable[[Inbox], Awaitable[None]],
    rng: Random,
    *,
    may_connect: Callable[[], Awaitable[None]] = _at_once,
) -> None:
    """Run a lane until cancelled. The log has a line when the broker goes, for each other reason, and when it is back.

    `may_connect` is waited for before each connection.
    """
    gone_since: float | None = None
    reasons: set[type[Exception]] = set()
    pauses = delays(_RETRY_FIRST_S, _RETRY_MOST_S, rng)
    loop = asyncio.get_running_loop()
    while True:
        await may_connect()
        try:
            async with inbox:
                if gone_since is not None:
                    _log.warning("%s: the broker is back after %.0f s", name, loop.time() - gone_since)
                    gone_since, pauses = None, delays(_RETRY_FIRST_S, _RETRY_MOST_S, rng)
                    reasons.clear()
                await run(inbox)
        except* LinkError as errors:
            gone_since = loop.time() if gone_since is None else gone_since
            if type(reason := first_of(errors)) not in reasons:
                reasons.add(type(reason))
                _log.warning("%s: %s", name, reason)
        await asyncio.sleep(next(pauses))


async def take(
    inbox: Inbox, handle: Callable[[Delivery], Awaitable[None]], outage: Outage, quarantine: Quarantine
) -> None:
    """One delivery after the other, each acknowledged when it is in the ledger, or set aside. Raises LinkError."""
    async for delivery in inbox.deliveries():
        guarded = partial(quarantine.guard, delivery.topic, delivery.payload, partial(handle, delivery))
        await outage.outlast(guarded)
        delivery.ack()
