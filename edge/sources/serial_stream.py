"""A device that speaks by itself on a serial port: binary frames or lines of text, without being asked.

    boxes:
      TA-0113:
        name: 同安区前格村 1 号箱
        lines:
          level:
            source: serial_stream
            port: /dev/ttyS2        # by preference a /dev/serial/by-id/ name, which survives a replug
            baud: 9600              # only when it differs from the profile's
            frame: 8N1              # likewise: data bits, parity, stop bits
            every: 500ms            # only when it differs from the profile's: of each such time one message is taken
            rs485: false            # true for a UART whose driver must be told to leave the transmitter off

One device a port: what comes has no address. Of the messages of each interval the one with the median is taken (the
profile says of what), else the last; damaged ones are dropped and counted. A device that says nothing for longer than
its profile's `silence` has stale readings until it speaks again.
"""

from edge.ports import LinePlan, Source
from edge.serial_block import SerialBlock, alone

Config = SerialBlock


def open_source(plan: LinePlan) -> Source:
    """The line's samples; does no I/O. Raises ConfigError."""
    # Reading sensors.yaml needs no serial library, which the cloud does not install.
    from edge.stream_line import StreamLine  # noqa: PLC0415

    block = plan.block(SerialBlock)
    sensor, connect = alone(plan, block)
    return StreamLine(connect, sensor, block.every_s, clock=plan.clock)
