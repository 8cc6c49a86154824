"""The samples of one device that speaks by itself on a serial port, and how much of what it says is damaged."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

from edge.clock import BoxClock
from edge.serial_port import SerialPort
from edge.talkers import Talker
from wire.fields import stream_of
from wire.inventory import Sensor
from wire.messages import Message
from wire.reading import Sample

ACCOUNT_S = 3600.0
"""How often damage is told."""
_NOTABLE = 0.01
_FIX = "check power, wiring, baud rate and frame, and that it sends by itself (`egret bus scan` listens)."

_log = logging.getLogger(__name__)


class StreamLine:
    """A `Source`. Whoever iterates it owns the port: there is no task and no queue behind it."""

    def __init__(
        self, connect: Callable[[], SerialPort], sensor: Sensor, every_s: float | None, *, clock: BoxClock
    ) -> None:
        """`every_s` is the line's interval. Nothing is opened yet."""
        self._connect, self._sensor, self._every_s, self._clock = connect, sensor, every_s, clock
        self._stream = stream_of(sensor.profile)
        self._came_at = 0.0

    async def __aenter__(self) -> Self:
        """Opens the port. Raises PortBusy."""
        self._port = self._connect()
        now = asyncio.get_running_loop().time()
        self._talker = Talker(self._sensor, every_s=self._every_s, clock=self._clock, now=now, fix=_FIX)
        self._account = _Account(self._port.path.name, now)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
        self._port.close()

    async def __aiter__(self) -> AsyncIterator[Sample]:
        """One sample an interval, and while the device is silent one that says so. Raises SourceError."""
        loop = asyncio.get_running_loop()
        while True:
            octets = await self._port.receive(self._talker.due)
            now = loop.time()
            messages = self._fed(octets, now)
            self._talker.dropped = self._stream.dropped
            for message in messages:
                self._talker.heard(message, now)
            self._account.step(len(octets), self._stream.dropped, now)
            for sample in self._talker.samples(now):
                yield sample

    def _fed(self, octets: bytes, now: float) -> list[Message]:
        """What is whole with these bytes. Where the device was silent before, what it had begun is no part of them."""
        if octets:
            if now - self._came_at > self._sensor.profile.timing.silence_s:
                self._stream.forget()
            self._came_at = now
        return self._stream.feed(octets)


class _Account:
    """Which share of the bytes is no message: said once an hour, when it is worth saying."""

    def __init__(self, port: str, now: float) -> None:
        self._port, self._due = port, now + ACCOUNT_S
        self._came = self._dropped_before = 0

    def step(self, came: int, dropped: int, now: float) -> None:
        """So many bytes more; `dropped` of all since the beginning were no message."""
        self._came += came
        if now < self._due:
            return
        spoilt = dropped - self._dropped_before
        if spoilt > _NOTABLE * self._came:
            _log.warning(
                "port %s: %.0f %% of what came in the last hour is no message."
                " fix: check shield, terminators and the length of the cable. [E-TALK-003]",
                self._port,
                100 * spoilt / self._came,
            )
        self._came, self._dropped_before, self._due = 0, dropped, now + ACCOUNT_S
