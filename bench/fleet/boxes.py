"""Boxes: the agent's own spool and uplink, over real MQTT. They are in one process, and what they measure is made up.

Each has one billboard. Every reading has a time of its own, so what the store holds can be counted against what
was committed. Every second the billboard leans or stands up again.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random

import yaml

from edge.clock import BoxClock
from edge.data_use import DataMeter
from edge.link import MqttLinks
from edge.spare_ways import SpareWays
from edge.spool import Spool
from edge.uplink import Uplink
from wire.alarm import AlarmEvent, Change, Level
from wire.broker import Broker
from wire.reading import Reading
from wire.receipt import BoxStatus, Lane

READINGS_A_SECOND = 20
_STEP_S = 0.25
_LEAN_S = 1.0
_LOOK_S = 0.02
_DRAIN_S, _IN_FLIGHT_S = 90.0, 0.5
_MS_NS = 1_000_000


def names(boxes: int) -> list[str]:
    """B001, B002 and so on."""
    return [f"B{number:03}" for number in range(1, boxes + 1)]


def write_city(folder: Path, boxes: Sequence[str]) -> Path:
    """A sensors.yaml with one billboard a box."""
    document = {
        "schema": "egret.sensors/1",
        "crs": "WGS-84",
        "city": {"name": "台架", "name_en": "Bench", "demonstration": True},
        "districts": {"bench": "台架"},
        "kinds": {"billboard": {"profile": "witmotion-wt901c-485", "limits": "billboard"}},
        "boxes": {box: {"name": box, "lines": {"a": {"source": "modbus_rtu", "port": "/dev/ttyS1"}}} for box in boxes},
        "sites": {
            f"S-{box}": {
                "name": box,
                "kind": "billboard",
                "district": "bench",
                "at": [24.5, 118.1],
                "sensors": {"T1": {"line": f"{box}/a", "unit": 80}},
            }
            for box in boxes
        },
    }
    path = folder / "sensors.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


class BenchBox:
    """One box. `silence_s` is the longest time so far in which it heard no receipt for its readings."""

    def __init__(self, name: str, spool: Spool, broker: Broker, rng: Random) -> None:
        self.name, self.spool, self.silence_s = name, spool, 0.0
        status = BoxStatus(name, online=False, time_ns=0, boot="b", version="bench")
        links, clock = MqttLinks(broker, name), BoxClock.trusted(time.time_ns)
        self._uplink = Uplink(links, spool, status, clock, rng)
        self._spare: SpareWays | None = None
        if broker.others:
            meter = DataMeter(0, clock.now)
            self._spare = SpareWays(name, spool, links, meter, rng, lambda: self._uplink.is_linked)
        self._sensor = f"S-{name}-T1"
        self._rng = rng

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.spool.keep())
            tasks.create_task(self._uplink.run())
            if self._spare:
                tasks.create_task(self._spare.run())
            tasks.create_task(self._listen())

    async def measure(self) -> None:
        """Readings and leans, until cancelled."""
        await asyncio.sleep(self._rng.random())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read())
            tasks.create_task(self._lean())

    async def _read(self) -> None:
        while True:
            now_ns = time.time_ns() // _MS_NS * _MS_NS
            count = round(READINGS_A_SECOND * _STEP_S)
            await self.spool.add(
                [Reading(self._sensor, "tilt", number / 1000, now_ns + number * _MS_NS) for number in range(count)]
            )
            await asyncio.sleep(_STEP_S)

    async def _lean(self) -> None:
        while True:
            for change in (Change.RAISED, Change.CLEARED):
                event = AlarmEvent(
                    f"{self._sensor}/lean", self._sensor, "lean", "tilt", change, Level.RED, 2.0, 1.5, time.time_ns()
                )
                await self.spool.add([], [event])
                await asyncio.sleep(_LEAN_S)

    async def _listen(self) -> None:
        """How long it hears nothing."""
        clock = asyncio.get_running_loop().time
        stored, heard_s = 0, clock()
        while True:
            now_s, depth = clock(), self.spool.depth(Lane.READINGS)
            if depth.stored != stored or not stored:
                stored, heard_s = depth.stored, now_s
            if depth.waiting:
                self.silence_s = max(self.silence_s, now_s - heard_s)
            await asyncio.sleep(_LOOK_S)


class BenchBoxes:
    """All of them."""

    def __init__(self, boxes: Sequence[BenchBox]) -> None:
        """They are entered by `fleet`."""
        self._boxes = boxes

    def __iter__(self) -> Iterator[BenchBox]:
        return iter(self._boxes)

    async def under_way(self) -> None:
        """Wait until each has heard a receipt of both lanes."""
        async with asyncio.timeout(_DRAIN_S):
            while not all(box.spool.depth(lane).stored for box in self for lane in Lane):
                await asyncio.sleep(_LOOK_S)

    async def all_hear(self) -> None:
        """Wait until each has heard a receipt of now: no late one of what has just been killed."""
        await asyncio.sleep(_IN_FLIGHT_S)
        before = {box.name: box.spool.depth(Lane.READINGS).stored for box in self}
        async with asyncio.timeout(_DRAIN_S):
            while any(box.spool.depth(Lane.READINGS).stored == before[box.name] for box in self):
                await asyncio.sleep(_LOOK_S)

    def forget_silence(self) -> None:
        """Before what is to be measured."""
        for box in self:
            box.silence_s = 0.0

    @property
    def silence_s(self) -> float:
        """The longest of any box."""
        return max(box.silence_s for box in self)

    def committed(self, lane: Lane) -> int:
        """Readings or events that must arrive."""
        return sum(box.spool.depth(lane).committed for box in self)

    async def drained(self) -> bool:
        """Has everything its receipt, within 90 s?"""
        try:
            async with asyncio.timeout(_DRAIN_S):
                for box in self:
                    await box.spool.flush()
                    await box.spool.drained()
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def fleet(folder: Path, ways: dict[str, Broker], rng: Random) -> AsyncIterator[BenchBoxes]:
    """Running boxes, by their ways to the broker; measuring when the caller says so."""
    async with AsyncExitStack() as stack:
        boxes = []
        for name, way in ways.items():
            (folder / name).mkdir(parents=True)
            spool = await stack.enter_async_context(Spool(folder / name))
            boxes.append(BenchBox(name, spool, way, rng))
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(box.run()) for box in boxes]
            yield BenchBoxes(boxes)
            for task in running:
                task.cancel()
