"""A simulated Modbus RTU device: the registers of a profile, filled from a world."""

from collections.abc import Callable, Mapping

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse, ReadInputRegistersResponse

from edge.modbus_frame import reading, request_frame
from edge.serial_port import SerialSettings
from edge.sim.faults import DeviceFaults
from wire.profile import Block, Profile
from wire.registers import Value, encode_block

Values = Callable[[], Mapping[str, Value]]
"""What the sensor measures now, by point name of its profile."""
Replied = Callable[[str, tuple[int, ...]], None]
"""Told the block and its registers when the device puts them into a reply."""

_RESPONSES = {3: ReadHoldingRegistersResponse, 4: ReadInputRegistersResponse}
_framer = FramerRTU(DecodePDU(is_server=True))


def _tell_nobody(_block: str, _registers: tuple[int, ...]) -> None:
    """For a device whose replies nobody records."""


class ModbusDevice:
    """One server on a line; `faults` may be changed while it runs."""

    def __init__(self, profile: Profile, unit: int, values: Values, replied: Replied = _tell_nobody) -> None:
        """`unit` is the identifier it answers to."""
        self.profile, self.unit = profile, unit
        self.baud, self.frame = profile.link.baud, profile.link.frame
        self.faults = DeviceFaults()
        self._values = values
        self._replied = replied

    def brown_out(self) -> None:
        """Its supply fails for a moment: it comes back as it left the factory."""
        self.unit = self.profile.link.unit
        self.baud, self.frame = self.profile.link.baud, self.profile.link.frame

    @property
    def settings(self) -> SerialSettings:
        """How its bytes look on the line."""
        return SerialSettings(self.baud, self.frame)

    def answer(self, frame: bytes, faults: DeviceFaults | None = None) -> bytes:
        """The reply to a frame on the line; empty when it is damaged, for another unit, or the device is silent.

        `faults`: those of this reply, when they are not the device's at all times.
        """
        faults = faults or self.faults
        if not frame or frame[0] != self.unit or faults.is_silent:
            return b""
        _, request = _framer.handleFrame(frame, self.unit, 0)
        if request is None:
            return b""
        reply = self._reply(request)
        reply.dev_id = self.unit if faults.answers_as is None else faults.answers_as
        return _framer.buildFrame(reply)

    def unasked(self) -> bytes:
        """What it sends in a streaming mode: the reply to a read of its first block."""
        block = next(iter(self.profile.blocks.values()))
        return self.answer(request_frame(reading(self.unit, block)))

    def _reply(self, request: ModbusPDU) -> ModbusPDU:
        function = request.function_code
        if function not in _RESPONSES:
            return ExceptionResponse(function, ExcCodes.ILLEGAL_FUNCTION)
        block = self._block_at(request)
        if block is None:
            return ExceptionResponse(function, ExcCodes.ILLEGAL_ADDRESS)
        registers = encode_block(self.profile, block.name, self._values())
        self._replied(block.name, registers)
        start = request.address - block.address
        return _RESPONSES[function](registers=list(registers[start : start + request.count]))

    def _block_at(self, request: ModbusPDU) -> Block | None:
        """The block that holds all registers asked for."""
        for block in self.profile.blocks.values():
            is_inside = block.address <= request.address and (
                request.address + request.count <= block.address + block.count
            )
            if block.function == request.function_code and is_inside:
                return block
        return None
