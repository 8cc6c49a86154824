"""A simulated device at the level of its frames."""

from pathlib import Path

import pytest
from pymodbus.framer import FramerRTU

from edge.modbus_frame import Request, checked_frame, numbers_of, reading, request_frame
from edge.sim.modbus_device import ModbusDevice
from wire.errors import DeviceRefused
from wire.profile_yaml import library_folder, load_profile
from wire.registers import encode_block

PROFILE = load_profile(Path(__file__).parents[3] / "firmware-configs" / "witmotion-wt901c-485")
LEANING = {"acc_z": 1.0, "roll": 1.5, "pitch": -0.5, "temp": 25.0}
DEVICE = ModbusDevice(PROFILE, 80, lambda: LEANING)


def frame(text: str) -> bytes:
    """A frame with its CRC."""
    body = bytes.fromhex(text)
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def test_part_of_a_block_can_be_read() -> None:
    """Registers 0x3D and 0x3E are roll and pitch."""
    pair = Request(80, 3, 0x3D, 2)
    reply = DEVICE.answer(frame("50 03 003D 0002"))
    registers = numbers_of(checked_frame(reply, pair, ""), pair, "")
    assert registers == encode_block(PROFILE, "attitude", LEANING)[9:11]


def test_outside_its_registers_it_answers_exception_2() -> None:
    """A block that reaches one register beyond the map is an illegal data address."""
    assert DEVICE.answer(frame("50 03 0034 000E")) == frame("50 83 02")


def test_the_other_register_space_is_not_served() -> None:
    """The profile reads holding registers (3); input registers (4) are exception 2."""
    assert DEVICE.answer(frame("50 04 0034 000D")) == frame("50 84 02")


def test_a_function_it_does_not_know_is_exception_1() -> None:
    """Writing a coil (5) is refused as an illegal function."""
    assert DEVICE.answer(frame("50 05 0034 FF00")) == frame("50 85 01")


def test_a_setting_is_written_when_the_device_is_unlocked() -> None:
    """Locked it confirms and forgets; for 10 s after 0xB588 to register 0x69 it keeps what is written."""
    now = 100.0
    device = ModbusDevice(PROFILE, 80, dict, now=lambda: now)
    five_hz, ask = frame("50 06 001F 0006"), frame("50 03 001F 0001")
    assert device.answer(five_hz) == five_hz
    assert device.answer(ask) == frame("50 03 02 0000")
    device.answer(frame("50 06 0069 B588"))
    device.answer(five_hz)
    assert device.answer(ask) == frame("50 03 02 0006")
    now += 10.1
    device.answer(frame("50 06 001F 0001"))
    assert device.answer(ask) == frame("50 03 02 0006")


def test_an_address_acts_after_the_reply_and_lasts_when_saved() -> None:
    """The confirmation comes from 0x50, the next reply from 0x51; without a save the supply takes it back."""
    device = ModbusDevice(PROFILE, 80, dict)
    device.answer(frame("50 06 0069 B588"))
    move = frame("50 06 001A 0051")
    assert device.answer(move) == move
    assert device.answer(move) == b""
    assert device.answer(frame("51 03 001A 0001")) == frame("51 03 02 0051")
    device.memory.power_cycle()
    assert device.unit == 0x50
    for each in ("50 06 0069 B588", "50 06 001A 0051", "51 06 0000 0000"):
        device.answer(frame(each))
    device.memory.power_cycle()
    assert device.unit == 0x51


def test_an_identity_register_is_read_by_itself() -> None:
    """The firmware version at 0x2E is in no block."""
    assert DEVICE.answer(frame("50 03 002E 0001")) == frame("50 03 02 0001")


def test_a_register_that_it_has_not_cannot_be_written() -> None:
    """0x0034 is a measured value: exception 2."""
    assert DEVICE.answer(frame("50 06 0034 0001")) == frame("50 86 02")


def test_it_is_silent_for_others_and_for_damaged_requests() -> None:
    """Another unit's request, a wrong CRC, half a frame and no frame get no reply."""
    request = frame("50 03 0034 000D")
    for unheard in (frame("51 03 0034 000D"), request[:-1] + b"\x00", request[:5], b""):
        assert DEVICE.answer(unheard) == b""


def test_it_tells_what_it_replied() -> None:
    """The books hold the whole block and its registers."""
    told: list[tuple[str, tuple[int, ...]]] = []
    device = ModbusDevice(PROFILE, 80, lambda: LEANING, lambda block, registers: told.append((block, registers)))
    device.answer(frame("50 03 0034 000D"))
    assert told == [("attitude", encode_block(PROFILE, "attitude", LEANING))]


def test_coils_are_read_and_switched() -> None:
    """A relay board: coils by function 1 and 5, inputs by function 2; a coil it does not have is refused."""
    profile = load_profile(library_folder() / "waveshare-relay-d")
    board = ModbusDevice(profile, 1, lambda: {"closed3": 1.0, "input8": 1.0})

    def asked(request: Request) -> tuple[int, ...]:
        return numbers_of(checked_frame(board.answer(request_frame(request)), request, "here"), request, "here")

    assert asked(reading(1, profile.blocks["relays"])) == (0, 0, 1, 0, 0, 0, 0, 0)
    assert asked(reading(1, profile.blocks["inputs"])) == (0, 0, 0, 0, 0, 0, 0, 1)
    assert asked(Request(1, 5, 0, values=(0xFF00,))) == ()
    assert asked(Request(1, 1, 0, 3)) == (1, 0, 1)
    with pytest.raises(DeviceRefused, match="illegal data address"):
        asked(Request(1, 5, 8, values=(0xFF00,)))
