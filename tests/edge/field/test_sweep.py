"""What a device of which nothing is known holds, in virtual time, and how it is shown."""

import asyncio

import pytest
from virtual_line import VirtualLine, on_a_line

from edge.commands.bus_options import UNKNOWN_MODEL
from edge.field.notation import Place
from edge.field.register_table import table
from edge.field.sweep import SWEPT, Sweep
from edge.sim.faults import DeviceFaults
from edge.sim.modbus_device import ModbusDevice
from edge.sim.sensing import printed_values
from wire.errors import SourceTimeout
from wire.profile_yaml import library_folder, load_profile

TILT = load_profile(library_folder() / "witmotion-wt901c-485")


def test_registers_between_gaps_are_found_in_time() -> None:
    """All 13 of the tilt sensor's block, though every block of 16 that holds one of them is refused whole."""

    async def ask(line: VirtualLine) -> None:
        search = Sweep(line.bus, 80, UNKNOWN_MODEL)
        found = {address: number async for address, number in search.registers(3, SWEPT)}
        assert set(range(0x34, 0x41)) <= set(found)
        assert found[0x40] == 2500
        assert search.passed["refused"] > 400
        assert asyncio.get_running_loop().time() < 30

    on_a_line(ModbusDevice(TILT, 80, lambda: printed_values(TILT)), ask=ask, baud=9600)


def test_nobody_is_not_taken_for_an_empty_device() -> None:
    """A silent one ends the sweep at once."""

    async def ask(line: VirtualLine) -> None:
        with pytest.raises(SourceTimeout):
            _ = [found async for found in Sweep(line.bus, 80, UNKNOWN_MODEL).registers(3, SWEPT)]

    silent = ModbusDevice(TILT, 80, lambda: printed_values(TILT))
    silent.faults = DeviceFaults(is_silent=True)
    on_a_line(silent, ask=ask, baud=9600)


def test_a_register_is_shown_in_all_that_it_may_mean() -> None:
    """Signed, unsigned, as half of a float in either order; a gap of zeros is one row."""
    holding = {Place(3, address): number for address, number in enumerate([0xFE94, 0x41A0, 0, 0, 0, 0, 0])}
    assert list(table(holding | {Place(4, 9): 0}))[1:] == [
        "0x0000 = 0         40001    0xFE94   65172    -364                     20.1243",
        "0x0001 = 1         40002    0x41A0   16800                    20",
        "0x0002 = 2         40003    5 registers of 0, to 0x0006",
        "0x0009 = 9         30010    0x0000       0",
    ]
