"""What a device of which nothing is known holds, in virtual time, and how it is shown."""

import asyncio
from dataclasses import replace

import pytest
from tcp_gateway import gateway
from virtual_line import VirtualLine, on_a_line

from edge.commands.bus_options import UNKNOWN_MODEL
from edge.field.notation import Place
from edge.field.reach import host_and_port
from edge.field.register_table import table
from edge.field.sweep import DEAD_S, FUNCTIONS, PATIENCE_S, SWEPT, Sweep
from edge.field.words import Words
from edge.sim.faults import DeviceFaults
from edge.sim.modbus_device import ModbusDevice
from edge.sim.sensing import printed_values
from edge.tcp_bus import connected
from wire.errors import DeviceRefused, SourceTimeout
from wire.profile_yaml import library_folder, load_profile

TILT = load_profile(library_folder() / "witmotion-wt901c-485")


def test_registers_between_gaps_are_found_in_time() -> None:
    """All 13 of the tilt sensor's block, though every block of 16 that holds one of them is refused whole."""

    async def ask(line: VirtualLine) -> None:
        search = Sweep(line.bus, 80, UNKNOWN_MODEL)
        found = {place: number async for place, number in search.registers({3: SWEPT})}
        assert {Place(3, address) for address in range(0x34, 0x41)} <= set(found)
        assert found[Place(3, 0x40)] == 2500
        assert search.passed["refused"] > 400
        assert asyncio.get_running_loop().time() < 30

    on_a_line(ModbusDevice(TILT, 80, lambda: printed_values(TILT)), ask=ask, baud=9600)


def test_registers_of_a_device_that_never_refuses_are_found_in_time() -> None:
    """Its silence is waited for a minute at most, and which registers were not asked for is known."""

    async def ask(line: VirtualLine) -> None:
        search = Sweep(line.bus, 80, UNKNOWN_MODEL)
        found = {place: number async for place, number in search.registers(dict.fromkeys(FUNCTIONS, SWEPT))}
        assert {Place(3, address) for address in range(0x34, 0x41)} <= set(found)
        assert found[Place(3, 0x40)] == 2500
        assert asyncio.get_running_loop().time() < PATIENCE_S + 10
        assert search.left
        assert not search.left & set(found)

    mute = ModbusDevice(TILT, 80, lambda: printed_values(TILT))
    mute.faults = DeviceFaults(is_mute=True)
    on_a_line(mute, ask=ask, baud=9600)


LATE = DeviceFaults(late_s=0.4, share=0.1)


@pytest.mark.parametrize("faults", [LATE, replace(LATE, is_mute=True)])
def test_a_late_reply_is_not_taken_for_another_register(faults: DeviceFaults) -> None:
    """A tenth of the replies come after 400 ms, long after what the others make likely."""

    def content(faults: DeviceFaults) -> dict[Place, int]:
        found: dict[Place, int] = {}

        async def ask(line: VirtualLine) -> None:
            search = Sweep(line.bus, 80, UNKNOWN_MODEL)
            found.update([pair async for pair in search.registers({3: range(0x30, 0x60)})])

        device = ModbusDevice(TILT, 80, lambda: printed_values(TILT))
        device.faults = faults
        on_a_line(device, ask=ask, baud=9600)
        return found

    truth = content(DeviceFaults())
    seen = content(faults)
    assert seen
    assert all(truth.get(place) == number for place, number in seen.items())


def test_nobody_is_not_taken_for_an_empty_device() -> None:
    """A silent one ends the sweep, soon."""

    async def ask(line: VirtualLine) -> None:
        with pytest.raises(SourceTimeout):
            _ = [found async for found in Sweep(line.bus, 80, UNKNOWN_MODEL).registers(dict.fromkeys(FUNCTIONS, SWEPT))]
        assert asyncio.get_running_loop().time() < DEAD_S + 2

    silent = ModbusDevice(TILT, 80, lambda: printed_values(TILT))
    silent.faults = DeviceFaults(is_silent=True)
    on_a_line(silent, ask=ask, baud=9600)


async def test_a_gateway_whose_line_is_silent_does_not_speak_for_a_device() -> None:
    """Its exceptions 10 and 11 are nobody's refusal: the sweep ends with them, and says what to check."""
    async with gateway([]) as address, connected(*host_and_port(address)) as tcp:
        search = Sweep(tcp, 80, UNKNOWN_MODEL)
        with pytest.raises(DeviceRefused, match="behind the gateway the line"):
            _ = [found async for found in search.registers({3: range(4)})]
        assert search.passed["silent"] == 5


def test_a_register_is_shown_in_all_that_it_may_mean() -> None:
    """Signed, unsigned, as half of a float in either order; a gap of zeros is one row."""
    holding = {Place(3, address): number for address, number in enumerate([0xFE94, 0x41A0, 0, 0, 0, 0, 0])}
    assert list(table(holding | {Place(4, 9): 0}, Words("en")))[1:] == [
        "0x0000 = 0         40001    0xFE94   65172    -364                     20.1243",
        "0x0001 = 1         40002    0x41A0   16800                    20",
        "0x0002 = 2         40003    5 registers of 0, to 0x0006",
        "0x0009 = 9         30010    0x0000       0",
    ]
