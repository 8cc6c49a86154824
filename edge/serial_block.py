"""The block of a serial line in sensors.yaml, whatever speaks on it, and how the port of a lone device is opened."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from edge.ports import LinePlan
from wire.inventory import Sensor

if TYPE_CHECKING:
    from edge.serial_port import SerialPort


@dataclass(frozen=True, slots=True)
class SerialBlock:
    """What is None comes from the profiles of the line's sensors."""

    port: str
    baud: int | None = None
    frame: Literal["8N1", "8E1", "8O1", "8N2"] | None = None
    every_s: float | None = None
    rs485: bool = False


def alone(plan: LinePlan, block: SerialBlock) -> tuple[Sensor, Callable[[], "SerialPort"]]:
    """The line's one sensor, and what opens its port; does no I/O."""
    # Reading sensors.yaml needs no serial library, which the cloud does not install.
    from edge.serial_port import SerialPort, SerialSettings, device_path  # noqa: PLC0415

    (sensor,) = plan.in_order
    link = sensor.profile.link
    settings = SerialSettings(block.baud or link.baud, block.frame or link.frame)
    return sensor, partial(SerialPort, device_path(plan.root, block.port), settings, rs485=block.rs485)
