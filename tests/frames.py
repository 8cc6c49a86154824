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
    """The sensor is asked for a block, and answers with these registers."""
    asked = sensor.profile.blocks[block]
    head = bytes([sensor.unit, asked.function, 2 * len(registers)])
    reply = with_crc(head + b"".join(register.to_bytes(2, "big") for register in registers))
    return Frame(block, request_frame(reading(sensor.unit, asked)).hex(), reply.hex())
