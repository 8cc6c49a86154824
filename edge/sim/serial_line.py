"""A simulated RS-485 line: a PTY for the client, and several devices on one wire behind it.

Frames take the time they take on copper, and one waits for the other. A PTY shows the baud rate its
client has set, so a device deaf to a wrong one is deaf here too; it hides parity, breaks and modem
lines. The event loop wakes once a frame, not once a byte.
"""

import asyncio
import contextlib
import os
import termios
import tty
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from random import Random
from types import TracebackType
from typing import Self

from edge.serial_port import READ_MAX, SerialSettings
from edge.sim.faults import LineFaults
from edge.sim.modbus_device import ModbusDevice

_OUTPUT_SPEED = 5
"""Place of the output speed in what termios.tcgetattr returns."""
_BAUDS = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()}


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes that went over the wire without a pause. Times are loop times in seconds."""

    begin: float
    end: float
    octets: bytes
    is_request: bool


def _listen_not(_frame: Frame) -> None:
    """For a line on which nobody listens in."""


class SerialLine:
    """The wire with its devices, from entering to leaving. `faults` may be changed meanwhile."""

    def __init__(
        self, devices: Sequence[ModbusDevice], frame: str, rng: Random, *, heard: Callable[[Frame], None] = _listen_not
    ) -> None:
        """`frame` ("8N1") sets how long a character takes; `rng` decides what noise hits; `heard` sees every frame."""
        self.devices = tuple(devices)
        self.faults = LineFaults()
        self.path = ""
        """What the client opens (/dev/pts/N); empty when nothing is plugged in."""
        self._frame, self._rng, self._heard = frame, rng, heard
        self._request = b""
        self._request_begin = 0.0
        self._request_end: asyncio.TimerHandle | None = None
        self._free_at = 0.0

    async def __aenter__(self) -> Self:
        """Lays the line."""
        self._loop = asyncio.get_running_loop()
        # We hold the client's side as well: the line outlives a client that restarts.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._loop.add_reader(self._master, self._receive)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Takes it down."""
        self.unplug()

    def unplug(self) -> None:
        """Pulls the client's adapter out: the port hangs up, what was on the wire is gone."""
        if self.path:
            self.path = ""
            self._loop.remove_reader(self._master)
            os.close(self._master)
            os.close(self._slave)

    def _receive(self) -> None:
        """The client has written; a frame ends with silence, so one write may be part of it only."""
        settings = SerialSettings(_BAUDS[termios.tcgetattr(self._master)[_OUTPUT_SPEED]], self._frame)
        chunk = os.read(self._master, READ_MAX)
        begin = max(self._loop.time(), self._free_at)
        self._free_at = begin + len(chunk) * settings.character_s
        if not self._request:
            self._request_begin = begin
        self._request += chunk
        if self._request_end:
            self._request_end.cancel()
        self._request_end = self._loop.call_at(self._free_at + settings.silence_s, self._answer, settings)

    def _answer(self, settings: SerialSettings) -> None:
        """The silence after a request: whoever understands it answers."""
        end = self._loop.time() - settings.silence_s
        request, self._request, self._request_end = self._request, b"", None
        self._heard(Frame(self._request_begin, end, request, is_request=True))
        heard = self.faults.damaged(request, self._rng)
        replies: dict[float, bytes] = {}
        for device in self.devices:
            reply = device.answer(heard) if device.baud == settings.baud else b""
            if reply:
                replies[device.faults.late_s] = _collided(replies.get(device.faults.late_s, b""), reply)
        for late_s, reply in replies.items():
            self._loop.call_at(end + late_s, self._transmit, reply, settings)

    def _transmit(self, reply: bytes, settings: SerialSettings) -> None:
        begin = max(self._loop.time(), self._free_at)
        self._free_at = begin + len(reply) * settings.character_s
        self._loop.call_at(self._free_at, self._deliver, begin, reply)

    def _deliver(self, begin: float, reply: bytes) -> None:
        if not self.path:
            return
        arrived = self.faults.damaged(reply, self._rng)
        self._heard(Frame(begin, self._loop.time(), arrived, is_request=False))
        with contextlib.suppress(BlockingIOError):  # nobody reads: lost, as on a real wire
            os.write(self._master, arrived)


def _collided(one: bytes, other: bytes) -> bytes:
    """What is heard when two devices talk at once: a 0 wins over a 1."""
    return bytes(a & b for a, b in zip_longest(one, other, fillvalue=0xFF))
