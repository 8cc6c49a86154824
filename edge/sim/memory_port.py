"""A serial port on a simulated line without an operating system between: for lines in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edge.bus import Bus
from edge.serial_port import SerialPort, SerialSettings
from edge.sim import uart
from edge.sim.medium import Listener, Medium


class MemoryPort(SerialPort):
    """A `SerialPort` on a medium."""

    is_client, name = True, "port"

    def __init__(self, medium: Medium, settings: SerialSettings) -> None:
        """Opens nothing."""
        self._medium = medium
        self._begin(Path("memory"), settings, asyncio.get_running_loop())
        medium.join(self)

    def close(self) -> None:
        """Leaves the line."""
        self._medium.leave(self)

    def reset(self, settings: SerialSettings) -> None:
        """As a UART does it: at once."""
        self.settings = settings
        self._input.clear()

    def collect(self) -> None:
        """Everything that was heard is here already."""

    def hear(self, octets: bytes, sent: SerialSettings, speaker: Listener) -> None:  # noqa: ARG002 - a Listener's
        """Bytes that have just arrived."""
        self._arrive(uart.received(octets, sent, self.settings))

    def _send(self, frame: bytes) -> None:
        self._medium.talk(self, frame, self.settings)


@asynccontextmanager
async def memory_bus(medium: Medium, settings: SerialSettings) -> AsyncIterator[Bus]:
    """A bus on such a port."""
    port = MemoryPort(medium, settings)
    try:
        yield Bus(port)
    finally:
        port.close()
