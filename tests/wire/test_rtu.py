"""Modbus RTU frames read back from the bytes of an event."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU

from wire.alarm import Frame
from wire.errors import WireError
from wire.rtu import Exchange, has_right_crc, read

REQUEST, REPLY = "11 03 006B 0003 7687", "11 03 06 022B 0000 0064 C8BA"
"""Application protocol V1.1b3, §6.3, from unit 17, with the CRC of §6.2.2 of the serial line's specification."""


def test_the_example_of_the_specification() -> None:
    """Registers 107 to 109 of unit 17 are 555, 0 and 100."""
    assert read(Frame("live", REQUEST, REPLY)) == Exchange(17, 3, 107, 3, (555, 0, 100), has_right_crc=True)


def test_the_specification_s_coils() -> None:
    """§6.1: coils 20 to 38 of unit 17 are CD 6B 05, the first in the lowest bit; the CRC is pymodbus's."""
    request, reply = (
        body + FramerRTU.compute_CRC(body).to_bytes(2, "big")
        for body in (bytes.fromhex("11 01 0013 0013"), bytes.fromhex("11 01 03 CD6B05"))
    )
    found = read(Frame("coils", request.hex(), reply.hex()))
    assert (found.function, found.address, found.count, found.has_right_crc) == (1, 19, 19, True)
    assert "".join(map(str, found.registers)) == "1011001111010110101"
    with pytest.raises(WireError, match="does not answer"):
        read(Frame("coils", request.hex(), reply.hex().replace("03cd6b05", "02cd6b")))


@given(st.binary(min_size=1, max_size=256))
def test_a_crc_is_right_exactly_where_pymodbus_says_so(body: bytes) -> None:
    """Computed by another implementation; one flipped bit is always found."""
    frame = body + FramerRTU.compute_CRC(body).to_bytes(2, "big")
    assert has_right_crc(frame)
    assert not has_right_crc(bytes([frame[0] ^ 1]) + frame[1:])


def test_a_damaged_frame_is_read_and_said_to_be_damaged() -> None:
    """What was on the line is shown as it was."""
    damaged = read(Frame("live", REQUEST, REPLY.replace("0064", "0065")))
    assert (damaged.registers[-1], damaged.has_right_crc) == (101, False)


@pytest.mark.parametrize(
    ("request_text", "reply", "why"),
    [
        ("not hex", REPLY, "not hexadecimal"),
        ("", "", "reads no registers"),
        ("11 06 006B 0003 7687", REPLY, "reads no registers"),
        (REQUEST, "", "does not answer"),
        (REQUEST, "11 83 02 C134", "does not answer"),
        (REQUEST, "12 03 06 022B 0000 0064 C8BA", "does not answer"),
        (REQUEST, "11 03 06 022B 0000 C8BA", "does not answer"),
        (REQUEST, "11 03 05 022B 0000 00 C8BA", "does not answer"),
    ],
)
def test_what_is_no_exchange_is_refused(request_text: str, reply: str, why: str) -> None:
    """Third parties write events, too: nothing that they send may be more than an error with a reason."""
    with pytest.raises(WireError, match=why):
        read(Frame("live", request_text, reply))
