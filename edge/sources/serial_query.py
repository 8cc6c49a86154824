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
from typing import TYPE_CHECKING

from edge.ports import LinePlan, Source
from edge.serial_block import SerialBlock, alone

if TYPE_CHECKING:
    from edge.query_bus import QueryBus

Config = SerialBlock


def open_source(plan: LinePlan) -> Source:
    """The line's samples; does no I/O. Raises ConfigError."""
    # Reading sensors.yaml needs no serial library, which the cloud does not install.
    from edge.polled_line import PolledLine, turns  # noqa: PLC0415
    from edge.query_bus import QueryBus  # noqa: PLC0415

    block = plan.block(SerialBlock)
    sensor, open_port = alone(plan, block)

    @asynccontextmanager
    async def connect() -> AsyncIterator["QueryBus"]:
        port = open_port()
        try:
            yield QueryBus(port, sensor.profile)
        finally:
            port.close()

    return PolledLine(connect, turns([sensor], block.every_s), clock=plan.clock)
