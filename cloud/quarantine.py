"""What keeps a bad message from harming its lane: it is set aside with its reason, and the lane goes on.

This is one of the two places with a broad `except`: a message that breaks our own code is set
aside like any other poison.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence

from cloud.poison import Cause, Poison, PoisonFolder, Summary
from cloud.ports import Batch, Refusal, Store
from wire.blocking import OneAtATime
from wire.errors import EgretError, LinkError, Unavailable

_log = logging.getLogger(__name__)


class Quarantine:
    """The folder, off the event loop. Every method raises Unavailable while it cannot be used."""

    def __init__(self, folder: PoisonFolder) -> None:
        """Does no I/O."""
        self._folder, self._call = folder, OneAtATime()

    async def put(self, topic: str, payload: bytes, reason: str, cause: Cause = Cause.UNREADABLE) -> None:
        """Returns when the message is durable."""
        await self._call(self._folder.put, topic, payload, reason, cause)

    async def summaries(self) -> Sequence[Summary]:
        """In the order they came last."""
        return await self._call(self._folder.summaries)

    async def get(self, name: str) -> Poison | None:
        """One message by its id."""
        return await self._call(self._folder.get, name)

    async def drop(self, name: str) -> None:
        """Forget a message."""
        await self._call(self._folder.drop, name)

    async def guard(self, topic: str, payload: bytes, handle: Callable[[], Awaitable[None]]) -> None:
        """Run one message's handler; what it cannot take is set aside.

        Raises Unavailable and LinkError: the message is not to blame, and comes again.
        """
        try:
            await handle()
        except (Unavailable, LinkError):
            raise
        except EgretError as error:
            await self.put(topic, payload, str(error))
        except Exception as error:
            _log.exception("defect while handling %s", topic)
            await self.put(topic, payload, f"defect: {error!r}")


async def write_or_refuse(store: Store, batches: Sequence[Batch]) -> Sequence[Refusal]:
    """What the store refuses. Raises Unavailable.

    When something in a group breaks the writing itself, its batches are written one by one, so that
    only the bad one is refused.
    """
    try:
        return await store.write(batches)
    except Unavailable:
        raise
    except Exception as error:
        if len(batches) == 1:
            _log.exception("defect while writing a batch of %s", batches[0].box)
            return [Refusal(batches[0], f"defect: {error!r}")]
    return [refusal for batch in batches for refusal in await write_or_refuse(store, [batch])]
