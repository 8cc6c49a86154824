"""A device on a serial port that answers in frames or lines of its own when it is asked; no Modbus.

    boxes:
      TA-0113:
        name: 同安区前格村 1 号箱
        lines:
          gas:
            source: serial_query
            port: /dev/ttyS2        # by preference a /dev/serial/by-id/ name, which survives a replug
            baud: 9600              # only when it differs from the profile's
            frame: 8N1              # likewise: data bits, parity, stop bits
            every: 5s               # only when it differs from the profile's
            rs485: false            # true for a UART whose driver must be told to switch the transmitter

One device a port: what it is asked stands in its profile, without an address. A question without a good answer is a
sample with a fault; a device that stays silent is asked less and less, at least once a minute.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from edge.ports import LinePlan, Source
from wire.kinds import build
from wire.located import Mistakes

if TYPE_CHECKING:
    from edge.query_bus import QueryBus


@dataclass(frozen=True, slots=True)
class Config:
    """The line's block in sensors.yaml. What is None comes from the profile of its sensor."""

    port: str
    baud: int | None = None
    frame: Literal["8N1", "8E1", "8O1", "8N2"] | None = None
    every_s: float | None = None
    rs485: bool = False


def open_source(plan: LinePlan) -> Source:
    """The line's samples; does no I/O. Raises ConfigError."""
    # Reading sensors.yaml needs no serial library, which the cloud does not install.
    from edge.polled_line import PolledLine, turns  # noqa: PLC0415
    from edge.query_bus import QueryBus  # noqa: PLC0415
    from edge.serial_port import SerialPort, SerialSettings, device_path  # noqa: PLC0415

    mistakes = Mistakes()
    config = build(Config, plan.line.options, mistakes, where=plan.line.where)
    mistakes.raise_any()
    (sensor,) = (plan.sensors[name] for name in plan.line.sensors)
    profile = sensor.profile
    settings = SerialSettings(config.baud or profile.link.baud, config.frame or profile.link.frame)
    path = device_path(plan.root, config.port)

    @asynccontextmanager
    async def connect() -> AsyncIterator["QueryBus"]:
        port = SerialPort(path, settings, rs485=config.rs485)
        try:
            yield QueryBus(port, profile)
        finally:
            port.close()

    return PolledLine(connect, turns([sensor], config.every_s), clock=plan.clock)
