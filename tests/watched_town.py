"""Two troubled hours of the demonstration city in a real store, by the program's own path.

Simulated devices fill their registers from a simulated world; from there on it is the product: decode, condition,
detect, batches on the wire, the readings lane, the alarms lane, the ledger with its clock, the outbox into the store.
What is left out is the serial line and the broker, which change nothing of what is stored.

What happens: a billboard leans to red and is put right, others stay blue, yellow, orange and red, gas leaks, a road
is under water, a cover is open, a sensor is silent for a while, a settlement grows (written by a third party's
device, as the library has none, like the vibration of a bridge), and a box goes offline.
"""

import asyncio
import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from msgspec.structs import replace

from cloud.alarms import AlarmsLane
from cloud.cases.practice import Practice
from cloud.ingest import ReadingsLane
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.notices import notify
from cloud.poison import PoisonFolder
from cloud.ports import Store
from cloud.quarantine import Quarantine
from cloud.tables.outbox import STORE
from edge import health
from edge.condition import Conditioner
from edge.decode import decode
from edge.demo import town
from edge.detect import Detector
from edge.sim import box_health
from edge.sim.sensing import point_values
from edge.sim.world import SECOND_NS, World
from wire import alarm_message, batch, limit_sets
from wire.alarm import AlarmEvent
from wire.alarm_message import AlarmMessage
from wire.batch import VALUES_MAX, Batch
from wire.inventory import Inventory, Sensor
from wire.profile_yaml import library_folder, load_library
from wire.quantities import rounded
from wire.reading import Reading, Sample
from wire.receipt import BoxStatus
from wire.registers import encode_block
from wire.sensors_yaml import load

MINUTE_NS = 60 * SECOND_NS
MINUTES = 120
SPOOL = "k3v9q2ma"
OFFLINE_BOX = "XM-TA-03"
SILENT = {"XM-HL-0030-T1": range(60, 75), "XM-JM-0060-T1": range(100, 120)}
"""Sensors that do not answer, and in which minutes."""
_OFFLINE_AT = 100
"""Minute at which the box is last heard of."""


class TroubledWorld(World):
    """A world in which gas leaks and water rises where it is told to."""

    def __init__(self) -> None:
        super().__init__(seed=1)
        self.gas: dict[str, float] = {}
        self.water: dict[str, float] = {}

    def gas_lel(self, site: str, time_ns: int) -> float:
        """In %LEL."""
        return self.gas.get(site, super().gas_lel(site, time_ns))

    def water_level_m(self, site: str, time_ns: int) -> float:
        """In metres over the site's datum."""
        return self.water.get(site, super().water_level_m(site, time_ns))

    def trouble(self, minute: int) -> None:
        """What begins or ends at this minute."""
        for at, site, degrees in (*_LEANS, *_CHATTERS):
            if at == minute:
                self.lean(site, degrees)
        for at, site, lel in _GAS:
            if at == minute:
                self.gas[site] = lel
        for at, site, metres in _WATER:
            if at == minute:
                self.water[site] = metres


_LEANS = (
    (20, "XM-TA-0117", 0.4),
    (25, "XM-TA-0117", 0.9),
    (30, "XM-TA-0117", 2.0),
    (60, "XM-TA-0117", 0.0),
    (40, "XM-SM-0001", 0.45),
    (45, "XM-SM-0002", 0.65),
    (50, "XM-SM-0003", 0.9),
    (55, "XM-SM-0004", 2.4),
    (70, "XM-SM-R01", 20.0),
)
_CHATTERS = tuple((minute, "XM-SM-0005", lean) for minute, lean in zip(range(5, 35, 5), [0.5, 0.0] * 3, strict=True))
_GAS = ((35, "XM-SM-G01", 12.0), (45, "XM-SM-G01", 24.0), (80, "XM-SM-G01", 0.3), (90, "XM-HL-G02", 12.0))
_WATER = ((30, "XM-SM-D01", 0.12), (50, "XM-SM-D01", 0.3), (90, "XM-SM-D01", 0.05), (95, "XM-HL-D02", 0.12))


_BY_OTHERS = {"road": ("settlement", 0.1), "bridge": ("accel_rms", 0.003)}
"""What no device of the library measures, as a third party's sensor would send it: quantity, and its rise a minute."""


@dataclass(frozen=True)
class Watched:
    """Where the readings and alarm events are, and until when."""

    url: str
    database: str
    end_ns: int


@dataclass(frozen=True)
class Said:
    """What one box has to say at the end: its readings and its alarm events, in order."""

    readings: tuple[Reading, ...]
    events: tuple[AlarmEvent, ...]


async def fill(store: Store, folder: Path, end_ns: int) -> Inventory:
    """Put the two hours before `end_ns` into the store; the city they are of."""
    inventory = load(town.shipped_city(), load_library(library_folder()))
    said = _said(inventory, end_ns - MINUTES * MINUTE_NS, folder / "root")
    clock = [end_ns - 10 * MINUTE_NS]
    quarantine = Quarantine(PoisonFolder(folder / "quarantine", lambda: clock[0]))
    async with Ledger(folder / "ledger.sqlite", lambda: clock[0], Practice(inventory)) as ledger, store:
        readings = ReadingsLane(
            ledger=ledger, store=store, live=Live(), inventory=inventory, quarantine=quarantine, rng=Random(1)
        )
        alarms = AlarmsLane(ledger=ledger, quarantine=quarantine, changed=lambda: None, rng=Random(1))
        await readings.take(
            [batch.decode(batch.encode(one)) for box, what in said.items() for one in _batches(box, what)]
        )
        for box, what in said.items():
            if what.events:
                message = alarm_message.encode(AlarmMessage(box, SPOOL, 0, what.events))
                await alarms.take(alarm_message.decode(message))
        await _lose(OFFLINE_BOX, ledger, clock, end_ns)
        await _deliver(ledger, store, lambda: clock[0])
    return inventory


def _said(inventory: Inventory, start_ns: int, root: Path) -> Mapping[str, Said]:
    """By box: what its agent would have spooled."""
    world, own = TroubledWorld(), _of_a_box(root)
    conditioners = {sensor.id: Conditioner(sensor) for sensor in inventory.sensors.values()}
    detector = Detector([_judged(sensor, inventory) for sensor in inventory.sensors.values()], inventory.version)
    readings: dict[str, list[Reading]] = defaultdict(list)
    events: dict[str, list[AlarmEvent]] = defaultdict(list)
    for minute in range(MINUTES):
        world.trouble(minute)
        for sensor in inventory.sensors.values():
            if sensor.box == OFFLINE_BOX and minute >= _OFFLINE_AT:
                continue
            for sample in _samples(world, sensor, inventory.sites[sensor.site].kind, start_ns, minute):
                judged = conditioners[sensor.id].readings(decode(sample, sensor))
                readings[sensor.box] += judged
                events[sensor.box] += detector.step(judged).events
        for box in readings:
            readings[box] += [Reading(box, name, value, start_ns + minute * MINUTE_NS) for name, value in own]
    return {box: Said(tuple(found), _numbered(events[box])) for box, found in readings.items()}


def _of_a_box(root: Path) -> Sequence[tuple[str, float]]:
    """What a box says of itself, as source health reads it: each of them has the same machine."""
    box_health.lay(root, Random(1))
    measured = health.measure(root, root, box_health.MODEM)
    return [(name, rounded(name, value)) for name, value in (*measured, ("spool_depth", 12.0))]


def _judged(sensor: Sensor, inventory: Inventory) -> Sensor:
    """With all rules of the shipped set: the inventory leaves out those for what the device does not measure."""
    kind = inventory.sites[sensor.site].kind
    return dataclasses.replace(sensor, rules=limit_sets.shipped()[kind]) if kind in _BY_OTHERS else sensor


def _samples(world: World, sensor: Sensor, kind: str, start_ns: int, minute: int) -> Iterator[Sample]:
    time_ns = start_ns + minute * MINUTE_NS
    if minute in SILENT.get(sensor.id, ()):
        yield Sample(sensor.id, time_ns, fault="no answer")
        return
    for block in sensor.profile.blocks:
        registers = encode_block(sensor.profile, block, point_values(world, sensor, kind, time_ns))
        yield Sample(sensor.id, time_ns, block=block, registers=registers)
    if kind in _BY_OTHERS:
        quantity, slope = _BY_OTHERS[kind]
        yield Sample(sensor.id, time_ns, values=((quantity, slope * minute),))


def _numbered(events: list[AlarmEvent]) -> tuple[AlarmEvent, ...]:
    return tuple(replace(event, sequence=number) for number, event in enumerate(events, 1))


def _batches(box: str, what: Said) -> Iterator[Batch]:
    for start in range(0, len(what.readings), VALUES_MAX):
        yield Batch(box, SPOOL, start + 1, 0, batch.columns(what.readings[start : start + VALUES_MAX]))


async def _lose(box: str, ledger: Ledger, clock: list[int], end_ns: int) -> None:
    """A broker says that the box is gone; two minutes later the cloud calls it an alarm."""
    clock[0] = end_ns - 5 * MINUTE_NS
    await ledger.save_status(BoxStatus(box, online=False, time_ns=clock[0], boot="b1", version="0.1.0"))
    clock[0] = end_ns - MINUTE_NS
    await ledger.tick()
    clock[0] = end_ns


async def _deliver(ledger: Ledger, store: Store, now: object) -> None:
    """What the outbox holds for the store goes out by the notify lane."""
    wake = asyncio.Event()
    wake.set()
    lane = asyncio.create_task(notify.run(ledger=ledger, notifiers={}, store=store, now=now, rng=Random(1), wake=wake))
    while await ledger.due(STORE, 2**62, 1):
        await asyncio.sleep(0.02)
    lane.cancel()
    with suppress(asyncio.CancelledError):
        await lane
