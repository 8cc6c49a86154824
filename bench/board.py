"""The board of a large city in a real browser: ready, from an alarm to the pixel, twelve tabs, and what it weighs.

5 000 sites on the real API in a process of its own; Debian's chromium, headless, drawing in software. A page is
ready when every site is drawn and the stream is live. Bursts of 500 alarms are taken by the ledger, and the time
from the commit of each to the frame that shows it is taken in the page: alone, and with eleven more tabs of the
same browser that all draw (none of them counts as hidden in a headless browser). `--quick` takes 400 sites.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from playwright.async_api import BrowserContext, Page

from bench.big_board import looking
from bench.big_board.looking import Weight
from bench.result import Figure, Goal, Result, at_most, machine

_ROOT = Path(__file__).parents[1]
_TABS = 12
_READY_MS, _PIXEL_MS, _WEIGHT_KB = 1_000, 100, 100
_OF_A_BOX, _FULL_MESSAGE = 7, 100
"""Alarms in one message: a box of the demonstration has seven billboards, and no message has more than a hundred."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many sites, how often a page is opened, how many alarms come at once, and in how many calm cities.

    `standing_s`: how long a page has stood when alarms come.
    """

    sites: int
    openings: int
    burst: int
    bursts: int
    standing_s: float


@dataclass(frozen=True, slots=True)
class City:
    """A served city."""

    url: str
    sites: int
    orders: IO[str]
    answers: IO[str]

    async def burst(self, alarms: int, in_one_message: int = _OF_A_BOX) -> dict[str, Any]:
        """Alarms all at once: when each was committed, and how long all took."""
        self.orders.write(f"{alarms} {in_one_message}\n")
        self.orders.flush()
        found: dict[str, Any] = json.loads(await asyncio.to_thread(self.answers.readline))
        return found


async def run(*, is_quick: bool) -> Result:
    """One city, one browser."""
    size = Size(400, 2, 60, 1, 1.0) if is_quick else Size(5_000, 5, 500, 5, 5.0)
    figures: dict[str, Figure] = {"alarms_at_once": size.burst, "bursts": size.bursts, "tabs": _TABS}
    of_boxes: list[float] = []
    in_hundreds: list[float] = []
    for burst in range(size.bursts):
        async with _fresh(size) as (city, context):
            of_boxes += await _alone(context, city, size, _OF_A_BOX)
            if burst == 0:
                figures |= {"sites": city.sites} | await _many(context, city, size)
        async with _fresh(size) as (city, context):
            in_hundreds += await _alone(context, city, size, _FULL_MESSAGE)
    figures |= _spread("alarm_to_pixel_ms", of_boxes) | _spread("alarm_to_pixel_ms_in_hundreds", in_hundreds)
    with tempfile.TemporaryDirectory(prefix="egret-bench-") as folder, _served(Path(folder), size.sites) as city:
        figures |= await _opened(city, size)
    return Result("board", figures, _goals(figures), machine(), _NOTES)


async def _opened(city: City, size: Size) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    weight, ready = Weight(), []
    for opening in range(size.openings):
        async with looking.browser() as context:
            page = await looking.look(context, city.url, city.sites, None if opening else weight)
            ready.append(await looking.ready_ms(page))
            if opening == 0:
                figures["kB_gzip_city_page"] = weight.kilobytes
                await looking.see_everything(page)
                figures["kB_gzip_every_page"] = weight.kilobytes
    return figures | _spread("ready_ms", ready)


@asynccontextmanager
async def _fresh(size: Size) -> AsyncIterator[tuple[City, BrowserContext]]:
    """A calm city, and a browser that has seen nothing."""
    with tempfile.TemporaryDirectory(prefix="egret-bench-") as folder, _served(Path(folder), size.sites) as city:
        async with looking.browser() as context:
            yield city, context


async def _alone(context: BrowserContext, city: City, size: Size, in_one_message: int) -> list[float]:
    page = await looking.look(context, city.url, city.sites)
    await asyncio.sleep(size.standing_s)
    return await _delays(page, await city.burst(size.burst, in_one_message))


async def _many(context: BrowserContext, city: City, size: Size) -> dict[str, Figure]:
    pages = [*context.pages, *[await looking.look(context, city.url, city.sites) for _ in range(_TABS - 1)]]
    await asyncio.sleep(size.standing_s)
    burst = await city.burst(size.burst)
    delays = [await _delays(page, burst) for page in pages]
    live = [await page.evaluate("document.body.dataset.connection") for page in pages]
    return {
        "tabs_live": live.count("live"),
        "tabs_showing_every_alarm": len(delays),
        **_spread("alarm_to_pixel_ms_12_tabs_all_drawing", delays[0]),
    }


async def _delays(page: Page, burst: dict[str, Any]) -> list[float]:
    committed: dict[str, float] = burst["committed_ms"]
    painted = await looking.painted_ms(page, list(committed))
    return [painted[site] - at for site, at in committed.items()]


def _spread(name: str, times_ms: list[float]) -> dict[str, Figure]:
    p95 = statistics.quantiles(times_ms, n=20, method="inclusive")[-1]
    found = {"median": statistics.median(times_ms), "p95": p95, "max": max(times_ms)}
    return {f"{name} {word}": round(value, 1) for word, value in found.items()}


def _goals(figures: dict[str, Figure]) -> dict[str, Goal]:
    def number(name: str) -> float:
        return float(figures[name] or 0)

    return {
        "ready_ms": at_most(number("ready_ms median"), _READY_MS, "ms, median"),
        "alarm_to_pixel_ms_p95": at_most(number("alarm_to_pixel_ms p95"), _PIXEL_MS, "ms after the commit"),
        "tabs_live": Goal(f"= {_TABS}", figures["tabs_live"], figures["tabs_live"] == _TABS),
        "kB_gzip_city_page": at_most(number("kB_gzip_city_page"), _WEIGHT_KB, "kB"),
        "kB_gzip_every_page": at_most(number("kB_gzip_every_page"), _WEIGHT_KB, "kB, every page opened once"),
    }


_NOTES = (
    "the browser, its drawing in software, the server and the bench share the machine",
    "a burst is taken as messages of seven alarms, as boxes send them, or of a hundred; each is one transaction",
)


@contextmanager
def _served(folder: Path, sites: int) -> Iterator[City]:
    command = [sys.executable, "-m", "bench.big_board.server", str(folder), str(sites)]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        url, count = process.stdout.readline().split()
        yield City(url, int(count), process.stdin, process.stdout)
        process.stdin.close()
