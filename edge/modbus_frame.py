"""The two Modbus RTU frames a client meets: the request to read a block, and the reply to it.

pymodbus builds the request. The judgement whether a reply answers *this* request is ours: pymodbus
takes a short reply, and a late one to an earlier request, for the answer.
"""

from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from wire.errors import DeviceRefused, FrameError
from wire.profile import Block
from wire.rtu import AROUND_SIZE, EXCEPTION_FLAG, has_right_crc, registers_in

EXCEPTION_SIZE = 5
"""Bytes of a reply that carries an exception code, and of the shortest reply there is."""

_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "server device failure",
    5: "acknowledge",
    6: "server device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target device failed to respond",
}
_REQUESTS = {3: ReadHoldingRegistersRequest, 4: ReadInputRegistersRequest}
_framer = FramerRTU(DecodePDU(is_server=False))


def request_frame(unit: int, block: Block) -> bytes:
    """The bytes that ask `unit` for all registers of `block`."""
    request = _REQUESTS[block.function](dev_id=unit, address=block.address, count=block.count)
    return _framer.buildFrame(request)


def reply_size(block: Block) -> int:
    """Bytes of the reply that carries all registers of `block`."""
    return AROUND_SIZE + 2 * block.count


def is_complete(reply: bytes) -> bool:
    """Are all bytes there that the beginning of `reply` announces?"""
    if len(reply) < EXCEPTION_SIZE:
        return False
    return bool(reply[1] & EXCEPTION_FLAG) or len(reply) >= AROUND_SIZE + reply[2]


def checked_frame(reply: bytes, unit: int, block: Block, where: str) -> bytes:
    """The frame at the beginning of `reply`, proven to answer a read of `block` from `unit`.

    Raises FrameError: each way to be no answer has its own code.
    """
    if not is_complete(reply):
        raise FrameError(
            f"the reply stops after {len(reply)} of {reply_size(block)} bytes.",
            raw=reply,
            where=where,
            fix="check the wiring and the 120 Ω terminators of the line.",
            code="E-BUS-011",
        )
    body_size = 1 if reply[1] & EXCEPTION_FLAG else reply[2] + 1
    frame = reply[: 2 + body_size + 2]
    if not has_right_crc(frame):
        raise FrameError(
            "the reply is damaged: its CRC does not match.",
            raw=reply,
            where=where,
            fix="check shield and terminators; damage on one unit only means two devices share its address.",
            code="E-BUS-012",
        )
    _check_header(frame, unit, block, where)
    return frame


def _check_header(frame: bytes, unit: int, block: Block, where: str) -> None:
    if frame[0] != unit:
        raise FrameError(
            f"unit {frame[0]} answered instead.",
            raw=frame,
            where=where,
            fix="check the address switches; a reply may also have come later than the profile's late_max.",
            code="E-BUS-013",
        )
    if frame[1] & ~EXCEPTION_FLAG != block.function:
        raise FrameError(
            f"the reply is to function {frame[1] & ~EXCEPTION_FLAG}, asked was {block.function}.",
            raw=frame,
            where=where,
            fix="check that no other client talks on this line.",
            code="E-BUS-014",
        )
    if not frame[1] & EXCEPTION_FLAG and frame[2] != 2 * block.count:
        raise FrameError(
            f"the reply carries {frame[2]} bytes, asked were {2 * block.count}.",
            raw=frame,
            where=where,
            fix="check that the profile is the one of this model.",
            code="E-BUS-015",
        )


def registers_of(frame: bytes, where: str) -> tuple[int, ...]:
    """The registers in a checked reply. Raises DeviceRefused when it carries an exception code."""
    if frame[1] & EXCEPTION_FLAG:
        number = frame[2]
        raise DeviceRefused(
            f"the device refused: exception code {number}, {_EXCEPTIONS.get(number, 'not in the standard')}.",
            exception_code=number,
            where=where,
            fix="check that the profile is the one of this model and firmware.",
            code="E-BUS-017",
        )
    return registers_in(frame)
