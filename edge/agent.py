"""The edge agent: one process on one box, from its lines to the broker.

Lines, spool and uplink run side by side. The uplink may be gone for days: sampling, judging and
keeping go on, and what was kept is sent when it is back.
"""

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from random import Random

from edge.clock import BoxClock
from edge.line import LinePath
from edge.ports import LinePlan, Source
from edge.spool import Spool
from edge.supervise import keep_running
from edge.uplink import OpenLink, Uplink
from wire import kinds
from wire.clock import ClockState
from wire.errors import ConfigError, Mistake
from wire.inventory import Box, Inventory, Line, Sensor
from wire.receipt import BoxStatus

_log = logging.getLogger(__name__)
_LOOK_S = 1.0
"""Between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class Options:
    """Where the box keeps its spool, what its absolute device paths are below, how long a batch gathers readings.

    `drain_s`: how long it waits for the last receipts when it stops.
    """

    data: Path
    root: str = "/"
    batch_s: float = 1.0
    drain_s: float = 8.0


class Agent:
    """One box of an inventory. `run` is its life."""

    def __init__(
        self, inventory: Inventory, box: Box, options: Options, *, open_link: OpenLink, clock: BoxClock, rng: Random
    ) -> None:
        """Checks every line's block. Raises ConfigError with all mistakes."""
        self._inventory, self._box, self._options = inventory, box, options
        self._open_link, self._clock, self._rng = open_link, clock, rng
        self._boot = uuid.uuid4().hex[:8]
        self._spool = Spool(options.data, batch_s=options.batch_s, limits=box.spool, boot=clock.boot)
        self._check_lines()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set or every source has ended; then what is kept is sent, for a few seconds at most.

        Raises EgretError, alone or in a group, when the spool cannot be read or written.
        """
        async with self._spool, asyncio.TaskGroup() as tasks:
            uplink = Uplink(self._open_link, self._spool, self._offline(), self._clock, self._rng)
            sending = tasks.create_task(uplink.run())
            keeping = tasks.create_task(self._spool.keep())
            timing = tasks.create_task(self._keep_time())
            await self._sample(stop)
            await self._spool.flush()
            with suppress(TimeoutError):
                async with asyncio.timeout(0 if uplink.is_gone else self._options.drain_s):
                    await self._spool.drained()
            uplink.leave()
            sending.cancel()
            keeping.cancel()
            timing.cancel()

    async def _keep_time(self) -> None:
        """For ever: watch the clock; once it is set, what waits for that is stamped."""
        while True:
            state = self._clock.look()
            if state is not ClockState.UNSET:
                await self._spool.settle(self._clock.offset_ns, is_sure=state is ClockState.SURE)
            await asyncio.sleep(_LOOK_S)

    async def _sample(self, stop: asyncio.Event) -> None:
        """All lines, until told to stop or none is left."""
        states = await self._spool.states()
        async with asyncio.TaskGroup() as tasks:
            lines = [tasks.create_task(self._follow(line, states)) for line in self._box.lines]
            stopping = tasks.create_task(_cancel_when(stop, lines))
            sensors = sum(len(line.sensors) for line in self._box.lines)
            _log.info("box %s runs: %d lines, %d sensors", self._box.id, len(lines), sensors)
            await (asyncio.gather(*lines, return_exceptions=True) if lines else stop.wait())
            stopping.cancel()

    async def _follow(self, line: Line, states: Mapping[str, bytes]) -> None:
        path = LinePath(self._sensors(line), self._inventory.version, self._spool)
        path.restore(states)
        name = f"box {self._box.id}, line {line.key}"
        await keep_running(name, path, partial(self._open_source, line), self._clock, self._rng)

    def _open_source(self, line: Line) -> Source:
        plan = LinePlan(line, self._sensors(line), self._options.root, self._clock, lambda: self._spool.waiting)
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

    def _offline(self) -> BoxStatus:
        return BoxStatus(
            self._box.id,
            online=False,
            time_ns=0,
            boot=self._boot,
            version=_own_version(),
            config_version=self._inventory.version,
        )


async def _cancel_when(stop: asyncio.Event, lines: Sequence[asyncio.Task[None]]) -> None:
    await stop.wait()
    for line in lines:
        line.cancel()


def _own_version() -> str:
    """As installed; empty in a checkout that is not."""
    try:
        return version("egret-city")
    except PackageNotFoundError:
        return ""
