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

from dataclasses import dataclass
from functools import partial
from typing import Literal

from edge.ports import LinePlan, Source
from wire.kinds import build
from wire.located import Mistakes


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
    from edge.serial_port import SerialPort, SerialSettings, device_path  # noqa: PLC0415
    from edge.stream_line import StreamLine  # noqa: PLC0415

    mistakes = Mistakes()
    config = build(Config, plan.line.options, mistakes, where=plan.line.where)
    mistakes.raise_any()
    (sensor,) = (plan.sensors[name] for name in plan.line.sensors)
    link = sensor.profile.link
    settings = SerialSettings(config.baud or link.baud, config.frame or link.frame)
    path = device_path(plan.root, config.port)
    connect = partial(SerialPort, path, settings, rs485=config.rs485)
    return StreamLine(connect, sensor, config.every_s, clock=plan.clock)
