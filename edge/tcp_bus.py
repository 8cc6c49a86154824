"""The client of one Modbus TCP server: a device with a network port, or a gateway with a serial line behind it.

Here a reply carries the number of its request, so a late one is known and passed over. Still one request at a time:
most gateways have one serial line behind them, and some lose what comes meanwhile.
Source: MODBUS messaging on TCP/IP implementation guide V1.0b, §3.1.3.
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator

from pymodbus.framer import FramerRTU

from edge.bus import Answer
from edge.modbus_frame import Request, checked_frame, numbers_of, reading, request_frame
from wire.errors import SourceError, SourceTimeout
from wire.profile import Block, Timing

CONNECT_S = 5.0
_HEADER = struct.Struct(">HHHB")
_LENGTH_MAX = 254
"""Bytes after the length field: unit identifier and a PDU of at most 253."""


class TcpBus:
    """Of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
        """`name` is host and port, for people."""
        self.name = name
        self._reader, self._writer = reader, writer
        self._number = 0

    async def read(self, unit: int, block: Block, timing: Timing) -> Answer:
        """The registers of `block`.

        Raises SourceTimeout, FrameError or DeviceRefused, and SourceError when the connection is lost.
        """
        where = f"{self.name}, unit {unit}, block {block.name}"
        if block.before:
            trigger = Request(unit, 6, block.before.register, values=(block.before.value,))
            await self.ask(trigger, timing, where)
            await asyncio.sleep(block.before.wait_s)
        return await self.ask(reading(unit, block), timing, where)

    async def ask(self, request: Request, timing: Timing, where: str = "") -> Answer:
        """One request and its proven reply, once; both begin with their number. Raises as `read` does."""
        where = where or f"{self.name}, unit {request.unit}"
        loop = asyncio.get_running_loop()
        self._number = (self._number + 1) & 0xFFFF
        pdu = request_frame(request)[1:-2]
        asked = _HEADER.pack(self._number, 0, len(pdu) + 1, request.unit) + pdu
        self._writer.write(asked)
        sent_at = loop.time()
        try:
            async with asyncio.timeout(timing.timeout_s):
                await self._writer.drain()
                body = await self._reply(self._number)
        except TimeoutError as error:
            raise SourceTimeout(
                f"no reply within {timing.timeout_s:g} s.",
                where=where,
                fix="check the unit identifier, and behind a gateway the line and its baud rate.",
                code="E-BUS-010",
            ) from error
        except (OSError, asyncio.IncompleteReadError) as error:
            raise self._lost("the server hung up") from error
        # The same proofs as on a line, which are about the same bytes but the CRC.
        frame = body + FramerRTU.compute_CRC(body).to_bytes(2, "big")
        numbers = numbers_of(checked_frame(frame, request, where), request, where)
        answered = _HEADER.pack(self._number, 0, len(body), body[0]) + body[1:]
        return Answer(numbers, asked, answered, loop.time() - sent_at)

    async def _reply(self, number: int) -> bytes:
        """Unit identifier and PDU of the reply to request `number`; earlier ones are passed over."""
        while True:
            found, protocol, length, unit = _HEADER.unpack(await self._reader.readexactly(_HEADER.size))
            if protocol or not 2 <= length <= _LENGTH_MAX:
                raise self._lost("what comes is no Modbus TCP")
            body = await self._reader.readexactly(length - 1)
            if found == number:
                return bytes((unit, *body))

    def _lost(self, why: str) -> SourceError:
        return SourceError(
            f"the connection is lost: {why}.",
            where=self.name,
            fix="check that no more clients are connected than the device allows, often one.",
            code="E-BUS-041",
        )


@contextlib.asynccontextmanager
async def connected(host: str, port: int) -> AsyncIterator[TcpBus]:
    """While it is connected. Raises SourceError."""
    name = f"modbus tcp {host}:{port}"
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        raise SourceError(
            f"nobody answers here: {error.strerror or 'it takes too long'}.",
            where=name,
            fix="check address, cable and power; a gateway must be set to Modbus TCP, not to raw TCP.",
            code="E-BUS-040",
        ) from error
    try:
        yield TcpBus(reader, writer, name)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
