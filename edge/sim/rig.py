"""The rig: the lines of a scenario as they would be on a bench, with a transcript of everything that was said."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from random import Random
from types import TracebackType
from typing import Self

from edge.sim.medium import Frame
from edge.sim.message_device import MessageDevice
from edge.sim.modbus_device import ModbusDevice
from edge.sim.pty_port import named
from edge.sim.scenario import DevicePlan, Event, LineScenario, Scenario
from edge.sim.serial_line import SerialLine
from edge.sim.stations import Babbler, Device
from edge.sim.transcript import Breach, PauseWatch
from wire.registers import Value

Told = Callable[[str, Frame, Breach | None], None]
"""Told the line's name, each frame, and what was wrong with the pause before it."""


class RiggedLine:
    """One line of a scenario while it runs."""

    def __init__(self, plan: LineScenario, rng: Random, told: Told) -> None:
        """Nothing is laid yet."""
        self.plan, self.watch = plan, PauseWatch()
        self.breaches: list[Breach] = []
        self.devices = {device.name: _device(device, rng) for device in plan.devices}
        self._told = told
        self._line = SerialLine(tuple(self.devices.values()), plan.frame, rng, heard=self._heard)
        self._plugs = AsyncExitStack()
        self._babblers: dict[str, Babbler] = {}

    async def __aenter__(self) -> Self:
        """Lays it. Raises PortBusy."""
        await self._line.__aenter__()
        self._line.faults = self.plan.faults
        self._name_ports()
        loop = asyncio.get_running_loop()
        self._timers = [loop.call_later(event.at_s, self._happen, event) for event in self.plan.events]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Takes it down."""
        for timer in self._timers:
            timer.cancel()
        for babbler in self._babblers.values():
            babbler.stop()
        await self._plugs.aclose()
        await self._line.__aexit__(kind, error, trace)

    def _name_ports(self) -> None:
        for index, port in enumerate(self.plan.ports):
            path = self._line.plug_in() if index else self._line.path or self._line.plug_in()
            self._plugs.enter_context(named(path, port))

    def _heard(self, frame: Frame) -> None:
        breach = self.watch.step(frame)
        if breach:
            self.breaches.append(breach)
        self._told(self.plan.name, frame, breach)

    def _happen(self, event: Event) -> None:
        if event.unplugged_s:
            self._unplug(event.unplugged_s)
        if event.line_faults is not None:
            self._line.faults = event.line_faults
        if event.device_faults is not None:
            self.devices[event.device].faults = event.device_faults
        if event.is_brown_out:
            self.devices[event.device].memory.factory_reset()
        if event.babble_s is not None:
            self._babble(event.device, event.babble_s)

    def _unplug(self, for_s: float) -> None:
        self._line.unplug()
        for port in self.plan.ports:
            port.unlink(missing_ok=True)
        self._timers.append(asyncio.get_running_loop().call_later(for_s, self._replug))

    def _replug(self) -> None:
        """Under the same names, as an adapter comes back at its /dev/serial/by-id."""
        for port in self.plan.ports:
            port.symlink_to(self._line.plug_in())

    def _babble(self, name: str, every_s: float) -> None:
        if name in self._babblers:
            self._babblers.pop(name).stop()
        if every_s:
            device = self.devices[name]
            self._babblers[name] = Babbler(self._line.medium, lambda: device.settings, every_s, device.unasked)


class Rig:
    """All lines of a scenario, from entering to leaving."""

    def __init__(self, scenario: Scenario, told: Told) -> None:
        """`told` sees every frame."""
        self.lines = [RiggedLine(line, Random(f"{scenario.seed}/{line.name}"), told) for line in scenario.lines]
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Lays them. Raises PortBusy."""
        async with AsyncExitStack() as stack:
            for line in self.lines:
                await stack.enter_async_context(line)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Takes them down."""
        await self._stack.aclose()


def _device(plan: DevicePlan, rng: Random) -> Device:
    made = MessageDevice if plan.profile.messages else ModbusDevice
    device = made(plan.profile, plan.unit, partial(_values, plan, rng))
    device.memory.configure(plan.baud, plan.frame)
    device.faults = plan.faults
    return device


def _values(plan: DevicePlan, rng: Random) -> Mapping[str, Value]:
    """What the scenario says, with its scatter."""
    return {
        name: value + rng.gauss(0.0, plan.spread[name]) if name in plan.spread and isinstance(value, float) else value
        for name, value in plan.values.items()
    }
