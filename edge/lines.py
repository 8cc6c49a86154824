"""The lines of a box as they run, and how they become those of another configuration.

A line that says the same in both runs on, and misses no poll. Of the others, those that go are stopped before those
that come are started: they may have changed ports, or addresses on one.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from types import TracebackType
from typing import Self

from edge.ble.radio import Radio
from edge.clock import BoxClock
from edge.data_use import DataMeter
from edge.line import LinePath
from edge.ports import LinePlan, Source
from edge.spool import Spool
from edge.supervise import keep_running
from wire import kinds
from wire.addresses import MQTT_JSON, QUIET_S
from wire.errors import ConfigError
from wire.inventory import Box, Inventory, Line, Sensor
from wire.located import Mistakes, block_of
from wire.reading import Sample
from wire.yaml_nodes import Bare, bare

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A line of one configuration, checked and ready. `says`, `sensors` and `has_budget` are all that matters of it."""

    line: Line
    says: Bare
    sensors: Mapping[str, Sensor]
    path: LinePath
    has_budget: bool

    def is_as(self, other: "_Plan | None") -> bool:
        """Would it run in the same way?"""
        mine = (self.says, self.sensors, self.has_budget)
        return other is not None and mine == (other.says, other.sensors, other.has_budget)


class Lines:
    """Those of one box."""

    def __init__(self, spool: Spool, root: str, clock: BoxClock, rng: Random, meter: DataMeter) -> None:
        """None runs yet."""
        self._spool, self._root, self._clock, self._rng, self._meter = spool, root, clock, rng, meter
        self._plans: dict[str, _Plan] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._changing = asyncio.Lock()
        self._heard: dict[str, float] = {}
        self.radio = Radio()
        """The box's Bluetooth adapter, for the lines that are opened from now on."""

    @property
    def heard_at(self) -> float:
        """When one of them last brought a measurement, by the event loop's clock; 0 for never."""
        return max(self._heard.values(), default=0.0)

    def sensors(self) -> Collection[str]:
        """Those of all lines."""
        return {name for plan in self._plans.values() for name in plan.sensors}

    def silences(self) -> Mapping[str, float | None]:
        """By line that has sensors, how many seconds ago it last brought a measurement; None for never."""
        now = asyncio.get_running_loop().time()
        with_sensors = [key for key, plan in self._plans.items() if plan.sensors]
        return {key: now - self._heard[key] if key in self._heard else None for key in with_sensors}

    def may_be_silent_s(self) -> Mapping[str, float]:
        """By line that has sensors, how long none of them may have brought one while all is well; 0 for at once."""
        return {key: _silence_s(plan) for key, plan in self._plans.items() if plan.sensors}

    def check(self, inventory: Inventory, box: Box) -> Mapping[str, _Plan]:
        """The lines of a configuration by their keys. Raises ConfigError with the mistakes of all of them."""
        mistakes = Mistakes()
        plans = {}
        is_sparing = (lambda: self._meter.is_sparing) if box.budget else None
        for line in box.lines:
            sensors = {name: inventory.sensors[name] for name in line.sensors}
            try:
                self._open_source(line, sensors)
                path = LinePath(sensors, inventory.version, self._spool, is_sparing)
            except ConfigError as error:
                mistakes.extend(error.mistakes)
            else:
                says = bare(block_of(line.options, line.where, Mistakes()).node)
                plans[line.key] = _Plan(line, says, sensors, path, is_sparing is not None)
        mistakes.raise_any()
        return plans

    async def become(self, inventory: Inventory, box: Box, tasks: asyncio.TaskGroup) -> None:
        """Run the lines of this configuration, in `tasks`. Raises ConfigError before anything is stopped."""
        async with self._changing:
            plans = self.check(inventory, box)
            self._meter.budget = box.budget
            stays = {key for key, plan in plans.items() if plan.is_as(self._plans.get(key))}
            await self._stop(self._plans.keys() - stays)
            for key in plans.keys() - stays:
                self._plans[key] = plans[key]
                plans[key].path.restore(self._spool.latest_states)
                self._running[key] = tasks.create_task(self._follow(box, plans[key]))
        sensors = sum(len(plan.sensors) for plan in plans.values())
        _log.info("box %s runs: %d lines, %d sensors, %d lines as before", box.id, len(plans), sensors, len(stays))

    async def ended(self) -> None:
        """Returns when all have ended by themselves (recordings); a box without lines never has."""
        while True:
            async with self._changing:
                running = [task for task in self._running.values() if not task.done()]
                is_over = bool(self._running) and not running
            if is_over:
                return
            await (asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED) if running else asyncio.sleep(1))

    async def stop(self) -> None:
        """All of them."""
        async with self._changing:
            await self._stop(set(self._plans))

    async def _stop(self, keys: set[str]) -> None:
        """Their rules' states are in the spool when this returns."""
        tasks = [self._running.pop(key) for key in keys]
        for key in keys:
            del self._plans[key]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _follow(self, box: Box, plan: _Plan) -> None:
        name = f"box {box.id}, line {plan.line.key}"
        open_source = partial(self._open_noticed, plan)
        await keep_running(name, plan.path, open_source, self._clock, self._rng)

    def _open_noticed(self, plan: _Plan) -> Source:
        return _Noticed(self._open_source(plan.line, plan.sensors), plan.sensors, partial(self._notice, plan.line.key))

    def _notice(self, key: str) -> None:
        self._heard[key] = asyncio.get_running_loop().time()

    def _open_source(self, line: Line, sensors: Mapping[str, Sensor]) -> Source:
        plan = LinePlan(line, sensors, self._root, self._clock, lambda: self._spool.waiting, self.radio)
        source: Source = kinds.find("edge.sources", line.source, where=line.where).open_source(plan)
        return source


def _silence_s(plan: _Plan) -> float:
    """As the line says, else the most talkative of its sensors."""
    usual_s = QUIET_S if plan.line.source == MQTT_JSON else 0.0
    own_s = block_of(plan.line.options, plan.line.where, Mistakes()).duration("silence", default=usual_s)
    return own_s or min(sensor.profile.timing.silence_s for sensor in plan.sensors.values())


class _Noticed:
    """A source whose sensors' measurements are noticed. Silence with a reason is none."""

    def __init__(self, source: Source, sensors: Collection[str], notice: Callable[[], None]) -> None:
        self._source, self._sensors, self._notice = source, sensors, notice

    async def __aenter__(self) -> Self:
        await self._source.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._source.__aexit__(kind, error, trace)

    async def __aiter__(self) -> AsyncIterator[Sample]:
        async for sample in self._source:
            if not sample.fault and sample.sensor in self._sensors:
                self._notice()
            yield sample
