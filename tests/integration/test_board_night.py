"""The board through a night: what dies is noticed, what comes back is taken up, and nothing wrong is hidden."""

import asyncio
import time
from pathlib import Path

import board_city
from board_city import SITE
from board_page import window
from playwright.async_api import Route, expect

SLOW_S = 2.0
JOINED = """window.joined = [];
window.SharedWorker = class extends SharedWorker {
  constructor(...told) { super(...told); joined.push(this.port); }
};"""
COUNTED = """window.tones = 0;
window.OscillatorNode = class extends OscillatorNode {
  start(at) { window.tones += 1; super.start(at); }
};"""


async def test_a_shared_worker_that_dies_is_noticed(tmp_path: Path) -> None:
    """A browser short of memory ends the worker: soon the picture is said to be old, and then it lives again."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall", script=JOINED) as board:
        await board.page.evaluate("joined[0].close()")
        await expect(board.page.locator("body")).to_have_attribute("data-connection", "stale")
        await city.lean()
        await expect(board.page.locator("body")).to_have_attribute("data-connection", "live")
        await expect(board.page.locator(f'[data-site="{SITE}"]')).to_have_attribute("data-level", "red")


async def test_values_wait_for_each_other(tmp_path: Path) -> None:
    """On a link where an answer takes seconds values are asked for one at a time: acts need not queue behind."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        asked: list[float] = []
        third = asyncio.Event()

        async def slow(route: Route) -> None:
            asked.append(time.monotonic())
            if len(asked) > 2:
                third.set()
            await asyncio.sleep(SLOW_S)
            await route.continue_()

        await board.page.route("**/values*", slow)
        async with asyncio.timeout(30):
            await third.wait()
        first, second, *_ = asked
        assert second - first >= SLOW_S
        await board.page.unroute_all(behavior="ignoreErrors")
