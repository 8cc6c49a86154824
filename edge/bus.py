"""The discipline of a Modbus RTU client on one line: silence before, one request, one proven reply.

A device that answers late is the danger: the next request would take its reply for an answer, and
a wrong value looks like a right one. So after every failure the line is left quiet until the
failed request can no longer be answered, and nothing is asked twice without need.
"""

import asyncio
from typing import NamedTuple

from edge.modbus_frame import checked_frame, is_complete, registers_of, reply_size, request_frame
from edge.serial_port import SerialPort
from wire.errors import FrameError, SourceTimeout
from wire.profile import Block, Timing

BABBLE_MAX_S = 1.0
"""How long a line may keep talking unasked before we say so."""


class Answer(NamedTuple):
    """The registers of a block, and the frames as they were on the line, CRC included."""

    registers: tuple[int, ...]
    request: bytes
    reply: bytes


class Bus:
    """The only client of one port; `gap_s` is the silence its slowest device needs before a request."""

    def __init__(self, port: SerialPort, *, gap_s: float) -> None:
        """Never less than the silence that ends a frame."""
        self._port = port
        self._gap_s = max(gap_s, port.settings.silence_s)
        self._quiet_until = 0.0
        self._loop = asyncio.get_running_loop()

    async def read(self, unit: int, block: Block, timing: Timing) -> Answer:
        """The registers of `block` as `unit` sends them, and the bytes that say so.

        Raises SourceTimeout, FrameError or DeviceRefused, and SourceError when the port is lost.
        """
        where = f"port {self._port.path}, unit {unit}, block {block.name}"
        await self._silence(where)
        request = request_frame(unit, block)
        self._port.write(request)
        # A reply may begin until the timeout (for the answer) or late_max (for the quiet) and then
        # takes its time on the wire. Until a reply is proven, it counts as still to come.
        sent_at = self._port.active_at
        reply_s = reply_size(block) * self._port.settings.character_s
        self._quiet_until = sent_at + timing.late_max_s + reply_s
        reply = await self._reply(sent_at + timing.timeout_s + reply_s)
        if not reply:
            raise SourceTimeout(
                f"no reply within {timing.timeout_s:g} s.",
                where=where,
                fix="check power, wiring (A and B swapped?), address and baud rate of the device.",
                code="E-BUS-010",
            )
        frame = checked_frame(reply, unit, block, where)
        self._quiet_until = 0.0
        return Answer(registers_of(frame, where), request, frame)

    async def _reply(self, until: float) -> bytes:
        reply = b""
        while not is_complete(reply):
            chunk = await self._port.receive(until)
            if not chunk:
                break
            reply += chunk
        return reply

    async def _silence(self, where: str) -> None:
        """Waits until the line may be used, and drops whatever came in the meantime."""
        babble_at = max(self._loop.time(), self._quiet_until) + self._gap_s + BABBLE_MAX_S
        while True:
            self._port.collect()
            wait_s = max(self._quiet_until, self._port.active_at + self._gap_s) - self._loop.time()
            dropped = self._port.take()
            if wait_s <= 0:
                return
            if self._loop.time() > babble_at:
                raise FrameError(
                    "the line never falls silent: something talks without being asked.",
                    raw=dropped,
                    where=where,
                    fix="look for a device in streaming mode, or a second client.",
                    code="E-BUS-016",
                )
            await asyncio.sleep(wait_s)
