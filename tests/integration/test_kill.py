"""Kill -9 in the middle of the story, on real processes: nothing is lost, nothing doubled, one case a lean."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edge.demo import town
from edge.demo.account import Balance
from edge.demo.control import Order
from edge.demo.demonstration import Demonstration, Options
from edge.spool_view import peek
from wire.receipt import Lane

SITES = 9
"""Two boxes of billboards, and the boxes of the other sites."""


@asynccontextmanager
async def demonstration(folder: Path) -> AsyncIterator[Demonstration]:
    """The real program: nats-server, cloud, boxes, simulated RS-485 lines."""
    city = folder / "sensors.yaml"
    town.write_city(town.shipped_city(), SITES, city)
    async with Demonstration(Options(folder, city), lambda _: None) as running:
        yield running


async def until_case(running: Demonstration, site: str) -> None:
    """Wait until the lean of `site` is a case."""
    async with asyncio.timeout(60):
        while not any(case.site == site for case in await running.cloud.cases()):
            await asyncio.sleep(0.1)


async def settle(running: Demonstration) -> Balance:
    """Let the backlog of every box drain, stop the boxes, and balance the books."""
    async with asyncio.timeout(60):
        for spool in [running.options.folder / "boxes" / box for box in running.inventory.boxes]:
            committed = peek(spool).depths[Lane.READINGS].committed
            while peek(spool).depths[Lane.READINGS].stored < committed:
                await asyncio.sleep(0.1)
    await running.stop_boxes()
    return await running.books()


def check(books: Balance) -> None:
    """Nothing lost, nothing doubled, and something was counted."""
    assert books.sampled > 200
    assert (books.lost, books.duplicated) == (0, 0), books


async def test_killed_box(tmp_path: Path) -> None:
    """A box killed while a board leans comes back with its spool: all that was committed arrives, one case opens."""
    async with demonstration(tmp_path) as running:
        box = running.inventory.sensors[running.inventory.sites[town.STAR].sensors[0]].box
        await asyncio.sleep(4)
        await running.obey(Order("tilt", town.STAR))
        await asyncio.sleep(0.3)
        await running.processes.restart(await running.kill_box(box))
        await until_case(running, town.STAR)
        check(await settle(running))
        assert len([case for case in await running.cloud.cases() if case.site == town.STAR]) == 1


async def test_killed_broker(tmp_path: Path) -> None:
    """A broker killed while a board leans is started again: boxes and cloud find it, and send what it forgot."""
    async with demonstration(tmp_path) as running:
        await asyncio.sleep(4)
        (broker,) = running.processes.of("broker")
        await running.processes.kill(broker)
        await running.obey(Order("tilt", town.STAR))
        await asyncio.sleep(2)
        await running.processes.restart(broker)
        await until_case(running, town.STAR)
        check(await settle(running))
        assert len([case for case in await running.cloud.cases() if case.site == town.STAR]) == 1


async def test_killed_cloud(tmp_path: Path) -> None:
    """A cloud killed while a board leans is started again: what it had not receipted is sent again, stored once."""
    async with demonstration(tmp_path) as running:
        await asyncio.sleep(4)
        (cloud,) = running.processes.of("cloud")
        await running.processes.kill(cloud)
        await running.obey(Order("tilt", town.STAR))
        await asyncio.sleep(2)
        await running.processes.restart(cloud)
        while not await running.cloud.is_up():
            await asyncio.sleep(0.2)
        await until_case(running, town.STAR)
        check(await settle(running))
        assert len([case for case in await running.cloud.cases() if case.site == town.STAR]) == 1
