"""A Modbus TCP gateway with simulated devices behind it, as `--host` finds them."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from pymodbus.framer import FramerRTU

from edge.sim.modbus_device import ModbusDevice

_HEADER = struct.Struct(">HHHB")
_SILENT = b"\x0b"
"""Exception: the target device failed to respond. Source: Modbus application protocol V1.1b3, §7."""


@asynccontextmanager
async def gateway(devices: Sequence[ModbusDevice], *, minds_units: bool = True) -> AsyncIterator[str]:
    """Its address. `minds_units`: it is a gateway, and no device that answers whatever unit is named."""

    def answer(body: bytes) -> bytes:
        for device in devices:
            asked = body if minds_units else bytes((device.unit, *body[1:]))
            reply = device.answer(asked + FramerRTU.compute_CRC(asked).to_bytes(2, "big"))
            if reply:
                return bytes((body[0], *reply[1:-2]))
        return bytes((body[0], body[1] | 0x80)) + _SILENT

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                number, _, length, unit = _HEADER.unpack(await reader.readexactly(_HEADER.size))
                reply = answer(bytes((unit, *await reader.readexactly(length - 1))))
                writer.write(_HEADER.pack(number, 0, len(reply), unit) + reply[1:])
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
