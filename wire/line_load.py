"""How much of a serial line's time its sensors' polls take, before anybody drives out to install them."""

from collections.abc import Iterable
from dataclasses import replace

from wire.block_plan import joined
from wire.inventory import Line, Sensor
from wire.located import Mistakes, block_of
from wire.profile import Block
from wire.rtu import AROUND_SIZE, REQUEST_SIZE

CHARACTER_BITS = 11
"""Start, eight data, parity or second stop, stop: what a character costs at most."""
QUIET_CHARACTERS = 3.5
"""Silence between frames. Source: Modbus over Serial Line 1.02, §2.5.1.1."""


def serial_settings(line: Line, sensors: Iterable[Sensor]) -> set[tuple[int, str]]:
    """Baud rate and frame its devices are reached with: the line's own, else their factory settings."""
    options = block_of(line.options, line.where, Mistakes())
    rate, frame = options.integer("baud", default=0), options.text("frame", "")
    links = [sensor.profile.link for sensor in sensors]
    return {(rate or link.baud, frame or link.frame) for link in links}


def utilisation(sensors: Iterable[Sensor], rate: int) -> float:
    """The share of the line's time that polling takes; above 1.0 the sensors cannot keep their interval.

    An estimate from below: the devices' own thinking time is not known and not counted.
    """
    return sum(_poll_s(block, sensor, rate) / block.every_s for sensor in sensors for block in blocks_of(sensor))


def blocks_of(sensor: Sensor, line_every_s: float | None = None) -> list[Block]:
    """What it is asked for: at its own interval, else its line's, else each block's, and what can be read at once."""
    blocks = sensor.profile.blocks.values()
    return joined(replace(block, every_s=sensor.interval_s(line_every_s, block.every_s)) for block in blocks)


def _poll_s(block: Block, sensor: Sensor, rate: int) -> float:
    character_s = CHARACTER_BITS / rate
    octets = (block.count + 7) // 8 if block.is_bits else 2 * block.count
    quiet_s = max(sensor.profile.timing.gap_s, QUIET_CHARACTERS * character_s)
    return (REQUEST_SIZE + AROUND_SIZE + octets) * character_s + quiet_s
