"""One serial port as the event loop sees it: opened, configured, read without waiting.

pyserial knows the ways of the drivers (rates, locks, RS-485 mode); reading is the event loop's
own, so that no thread waits on a line.
"""

import asyncio
import errno
import logging
import os
import termios
from dataclasses import dataclass
from pathlib import Path

import serial
from serial.rs485 import RS485Settings

from wire.errors import PortBusy, SourceError

READ_MAX = 4096
"""Bytes taken from the kernel at once: all that a tty keeps."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """How bytes look on the line. `frame` is data bits, parity, stop bits: "8N1"; `baud` in bits per second."""

    baud: int
    frame: str

    @property
    def data_bits(self) -> int:
        """5 to 8; Modbus RTU needs 8."""
        return int(self.frame[0])

    @property
    def parity(self) -> str:
        """N none, E even, O odd."""
        return self.frame[1]

    @property
    def stop_bits(self) -> int:
        """1 or 2."""
        return int(self.frame[2])

    @property
    def character_s(self) -> float:
        """Time of one character: start bit, data bits, parity, stop bits."""
        return (1 + self.data_bits + (self.parity != "N") + self.stop_bits) / self.baud

    @property
    def silence_s(self) -> float:
        """The silence that ends a Modbus RTU frame.

        Source: MODBUS over serial line V1.02, §2.5.1.1: 3.5 characters, 1.75 ms above 19 200 baud.
        """
        return 1.75e-3 if self.baud > 19_200 else 3.5 * self.character_s


def device_path(root: str, port: str) -> Path:
    """Where the box's device file `port` is, seen from the file system `root`."""
    return Path(root, port.lstrip("/"))


class SerialPort:
    """An open port. What arrives is collected by the event loop until somebody takes it."""

    def __init__(self, path: Path, settings: SerialSettings, *, rs485: bool) -> None:
        """Opens the port for this process alone. Raises PortBusy."""
        self._serial = _opened(path, settings)
        self._begin(path, settings, asyncio.get_running_loop())
        if rs485:
            self._switch_to_rs485()
        self._fd: int = self._serial.fileno()
        self._loop.add_reader(self._fd, self.collect)

    def _begin(self, path: Path, settings: SerialSettings, loop: asyncio.AbstractEventLoop) -> None:
        self.path, self.settings = path, settings
        self.active_at = 0.0
        """Loop time of the last byte seen on the line, sent ones included."""
        self._input = bytearray()
        self._arrived = asyncio.Event()
        self._lost = ""
        self._loop = loop

    def close(self) -> None:
        """Gives the port back."""
        self._loop.remove_reader(self._fd)
        self._serial.close()

    def reset(self, settings: SerialSettings) -> None:
        """Goes on with other settings; what has arrived is dropped. Raises PortBusy, SourceError."""
        try:
            self._serial.baudrate = settings.baud
            self._serial.bytesize = settings.data_bits
            self._serial.parity = _parity(self.path, settings)
            self._serial.stopbits = settings.stop_bits
            self._serial.reset_input_buffer()
        except (OSError, ValueError, termios.error) as error:
            raise refusal(self.path, error) from error
        self.settings = settings
        self._input.clear()

    def write(self, frame: bytes) -> None:
        """Sends `frame` in a single write, so that no pause falls inside it. Raises SourceError."""
        self._send(frame)
        self.active_at = self._loop.time() + len(frame) * self.settings.character_s

    def collect(self) -> None:
        """Moves what the kernel holds into our buffer, without waiting."""
        try:
            chunk = os.read(self._fd, READ_MAX)
        except BlockingIOError:
            return
        except OSError as error:
            self._hang_up(os.strerror(error.errno or 0))
            return
        if not chunk:
            self._hang_up("hung up")
            return
        self._arrive(chunk)

    def _send(self, frame: bytes) -> None:
        try:
            written = os.write(self._fd, frame)
        except OSError as error:
            raise self._gone(os.strerror(error.errno or 0)) from error
        if written != len(frame):
            raise self._gone(f"took {written} of {len(frame)} bytes")

    def _arrive(self, chunk: bytes) -> None:
        self._input += chunk
        self.active_at = max(self.active_at, self._loop.time())
        self._arrived.set()

    async def receive(self, until: float) -> bytes:
        """What arrives next; empty when nothing did before loop time `until`. Raises SourceError."""
        try:
            async with asyncio.timeout_at(until):
                await self._arrived.wait()
        except TimeoutError:
            # A busy process may be later than the reply it waits for.
            self.collect()
        return self.take()

    def take(self) -> bytes:
        """What has arrived and was not taken yet. Raises SourceError when the port is lost."""
        if self._lost:
            raise self._gone(self._lost)
        chunk = bytes(self._input)
        self._input.clear()
        self._arrived.clear()
        return chunk

    def _hang_up(self, why: str) -> None:
        self._lost = why
        self._loop.remove_reader(self._fd)
        self._arrived.set()

    def _gone(self, why: str) -> SourceError:
        return SourceError(
            f"the serial port is lost: {why}.",
            where=f"port {self.path}",
            fix="check that the adapter is plugged in and powered (`dmesg` tells when it went).",
            code="E-BUS-005",
        )

    def _switch_to_rs485(self) -> None:
        try:
            self._serial.rs485_mode = RS485Settings()
        except (ValueError, OSError) as error:
            _log.warning(
                "port %s: the driver has no RS-485 mode (%s); fine for an adapter that switches by itself. [E-BUS-006]",
                self.path,
                error,
            )


def _opened(path: Path, settings: SerialSettings) -> serial.Serial:
    try:
        return serial.Serial(
            str(path),
            settings.baud,
            bytesize=settings.data_bits,
            parity=_parity(path, settings),
            stopbits=settings.stop_bits,
            exclusive=True,
            # The tty then waits for a first byte (VMIN 1), and an empty read means a hang-up only.
            inter_byte_timeout=0,
        )
    except (OSError, ValueError, termios.error) as error:
        raise refusal(path, error) from error


def _parity(path: Path, settings: SerialSettings) -> str:
    """A pseudo-terminal keeps none, and glibc 2.36 answers EINVAL when nothing but the parity is asked for."""
    return "N" if str(path.resolve()).startswith("/dev/pts/") else settings.parity


def refusal(path: Path, error: OSError | ValueError | termios.error) -> PortBusy:
    """Why `path` could not be opened, in words for the person on site."""
    where = f"port {path}"
    match error:
        case OSError(errno=errno.ENOENT | errno.ENODEV | errno.ENXIO):
            return PortBusy(
                "there is no such port.",
                where=where,
                fix="plug the adapter in, or correct `port:` (ls /dev/serial/by-id/ lists what is there).",
                code="E-BUS-001",
            )
        case OSError(errno=errno.EACCES | errno.EPERM):
            return PortBusy(
                "this user may not open the port.",
                where=where,
                fix="add the user to the group dialout (sudo usermod -aG dialout $USER) and log in again.",
                code="E-BUS-002",
            )
        case OSError(errno=errno.EAGAIN | errno.EBUSY):
            return PortBusy(
                "another process holds the port.",
                where=where,
                fix=f"stop it first (fuser -v {path} names it); a line has one client.",
                code="E-BUS-003",
            )
    return PortBusy(
        f"the port cannot be opened: {error}.",
        where=where,
        fix="check that it is a serial port and that its driver knows this baud rate and frame.",
        code="E-BUS-004",
    )
