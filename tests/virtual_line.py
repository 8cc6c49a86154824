"""A simulated line in virtual time: devices, wires, a port in memory, and what a test asks of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from edge.bus import Bus
from edge.serial_port import SerialSettings
from edge.sim import virtual_time
from edge.sim.medium import Frame, Medium
from edge.sim.memory_port import MemoryPort
from edge.sim.modbus_device import ModbusDevice
from edge.sim.stations import Stations


@dataclass
class VirtualLine:
    """What hangs on the wires, and what was said on them."""

    medium: Medium
    port: MemoryPort
    bus: Bus
    frames: list[Frame] = field(default_factory=list)


def on_a_line(
    *devices: ModbusDevice, ask: Callable[[VirtualLine], Awaitable[None]], baud: int = 9600, frame: str = "8N1"
) -> list[Frame]:
    """Runs `ask` on a line with these devices; every frame that was said."""
    frames: list[Frame] = []

    async def run() -> None:
        medium = Medium(Random(7), frames.append)
        Stations(medium, devices, Random(7))
        port = MemoryPort(medium, SerialSettings(baud, frame))
        await ask(VirtualLine(medium, port, Bus(port), frames))

    virtual_time.run(run())
    return frames
