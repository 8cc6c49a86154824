"""The edge agent: one process on one box, from its lines to the broker.

Lines, spool and uplink run side by side. The uplink may be gone for days: sampling, judging and
keeping go on, and what was kept is sent when it is back.
"""

import asyncio
import logging
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from random import Random

from edge.line import LinePath
from edge.link import MqttLink
from edge.ports import LinePlan, Link, Now, Source
from edge.publish import publish
from edge.spool import Spool
from edge.supervise import keep_running
from wire import kinds, receipt, topics
from wire.backoff import delays
from wire.broker import Broker
from wire.errors import ConfigError, LinkError, Mistake, first_of
from wire.inventory import Box, Inventory, Line, Sensor
from wire.receipt import BoxStatus, Lane

_log = logging.getLogger(__name__)
_RETRY_FIRST_S, _RETRY_MOST_S = 0.5, 5.0
_STATUS_S = 10.0
_DRAIN_S, _DRAIN_LOOK_S = 8.0, 0.05
_VERSION = version("egret-city")


@dataclass(frozen=True, slots=True)
class Options:
    """Where the box keeps its spool, where its broker is, and what its absolute device paths are below."""

    data: Path
    broker: Broker
    root: str = "/"
    batch_s: float = 1.0


class Agent:
    """One box of an inventory. `run` is its life."""

    def __init__(self, inventory: Inventory, box: Box, options: Options, now: Now, rng: Random) -> None:
        """Checks every line's block. Raises ConfigError with all mistakes."""
        self._inventory, self._box, self._options, self._now, self._rng = inventory, box, options, now, rng
        self._boot = uuid.uuid4().hex[:8]
        self._spool = Spool(options.data, batch_s=options.batch_s)
        self._check_lines()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set or every source has ended; then what is kept is sent, for a few seconds at most."""
        async with self._spool, asyncio.TaskGroup() as tasks:
            uplink = tasks.create_task(self._uplink())
            keeping = tasks.create_task(self._spool.keep())
            await self._sample(stop)
            await self._spool.flush()
            with suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_S):
                    await self._drained()
            uplink.cancel()
            keeping.cancel()

    async def _sample(self, stop: asyncio.Event) -> None:
        """All lines, until told to stop or none is left."""
        states = await self._spool.states()
        lines = asyncio.gather(*(self._follow(line, states) for line in self._box.lines))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([lines, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not lines.done():
            lines.cancel()
        with suppress(asyncio.CancelledError):
            await lines

    async def _follow(self, line: Line, states: Mapping[str, bytes]) -> None:
        path = LinePath(self._sensors(line), self._inventory.version, self._spool)
        path.restore(states)
        name = f"box {self._box.id}, line {line.key}"
        await keep_running(name, path, partial(self._open_source, line), self._now, self._rng)

    def _open_source(self, line: Line) -> Source:
        plan = LinePlan(line, self._sensors(line), self._options.root, self._now)
        source: Source = kinds.find("edge.sources", line.source, where=line.where).open_source(plan)
        return source

    def _sensors(self, line: Line) -> Mapping[str, Sensor]:
        return {name: self._inventory.sensors[name] for name in line.sensors}

    def _check_lines(self) -> None:
        """Raises ConfigError with the mistakes of all lines."""
        mistakes: list[Mistake] = []
        for line in self._box.lines:
            try:
                self._open_source(line)
            except ConfigError as error:
                mistakes += error.mistakes
        if mistakes:
            raise ConfigError(mistakes)

    async def _uplink(self) -> None:
        """Connect and publish, again and again; the log has one line when the broker goes, one when it is back."""
        gone_at: float | None = None
        pauses = delays(_RETRY_FIRST_S, _RETRY_MOST_S, self._rng)
        clock = asyncio.get_running_loop().time
        while True:
            will = receipt.encode(BoxStatus(self._box.id, online=False, time_ns=0, boot=self._boot, version=_VERSION))
            try:
                async with MqttLink(self._options.broker, self._box.id, will) as link, asyncio.TaskGroup() as tasks:
                    if gone_at is not None:
                        _log.warning("the broker is back after %.0f s", clock() - gone_at)
                        gone_at, pauses = None, delays(_RETRY_FIRST_S, _RETRY_MOST_S, self._rng)
                    tasks.create_task(self._report(link))
                    tasks.create_task(publish(self._box.id, self._spool, link, self._rng))
            except* LinkError as errors:
                if gone_at is None:
                    gone_at = clock()
                    _log.warning("%s; everything is kept in %s", first_of(errors), self._options.data)
            await asyncio.sleep(next(pauses))

    async def _report(self, link: Link) -> None:
        while True:
            await link.send(topics.topic(self._box.id, "status"), receipt.encode(await self._status()), retain=True)
            await asyncio.sleep(_STATUS_S)

    async def _status(self) -> BoxStatus:
        waiting = [(await self._spool.depth(lane)).waiting for lane in Lane]
        return BoxStatus(
            self._box.id,
            online=True,
            time_ns=self._now(),
            boot=self._boot,
            version=_VERSION,
            spool_id=self._spool.id,
            waiting=sum(waiting),
            config_version=self._inventory.version,
        )

    async def _drained(self) -> None:
        """Everything that was kept has its receipt."""
        for lane in Lane:
            while (await self._spool.depth(lane)).waiting:
                await asyncio.sleep(_DRAIN_LOOK_S)
