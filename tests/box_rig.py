"""One box as it stands in a street: its city, its RS-485 line with a tilt sensor, and somebody who receives it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import aiomqtt

from edge.sim.modbus_device import ModbusDevice
from edge.sim.serial_line import SerialLine
from wire import alarm_message, batch, receipt, topics
from wire.alarm import AlarmEvent
from wire.broker import Broker
from wire.inventory import Inventory
from wire.profile_yaml import library_folder, load_library
from wire.reading import Reading
from wire.receipt import BoxStatus, Lane, Receipt
from wire.sensors_yaml import load

BOX, SENSOR, PORT, UNIT = "XM-TA-01", "XM-TA-0117-T1", "/dev/ttyS1", 0x50
PATIENCE_S = 60.0
LOOK_S = 0.02

SENSORS_YAML = f"""
schema: egret.sensors/1
crs: WGS-84
city: {{name: 小城, name_en: Small City, demonstration: true}}
districts: {{tongan: 同安区}}
limits:
  prompt:
    from: billboard
    rules: {{lean: {{off_delay: 0s, levels: {{red: {{limit: 1.5, on_delay: 0s, source: "judgement: test"}}}}}}}}
kinds:
  billboard: {{profile: witmotion-wt901c-485, limits: prompt, every: 100ms}}
boxes:
  {BOX}:
    name: 同安 1 号箱
    lines: {{a: {{source: modbus_rtu, port: {PORT}, baud: 115200}}}}
sites:
  XM-TA-0117:
    {{name: 环城西路南段落地电子屏, kind: billboard, district: tongan, at: [24.7272, 118.1422],
     sensors: {{T1: {{line: {BOX}/a, unit: {UNIT}}}}}}}
"""


def city_file(folder: Path, text: str = SENSORS_YAML) -> Path:
    """sensors.yaml of the city with one box."""
    path = folder / "sensors.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def city(folder: Path, text: str = SENSORS_YAML) -> Inventory:
    """The same, read."""
    return load(city_file(folder, text), load_library(library_folder()))


@dataclass
class Billboard:
    """What leans: degrees about the long side."""

    roll: float = 0.1
    served: int = 0

    def values(self) -> dict[str, float]:
        """What the sensor measures now."""
        return {"acc_z": 1.0, "roll": self.roll, "pitch": 0.0, "temp": 25.0}

    def count(self, _block: str, _registers: tuple[int, ...]) -> None:
        """A reply was on the line."""
        self.served += 1


@asynccontextmanager
async def wired(root: Path) -> AsyncIterator[Billboard]:
    """A billboard's sensor on a simulated line, which the box whose file system is `root` finds at its port."""
    board = Billboard()
    device = ModbusDevice(load_library(library_folder())["witmotion-wt901c-485"], UNIT, board.values, board.count)
    device.memory.configure(115_200, "8N1")
    port = root / PORT.lstrip("/")
    port.parent.mkdir(parents=True, exist_ok=True)
    async with SerialLine([device], "8N1", Random(1)) as line:
        port.symlink_to(line.path)
        yield board
        port.unlink()


@dataclass
class Receiver:
    """The cloud's side of the wire: keeps what arrives, once and in order, and says so in receipts."""

    readings: list[Reading] = field(default_factory=list)
    events: list[AlarmEvent] = field(default_factory=list)
    statuses: list[BoxStatus] = field(default_factory=list)
    stored: dict[tuple[str, Lane], int] = field(default_factory=dict)

    def take(self, topic: str, payload: bytes) -> Receipt | None:
        """One message of a box, and the receipt for it."""
        if topic.endswith("/status"):
            self.statuses.append(receipt.decode_status(payload))
            return None
        if topic.endswith("/readings"):
            sealed = batch.decode(payload)
            rows = [row for series in sealed.series for row in series.readings()]
            if self._is_next(sealed.spool_id, Lane.READINGS, sealed.first_sequence, len(rows)):
                self.readings += rows
            return self._receipt(sealed.box, sealed.spool_id, Lane.READINGS)
        message = alarm_message.decode(payload)
        if self._is_next(message.spool_id, Lane.ALARMS, message.first_sequence, len(message.events)):
            self.events += message.events
        return self._receipt(message.box, message.spool_id, Lane.ALARMS)

    def _is_next(self, spool_id: str, lane: Lane, first: int, count: int) -> bool:
        stored = self.stored.get((spool_id, lane), 0)
        if first != stored + 1:
            return False
        self.stored[spool_id, lane] = stored + count
        return True

    def _receipt(self, box: str, spool_id: str, lane: Lane) -> Receipt:
        return Receipt(box, spool_id, lane, self.stored.get((spool_id, lane), 0))


@asynccontextmanager
async def receiving(broker: Broker) -> AsyncIterator[Receiver]:
    """A receiver connected to a real broker, again and again like the cloud's own."""
    receiver, is_listening = Receiver(), asyncio.Event()
    task = asyncio.create_task(_receive(broker, receiver, is_listening))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await is_listening.wait()
        yield receiver
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _receive(broker: Broker, receiver: Receiver, is_listening: asyncio.Event) -> None:
    while True:
        with suppress(aiomqtt.MqttError):
            async with aiomqtt.Client(broker.host, broker.port, identifier="receiver", clean_session=False) as client:
                await _answer(client, receiver, is_listening)
        await asyncio.sleep(LOOK_S)


async def _answer(client: aiomqtt.Client, receiver: Receiver, is_listening: asyncio.Event) -> None:
    for what in ("readings", "alarms", "status"):
        await client.subscribe(f"{topics.ROOT}/+/{what}", qos=1)
    is_listening.set()
    async for message in client.messages:
        assert isinstance(message.payload, bytes)
        if said := receiver.take(str(message.topic), message.payload):
            await client.publish(topics.topic(said.box, "receipts"), receipt.encode(said), qos=1)
