"""A box's spare ways into a cluster: connections that stand at two nodes, for alarms that the uplink is late with.

While a cluster of nats-servers elects a leader it lets nobody in, so they must stand before; and it hears nothing more
of a connection that waits for the PUBACK of a message, so the uplink is none of them, at whichever node. They have no
session and hear nothing. An alarm event goes over each of them once, at QoS 0, when the uplink does not stand, or no
receipt has come for a while: nodes hand that on to the cloud at once, and store nothing. Over each, for a node that
has lost its power says nothing, and the way to it seems to stand until the next ping. Its receipt comes by the uplink,
which sends it all the same.
"""

import asyncio
import logging
from collections.abc import Callable
from random import Random

from edge.alarm_messages import alarm_messages
from edge.data_use import DataMeter
from edge.link import SPARE_KEEPALIVE_S, MqttLinks, SpareLink
from edge.spool import Spool
from wire import topics, traffic
from wire.backoff import delays
from wire.errors import EgretError, LinkError
from wire.receipt import Lane

_log = logging.getLogger(__name__)
WAYS = 2
"""One node dies at a time."""
_RETRY_FIRST_S, _RETRY_MOST_S = 1.0, 60.0
_LOOK_S = 0.25
_LATE_S = 1.5
"""Without a receipt: it usually comes within half a second, and an alarm is to be a case within three (judgement)."""
_MESSAGES_AT_ONCE = 5


class SpareWays:
    """`is_linked`: does the uplink stand?"""

    def __init__(
        self, box: str, spool: Spool, links: MqttLinks, meter: DataMeter, rng: Random, is_linked: Callable[[], bool]
    ) -> None:
        """Nothing is connected yet. `links` make the uplink's connections, too; `meter` counts what goes over these."""
        self._box, self._spool, self._links, self._meter, self._rng = box, spool, links, meter, rng
        self._is_linked = is_linked
        self._topic = topics.topic(box, Lane.ALARMS.value)
        self._stored, self._stored_at = -1, 0.0

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(WAYS):
                tasks.create_task(self._stand(number))

    async def _stand(self, number: int) -> None:
        """At one node, connected again and again; the log says once that it cannot be, though the uplink can."""
        pauses, is_said = delays(_RETRY_FIRST_S, _RETRY_MOST_S, self._rng), False
        while True:
            try:
                async with self._links.spare(number) as spare:
                    pauses, is_said = delays(_RETRY_FIRST_S, _RETRY_MOST_S, self._rng), False
                    await self._until_lost(spare)
            except LinkError as error:
                if self._is_linked() and not is_said:
                    _log.warning("a spare way into the cluster does not stand: %s", error)
                    is_said = True
            except EgretError:
                pass  # the spool's, which says so itself
            await asyncio.sleep(next(pauses))

    async def _until_lost(self, spare: SpareLink) -> None:
        """Tell over it what is late. Raises LinkError when it is lost; the next one begins at the last receipt."""
        clock = asyncio.get_running_loop().time
        pinged_at = clock()
        spool_id, told = "", 0
        while True:
            spare.require()
            if clock() - pinged_at > SPARE_KEEPALIVE_S:
                pinged_at = clock()
                self._meter.add(traffic.PING)
            if self._spool.id != spool_id:
                spool_id, told = self._spool.id, 0
            if self._is_late(clock(), told):
                told = await self._tell(spare, told)
            await asyncio.sleep(_LOOK_S)

    async def _tell(self, spare: SpareLink, told: int) -> int:
        """What is behind `told` and has no receipt; the last sequence of it. Raises LinkError."""
        after = max(told, self._spool.depth(Lane.ALARMS).stored)
        for through, payload in await alarm_messages(self._box, self._spool, after, _MESSAGES_AT_ONCE):
            self._meter.add(traffic.message(self._topic, len(payload)))
            await spare.tell(self._topic, payload)
            after = through
        return after

    def _is_late(self, now: float, told: int) -> bool:
        """Is there an event that the uplink should have brought through, and that was not told?"""
        depth = self._spool.depth(Lane.ALARMS)
        if depth.stored != self._stored or not depth.waiting:
            self._stored, self._stored_at = depth.stored, now
        is_new = max(told, depth.stored) < depth.committed
        return is_new and (not self._is_linked() or now - self._stored_at >= _LATE_S)
