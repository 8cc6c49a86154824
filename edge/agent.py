"""The edge agent: one process on one box, from its lines to the broker.

Lines, spool and uplink run side by side. The uplink may be gone for days: sampling, judging and
keeping go on, and what was kept is sent when it is back.
"""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from random import Random

from edge.answers import Answers
from edge.asked import Asked, mode_of, samples_of
from edge.ble.radio import Radio
from edge.checkup import Facts
from edge.clock import BoxClock
from edge.configuration import Configuration
from edge.data_use import DataMeter
from edge.lines import Lines
from edge.link import MqttLinks
from edge.spare_ways import SpareWays
from edge.spool import Spool
from edge.uplink import OpenLink, Uplink
from wire.clock import ClockState
from wire.command import Verb
from wire.inventory import Box, Inventory
from wire.receipt import BoxStatus

_LOOK_S = 1.0
"""Between two looks at the clock."""
_COUNT_S = 30.0
"""Between two times that the count of data is kept."""


@dataclass(frozen=True, slots=True)
class Options:
    """Where the box keeps its spool, what its absolute device paths are below, how long a batch gathers readings.

    `drain_s`: how long it waits for the last receipts when it stops. `asked`: what it can be asked for. `radio`: its
    Bluetooth adapter. `nodes`: in a cluster, what makes its connections.
    """

    data: Path
    root: str = "/"
    batch_s: float = 1.0
    drain_s: float = 8.0
    asked: Asked | None = None
    radio: Radio = field(default_factory=Radio)
    nodes: MqttLinks | None = None


class Agent:
    """One box of an inventory. `run` is its life."""

    def __init__(
        self,
        inventory: Inventory,
        box: Box,
        options: Options,
        *,
        open_link: OpenLink,
        clock: BoxClock,
        rng: Random,
        configuration: Configuration | None = None,
    ) -> None:
        """Checks every line's block. Raises ConfigError with all mistakes.

        `configuration`: what may change `inventory` while the box runs.
        """
        self._inventory, self._box, self._options = inventory, box, options
        self._configuration = configuration
        self._open_link, self._clock, self._rng = open_link, clock, rng
        self._boot = uuid.uuid4().hex[:8]
        self._spool = Spool(options.data, batch_s=options.batch_s, limits=box.spool, boot=clock.boot)
        self._meter = DataMeter(box.budget, clock.now)
        self._lines = Lines(self._spool, options.root, clock, rng, self._meter)
        self._lines.radio = options.radio
        self._lines.check(inventory, box)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set or every source has ended; then what is kept is sent, for a few seconds at most.

        Raises EgretError, alone or in a group, when the spool cannot be read or written.
        """
        async with self._spool, asyncio.TaskGroup() as tasks:
            self._meter.restore(self._spool.latest_states)
            uplink = self._uplink()
            counting = tasks.create_task(self._count())
            ways = [tasks.create_task(uplink.run())]
            if self._options.nodes:
                spare = self._spare_ways(self._options.nodes, lambda: uplink.is_linked)
                ways.append(tasks.create_task(spare.run()))
            keeping = tasks.create_task(self._spool.keep())
            timing = tasks.create_task(self._keep_time())
            await self._sample(stop, uplink)
            await self._spool.flush()
            with suppress(TimeoutError):
                async with asyncio.timeout(0 if uplink.is_gone else self._options.drain_s):
                    await self._spool.drained()
            uplink.leave()
            for way in ways:
                way.cancel()
            counting.cancel()
            await self._spool.add((), (), self._meter.states())
            keeping.cancel()
            timing.cancel()

    def _spare_ways(self, links: MqttLinks, is_linked: Callable[[], bool]) -> SpareWays:
        return SpareWays(self._box.id, self._spool, links, self._meter, self._rng, is_linked)

    def _uplink(self) -> Uplink:
        began = asyncio.get_running_loop().time()

        def facts() -> Facts:
            running_s = asyncio.get_running_loop().time() - began
            return Facts(uplink.status(), running_s, self._lines.silences(), self._lines.may_be_silent_s())

        uplink = Uplink(
            self._open_link, self._spool, self._offline(), self._clock, self._rng, self._configuration, self._meter
        )
        acts = dict(self._options.asked.acts(facts)) if self._options.asked else {}
        acts[Verb.SAMPLES] = samples_of(
            self._spool, self._options.data, self._meter, self._lines.sensors, self._clock.now
        )
        if self._configuration:
            acts[Verb.MODE] = mode_of(self._configuration, self._clock.now)
        uplink.answers = Answers(self._box.id, self._clock.now, acts)
        return uplink

    async def _keep_time(self) -> None:
        """For ever: watch the clock; once it is set, what waits for that is stamped."""
        while True:
            state = self._clock.look()
            if state is not ClockState.UNSET:
                await self._spool.settle(self._clock.offset_ns, is_sure=state is ClockState.SURE)
            await asyncio.sleep(_LOOK_S)

    async def _count(self) -> None:
        """What a kill -9 costs of the count is what was sent since."""
        while True:
            await asyncio.sleep(_COUNT_S)
            await self._spool.add((), (), self._meter.states())

    async def _sample(self, stop: asyncio.Event, uplink: Uplink) -> None:
        """All lines, until told to stop or none is left."""
        async with asyncio.TaskGroup() as tasks:
            await self._lines.become(self._inventory, self._box, tasks)
            waiting = [tasks.create_task(stop.wait()), tasks.create_task(self._lines.ended())]
            taking = []
            if self._configuration:
                run = self._configuration.run(self._lines, tasks, lambda: uplink.is_linked)
                taking.append(tasks.create_task(run))
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in (*waiting, *taking):
                task.cancel()
            await asyncio.wait([*waiting, *taking])
            await self._lines.stop()

    def _offline(self) -> BoxStatus:
        return BoxStatus(
            self._box.id,
            online=False,
            time_ns=0,
            boot=self._boot,
            version=_own_version(),
            config_version=self._inventory.version,
        )


def _own_version() -> str:
    """As installed; empty in a checkout that is not."""
    try:
        return version("egret-city")
    except PackageNotFoundError:
        return ""
