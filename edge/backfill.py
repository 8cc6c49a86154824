"""What the cloud has asked for again: kept batches that had a receipt, sent behind whatever is new.

The cloud says how far it has come and says it again every few seconds, so the box remembers nothing of a request
beyond its connection, and has no clock of its own for it: what was lost on the way goes out again when the cloud
repeats itself.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

import msgspec

from edge.spool import Spool
from wire.batch import Batch
from wire.receipt import Receipt

WINDOW = 20
"""Messages that may be ahead of what the cloud says it has; fewer than of what is new."""
_BURST = 10
"""Messages at once: what is new waits behind no more."""
_PATIENCE_S = 6.0


class Backfill:
    """Of one connection."""

    def __init__(self, spool: Spool) -> None:
        """Nothing is asked for yet."""
        self._spool = spool
        self._asked: Receipt | None = None
        self._sent, self._heard_at = 0, 0.0
        self._ahead: deque[int] = deque()

    def hear(self, said: Receipt) -> None:
        """The cloud asks, or says how far it has come. What it repeats was lost, if it was sent a while ago."""
        assert said.again
        now = asyncio.get_running_loop().time()
        before, self._asked = self._asked, said
        if before is None or before.again != said.again:
            self._go_back(said.stored_through, now)
        elif said.stored_through > before.stored_through:
            self._sent, self._heard_at = max(self._sent, said.stored_through), now
            while self._ahead and self._ahead[0] <= said.stored_through:
                self._ahead.popleft()
        elif now - self._heard_at > _PATIENCE_S:
            self._go_back(before.stored_through, now)
        else:
            self._asked = before

    def _go_back(self, through: int, now: float) -> None:
        self._sent, self._heard_at = through, now
        self._ahead.clear()

    async def batches(self, burst: int) -> Sequence[Batch]:
        """The next ones that may go out now, marked as what they are; they count as sent."""
        asked, room = self._asked, min(burst, _BURST, WINDOW - len(self._ahead))
        if asked is None or asked.again is None or asked.spool_id != self._spool.id or room <= 0:
            return ()
        again = asked.again
        found = await self._spool.again(self._sent, again.through, again.since_ns, room)
        if asked is not self._asked or self._spool.id != asked.spool_id:
            return ()
        for batch in found:
            self._sent = batch.last_sequence
            self._ahead.append(batch.last_sequence)
        return [msgspec.structs.replace(batch, again=again.id) for batch in found]
