"""Sensors on an RS-485 line that speak Modbus RTU: the usual way a box reads its sensors.

    boxes:
      TA-0113:
        name: 同安区前格村 1 号箱
        lines:
          rs485-1:
            source: modbus_rtu
            port: /dev/ttyS1        # by preference a /dev/serial/by-id/ name, which survives a replug
            baud: 9600              # only when it differs from the profile's
            frame: 8N1              # likewise: data bits, parity, stop bits
            every: 500ms            # only when it differs from the profile's, for all sensors of the line
            rs485: false            # true for a UART whose driver must be told to switch the transmitter

What the devices need (timeout, silence before a request, how late a reply may come, how often they
may be asked) stands in their profiles. All sensors of a line share one baud rate and frame. A poll
that fails is a sample with a fault; a sensor that stays silent is asked less and less, at least
once a minute, so that it does not slow its neighbours.
"""

from functools import partial

from edge.ports import LinePlan, Source
from edge.serial_block import SerialBlock
from wire.errors import ConfigError, Mistake
from wire.inventory import Sensor

Config = SerialBlock


def open_source(plan: LinePlan) -> Source:
    """The line's samples; does no I/O. Raises ConfigError."""
    # Reading sensors.yaml needs no serial library, which the cloud does not install.
    from edge.polled_line import PolledLine, serial_bus, turns  # noqa: PLC0415
    from edge.serial_port import SerialSettings, device_path  # noqa: PLC0415

    config = plan.block(SerialBlock)
    sensors = plan.in_order
    bauds = {config.baud} if config.baud else {sensor.profile.link.baud for sensor in sensors}
    frames = {config.frame} if config.frame else {sensor.profile.link.frame for sensor in sensors}
    if len(bauds) != 1 or len(frames) != 1:
        raise ConfigError([_mixed(plan, sensors)])
    settings = SerialSettings(bauds.pop(), frames.pop())
    return PolledLine(
        partial(serial_bus, device_path(plan.root, config.port), settings, rs485=config.rs485),
        turns(sensors, config.every_s),
        clock=plan.clock,
    )


def _mixed(plan: LinePlan, sensors: list[Sensor]) -> Mistake:
    seen = sorted(
        {f"{sensor.profile.name} {sensor.profile.link.baud} {sensor.profile.link.frame}" for sensor in sensors}
    )
    return Mistake(
        plan.line.where,
        f"the sensors of line {plan.line.key} have different serial settings: {', '.join(seen) or 'none'}.",
        "set the devices to one baud rate and frame, and write `baud:` and `frame:` at the line.",
        "E-BUS-020",
    )
