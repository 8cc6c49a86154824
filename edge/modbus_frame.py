"""The two Modbus RTU frames a client meets: the request to read a block, and the reply to it.

pymodbus builds the request. The judgement whether a reply answers *this* request is ours: pymodbus
takes a short reply, and a late one to an earlier request, for the answer.
"""

from dataclasses import dataclass

from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest, WriteSingleCoilRequest
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from wire.errors import DeviceRefused, FrameError
from wire.profile import READS_BITS, Block
from wire.rtu import AROUND_SIZE, EXCEPTION_FLAG, REQUEST_SIZE, bits_in, has_right_crc, registers_in

EXCEPTION_SIZE = 5
"""Bytes of a reply that carries an exception code, and of the shortest reply there is."""

NOBODY_THERE = (10, 11)
"""Exceptions of a gateway whose line is silent. Source: Modbus application protocol V1.1b3, §7."""
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
_READS = {
    1: ReadCoilsRequest,
    2: ReadDiscreteInputsRequest,
    3: ReadHoldingRegistersRequest,
    4: ReadInputRegistersRequest,
}
_ECHOED = (5, 6, 16)
"""Functions whose reply has the size of a request to read: what was written, or where and how much of it."""
_ON = 0xFF00
_framer = FramerRTU(DecodePDU(is_server=False))


@dataclass(frozen=True, slots=True)
class Request:
    """One question to one unit. `address` is the 0-based protocol address of the first register or bit.

    `function` 1 to 4 read `count` of them; 5, 6 and 16 write `values` (for a coil 0xFF00 or 0).
    """

    unit: int
    function: int
    address: int
    count: int = 1
    values: tuple[int, ...] = ()


def reading(unit: int, block: Block) -> Request:
    """The question for all registers of `block`."""
    return Request(unit, block.function, block.address, block.count)


def request_frame(request: Request) -> bytes:
    """Its bytes on the line."""
    return _framer.buildFrame(_pdu(request))


def _pdu(request: Request) -> ModbusPDU:
    unit, address, values = request.unit, request.address, list(request.values)
    match request.function:
        case 5:
            return WriteSingleCoilRequest(dev_id=unit, address=address, bits=[values == [_ON]])
        case 6:
            return WriteSingleRegisterRequest(dev_id=unit, address=address, registers=values)
        case 16:
            return WriteMultipleRegistersRequest(dev_id=unit, address=address, registers=values)
        case function:
            return _READS[function](dev_id=unit, address=address, count=request.count)


def reply_size(request: Request) -> int:
    """Bytes of the reply that says yes."""
    if request.function in _ECHOED:
        return REQUEST_SIZE
    return AROUND_SIZE + _octets(request)


def _octets(request: Request) -> int:
    """What the byte count of a reply to a read must be."""
    return (request.count + 7) // 8 if request.function in READS_BITS else 2 * request.count


def is_complete(reply: bytes) -> bool:
    """Are all bytes there that the beginning of `reply` announces?"""
    return len(reply) >= EXCEPTION_SIZE and len(reply) >= _announced(reply)


def is_proven(reply: bytes) -> bool:
    """Is a complete reply undamaged?"""
    return has_right_crc(reply[: _announced(reply)])


def _announced(reply: bytes) -> int:
    if reply[1] & EXCEPTION_FLAG:
        return EXCEPTION_SIZE
    return REQUEST_SIZE if reply[1] in _ECHOED else AROUND_SIZE + reply[2]


def checked_frame(reply: bytes, request: Request, where: str) -> bytes:
    """The frame at the beginning of `reply`, proven to answer `request`.

    Raises FrameError: each way to be no answer has its own code.
    """
    if not is_complete(reply) and len(reply) < reply_size(request):
        raise FrameError(
            f"the reply stops after {len(reply)} of {reply_size(request)} bytes.",
            raw=reply,
            where=where,
            fix="check the wiring and the 120 Ω terminators of the line.",
            code="E-BUS-011",
        )
    if not is_complete(reply) or not is_proven(reply):
        raise FrameError(
            "the reply is damaged: its CRC does not match.",
            raw=reply,
            where=where,
            fix="check shield and terminators; damage on one unit only means two devices share its address.",
            code="E-BUS-012",
        )
    frame = reply[: _announced(reply)]
    _check_header(frame, request, where)
    return frame


def _check_header(frame: bytes, request: Request, where: str) -> None:
    if frame[0] != request.unit:
        raise FrameError(
            f"unit {frame[0]} answered instead.",
            raw=frame,
            where=where,
            fix="check the address switches; a reply may also have come later than the profile's late_max.",
            code="E-BUS-013",
        )
    if frame[1] & ~EXCEPTION_FLAG != request.function:
        raise FrameError(
            f"the reply is to function {frame[1] & ~EXCEPTION_FLAG}, asked was {request.function}.",
            raw=frame,
            where=where,
            fix="check that no other client talks on this line.",
            code="E-BUS-014",
        )
    if frame[1] & EXCEPTION_FLAG:
        return
    if frame[1] in _ECHOED:
        _check_written(frame, request, where)
    elif frame[2] != _octets(request):
        raise FrameError(
            f"the reply carries {frame[2]} bytes, asked were {_octets(request)}.",
            raw=frame,
            where=where,
            fix="check that the profile is the one of this model.",
            code="E-BUS-015",
        )


def _check_written(frame: bytes, request: Request, where: str) -> None:
    """A device says what it has written, and where; of several registers, how many."""
    said = len(request.values) if request.function == 16 else request.values[0]
    if frame[2:6] != request.address.to_bytes(2, "big") + said.to_bytes(2, "big"):
        raise FrameError(
            "the device confirms another write than was asked for.",
            raw=frame,
            where=where,
            fix="read the register back before you go on; check that no other client talks on this line.",
            code="E-BUS-021",
        )


def numbers_of(frame: bytes, request: Request, where: str) -> tuple[int, ...]:
    """The registers or bits in a checked reply; none of a write. Raises DeviceRefused when the device refused."""
    if frame[1] & EXCEPTION_FLAG:
        number = frame[2]
        raise DeviceRefused(
            f"the device refused: exception code {number}, {_EXCEPTIONS.get(number, 'not in the standard')}.",
            exception_code=number,
            where=where,
            fix="check the unit identifier, and behind the gateway the line and its baud rate."
            if number in NOBODY_THERE
            else "check that the profile is the one of this model and firmware.",
            code="E-BUS-017",
        )
    if request.function in _ECHOED:
        return ()
    if request.function in READS_BITS:
        return bits_in(frame[3:], request.count)
    return registers_in(frame)
