"""The Modbus TCP source against pymodbus's own server, and against servers that misbehave."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from air_rig import take
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge.clock import BoxClock
from edge.ports import LinePlan, Source
from edge.sources.modbus_tcp import open_source
from wire.errors import SourceError
from wire.inventory import Line, Sensor
from wire.profile_yaml import load_profile

LIBRARY = Path(__file__).parents[3] / "firmware-configs"
PROFILE = load_profile(LIBRARY / "witmotion-wt901c-485")
PATIENT = replace(PROFILE, timing=replace(PROFILE.timing, timeout_s=10.0, late_max_s=10.0))
HASTY = replace(PROFILE, timing=replace(PROFILE.timing, timeout_s=0.1, late_max_s=0.2))
REGISTERS = tuple(range(100, 113))


def source(port: int, profile: object = PATIENT, unit: int = 80) -> Source:
    """One tilt sensor behind a server on this machine."""
    sensor = Sensor("XM-1-tilt", "XM-1", "TA-0113", "tcp", profile, unit, 0.01, {}, {}, ())  # type: ignore[arg-type]
    line = Line("TA-0113", "tcp", "modbus_tcp", {"host": "127.0.0.1", "port": port}, "sensors.yaml:41", (sensor.id,))
    return open_source(LinePlan(line, {sensor.id: sensor}, "/", BoxClock.trusted(lambda: 1_795_480_000_000_000_000)))


Answer = Callable[[int, bytes, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[int]:
    """The port of a server that gives each request's number and PDU to `answer`."""
    handlers: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        handlers.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while not writer.is_closing():
                number, _, length, _ = struct.unpack(">HHHB", await reader.readexactly(7))
                await answer(number, await reader.readexactly(length - 1), writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*handlers)


def reply(number: int, registers: tuple[int, ...]) -> bytes:
    """A whole reply to a read of holding registers from unit 80."""
    pdu = struct.pack(f">BB{len(registers)}H", 3, 2 * len(registers), *registers)
    return struct.pack(">HHHB", number, 0, len(pdu) + 1, 80) + pdu


async def test_a_foreign_server_is_read() -> None:
    """Pymodbus's server has the thirteen registers of the block; without them it refuses with exception 2."""
    device = SimDevice(80, [SimData(0x34, values=list(REGISTERS), datatype=DataType.REGISTERS)])
    server = ModbusTcpServer([device], address=("127.0.0.1", 0))
    await server.listen()
    port = server.transport.sockets[0].getsockname()[1]
    async with source(port) as opened:
        (sample,) = await take(opened, 1)
    assert sample.registers == REGISTERS
    await server.shutdown()


async def test_a_late_reply_is_known_by_its_number() -> None:
    """The first is answered after the second was asked: a silence, and then the right registers."""
    held: list[bytes] = []

    async def answer(number: int, _pdu: bytes, writer: asyncio.StreamWriter) -> None:
        if not held:
            held.append(reply(number, (0,) * 13))
            return
        writer.write(held[0] + reply(number, REGISTERS))

    async with serving(answer) as port, source(port, HASTY) as opened:
        silent, good = await take(opened, 2)
    assert "no reply within 0.1 s" in silent.fault
    assert good.registers == REGISTERS


async def test_a_refusal_and_a_wrong_count_are_faults() -> None:
    """Exception 2, then three registers instead of thirteen."""
    given = [b"\x83\x02", struct.pack(">BB3H", 3, 6, 1, 2, 3)]

    async def answer(number: int, _pdu: bytes, writer: asyncio.StreamWriter) -> None:
        pdu = given.pop(0)
        writer.write(struct.pack(">HHHB", number, 0, len(pdu) + 1, 80) + pdu)

    async with serving(answer) as port, source(port) as opened:
        refused, short = await take(opened, 2)
    assert "exception code 2" in refused.fault
    assert "E-BUS-015" in short.fault


@pytest.mark.parametrize("bytes_sent", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
async def test_a_server_that_hangs_up_or_speaks_something_else_ends_the_source(bytes_sent: bytes) -> None:
    """Whoever supervises the line connects again."""

    async def answer(_number: int, _pdu: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes_sent)
        writer.close()

    async with serving(answer) as port, source(port) as opened:
        with pytest.raises(SourceError, match="E-BUS-041"):
            await take(opened, 1)


async def test_nobody_there_says_what_to_check(unused_tcp_port: int) -> None:
    """The message names host and port."""
    with pytest.raises(SourceError, match=r"modbus tcp 127.0.0.1:\d+: nobody answers here.*E-BUS-040"):
        async with source(unused_tcp_port):
            pass
