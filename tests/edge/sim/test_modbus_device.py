"""A simulated device at the level of its frames."""

from pathlib import Path

from pymodbus.framer import FramerRTU

from edge.modbus_frame import Request, checked_frame, numbers_of
from edge.sim.modbus_device import ModbusDevice
from wire.profile_yaml import load_profile
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
    """Writing a single register (6) is refused as an illegal function."""
    assert DEVICE.answer(frame("50 06 0034 0001")) == frame("50 86 01")


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
