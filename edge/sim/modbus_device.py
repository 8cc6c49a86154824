"""A simulated Modbus RTU device: the registers of a profile, filled from a world, and its settings."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsResponse, ReadDiscreteInputsResponse, WriteSingleCoilResponse
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersResponse,
    ReadInputRegistersResponse,
    WriteMultipleRegistersResponse,
    WriteSingleRegisterResponse,
)

from edge.modbus_frame import reading, request_frame
from edge.serial_port import SerialSettings
from edge.sim.device_memory import DeviceMemory
from edge.sim.faults import DeviceFaults
from wire.block_plan import joined
from wire.profile import READS_BITS, Block, Profile
from wire.profile_acts import Identity
from wire.registers import Value, encode_block, width

Values = Callable[[], Mapping[str, Value]]
"""What the sensor measures now, by point name of its profile."""
Replied = Callable[[str, tuple[int, ...]], None]
"""Told the block and its registers when the device puts them into a reply."""

_BIT_RESPONSES = {1: ReadCoilsResponse, 2: ReadDiscreteInputsResponse}
_RESPONSES = {3: ReadHoldingRegistersResponse, 4: ReadInputRegistersResponse}
_COILS, _HOLDING = 1, 3
_framer = FramerRTU(DecodePDU(is_server=True))


def _tell_nobody(_block: str, _registers: tuple[int, ...]) -> None:
    """For a device whose replies nobody records."""


class ModbusDevice:
    """One server on a line; `faults` may be changed while it runs."""

    def __init__(
        self,
        profile: Profile,
        unit: int,
        values: Values,
        replied: Replied = _tell_nobody,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`unit` is the identifier it answers to; `now` in seconds is how long an unlocked device stays so."""
        self.profile = profile
        self.memory = DeviceMemory(profile, unit)
        self.faults = DeviceFaults()
        self._values, self._replied, self._now = values, replied, now
        self._planned = joined(replace(one, every_s=0.0) for one in profile.blocks.values())

    @property
    def unit(self) -> int:
        """The unit identifier that it answers to."""
        return self.memory.unit

    @property
    def settings(self) -> SerialSettings:
        """How its bytes look on the line."""
        return self.memory.settings

    def answer(self, frame: bytes, faults: DeviceFaults | None = None) -> bytes:
        """The reply to a frame on the line; empty when it is damaged, for another unit, or the device is silent.

        `faults`: those of this reply, when they are not the device's at all times.
        """
        faults = faults or self.faults
        if not frame or frame[0] not in (self.unit, self.profile.link.any_unit or self.unit) or faults.is_silent:
            return b""
        _, request = _framer.handleFrame(frame, frame[0], 0)
        if request is None:
            return b""
        reply = self._reply(request)
        if faults.is_mute and isinstance(reply, ExceptionResponse):
            return b""
        reply.dev_id = frame[0] if faults.answers_as is None else faults.answers_as
        octets: bytes = _framer.buildFrame(reply)
        self.memory.settle()
        return octets

    def unasked(self) -> bytes:
        """What it sends in a streaming mode: the reply to a read of its first block."""
        block = next(iter(self.profile.blocks.values()))
        return self.answer(request_frame(reading(self.unit, block)))

    def _reply(self, request: ModbusPDU) -> ModbusPDU:
        match request.function_code:
            case 6 if self._write(request):
                return WriteSingleRegisterResponse(address=request.address, registers=request.registers)
            case 16 if self._write(request):
                return WriteMultipleRegistersResponse(address=request.address, count=len(request.registers))
            case 5 if self._switch(request):
                return WriteSingleCoilResponse(address=request.address, bits=request.bits)
            case 1 | 2 | 3 | 4 as function:
                numbers = self._read(function, request.address, request.count)
                if numbers is not None:
                    return _read_response(function, numbers)
            case 6 | 16 if self.profile.settings:
                pass
            case 5 if self._coils():
                pass
            case function:
                return ExceptionResponse(function, ExcCodes.ILLEGAL_FUNCTION)
        return ExceptionResponse(request.function_code, ExcCodes.ILLEGAL_ADDRESS)

    def _write(self, request: ModbusPDU) -> bool:
        """Are there all these registers?"""
        if not self.profile.settings:
            return False
        now = self._now()
        return all(
            self.memory.write(request.address + place, value, now) for place, value in enumerate(request.registers)
        )

    def _coils(self) -> set[int]:
        """The addresses of its coils."""
        blocks = [block for block in self.profile.blocks.values() if block.function == _COILS]
        return {address for block in blocks for address in range(block.address, block.address + block.count)}

    def _switch(self, request: ModbusPDU) -> bool:
        """Is there such a coil? Then it is as the request says."""
        if request.address not in self._coils():
            return False
        self.memory.coils[request.address] = int(request.bits[0])
        return True

    def _read(self, function: int, address: int, count: int) -> list[int] | None:
        """The registers or bits, or None where one of them does not exist."""
        for block in self._planned:
            is_inside = block.address <= address and address + count <= block.address + block.count
            if block.function == function and is_inside:
                registers = self._measured(block, range(address, address + count))
                start = address - block.address
                return registers[start : start + count]
        others = self.memory.held() if function == _HOLDING else {}
        others |= {found.address: _shown(found) for found in self.profile.identity if found.function == function}
        wanted = range(address, address + count)
        return [others[place] for place in wanted] if all(place in others for place in wanted) else None

    def _measured(self, block: Block, wanted: range) -> list[int]:
        """The registers of a planned block; those of a hole are 0."""
        registers = [0] * block.count
        for part in block.parts or (block,):
            if part.address < wanted.stop and wanted.start < part.address + part.count:
                encoded = self._encoded(part)
                self._replied(part.name, encoded)
                registers[part.address - block.address : part.address - block.address + part.count] = encoded
        return registers

    def _encoded(self, block: Block) -> tuple[int, ...]:
        """The block as measured; identity registers that are no point of it show what such a model shows."""
        registers = list(encode_block(self.profile, block.name, self._values()))
        if block.function == _COILS:
            return tuple(self.memory.coils.get(block.address + place, bit) for place, bit in enumerate(registers))
        measured = {
            point.register + place
            for point in self.profile.points
            if point.block == block.name
            for place in range(width(point.type))
        }
        for identity in self.profile.identity:
            place = identity.address - block.address
            if identity.function == block.function and 0 <= place < block.count and identity.address not in measured:
                registers[place] = _shown(identity)
        return tuple(registers)


def _read_response(function: int, numbers: list[int]) -> ModbusPDU:
    if function in READS_BITS:
        return _BIT_RESPONSES[function](bits=[bool(number) for number in numbers])
    return _RESPONSES[function](registers=numbers)


def _shown(identity: Identity) -> int:
    """A register that such a model shows."""
    span = (int(identity.span[0]), int(identity.span[1])) if identity.span else (1, 0x7FFF)
    candidates = identity.expected or range(span[0], span[1] + 1)
    number = next((found for found in candidates if found not in identity.excluded), 0)
    return (number << identity.shift) & 0xFFFF
