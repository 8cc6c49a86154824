"""The client on a line that does what real lines do, in virtual time."""

import asyncio
import contextlib
import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from virtual_line import VirtualLine, on_a_line

from edge.modbus_frame import Request
from edge.sim.faults import DeviceFaults, LineFaults
from edge.sim.modbus_device import ModbusDevice
from edge.sim.stations import Babbler
from edge.sim.transcript import PauseWatch
from wire.errors import DeviceRefused, FrameError, SourceError, SourceTimeout
from wire.profile import Trigger
from wire.profile_yaml import load_profile
from wire.registers import encode_block

PROFILE = load_profile(Path(__file__).parents[2] / "firmware-configs" / "witmotion-wt901c-485")
BLOCK = PROFILE.blocks["attitude"]
TIMING = PROFILE.timing
VALUES = {"acc_z": 1.0, "roll": 1.5, "pitch": -0.5, "temp": 25.0}
REGISTERS = encode_block(PROFILE, "attitude", VALUES)


def device(unit: int = 80, roll: float = 1.5, faults: DeviceFaults | None = None) -> ModbusDevice:
    """A tilt sensor that stands still."""
    made = ModbusDevice(PROFILE, unit, lambda: VALUES | {"roll": roll})
    made.faults = faults or DeviceFaults()
    return made


async def code(line: VirtualLine) -> str:
    """What a read of unit 80 fails with; nothing when it does not."""
    try:
        await line.bus.read(80, BLOCK, TIMING)
    except SourceError as error:
        return error.code
    return ""


def test_each_device_is_asked_at_its_own_pace() -> None:
    """A device that needs 30 ms of silence gets them; its neighbour needs 3.65 ms at 9600 baud, and waits no longer."""
    slow = replace(TIMING, gap_s=0.03)
    fast = replace(TIMING, gap_s=0.0)

    async def ask(line: VirtualLine) -> None:
        for unit, timing in ((80, fast), (81, slow), (80, fast)):
            await line.bus.read(unit, BLOCK, timing)

    frames = on_a_line(device(80), device(81), ask=ask)
    pauses = [after.begin - before.end for before, after in itertools.pairwise(frames) if after.is_request]
    assert pauses == [pytest.approx(0.03), pytest.approx(3.5 * 10 / 9600)]
    watch = PauseWatch()
    assert not any(watch.step(frame) for frame in frames)


def test_a_damaged_reply_is_asked_for_again_at_once() -> None:
    """Of 200 reads under 1 % noise a third would fail, with one more try a tenth; each answer is right."""
    failed: list[FrameError] = []

    async def ask(line: VirtualLine) -> None:
        line.medium.faults = LineFaults(noise=0.01)
        for _ in range(200):
            try:
                answer = await line.bus.read(80, BLOCK, TIMING)
            except (FrameError, SourceTimeout) as error:
                failed.append(error)
            else:
                assert answer.numbers == REGISTERS

    on_a_line(device(), ask=ask)
    assert 5 < len(failed) < 50


def test_a_read_with_a_side_effect_is_never_repeated() -> None:
    """Of a block that is read `once`, a damaged reply is gone: 50 reads under noise are 50 requests."""

    async def ask(line: VirtualLine) -> None:
        line.medium.faults = LineFaults(noise=0.02)
        for _ in range(50):
            with contextlib.suppress(SourceError):
                await line.bus.read(80, replace(BLOCK, once=True), TIMING)

    assert sum(frame.is_request for frame in on_a_line(device(), ask=ask)) == 50


def test_a_device_that_measures_on_command_is_told_first() -> None:
    """A write, 400 ms in which it measures, and the read."""
    told = replace(BLOCK, before=Trigger(0x69, 0xB588, 0.4))

    async def ask(line: VirtualLine) -> None:
        assert (await line.bus.read(80, told, TIMING)).numbers == REGISTERS
        assert line.bus.echoes is False

    write, confirmed, read, _ = on_a_line(device(), ask=ask)
    assert write.octets[:6].hex() == "50060069b588"
    assert read.begin - confirmed.end >= 0.4


def test_silence_is_never_asked_again_by_itself() -> None:
    """One question, one timeout, and no other question until its late reply can no longer come."""

    async def ask(line: VirtualLine) -> None:
        with pytest.raises(SourceTimeout, match=r"no reply within 0.3 s.*E-BUS-010"):
            await line.bus.read(80, BLOCK, TIMING)
        with pytest.raises(SourceTimeout):
            await line.bus.read(80, BLOCK, TIMING)

    first, second = on_a_line(ask=ask)
    assert second.begin - first.end >= TIMING.late_max_s


def test_a_lost_byte_leaves_the_line_quiet() -> None:
    """Half a reply may still be followed by the other half."""

    async def ask(line: VirtualLine) -> None:
        with pytest.raises(FrameError, match="E-BUS-011"):
            await line.bus.read(80, BLOCK, TIMING)
        with pytest.raises(FrameError):
            await line.bus.read(80, BLOCK, TIMING)

    frames = on_a_line(device(faults=DeviceFaults(truncate=30)), ask=ask)
    asked = [frame for frame in frames if frame.is_request]
    assert asked[1].begin - asked[0].end >= TIMING.late_max_s


def test_an_adapters_echo_is_left_out() -> None:
    """It is found by the first read; from then on a write is confirmed by the device, not by the adapter."""

    async def ask(line: VirtualLine) -> None:
        line.medium.faults = LineFaults(echo=True)
        assert line.bus.echoes is None
        with pytest.raises(SourceError, match=r"nothing was read on this line yet.*E-BUS-022"):
            await line.bus.ask(Request(80, 6, 0x1F, values=(6,)), TIMING)
        assert (await line.bus.read(80, BLOCK, TIMING)).numbers == REGISTERS
        assert line.bus.echoes
        assert (await line.bus.ask(Request(80, 6, 0x1F, values=(6,)), TIMING)).numbers == ()
        with pytest.raises(DeviceRefused, match="illegal data address"):
            await line.bus.ask(Request(80, 6, 0x99, values=(6,)), TIMING)
        with pytest.raises(SourceTimeout):
            await line.bus.ask(Request(7, 6, 0x1F, values=(6,)), TIMING)

    on_a_line(device(), ask=ask)


def test_pieces_of_a_reply_are_one_reply() -> None:
    """An adapter that hands on three bytes at a time changes nothing."""

    async def ask(line: VirtualLine) -> None:
        line.medium.faults = LineFaults(piece=3)
        assert (await line.bus.read(80, BLOCK, TIMING)).numbers == REGISTERS
        assert line.bus.echoes is False

    on_a_line(device(), ask=ask)


def test_two_devices_at_one_address_are_found() -> None:
    """One answers 30 ms after the other. Some replies are damaged, then both are heard, and no value is believed."""
    codes: list[str] = []

    async def ask(line: VirtualLine) -> None:
        codes.extend([await code(line) for _ in range(12)])

    slower = DeviceFaults(late_s=0.03, spread_s=0.03)
    on_a_line(device(roll=1.5), device(roll=-4.0, faults=slower), ask=ask)
    assert "E-BUS-019" in codes
    assert set(codes[codes.index("E-BUS-019") :]) <= {"E-BUS-019", "E-BUS-012"}


def test_an_address_that_was_shared_is_believed_again() -> None:
    """After the second device is gone, three good replies without another answer are enough."""
    twin = device(roll=-4.0, faults=DeviceFaults(late_s=0.05))

    async def ask(line: VirtualLine) -> None:
        assert [await code(line) for _ in range(5)][-1] == "E-BUS-019"
        twin.faults = DeviceFaults(is_silent=True)
        assert [await code(line) for _ in range(4)] == ["E-BUS-019"] * 3 + [""]

    on_a_line(device(), twin, ask=ask)


def test_a_line_that_never_falls_silent_is_said_to_be_so() -> None:
    """A device in streaming mode leaves no room for a request."""

    async def ask(line: VirtualLine) -> None:
        babbler = Babbler(line.medium, lambda: line.port.settings, 0.008, lambda: b"\x55\x51\x00\x00\x00")
        line.medium.faults = LineFaults(piece=1)
        await asyncio.sleep(0.1)
        with pytest.raises(FrameError, match="E-BUS-016"):
            await line.bus.read(80, BLOCK, TIMING)
        babbler.stop()

    on_a_line(device(), ask=ask)


def test_a_busy_device_is_left_alone() -> None:
    """After a write some devices need a while; the others are asked meanwhile."""

    async def ask(line: VirtualLine) -> None:
        await line.bus.read(80, BLOCK, TIMING)
        line.bus.leave_alone(80, 0.5)
        await line.bus.read(81, BLOCK, TIMING)
        await line.bus.read(80, BLOCK, TIMING)

    frames = [frame for frame in on_a_line(device(80), device(81), ask=ask) if frame.is_request]
    assert frames[1].begin - frames[0].end < 0.1
    assert frames[2].begin - frames[0].end >= 0.5
