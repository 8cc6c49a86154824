"""Modbus RTU frames as they were on the wire: whether they are whole, what was asked, what was answered.

The box proves replies by it, and the cloud shows from the same bytes why an alarm stands.
Source: MODBUS over serial line V1.02, §2.5.1.2 (frame) and §6.2.2 (CRC); application protocol V1.1b3,
§6.1 to §6.4 (reading bits and registers).
"""

import struct
from dataclasses import dataclass

from wire.alarm import Frame
from wire.errors import WireError

REQUEST_SIZE = 8
"""Bytes of a request to read."""
AROUND_SIZE = 5
"""Bytes around the registers of a reply: unit identifier, function code, byte count and CRC."""
EXCEPTION_FLAG = 0x80
"""Set in the function code of a reply that carries an exception code."""
_READS, _READS_BITS = (1, 2, 3, 4), (1, 2)
_POLYNOMIAL = 0xA001


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request to read, and the reply. `address` is the 0-based protocol address of the first register or bit."""

    unit: int
    function: int
    address: int
    count: int
    registers: tuple[int, ...]
    has_right_crc: bool


def has_right_crc(frame: bytes) -> bool:
    """Do the last two bytes of a frame fit those before them?"""
    crc = 0xFFFF
    for octet in frame[:-2]:
        crc = crc >> 8 ^ _TABLE[(crc ^ octet) & 0xFF]
    return frame[-2:] == crc.to_bytes(2, "little")


def registers_in(reply: bytes) -> tuple[int, ...]:
    """The registers of a whole reply that carries no exception code."""
    return struct.unpack_from(f">{reply[2] // 2}H", reply, 3)


def bits_in(octets: bytes, count: int) -> tuple[int, ...]:
    """Coils or discrete inputs: eight a byte, the first in its lowest bit (application protocol §6.1)."""
    return tuple(octets[place // 8] >> place % 8 & 1 for place in range(count))


def read(frame: Frame) -> Exchange:
    """What the bytes of an event say. Raises WireError when they are no exchange of reading."""
    try:
        request, reply = bytes.fromhex(frame.request), bytes.fromhex(frame.reply)
    except ValueError as error:
        raise _unreadable("they are not hexadecimal") from error
    if len(request) != REQUEST_SIZE or request[1] not in _READS:
        raise _unreadable("the request reads no registers")
    unit, function, address, count = struct.unpack(">BBHH", request[:-2])
    is_bits = function in _READS_BITS
    is_reply = reply[:2] == request[:2] and len(reply) >= AROUND_SIZE and len(reply) == AROUND_SIZE + reply[2]
    if not is_reply or (reply[2] != (count + 7) // 8 if is_bits else reply[2] % 2):
        raise _unreadable("the reply does not answer the request")
    numbers = bits_in(reply[3:], count) if is_bits else registers_in(reply)
    return Exchange(unit, function, address, count, numbers, has_right_crc(request) and has_right_crc(reply))


def _unreadable(why: str) -> WireError:
    return WireError(f"the frames of this event cannot be read: {why}", fix="see docs/wire.md", code="E-WIRE-008")


def _remainder(octet: int) -> int:
    for _ in range(8):
        octet = octet >> 1 ^ (_POLYNOMIAL if octet & 1 else 0)
    return octet


_TABLE = tuple(_remainder(octet) for octet in range(256))
"""The CRC of each byte alone: eight bits at once."""
