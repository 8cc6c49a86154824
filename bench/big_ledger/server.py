"""The real API on a ledger, in a process of its own: prints its address and a token, and ends with its input.

python -m bench.big_ledger.server LEDGER_URL FOLDER
"""

import asyncio
import secrets
import sys
import time
from contextlib import AsyncExitStack

from bench.big_ledger import town
from cloud import heap
from cloud.access import gate
from cloud.access.actor import DEMO, Role
from cloud.access.tokens import NewToken
from cloud.api.app import create_app
from cloud.api.doors import open_doors
from cloud.api.server import serving
from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from cloud.listening import Http
from cloud.live import Live
from cloud.ports import Column
from cloud.stores import embedded
from wire.inventory import Inventory

_QUANTITIES = ("tilt", "tilt_x", "temperature")


async def serve(ledger_url: str, folder: str) -> None:
    """Until the other side closes our input."""
    there = town.build()
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(
            Ledger(ledger_url, time.time_ns, Practice(there.inventory, there.rules))
        )
        store = await stack.enter_async_context(embedded.open_store(embedded.Config(folder=folder)))
        doors = open_doors(Http(), gate.on(ledger.database, time.time_ns, secrets.token_bytes))
        app = create_app(ledger, store, _live(there.inventory), there.inventory, time.time_ns, doors=doors)
        url = await stack.enter_async_context(serving(app))
        asked = NewToken(name=f"bench-{secrets.token_hex(4)}", role=Role.MAINTAINER)
        issued = await gate.on(ledger.database, time.time_ns, secrets.token_bytes).tokens.create(asked, DEMO)
        stack.enter_context(heap.set_apart())
        print(url, issued.secret, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def _live(inventory: Inventory) -> Live:
    """The newest values of every sensor, as a running city has them."""
    live, now_ns = Live(), time.time_ns()
    live.put(
        [
            Column(inventory.tags(sensor.id, sensor.box), quantity, (now_ns,), (0.21,), (0,))
            for sensor in inventory.sensors.values()
            for quantity in _QUANTITIES
        ]
    )
    return live


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
