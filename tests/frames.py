"""Modbus RTU frames as a box sends them with an alarm event, made by pymodbus."""

from collections.abc import Sequence

from pymodbus.framer import FramerRTU

from edge.modbus_frame import reading, request_frame
from wire.alarm import Frame
from wire.inventory import Sensor


def with_crc(body: bytes) -> bytes:
    """A whole frame."""
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def frame(sensor: Sensor, block: str, registers: Sequence[int]) -> Frame:
    """The sensor is asked for a block, and answers with these registers or bits."""
    asked = sensor.profile.blocks[block]
    answer = b"".join(register.to_bytes(2, "big") for register in registers)
    if asked.is_bits:
        bits = sum(bit << place for place, bit in enumerate(registers))
        answer = bits.to_bytes((asked.count + 7) // 8, "little")
    reply = with_crc(bytes([sensor.unit, asked.function, len(answer)]) + answer)
    return Frame(block, request_frame(reading(sensor.unit, asked)).hex(), reply.hex())
