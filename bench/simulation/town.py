"""The town of one seed: its boxes and sensors, what they truly measured, and when.

Each sample carries its number as a reading of its own, so that it is known again whatever a clock did to its time.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

import yaml

from wire.alarm import Change, Level
from wire.inventory import Inventory, SpoolLimits
from wire.profile_yaml import library_folder, load_library
from wire.reading import Sample
from wire.sensors_yaml import load

NUMBER = "sample_number"
"""The quantity that says which sample it is."""
BEGIN_NS = 1_795_651_200 * 10**9
"""26 November 2026."""
SECOND_NS = 10**9
_LIMITS = {"blue": 0.3, "yellow": 0.57, "orange": 0.76, "red": 1.5}
_VALUES = (0.1, 0.1, 0.9, 2.0)
_BOXES, _SENSORS = 3, 2


def town_file(folder: Path) -> Path:
    """A sensors.yaml with three boxes of two sensors; every limit acts at once."""
    levels = {name: {"limit": limit, "on_delay": "0s", "source": "judgement"} for name, limit in _LIMITS.items()}
    lean = {"kind": "limit", "quantity": "tilt", "deadband": 0.1, "off_delay": "0s", "levels": levels}
    boxes = [f"B{number}" for number in range(1, _BOXES + 1)]
    document = {
        "schema": "egret.sensors/1",
        "crs": "WGS-84",
        "city": {"name": "台架", "name_en": "Bench", "demonstration": True},
        "districts": {"bench": "台架"},
        "limits": {"bench": {"rules": {"lean": lean}}},
        "kinds": {"billboard": {"profile": "witmotion-wt901c-485", "limits": "bench"}},
        "boxes": {box: {"name": box, "lines": {"a": {"source": "modbus_rtu", "port": "/dev/ttyS1"}}} for box in boxes},
        "sites": {
            f"{box}-S{number}": {
                "name": f"{box} {number}",
                "kind": "billboard",
                "district": "bench",
                "at": [24.5, 118.1],
                "sensors": {"T1": {"line": f"{box}/a", "unit": 80 + number}},
            }
            for box in boxes
            for number in range(_SENSORS)
        },
    }
    path = folder / "sensors.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


def read_town(folder: Path) -> Inventory:
    """The file, written and read."""
    return load(town_file(folder), load_library(library_folder()))


def with_boxes(town: Inventory, names: list[str], spool: SpoolLimits) -> Inventory:
    """Some of the boxes, with spools of a size."""
    boxes = {name: replace(town.boxes[name], spool=spool) for name in names}
    return replace(town, boxes=boxes)


@dataclass(frozen=True, slots=True)
class Made:
    """One sample. `at_s` is true time, `time_ns` what the box's clock said."""

    number: int
    sensor: str
    at_s: float
    time_ns: int
    tilt: float


@dataclass(slots=True)
class BoxTruth:
    """What became of a box's samples, by number, as the outside knows it.

    `made`: all. `taken`: the line was ready for the next one. `committed`: the disk had taken it, and when.
    `lost`: rightly, with a process or the power. `receipted`: trimmed. `evicted`: for want of room. `aside`: in a
    spool that was set aside. `is_damaged`: somebody overwrote the spool's file, what it held is anybody's guess.
    `unkept`: alarm events (alarm, time_ns) with a receipt that went for want of room, which no restored ledger gets.
    """

    made: dict[int, Made] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    committed: dict[int, float] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)
    receipted: set[int] = field(default_factory=set)
    evicted: set[int] = field(default_factory=set)
    aside: set[int] = field(default_factory=set)
    unkept: set[tuple[str, int]] = field(default_factory=set)
    is_damaged: bool = False

    @property
    def counted(self) -> set[int]:
        """What must not be lost."""
        return self.committed.keys() - self.lost


def level_of(tilt: float) -> Level | None:
    """By the town's limits."""
    return next((level for level in Level if tilt >= _LIMITS[level]), None)


def changes(samples: Iterable[Made]) -> list[tuple[Change, Level, int]]:
    """The alarm events that samples must lead to: change, level, time_ns."""
    found: list[tuple[Change, Level, int]] = []
    before: Level | None = None
    for made in samples:
        level = level_of(made.tilt)
        if level is before:
            continue
        if level is None:
            change = Change.CLEARED
        elif before is None:
            change = Change.RAISED
        else:
            change = Change.ESCALATED if level.severity > before.severity else Change.LOWERED
        found.append((change, level or before or Level.BLUE, made.time_ns))
        before = level
    return found


class Weatherglass:
    """How much each sensor leans, by true time: some minutes upright, some minutes not."""

    def __init__(self, rng: Random, sensors: list[str], until_s: float) -> None:
        self._rng = rng
        self._turns = {sensor: list(self._lean(until_s)) for sensor in sensors}

    def _lean(self, until_s: float) -> Iterator[tuple[float, float]]:
        at_s = 0.0
        while at_s < until_s:
            yield at_s, self._rng.choice(_VALUES)
            at_s += self._rng.expovariate(1 / 150)

    def tilt(self, sensor: str, at_s: float) -> float:
        """In degrees, with a little noise."""
        value = next(value for since_s, value in reversed(self._turns[sensor]) if since_s <= at_s)
        return round(value + self._rng.uniform(-0.05, 0.05), 3)


@dataclass(slots=True)
class Clock:
    """A box's: it may be set."""

    off_ns: int = 0

    def now(self) -> int:
        """UTC in ns."""
        return BEGIN_NS + round(asyncio.get_running_loop().time() * SECOND_NS) + self.off_ns


@dataclass(slots=True)
class Street:
    """The sensors of one box: what a source reads, one after the other. Silent after `until_s`."""

    truth: BoxTruth
    sensors: list[str]
    glass: Weatherglass
    clock: Clock
    numbers: "count[int]"
    every_s: float
    apart_s: float
    until_s: float

    def sample(self, sensor: str) -> Sample:
        """Measure."""
        at_s = asyncio.get_running_loop().time()
        time_ns = self.clock.now() // 10**6 * 10**6
        made = Made(next(self.numbers), sensor, at_s, time_ns, self.glass.tilt(sensor, at_s))
        self.truth.made[made.number] = made
        return Sample(sensor, time_ns, values=(("tilt", made.tilt), (NUMBER, float(made.number))))


class StreetSource:
    """An `edge.ports.Source` on a street."""

    def __init__(self, street: Street) -> None:
        self._street = street

    async def __aenter__(self) -> Self:
        await asyncio.sleep(0.01)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """There is nothing to close."""

    async def __aiter__(self) -> AsyncIterator[Sample]:
        street, time = self._street, asyncio.get_running_loop().time
        while time() < street.until_s:
            for sensor in street.sensors:
                sample = street.sample(sensor)
                yield sample
                street.truth.taken.add(int(sample.values[1][1]))
                await asyncio.sleep(street.apart_s)
            await asyncio.sleep(street.every_s - time() % street.every_s)
        await asyncio.sleep(10**9)
