"""Kill -9 in the middle of the story, on the embedded store: nothing is lost, nothing doubled, one case a lean.

`scripts/bench faults` kills the box, the broker and InfluxDB, too.
"""

import asyncio
from pathlib import Path

from edge.demo import town
from edge.demo.control import Order
from edge.demo.demonstration import Demonstration, Options

SITES = 9
"""Two boxes of billboards, and the boxes of the other sites."""


async def test_killed_cloud(tmp_path: Path) -> None:
    """A cloud killed while a board leans is started again: what it had not receipted is sent again, stored once."""
    city = tmp_path / "sensors.yaml"
    town.write_city(town.shipped_city(), SITES, city)
    async with Demonstration(Options(tmp_path, city), lambda _: None) as running:
        await asyncio.sleep(4)
        (cloud,) = running.processes.of("cloud")
        await running.processes.kill(cloud)
        await running.obey(Order("tilt", town.STAR))
        await asyncio.sleep(2)
        await running.processes.restart(cloud)
        async with asyncio.timeout(120):
            while not (await running.cloud.is_up() and await running.cases_of(running.diary.leans[0])):
                await asyncio.sleep(0.1)
            for box in running.inventory.boxes:
                await running.drained(box)
        await running.stop_boxes()
        books = await running.books()
        assert books.sampled > 200
        assert (books.lost, books.duplicated) == (0, 0), books
        assert len(await running.cases_of(running.diary.leans[0])) == 1
