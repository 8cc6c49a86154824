"""Bluetooth sensors that are connected to and notify: a WitMotion WT901BLE on a wall without wires.

    boxes:
      TA-0113:
        lines:
          walls:
            source: ble_notify
            every: 1s               # only when it differs from the profile's, for all sensors of the line

A sensor's `address:` is its Bluetooth address, AA:BB:CC:DD:EE:FF, or its name; `egret ble scan` shows both. Of an
interval one message stands: the median where the profile names a point, else the last. A connection that is lost is
made again, one at a time, for ever. Needs the extra `ble`: pip install 'egret-city[edge,ble]'. More: docs/field/ble.md.
"""

from dataclasses import dataclass

from edge.ports import LinePlan, Source


@dataclass(frozen=True, slots=True)
class Config:
    """The line's block in sensors.yaml."""

    every_s: float | None = None


def open_source(plan: LinePlan) -> Source:
    """The notifications; does no I/O. Raises ConfigError."""
    from edge.ble.notifications import NotifyLine  # noqa: PLC0415 - reading sensors.yaml needs none of it

    config = plan.block(Config)
    return NotifyLine(plan.radio, plan.in_order, config.every_s, clock=plan.clock)
