"""Giving a device another address or rate, when everything goes well and when it does not; in virtual time."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from virtual_line import VirtualLine, on_a_line

from edge.field import undo
from edge.field.moving import Change, Mover, Place
from edge.serial_port import SerialSettings
from edge.sim.faults import DeviceFaults, LineFaults
from edge.sim.modbus_device import ModbusDevice
from edge.sim.sensing import printed_values
from wire.errors import SourceError, Unsafe
from wire.profile import Profile
from wire.profile_yaml import library_folder, load_library

LIBRARY = load_library(library_folder())
TILT = LIBRARY["witmotion-wt901c-485"]
NORMAL, FAST = SerialSettings(9600, "8N1"), SerialSettings(19_200, "8N1")
HOME, NEW = Place(NORMAL, 0x50), Place(NORMAL, 0x51)


class ConfirmationsLost(ModbusDevice):
    """A sensor whose confirmations of one register are lost on the way."""

    register = 0x1A

    def answer(self, frame: bytes, faults: DeviceFaults | None = None) -> bytes:
        """As it is, but for those."""
        reply = super().answer(frame, faults)
        return b"" if frame[1:4] == b"\x06" + self.register.to_bytes(2, "big") else reply


def device(unit: int = 0x50, kind: type[ModbusDevice] = ModbusDevice, profile: Profile = TILT) -> ModbusDevice:
    """One that measures what its manual prints; its lock counts the line's time."""
    return kind(profile, unit, lambda: printed_values(profile), now=lambda: asyncio.get_running_loop().time())


async def move(line: VirtualLine, name: str, wanted: str, place: Place = HOME) -> Change:
    """All that `egret bus set-address` and its like do, but for the record."""
    mover = Mover(line.bus, TILT, place)
    await mover.must_be_alone()
    await mover.prove(may_be_unproven=False)
    setting = TILT.settings[name]
    change = mover.change(setting, await mover.raw(setting), setting.raw(wanted))
    if change.target != change.source:
        await mover.must_be_free(change.target)
    await mover.apply(change)
    assert mover.place == change.target
    return change


def moving(name: str, wanted: str) -> Callable[[VirtualLine], Awaitable[None]]:
    """As something to do on a line."""

    async def ask(line: VirtualLine) -> None:
        await move(line, name, wanted)

    return ask


def test_a_device_moves_and_stays_there() -> None:
    """Unlocked, written, looked for at its new address, saved there: a power failure does not take it back."""
    sensor = device()
    on_a_line(sensor, device(0x52), ask=moving("unit", "81"))
    sensor.memory.power_cycle()
    assert sensor.unit == 0x51
    assert sensor.memory.writes == [(0x69, 0xB588), (0x1A, 0x51), (0x69, 0xB588), (0x00, 0)]


def test_a_device_goes_to_another_rate() -> None:
    """The port follows it."""
    sensor = device()

    async def ask(line: VirtualLine) -> None:
        assert (await move(line, "baud", "19200")).target.settings == FAST
        assert line.port.settings == FAST

    on_a_line(sensor, ask=ask)
    sensor.memory.power_cycle()
    assert sensor.settings == FAST


@pytest.mark.parametrize("register", [0x1A, 0x69, 0x00])
def test_a_lost_confirmation_does_not_lose_the_device(register: int) -> None:
    """Of the address, which is then looked for at both; of unlock or save, which are repeated and then given up."""
    kind = type("Lossy", (ConfirmationsLost,), {"register": register})
    sensor = device(kind=kind)

    async def ask(line: VirtualLine) -> None:
        if register == 0x1A:
            await move(line, "unit", "81")
            return
        with pytest.raises(SourceError, match="E-BUS-010"):
            await move(line, "unit", "81")

    on_a_line(sensor, ask=ask)
    assert sensor.unit == (0x50 if register == 0x69 else 0x51)


@pytest.mark.parametrize("faults", [LineFaults(noise=0.005), LineFaults(echo=True), LineFaults(loss=0.003, piece=2)])
def test_a_poor_line_moves_it_or_says_so(faults: LineFaults) -> None:
    """Noise, an echo, lost bytes: in the end the device is where the tool says that it is."""
    sensor = device()

    async def ask(line: VirtualLine) -> None:
        line.medium.faults = faults
        await move(line, "unit", "81")

    on_a_line(sensor, ask=ask)
    assert sensor.unit == 0x51


def test_two_at_one_address_are_not_moved() -> None:
    """One answers 50 ms after the other: refused, and neither was written to."""
    twin = device()
    twin.faults = DeviceFaults(late_s=0.05)
    one = device()

    async def ask(line: VirtualLine) -> None:
        with pytest.raises(Unsafe, match="E-BUS-032"):
            await move(line, "unit", "81")

    on_a_line(one, twin, ask=ask)
    assert one.memory.writes == twin.memory.writes == []


def test_two_that_answer_at_once_are_not_moved() -> None:
    """Their replies damage each other, each time."""
    one, twin = device(), ModbusDevice(TILT, 0x50, lambda: printed_values(TILT) | {"roll": -90.0})

    async def ask(line: VirtualLine) -> None:
        with pytest.raises(Unsafe, match="E-BUS-039"):
            await move(line, "unit", "81")

    on_a_line(one, twin, ask=ask)
    assert one.memory.writes == twin.memory.writes == []


def test_an_address_that_is_taken_is_refused() -> None:
    """By whatever answers there, also another model."""

    async def ask(line: VirtualLine) -> None:
        with pytest.raises(Unsafe, match=r"unit 81 at 9600 baud 8N1 is taken already.*E-BUS-033"):
            await move(line, "unit", "81")

    sensor = device()
    on_a_line(sensor, device(0x51, profile=LIBRARY["keller-36xw"]), ask=ask)
    assert sensor.memory.writes == []


def test_another_model_is_never_written() -> None:
    """A Keller probe where the tilt sensor was said to be."""

    async def ask(line: VirtualLine) -> None:
        with pytest.raises(Unsafe, match=r"this is no WitMotion WT901C-485.*E-BUS-030"):
            await Mover(line.bus, TILT, HOME).prove(may_be_unproven=True)

    on_a_line(device(profile=LIBRARY["keller-36xw"]), ask=ask)


def test_a_model_that_nothing_proves_needs_a_person() -> None:
    """A Keller probe has no identity register: refused until somebody says that they have looked."""
    keller = LIBRARY["keller-36xw"]

    async def ask(line: VirtualLine) -> None:
        mover = Mover(line.bus, keller, Place(NORMAL, 1))
        with pytest.raises(Unsafe, match="E-BUS-031"):
            await mover.prove(may_be_unproven=False)
        await mover.prove(may_be_unproven=True)

    on_a_line(device(1, profile=keller), ask=ask)


def test_the_makers_calibration_is_never_written() -> None:
    """Whatever anybody says: no setting of any model of the library is one of its protected registers."""
    for profile in LIBRARY.values():
        for setting in profile.settings.values():
            for raw in setting.codes or setting.span:
                assert setting.register is None or profile.protection(setting.register, raw) is None
    assert TILT.protection(0x05, 7)


def test_the_way_back_is_written_before(tmp_path: Path) -> None:
    """One line of JSON a change, and the command that undoes it."""
    change = Change(TILT.settings["unit"], 0x50, 0x51, HOME, NEW)
    file = tmp_path / "undo.jsonl"
    command = undo.record(file, Path("/dev/ttyUSB0"), TILT, change, "2026-11-27T04:00:00+00:00")
    slower = Change(TILT.settings["bandwidth"], 0, 6, NEW, NEW)
    undo.record(file, Path("/dev/ttyUSB0"), TILT, slower, "2026-11-27T04:01:00+00:00")
    first, second = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert command == first["undo"]
    assert first["undo"] == (
        "egret bus set-address --port /dev/ttyUSB0 --profile witmotion-wt901c-485 --baud 9600 --unit 81 80"
    )
    assert second["undo"].endswith("--baud 9600 --unit 81 bandwidth=256Hz")
