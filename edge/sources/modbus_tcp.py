"""Sensors behind a Modbus TCP server: a device with a network port, or a gateway with a serial line behind it.

    boxes:
      TA-0113:
        name: 同安区前格村 1 号箱
        lines:
          pump-house:
            source: modbus_tcp
            host: 192.168.1.40
            port: 502               # the usual one
            every: 500ms            # only when it differs from the profile's, for all sensors of the line

A gateway that hands on raw serial bytes ("transparent", "TCP server") speaks no Modbus TCP: set it to Modbus. Each
sensor's `unit` is the one behind the gateway; a device with a port of its own often wants 1 or ignores it. One request
is on its way at a time, and what a profile says of silence and late replies matters only behind the gateway.
"""

from dataclasses import dataclass
from functools import partial

from edge.ports import LinePlan, Source


@dataclass(frozen=True, slots=True)
class Config:
    """The line's block in sensors.yaml."""

    host: str
    port: int = 502
    every_s: float | None = None


def open_source(plan: LinePlan) -> Source:
    """The line's samples; does no I/O. Raises ConfigError."""
    # Reading sensors.yaml needs no Modbus library, which the cloud does not install.
    from edge.polled_line import PolledLine, turns  # noqa: PLC0415
    from edge.tcp_bus import connected  # noqa: PLC0415

    config = plan.block(Config)
    return PolledLine(
        partial(connected, config.host, config.port), turns(plan.in_order, config.every_s), clock=plan.clock
    )
