"""The statuses lane: what boxes say of themselves, into the ledger.

A lane of its own: when the cloud connects, the broker sends the retained status of every box at
once, and no alarm may queue behind ten thousand of them.

A box says how it is every 10 s, and the broker that it is gone. A box that died while the broker was down left
no such word, and its last one is that it is online: one that has fallen silent is said to be gone by us.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from random import Random

import msgspec

from cloud.backfill import tell
from cloud.ledger import Ledger
from cloud.outage import Outage
from cloud.ports import Delivery, Inbox
from cloud.quarantine import Quarantine
from cloud.tables.boxes import BoxState
from wire import receipt, topics
from wire.receipt import BoxStatus, Lane, Receipt

SILENT_S = 60.0
"""After so long without a word a box is gone (judgement: six of them did not come)."""
_LOOK_S = 10.0
_BEHIND_S = 1.0
"""A word that took so long to take may have kept others waiting: nobody is silent by the time that took."""


class StatusesLane:
    """Takes one status after the other."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        quarantine: Quarantine,
        changed: Callable[[], None],
        rng: Random,
        is_ours: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`changed` is called after a commit that others should hear of; `is_ours`: does this lane hear the box?"""
        self._ledger, self._quarantine, self._changed = ledger, quarantine, changed
        self._is_ours = is_ours
        self._outage = Outage("statuses", rng)
        self._looks = Outage("silent boxes", rng)
        self._heard: dict[str, float] = {}
        self._listens_since: float | None = None

    async def run(self, inbox: Inbox) -> None:
        """Until the link is lost (raises LinkError) or the lane is cancelled."""
        clock = asyncio.get_running_loop().time
        self._listens_since = clock()
        try:
            async for delivery in inbox.deliveries():
                began = clock()
                handle = partial(self._handle, delivery, inbox)
                await self._outage.outlast(partial(self._quarantine.guard, delivery.topic, delivery.payload, handle))
                delivery.ack()
                if clock() - began > _BEHIND_S:
                    self._listens_since = clock()
        finally:
            self._listens_since = None

    async def watch(self) -> None:
        """For ever: says of boxes that have fallen silent that they are gone."""
        while True:
            await asyncio.sleep(_LOOK_S)
            for state in await self._looks.outlast(self._ledger.boxes):
                if self._is_silent(state):
                    gone = msgspec.structs.replace(
                        msgspec.convert(state, BoxStatus, from_attributes=True), online=False
                    )
                    await self._looks.outlast(partial(self._ledger.save_status, gone))
                    self._changed()

    def _is_silent(self, state: BoxState) -> bool:
        if not state.online or self._listens_since is None or not self._is_ours(state.box):
            return False
        heard_at = max(self._listens_since, self._heard.get(state.box, 0.0))
        return asyncio.get_running_loop().time() - heard_at > SILENT_S

    async def _handle(self, delivery: Delivery, inbox: Inbox) -> None:
        """A box that has receipts for more alarm events than there are here is told so, and sends them again.

        Readings that are lacking are said in the log, and may be asked for.
        """
        topics.require_size(delivery.payload)
        status = receipt.decode_status(delivery.payload)
        topics.require_own(delivery.topic, status.box)
        if not delivery.is_retained:
            self._heard[status.box] = asyncio.get_running_loop().time()
        lacking = await self._ledger.save_status(status, is_fresh=not delivery.is_retained)
        tell(lacking.readings)
        if lacking.alarms_after is not None and not delivery.is_retained:
            less = Receipt(status.box, status.spool_id, Lane.ALARMS, lacking.alarms_after)
            await inbox.send(topics.topic(status.box, "receipts"), receipt.encode(less))
        self._changed()
