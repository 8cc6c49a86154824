"""The simulated line, read by pymodbus's own client and by hand."""

import asyncio
import os
import termios
from pathlib import Path
from random import Random

import pytest
from pymodbus.client import AsyncModbusSerialClient

from edge.modbus_frame import reading, request_frame
from edge.sim.faults import DeviceFaults, LineFaults
from edge.sim.medium import Frame
from edge.sim.modbus_device import ModbusDevice
from edge.sim.serial_line import SerialLine
from wire.profile_yaml import load_profile
from wire.registers import encode_block

PROFILE = load_profile(Path(__file__).parents[3] / "firmware-configs" / "witmotion-wt901c-485")
BLOCK = PROFILE.blocks["attitude"]
LEANING = {"acc_z": 1.0, "roll": 1.5, "pitch": -0.5, "temp": 25.0}


def device(unit: int, roll: float = 1.5) -> ModbusDevice:
    """A tilt sensor that stands still."""
    return ModbusDevice(PROFILE, unit, lambda: LEANING | {"roll": roll})


async def exchange(line: SerialLine, baud: int, wait_s: float) -> bytes:
    """What a client hears within `wait_s` seconds after it asked unit 80."""
    port = os.open(line.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        settings = termios.tcgetattr(port)
        settings[4] = settings[5] = getattr(termios, f"B{baud}")
        termios.tcsetattr(port, termios.TCSANOW, settings)
        os.write(port, request_frame(reading(80, BLOCK)))
        await asyncio.sleep(wait_s)
        return os.read(port, 4096)
    except BlockingIOError:
        return b""
    finally:
        os.close(port)


async def test_a_foreign_client_reads_the_registers() -> None:
    """The client of pymodbus gets what the profile encodes."""
    async with SerialLine([device(80), device(81)], "8N1", Random(1)) as line:
        client = AsyncModbusSerialClient(line.path, baudrate=9600, timeout=5, retries=0)
        assert await client.connect()
        reply = await client.read_holding_registers(BLOCK.address, count=BLOCK.count, device_id=80)
        client.close()
    assert tuple(reply.registers) == encode_block(PROFILE, "attitude", LEANING)


async def test_frames_take_their_time_on_the_wire() -> None:
    """At 9600 baud 8 characters of request take 8.3 ms, 31 of reply 32.3 ms, with 3.65 ms between."""
    heard: list[Frame] = []
    async with SerialLine([device(80)], "8N1", Random(1), heard=heard.append) as line:
        await exchange(line, 9600, 0.5)
    request, reply = heard
    assert request.end - request.begin >= 8 * 10 / 9600 - 1e-6
    assert reply.begin - request.end >= 3.5 * 10 / 9600
    assert reply.end - reply.begin >= 31 * 10 / 9600 - 1e-6


async def test_a_device_does_not_hear_another_baud_rate() -> None:
    """The PTY tells the client's rate; at 19 200 a device at 9600 stays silent."""
    async with SerialLine([device(80)], "8N1", Random(1)) as line:
        assert await exchange(line, 19_200, 0.2) == b""
        assert len(await exchange(line, 9600, 0.5)) == 31


async def test_two_devices_at_one_address_talk_at_once() -> None:
    """What arrives is neither the one reply nor the other."""
    async with SerialLine([device(80, roll=1.5), device(80, roll=-1.5)], "8N1", Random(1)) as line:
        both = await exchange(line, 9600, 0.5)
    async with SerialLine([device(80, roll=1.5)], "8N1", Random(1)) as line:
        one = await exchange(line, 9600, 0.5)
    assert len(both) == len(one)
    assert both != one


@pytest.mark.parametrize(
    ("faults", "size"),
    [(DeviceFaults(is_silent=True), 0), (DeviceFaults(truncate=7), 7), (DeviceFaults(late_s=30), 0)],
)
async def test_a_device_can_misbehave(faults: DeviceFaults, size: int) -> None:
    """It is silent, stops after 7 bytes, or is late by half a minute."""
    broken = device(80)
    broken.faults = faults
    async with SerialLine([broken], "8N1", Random(1)) as line:
        assert len(await exchange(line, 9600, 0.3)) == size


def test_noise_and_loss_hit_the_share_they_are_given() -> None:
    """Of 100 000 bytes 1 % are swallowed and 1 % of the others changed, the same ones for one seed."""
    frame = bytes(100_000)
    arrived = LineFaults(noise=0.01, loss=0.01).damaged(frame, Random(3))
    assert arrived.count(None) == pytest.approx(1000, abs=150)
    assert sum(bool(octet) for octet in arrived) == pytest.approx(990, abs=150)
    assert arrived == LineFaults(noise=0.01, loss=0.01).damaged(frame, Random(3))
