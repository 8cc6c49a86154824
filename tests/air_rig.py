"""A box whose sensors come by themselves: its city, its agent with a real broker, and the samples of one line."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from box_rig import LOOK_S, PATIENCE_S, Receiver, city, receiving

from edge.agent import Agent, Options
from edge.ble.radio import Radio
from edge.clock import BoxClock
from edge.link import MqttLinks
from edge.ports import LinePlan, Source
from edge.sim.virtual_time import VirtualTimeLoop
from wire import broker as broker_address
from wire import kinds
from wire.inventory import Inventory
from wire.reading import Sample

PATIENCE_VIRTUAL_S = 100_000.0
BOX, LINE, SITE = "AIR-1", "air", "XM-TA-0117"


def yaml(line: str, sensors: str, limits: str = "billboard") -> str:
    """The sensors.yaml of a city with one such line and its sensors, each as the file writes it."""
    return f"""
schema: egret.sensors/1
crs: WGS-84
city: {{name: 小城, demonstration: true}}
districts: {{tongan: 同安区}}
limits:
  prompt:
    from: {limits}
    rules: {{lean: {{levels: {{red: {{limit: 1.5, on_delay: 0s, source: "judgement: test"}}}}}}}}
kinds: {{billboard: {{limits: prompt}}}}
boxes: {{{BOX}: {{lines: {{{LINE}: {line}}}}}}}
sites:
  {SITE}: {{name: 环城西路, kind: billboard, district: tongan, at: [24.7272, 118.1422], sensors: {sensors}}}
"""


def plan(inventory: Inventory, now: Callable[[], int] = time.time_ns, radio: Radio | None = None) -> LinePlan:
    """Its only line."""
    (line,) = inventory.boxes[BOX].lines
    sensors = {name: inventory.sensors[name] for name in line.sensors}
    return LinePlan(line, sensors, "/", BoxClock.trusted(now), radio=radio or Radio())


def source(inventory: Inventory, now: Callable[[], int] = time.time_ns, radio: Radio | None = None) -> Source:
    """Of that line."""
    ready = plan(inventory, now, radio)
    opened: Source = kinds.find("edge.sources", ready.line.source).open_source(ready)
    return opened


async def take(opened: Source, count: int) -> list[Sample]:
    """The next samples, in real or in virtual time."""
    samples: list[Sample] = []
    is_virtual = isinstance(asyncio.get_running_loop(), VirtualTimeLoop)
    async with asyncio.timeout(PATIENCE_VIRTUAL_S if is_virtual else PATIENCE_S / 4):
        async for sample in opened:
            samples.append(sample)
            if len(samples) == count:
                break
    return samples


async def until(what: str, is_so: Callable[[], bool]) -> None:
    """Wait for it."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise AssertionError(f"waited for {what}") from None


@asynccontextmanager
async def running(folder: Path, text: str, url: str, radio: Radio | None = None) -> AsyncIterator[Receiver]:
    """The box of such a file at work, and what arrives of it at the other end of the broker."""
    inventory, address = city(folder, text), broker_address.parse(url)
    agent = Agent(
        inventory,
        inventory.boxes[BOX],
        Options(folder / "data", batch_s=0.1, radio=radio or Radio()),
        open_link=MqttLinks(address, BOX),
        clock=BoxClock.trusted(time.time_ns),
        rng=Random(1),
    )
    stop = asyncio.Event()
    async with receiving(address) as receiver:
        task = asyncio.create_task(agent.run(stop))
        try:
            yield receiver
        finally:
            stop.set()
            await task
