"""What is taken for an answer: the frames of the Modbus specification, and each way to be none."""

import pytest

from edge.modbus_frame import Request, checked_frame, is_complete, numbers_of, request_frame
from wire.errors import DeviceRefused, FrameError

THREE_REGISTERS = Request(17, 3, 0x6B, 3)


def with_crc(text: str) -> bytes:
    """A frame with its CRC, computed bit by bit as the specification (V1.02, §6.2.2) describes it."""
    body = bytes.fromhex(text)
    crc = 0xFFFF
    for octet in body:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return body + crc.to_bytes(2, "little")


def test_the_request_of_the_specification() -> None:
    """Application protocol V1.1b3, §6.3: read holding registers 108 to 110, here from unit 17."""
    assert request_frame(THREE_REGISTERS) == with_crc("11 03 006B 0003")


def test_the_reply_of_the_specification() -> None:
    """Application protocol V1.1b3, §6.3: 022B 0000 0064."""
    reply = with_crc("11 03 06 022B 0000 0064")
    assert is_complete(reply)
    assert numbers_of(checked_frame(reply, THREE_REGISTERS, ""), THREE_REGISTERS, "") == (555, 0, 100)


def test_stray_bytes_after_a_proven_reply_do_no_harm() -> None:
    """Transceivers often add a byte when they switch off."""
    reply = with_crc("11 03 06 022B 0000 0064") + b"\x00"
    assert numbers_of(checked_frame(reply, THREE_REGISTERS, ""), THREE_REGISTERS, "") == (555, 0, 100)


@pytest.mark.parametrize(
    ("reply", "code", "says"),
    [
        (with_crc("11 03 06 022B 0000 0064")[:-3], "E-BUS-011", "stops after 8 of 11 bytes"),
        (b"\x11", "E-BUS-011", "stops after 1 of 11 bytes"),
        (bytes.fromhex("11 03 06 022B 0000 0065 0000"), "E-BUS-012", "CRC"),
        (bytes.fromhex("11 03 26 022B 0000 0065 0000 0000"), "E-BUS-012", "CRC"),
        (with_crc("12 03 06 022B 0000 0064"), "E-BUS-013", "unit 18 answered"),
        (with_crc("11 04 06 022B 0000 0064"), "E-BUS-014", "to function 4, asked was 3"),
        (with_crc("11 84 02"), "E-BUS-014", "to function 4, asked was 3"),
        (with_crc("11 03 04 022B 0000"), "E-BUS-015", "carries 4 bytes, asked were 6"),
    ],
)
def test_each_way_to_be_no_answer_has_its_code(reply: bytes, code: str, says: str) -> None:
    """The error names what is wrong and keeps the bytes."""
    with pytest.raises(FrameError) as caught:
        checked_frame(reply, THREE_REGISTERS, "port /dev/ttyS1, unit 17, block live")
    assert caught.value.code == code
    assert says in caught.value.what
    assert caught.value.raw
    assert caught.value.where == "port /dev/ttyS1, unit 17, block live"


def test_an_exception_code_is_a_refusal() -> None:
    """Function 0x83 with code 4 means that the device itself has failed."""
    frame = checked_frame(with_crc("11 83 04"), THREE_REGISTERS, "")
    with pytest.raises(DeviceRefused, match="exception code 4, server device failure") as caught:
        numbers_of(frame, THREE_REGISTERS, "")
    assert caught.value.exception_code == 4
