"""The samples of one line whose devices are asked: who is polled when, and what is said when a sensor is silent."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.bus import Answer, Bus, opened
from edge.clock import BoxClock, Stamp
from edge.kept_settings import KeptSettings
from edge.modbus_frame import reading, reply_size
from edge.poll_schedule import Part, Poll, PollSchedule
from edge.query_bus import QueryBus
from edge.serial_port import SerialSettings
from edge.tcp_bus import TcpBus
from wire.block_plan import shares
from wire.errors import DeviceRefused, FrameError, SourceTimeout
from wire.inventory import Sensor
from wire.line_load import blocks_of
from wire.messages import is_asked_for
from wire.profile import Block
from wire.reading import Sample
from wire.rtu import REQUEST_SIZE

_log = logging.getLogger(__name__)


class PolledLine:
    """A `Source`. Whoever iterates it owns the port: there is no task and no queue behind it."""

    def __init__(
        self,
        connect: Callable[[], AbstractAsyncContextManager[Bus | TcpBus | QueryBus]],
        polls: Sequence[tuple[Sensor, Part, float]],
        *,
        clock: BoxClock,
    ) -> None:
        """`polls`: sensor, block or message, and interval in seconds. Nothing is opened yet."""
        self._connect, self._polls = connect, tuple(polls)
        self._clock = clock
        self._stack = AsyncExitStack()
        self._last: dict[Poll, Stamp] = {}

    async def __aenter__(self) -> Self:
        """Opens the port, or the connection. Raises SourceError."""
        self._bus: Bus | TcpBus | QueryBus = await self._stack.enter_async_context(self._connect())
        start = asyncio.get_running_loop().time()
        self._kept = None if isinstance(self._bus, QueryBus) else KeptSettings(self._bus)
        self.schedule = PollSchedule(Poll(sensor, block, every_s, start) for sensor, block, every_s in self._polls)
        self._warn_of_overload()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
        await self._stack.aclose()

    async def __aiter__(self) -> AsyncIterator[Sample]:
        """One sample a poll, also for a poll that failed, and for the other blocks of a silent sensor.

        Raises SourceError when the port is lost.
        """
        loop = asyncio.get_running_loop()
        while True:
            poll = self.schedule.next(loop.time())
            await asyncio.sleep(poll.due - loop.time())
            samples = await self._samples(poll)
            for sample in samples:
                yield sample
            if self._kept and not samples[0].fault:
                await self._kept.compare(poll.sensor)
            for other in self.schedule.silenced_by(poll):
                for sample in self._stamped(other, fault=samples[0].fault):
                    yield sample

    async def _samples(self, poll: Poll) -> list[Sample]:
        """One for each of the profile's blocks that were asked for."""
        loop = asyncio.get_running_loop()
        sensor = poll.sensor
        try:
            answer = await self._answer(poll)
        except (SourceTimeout, FrameError, DeviceRefused) as error:
            was_gone = poll.gone_since is not None
            poll.failed(error, loop.time())
            if poll.gone_since is not None and not was_gone:
                if self._kept:
                    self._kept.forget(sensor)
                _log.warning("sensor %s gives no valid reply: %s", sensor.id, error)
            return self._stamped(poll, fault=str(error))
        gone_since = poll.gone_since
        poll.answered(loop.time())
        if gone_since is not None:
            self.schedule.wake(sensor, loop.time())
            _log.warning("sensor %s is back after %.0f s", sensor.id, loop.time() - gone_since)
        framed = self._stamped(poll)
        if not isinstance(self._bus, TcpBus):
            framed = [replace(sample, request=answer.request, reply=answer.reply) for sample in framed]
        if not isinstance(poll.block, Block):
            return framed
        read = shares(poll.block, answer.numbers)
        return [replace(sample, registers=numbers) for sample, numbers in zip(framed, read, strict=True)]

    async def _answer(self, poll: Poll) -> Answer:
        unit, part, timing = poll.sensor.unit, poll.block, poll.sensor.profile.timing
        if isinstance(self._bus, QueryBus):
            return await self._bus.read(unit, part.name, timing)
        if isinstance(part, Block):
            return await self._bus.read(unit, part, timing)
        raise TypeError(f"{part.name} is no block")

    def _stamped(self, poll: Poll, *, fault: str = "") -> list[Sample]:
        """Samples of now, without their registers: one for each of the profile's blocks."""
        stamp = self._last[poll] = self._clock.stamp().after(self._last.get(poll))
        parts = (isinstance(poll.block, Block) and poll.block.parts) or (poll.block,)
        return [
            Sample(
                poll.sensor.id,
                stamp.time_ns,
                part.name,
                fault=fault,
                clock_unsure=stamp.is_unsure,
                moved_ns=stamp.moved_ns,
            )
            for part in parts
        ]

    def _warn_of_overload(self) -> None:
        if not isinstance(self._bus, Bus):
            return
        port = self._bus.port
        load = sum(
            _poll_s(sensor, part, port.settings) / every_s
            for sensor, part, every_s in self._polls
            if isinstance(part, Block)
        )
        if load > 1:
            _log.warning(
                "port %s: the polls need %.0f %% of the line's time, so all come less often."
                " fix: raise `every`, or put some of the sensors on another line. [E-BUS-018]",
                port.path,
                100 * load,
            )


def _poll_s(sensor: Sensor, block: Block, settings: SerialSettings) -> float:
    """The line's time of one poll, without the device's own."""
    octets = REQUEST_SIZE + reply_size(reading(sensor.unit, block))
    return octets * settings.character_s + max(sensor.profile.timing.gap_s, settings.silence_s)


def turns(sensors: Iterable[Sensor], every_s: float | None) -> list[tuple[Sensor, Part, float]]:
    """All that each sensor is asked for, and how often: as the sensor says, else the line, else the profile."""
    found: list[tuple[Sensor, Part, float]] = []
    for sensor in sensors:
        found += [(sensor, block, block.every_s) for block in blocks_of(sensor, every_s)]
        found += [
            (sensor, shape, sensor.interval_s(every_s, shape.every_s))
            for shape in sensor.profile.messages.values()
            if is_asked_for(shape)
        ]
    return found


@asynccontextmanager
async def serial_bus(path: Path, settings: SerialSettings, *, rs485: bool) -> AsyncIterator[Bus]:
    """The only client of a port, while it is open. Raises PortBusy."""
    with opened(path, settings, rs485=rs485) as bus:
        yield bus
