"""Frames out of a stream of bytes."""

from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU

from edge.field.sniff import pieces
from edge.modbus_frame import Request, request_frame
from wire.rtu import has_right_crc

ASK = request_frame(Request(0x50, 3, 0x34, 13))


def with_crc(text: str) -> bytes:
    """A frame with its CRC."""
    body = bytes.fromhex(text)
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


ANSWER = with_crc("50 03 1A 0000 0000 0800 0000 0000 0000 0000 0000 0000 016C FE94 0000 09C4")


def test_a_conversation_is_told() -> None:
    """A read, its reply, a write, a refusal, and what was between them."""
    write = request_frame(Request(0x50, 6, 0x69, values=(0xB588,)))
    many = request_frame(Request(1, 16, 0x10, values=(1, 2)))
    said = [piece.said for piece in pieces(b"\x00" + ASK + ANSWER + write + many + with_crc("50 83 02") + ASK[:3])]
    assert said == [
        "? 1 bytes that are no frame",
        "→ unit 80: read 13 holding registers from 0x0034",
        "← unit 80: 0000 0000 0800 0000 0000 0000 0000 0000 0000 016C FE94 0000 09C4",
        "⇄ unit 80: write 0x0069 = B588 (function 6)",
        "⇄ unit 1: write 0x0010 and 1 more = 00 0204 0001 0002 (function 16)",
        "← unit 80: exception code 2 to function 3",
        "? 3 bytes that are no frame",
    ]


@given(st.lists(st.one_of(st.binary(max_size=12), st.sampled_from([ASK, ANSWER])), max_size=6))
def test_no_byte_is_lost_or_invented(parts: list[bytes]) -> None:
    """Whatever comes, the pieces are the stream, and every frame has a right CRC."""
    stream = b"".join(parts)
    found = list(pieces(stream))
    assert b"".join(piece.octets for piece in found) == stream
    assert all(has_right_crc(piece.octets) for piece in found if piece.is_frame)
    assert all(piece.said for piece in found)
