"""A pseudo-terminal as the adapter at the end of a simulated line: what a client opens as its serial port.

A PTY shows the baud rate its client has set, so a device deaf to a wrong one is deaf here too. It hides parity,
breaks and modem lines: how the client's characters look besides their rate is told to the line, not read.
"""

import asyncio
import contextlib
import os
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.serial_port import READ_MAX, SerialSettings
from edge.sim import uart
from edge.sim.medium import Listener, Medium
from wire.errors import PortBusy

_OUTPUT_SPEED = 5
"""Place of the output speed in what termios.tcgetattr returns."""
_BAUDS = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()}


class PtyPort:
    """One adapter, plugged in from the start."""

    is_client = True

    def __init__(self, medium: Medium, frame: str) -> None:
        """`frame` ("8N1") is how the client's characters look."""
        self._medium, self._frame = medium, frame
        self._loop = asyncio.get_running_loop()
        # We hold the client's side as well: the line outlives a client that restarts.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = self.name = os.ttyname(self._slave)
        """What the client opens (/dev/pts/N); `path` is empty when it is unplugged."""
        self._loop.add_reader(self._master, self._receive)
        medium.join(self)

    def unplug(self) -> None:
        """Pulls it out: the port hangs up, what is on the wire for it is gone."""
        if self.path:
            self.path = ""
            self._medium.leave(self)
            self._loop.remove_reader(self._master)
            os.close(self._master)
            os.close(self._slave)

    def hear(self, octets: bytes, sent: SerialSettings, speaker: Listener) -> None:  # noqa: ARG002 - a Listener's
        """What has arrived, as a UART with the client's settings takes it."""
        with contextlib.suppress(BlockingIOError):  # nobody reads: lost, as on a real wire
            os.write(self._master, uart.received(octets, sent, self._settings()))

    def _receive(self) -> None:
        """The client has written."""
        self._medium.talk(self, os.read(self._master, READ_MAX), self._settings())

    def _settings(self) -> SerialSettings:
        return SerialSettings(_BAUDS[termios.tcgetattr(self._master)[_OUTPUT_SPEED]], self._frame)


@contextmanager
def named(path: str, port: Path) -> Iterator[None]:
    """`port` is a symbolic link to the terminal `path` meanwhile; one left behind is replaced. Raises PortBusy."""
    if port.exists() and not port.is_symlink():
        raise PortBusy("this is a file already.", where=str(port), fix="choose another name", code="E-REC-022")
    port.parent.mkdir(parents=True, exist_ok=True)
    port.unlink(missing_ok=True)
    port.symlink_to(path)
    try:
        yield
    finally:
        port.unlink(missing_ok=True)
