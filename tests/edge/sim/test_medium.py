"""The wires: what is heard with the wrong settings, when two talk at once, and through a swapped or echoing adapter."""

import asyncio
from pathlib import Path

import pytest
from virtual_line import VirtualLine, on_a_line

from edge.modbus_frame import reading, request_frame
from edge.serial_port import SerialSettings
from edge.sim import uart
from edge.sim.faults import LineFaults
from edge.sim.modbus_device import ModbusDevice
from wire.profile_yaml import load_profile

PROFILE = load_profile(Path(__file__).parents[3] / "firmware-configs" / "witmotion-wt901c-485")
REQUEST = request_frame(reading(80, PROFILE.blocks["attitude"]))
NORMAL = SerialSettings(9600, "8N1")


def device(unit: int = 80, baud: int = 9600, frame: str = "8N1") -> ModbusDevice:
    """A tilt sensor."""
    made = ModbusDevice(PROFILE, unit, dict)
    made.memory.configure(baud, frame)
    return made


@pytest.mark.parametrize(
    ("sent", "own", "heard"),
    [
        (SerialSettings(9600, "8N1"), SerialSettings(9600, "8N2"), "55 50"),
        (SerialSettings(9600, "8E1"), SerialSettings(9600, "8N1"), "00 00"),
        (SerialSettings(9600, "8O1"), SerialSettings(9600, "8N1"), "55 50"),
        (SerialSettings(19_200, "8N1"), SerialSettings(9600, "8N1"), "CF"),
    ],
)
def test_a_uart_with_other_settings_hears_something_else(sent: SerialSettings, own: SerialSettings, heard: str) -> None:
    """0x55 and 0x50 have four and two ones: an even parity bit of 0 is no stop bit, an odd one of 1 passes for one.

    At half the rate every second bit is sampled, and both bytes become one.
    """
    assert uart.received(b"\x55\x50", sent, own).hex(" ").upper() == heard


def test_a_uart_with_the_same_settings_hears_the_same() -> None:
    """Sampling in the middle of each bit gives every byte back, also where the rates differ by 2 %."""
    octets = bytes(range(256))
    assert uart.received(octets, NORMAL, NORMAL) == octets
    assert uart.received(octets, NORMAL, SerialSettings(9408, "8N1")) == octets


async def heard(line: VirtualLine) -> bytes:
    """What comes back within half a second of a request."""
    line.port.write(REQUEST)
    await asyncio.sleep(0.5)
    return line.port.take()


@pytest.mark.parametrize(("baud", "frame"), [(4800, "8N1"), (19_200, "8N1"), (9600, "8E1")])
def test_a_device_does_not_understand_other_settings(baud: int, frame: str) -> None:
    """Half the rate, twice the rate, a parity bit: it hears garbage, and is silent."""

    async def ask(line: VirtualLine) -> None:
        assert await heard(line) == b""

    on_a_line(device(baud=baud, frame=frame), ask=ask)


def test_a_swapped_pair_is_understood_by_nobody() -> None:
    """With A and B the right way round the same device answers 31 bytes."""

    async def ask(line: VirtualLine) -> None:
        assert len(await heard(line)) == 31
        line.medium.faults = LineFaults(is_swapped=True)
        assert await heard(line) == b""

    on_a_line(device(), ask=ask)


def test_an_echoing_adapter_hears_itself_first() -> None:
    """8 bytes of its own, then 31."""

    async def ask(line: VirtualLine) -> None:
        line.medium.faults = LineFaults(echo=True)
        both = await heard(line)
        assert both.startswith(REQUEST)
        assert len(both) == 39

    on_a_line(device(), ask=ask)


def test_two_at_once_damage_each_other() -> None:
    """Two devices that begin in the same moment leave one frame, of which a 0 of either is left."""

    async def ask(line: VirtualLine) -> None:
        first = await heard(line)
        twin.memory.unit = 80
        assert len(await heard(line)) == len(first) == 31

    twin = ModbusDevice(PROFILE, 81, lambda: {"roll": -90.0})
    frames = on_a_line(device(), twin, ask=ask)
    assert [len(frame.octets) for frame in frames] == [8, 31, 8, 31, 0]
