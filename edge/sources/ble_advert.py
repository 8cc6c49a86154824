"""Bluetooth sensors that say what they measure in their adverts: a RuuviTag, a beacon. Nobody connects to them.

    boxes:
      TA-0113:
        lines:
          tags:
            source: ble_advert
            every: 10s              # only when it differs from the profile's, for all sensors of the line

A sensor's `address:` is its Bluetooth address, AA:BB:CC:DD:EE:FF, or its name; `egret ble scan` shows both. Of an
interval one advert stands. All Bluetooth lines of a box share its adapter and one scanner, and need the extra `ble`:
pip install 'egret-city[edge,ble]'. Anybody can send an advert: do not let an alarm hang on one alone. More:
docs/field/ble.md.
"""

from dataclasses import dataclass

from edge.ports import LinePlan, Source


@dataclass(frozen=True, slots=True)
class Config:
    """The line's block in sensors.yaml."""

    every_s: float | None = None


def open_source(plan: LinePlan) -> Source:
    """The adverts; does no I/O. Raises ConfigError."""
    from edge.ble.adverts import AdvertLine  # noqa: PLC0415 - reading sensors.yaml needs none of it

    config = plan.block(Config)
    return AdvertLine(plan.radio, plan.in_order, config.every_s, clock=plan.clock)
