"""The real API and board over a large city, in a process of its own; alarms come when its input says so.

python -m bench.big_board.server FOLDER SITES

Prints its address. Each line of its input is a number of alarms to take all at once; it answers with one JSON
line: what time it was when each site's alarm was in the ledger (ms since 1970, by site), and how long that took.
"""

import asyncio
import json
import random
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import many_boards

from cloud import heap
from cloud.api.app import create_app
from cloud.api.server import serving
from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.ports import Column
from cloud.stores import embedded
from edge.demo import town
from wire.alarm import Level
from wire.inventory import Inventory
from wire.profile_yaml import library_folder, load_library
from wire.receipt import BoxStatus
from wire.sensors_yaml import load


async def serve(folder: Path, sites: int) -> None:
    """Until the other side closes our input."""
    path = folder / "sensors.yaml"
    town.write_city(town.shipped_city(), sites, path)
    inventory = load(path, load_library(library_folder()))
    live = Live()
    async with AsyncExitStack() as stack:
        practice = Practice(_on_one_box(inventory))
        ledger = await stack.enter_async_context(Ledger(folder / "ledger.db", time.time_ns, practice))
        store = await stack.enter_async_context(embedded.open_store(embedded.Config(folder=str(folder))))
        for box in inventory.boxes:
            await ledger.save_status(BoxStatus(box, online=True, time_ns=time.time_ns(), boot="b", version="0.1.0"))
        live.put(_values(inventory))
        url = await stack.enter_async_context(serving(create_app(ledger, store, live, inventory, time.time_ns)))
        stack.enter_context(heap.set_apart())
        print(url, len(inventory.sites), flush=True)
        await _take_orders(ledger, live, inventory)


def _on_one_box(inventory: Inventory) -> Inventory:
    """As the ledger sees it: messages of up to a hundred alarms come from one box, whose sensors they must be."""
    sensors = {name: replace(sensor, box=many_boards.BOX) for name, sensor in inventory.sensors.items()}
    return replace(inventory, sensors=sensors)


async def _take_orders(ledger: Ledger, live: Live, inventory: Inventory) -> None:
    loop, sequence = asyncio.get_running_loop(), 0
    boards = [site for site in inventory.sites.values() if site.kind == "billboard"]
    tilts = random.Random(5).sample([site.sensors[0] for site in boards], len(boards))
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        committed: dict[str, float] = {}
        started = time.monotonic()
        alarms, in_one_message = map(int, line.split())
        leaning = [tilts.pop() for _ in range(alarms)]
        for at in range(0, alarms, in_one_message):
            some = leaning[at : at + in_one_message]
            numbered = enumerate(some, start=sequence + 1)
            events = [many_boards.leans(name, number, time.time_ns(), _level(number)) for number, name in numbered]
            sequence += len(some)
            await ledger.take_alarms(many_boards.message(events))
            live.wake()
            committed |= dict.fromkeys((inventory.sensors[name].site for name in some), time.time() * 1000)
        print(json.dumps({"committed_ms": committed, "took_s": time.monotonic() - started}), flush=True)


def _level(number: int) -> Level:
    return list(Level)[number % 4]


def _values(inventory: Inventory) -> list[Column]:
    now_ns = time.time_ns()
    return [
        Column(inventory.tags(sensor.id, sensor.box), quantity, (now_ns,), (0.21,), (0,))
        for sensor in inventory.sensors.values()
        for quantity in sensor.profile.quantities
    ]


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
