"""A recording as Modbus devices: recorded values travel as real bytes over a real (pseudo-terminal) line.

Each sensor of the recording is one server on the line, unit identifiers from 1 in the order of
their appearance. Each of its quantities is a 32-bit float in two holding registers, ABCD, from
protocol address 0 on; one that has no value is NaN. docs/operate/recordings.md says so to people.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from random import Random

from edge.ports import Source
from edge.sim.modbus_device import ModbusDevice
from edge.sim.pty_port import named
from edge.sim.serial_line import SerialLine
from wire.errors import ConfigError, Mistake
from wire.profile import Block, Evidence, LinkSettings, Point, PointType, Profile, Timing
from wire.quantities import QUANTITIES
from wire.reading import Sample
from wire.registers import Value

BAUD, FRAME = 9600, "8N1"
BLOCK = "live"
QUANTITIES_MAX = 62
"""Float pairs in the 125 registers of one request."""
SENSORS_MAX = 247


def recorded_quantities(samples: Iterable[Sample]) -> Mapping[str, tuple[str, ...]]:
    """What each sensor of a recording measures, in the order of appearance."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for sample in samples:
        found[sample.sensor].update((quantity, None) for quantity, _ in sample.values)
    return {sensor: tuple(quantities) for sensor, quantities in found.items()}


def recorded_profile(sensor: str, unit: int, quantities: tuple[str, ...]) -> Profile:
    """The register map of one recorded sensor; polled ten times a second unless told otherwise."""
    return Profile(
        name=f"recorded-{sensor}",
        kind="recording",
        title=f"recording of {sensor}",
        evidence=Evidence("none", "a recording", ()),
        link=LinkSettings(BAUD, FRAME, unit),
        timing=Timing(timeout_s=0.3, gap_s=0.005, late_max_s=0.5, min_poll_s=0.05),
        blocks={BLOCK: Block(BLOCK, 3, 0, 2 * len(quantities), 0.1)},
        points=tuple(_point(quantity, 2 * index) for index, quantity in enumerate(quantities)),
        derived=(),
        checks=(),
        stuck=(),
        vectors=(),
    )


class RecordedDevices:
    """The devices of one recording; what they answer is what `play` was told last."""

    def __init__(self, quantities: Mapping[str, tuple[str, ...]]) -> None:
        """Raises ConfigError when they do not fit on one line."""
        widest = max(map(len, quantities.values()), default=0)
        if widest > QUANTITIES_MAX or len(quantities) > SENSORS_MAX:
            what = f"{len(quantities)} sensors with up to {widest} quantities do not fit on one line."
            fix = f"serve at most {SENSORS_MAX} sensors with {QUANTITIES_MAX} quantities each"
            raise ConfigError([Mistake("the recording", what, fix, "E-REC-021")])
        self._values: dict[str, dict[str, Value]] = {
            sensor: dict.fromkeys(measured, None) for sensor, measured in quantities.items()
        }
        self.devices = tuple(
            ModbusDevice(recorded_profile(sensor, unit, measured), unit, partial(self._values.__getitem__, sensor))
            for unit, (sensor, measured) in enumerate(quantities.items(), 1)
        )

    def play(self, sample: Sample) -> None:
        """From now on the devices answer with these values."""
        self._values[sample.sensor].update(
            (quantity, value if math.isfinite(value) else None) for quantity, value in sample.values
        )

    def table(self) -> str:
        """The register table, a line a quantity."""
        rows = ["unit  address  registers  type      sensor, quantity"]
        for device in self.devices:
            for point in device.profile.points:
                said = f"{device.profile.title.removeprefix('recording of ')} {point.quantity} [{point.unit}]"
                rows.append(f"{device.unit:>4}  {point.register:>7}  {2:>9}  f32 ABCD  {said}")
        return "\n".join(rows)


async def serve(source: Source, recorded: RecordedDevices, port: Path) -> None:
    """Plays the recording on a line that clients open at `port`, until it ends. Raises PortBusy and SourceError."""
    async with source, SerialLine(recorded.devices, FRAME, Random(0)) as line:
        with named(line.path, port):
            async for sample in source:
                recorded.play(sample)


def _point(quantity: str, register: int) -> Point:
    known = QUANTITIES.get(quantity)
    return Point(
        name=quantity,
        block=BLOCK,
        register=register,
        type=PointType.F32,
        order="ABCD",
        mask=0xFFFFFFFF,
        shift=0,
        scale=1.0,
        offset=0.0,
        unit=known.unit if known else "1",
        span=None,
        invalid=(),
        require=None,
        codes={},
        bits={},
        quantity=quantity,
    )
