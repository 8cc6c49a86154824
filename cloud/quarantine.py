"""What keeps a bad message from harming its lane: it is set aside with its reason, and the lane goes on.

This is one of the two places with a broad `except`: a message that breaks our own code is set
aside like any other poison.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from cloud.admission import Admission
from cloud.poison import Cause, Poison, PoisonFolder, Summary
from cloud.ports import Batch, Refusal, Store
from wire.blocking import OneAtATime
from wire.errors import EgretError, LinkError, Unavailable

_log = logging.getLogger(__name__)


class Quarantine:
    """The folder, off the event loop. Every method raises Unavailable while it cannot be used."""

    def __init__(self, folder: PoisonFolder, admission: Admission | None = None) -> None:
        """Does no I/O. `admission`: how much of one box is set aside; without it, everything."""
        self._folder, self._admission, self._call = folder, admission, OneAtATime()

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

    def has_room(self, topic: str, payload: bytes) -> bool:
        """May so much more of its box be set aside? Then it is charged; otherwise it is counted."""
        now_s = asyncio.get_running_loop().time()
        return self._admission is None or self._admission.admits(topic, len(payload), now_s)

    async def guard(self, topic: str, payload: bytes, handle: Callable[[], Awaitable[None]]) -> None:
        """Run one message's handler; what it cannot take is set aside, or let go when that is too much of one box.

        Raises Unavailable and LinkError: the message is not to blame, and comes again.
        """
        try:
            await handle()
        except (Unavailable, LinkError):
            raise
        except EgretError as error:
            if self.has_room(topic, payload):
                await self.put(topic, payload, str(error))
        except Exception as error:
            if self.has_room(topic, payload):
                _log.exception("defect while handling %s", topic)
                await self.put(topic, payload, f"defect: {error!r}")


async def leave_to_another(handle: Callable[[], Awaitable[None]]) -> None:
    """Run the handler of a message that another lane hears, too: what it cannot take is that lane's to set aside."""
    try:
        await handle()
    except Exception as error:
        _log.debug("left to the lane that hears it, too: %r", error)


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
