"""The discipline of a Modbus RTU client on one line: silence before, one request, one proven reply.

A device that answers late is the danger: the next request would take its reply for an answer, and
a wrong value looks like a right one. So after every failure the line is left quiet until the
failed request can no longer be answered, and nothing is asked twice without need.

The agent and the commands of `egret bus` ask by the same rules; docs/decisions/0025 says why they are these.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from edge.modbus_frame import (
    Request,
    checked_frame,
    is_complete,
    is_proven,
    numbers_of,
    reading,
    reply_size,
    request_frame,
)
from edge.serial_port import SerialPort, SerialSettings
from edge.shared_address import SharedAddresses
from edge.silence import silence
from wire.errors import FrameError, SourceError, SourceTimeout
from wire.profile import Block, Timing

DAMAGED = ("E-BUS-011", "E-BUS-012")
"""The codes of a reply that is incomplete or has a wrong CRC: what noise does."""

_log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """What a device answered, and the frames as they were on the line, CRC or header of Modbus TCP included.

    `numbers` are registers, or bits as 0 and 1; `took_s` is from the end of the request to the end of the reply.
    """

    numbers: tuple[int, ...]
    request: bytes
    reply: bytes
    took_s: float


class Bus:
    """The only client of one port."""

    def __init__(self, port: SerialPort) -> None:
        """The port stays the caller's to close."""
        self.port = port
        self.echoes: bool | None = None
        """Does the adapter hear itself? None until something was read."""
        self.dropped = b""
        """What came unasked before the last request."""
        self._quiet_until = 0.0
        self._busy_until: dict[int, float] = {}
        self._shared = SharedAddresses()
        self._loop = asyncio.get_running_loop()

    async def read(self, unit: int, block: Block, timing: Timing) -> Answer:
        """The registers of `block` as `unit` sends them; a damaged reply is asked for once more, unless `block.once`.

        Raises SourceTimeout, FrameError or DeviceRefused, and SourceError when the port is lost.
        """
        where = f"port {self.port.path}, unit {unit}, block {block.name}"
        if block.before:
            # No more than a start signal: that the device took it is shown by what is read then.
            await self._exchange(Request(unit, 6, block.before.register, values=(block.before.value,)), timing, where)
            self.leave_alone(unit, block.before.wait_s)
        try:
            return await self.ask(reading(unit, block), timing, where)
        except FrameError as error:
            # Only where the whole reply has come: else it may still come, and answer the second question.
            if block.once or error.code not in DAMAGED or self._quiet_until:
                raise
        return await self.ask(reading(unit, block), timing, where)

    async def ask(self, request: Request, timing: Timing, where: str = "") -> Answer:
        """One request and its proven reply, once. Raises as `read` does."""
        where = where or f"port {self.port.path}, unit {request.unit}"
        if request.values and self.echoes is None:
            raise SourceError(
                "nothing was read on this line yet, so an adapter's echo cannot be told from a confirmation.",
                where=where,
                fix="read from the device first.",
                code="E-BUS-022",
            )
        answer = await self._exchange(request, timing, where)
        if request.values and timing.after_write_s:
            self.leave_alone(request.unit, timing.after_write_s)
        return answer

    async def _exchange(self, request: Request, timing: Timing, where: str) -> Answer:
        await self._silence(request.unit, timing, where)
        frame = request_frame(request)
        self.port.write(frame)
        # A reply may begin until the timeout (for the answer) or late_max (for the quiet) and then
        # takes its time on the wire. Until a reply is proven, it counts as still to come.
        sent_at = self.port.active_at
        reply_s = reply_size(request) * self.port.settings.character_s
        late_until = self._quiet_until = sent_at + timing.late_max_s + reply_s
        is_first = self.echoes is None and not request.values
        reply = await self._reply(
            frame, reply_size(request), sent_at + timing.timeout_s + reply_s, is_echo_due=is_first or bool(self.echoes)
        )
        if not reply:
            raise SourceTimeout(
                f"no reply within {timing.timeout_s:g} s.",
                where=where,
                fix="check power, wiring (A and B swapped?), address and baud rate of the device.",
                code="E-BUS-010",
            )
        try:
            answered = checked_frame(reply, request, where)
        except FrameError:
            is_whole = len(reply) >= reply_size(request) and reply[:2] == frame[:2]
            if is_whole and not self._shared.is_to_listen(request.unit):
                self._quiet_until = 0.0
            self._shared.was_damaged(request.unit, self._loop.time())
            raise
        took_s = self._loop.time() - sent_at
        self._quiet_until = late_until if self._shared.is_to_listen(request.unit) else 0.0
        if is_first:
            self.echoes = bool(self.echoes)
        self._shared.answered(request.unit, answered, where)
        return Answer(numbers_of(answered, request, where), frame, answered, took_s)

    def suspect(self, unit: int) -> None:
        """Another device may be at this unit identifier: after its next good reply the line is listened to."""
        self._shared.suspect(unit)

    def leave_alone(self, unit: int, for_s: float) -> None:
        """The device is busy: nothing is asked of it for so long, the others are."""
        self._busy_until[unit] = self._loop.time() + for_s

    async def _reply(self, frame: bytes, size: int, until: float, *, is_echo_due: bool) -> bytes:
        """What comes until a whole reply is there, or no more is to be expected; without the adapter's echo."""
        reply = b""
        while chunk := await self.port.receive(until):
            reply += chunk
            if is_echo_due and reply.startswith(frame):
                self._hear_echo()
                is_echo_due = False
                reply = reply[len(frame) :]
            is_part_of_echo = is_echo_due and frame.startswith(reply)
            # A damaged byte count must not end a reply early: its rest would be taken for the next one.
            if not is_part_of_echo and is_complete(reply) and (len(reply) >= size or is_proven(reply)):
                break
        return reply

    def _hear_echo(self) -> None:
        if self.echoes is None:
            _log.info("port %s: the adapter hears itself; its echo is left out", self.port.path)
        self.echoes = True

    async def _silence(self, unit: int, timing: Timing, where: str) -> None:
        """Waits until the line may be used, and drops whatever came in the meantime."""
        gap_s = max(timing.gap_s, self.port.settings.silence_s)
        begin = max(self._quiet_until, self._busy_until.pop(unit, 0.0))
        self.dropped = b""
        self.dropped = await silence(self.port, begin, gap_s, where)
        self._shared.heard_after(self.dropped, self._loop.time())


@contextlib.contextmanager
def opened(path: Path, settings: SerialSettings, *, rs485: bool = False) -> Iterator[Bus]:
    """A port's bus while it is open. Raises PortBusy."""
    port = SerialPort(path, settings, rs485=rs485)
    try:
        yield Bus(port)
    finally:
        port.close()
