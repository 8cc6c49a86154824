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
from collections.abc import Iterator
from contextlib import contextmanager
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
_STANDING_S = 5.0
"""A page has stood for a while when alarms come."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many sites, how often a page is opened, how many alarms come at once, and in how many calm cities."""

    sites: int
    openings: int
    burst: int
    bursts: int


@dataclass(frozen=True, slots=True)
class City:
    """A served city."""

    url: str
    sites: int
    orders: IO[str]
    answers: IO[str]

    async def burst(self, count: int) -> dict[str, Any]:
        """Alarms all at once: when each was committed, and how long all took."""
        self.orders.write(f"{count}\n")
        self.orders.flush()
        found: dict[str, Any] = json.loads(await asyncio.to_thread(self.answers.readline))
        return found


async def run(*, is_quick: bool) -> Result:
    """One city, one browser."""
    size = Size(400, 2, 60, 1) if is_quick else Size(5_000, 5, 500, 5)
    figures: dict[str, Figure] = {"alarms_at_once": size.burst, "bursts": size.bursts, "tabs": _TABS}
    delays: list[float] = []
    for burst in range(size.bursts):
        with tempfile.TemporaryDirectory(prefix="egret-bench-") as folder, _served(Path(folder), size.sites) as city:
            if burst == 0:
                figures |= {"sites": city.sites} | await _opened(city, size)
            async with looking.browser() as context:
                delays += await _alone(context, city, size)
                if burst == size.bursts - 1:
                    figures |= await _many(context, city, size)
    figures |= _spread("alarm_to_pixel_ms", delays)
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


async def _alone(context: BrowserContext, city: City, size: Size) -> list[float]:
    page = await looking.look(context, city.url, city.sites)
    await asyncio.sleep(_STANDING_S)
    return await _delays(page, await city.burst(size.burst))


async def _many(context: BrowserContext, city: City, size: Size) -> dict[str, Figure]:
    pages = [*context.pages, *[await looking.look(context, city.url, city.sites) for _ in range(_TABS - 1)]]
    await asyncio.sleep(_STANDING_S)
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
    "a burst is taken as five messages of a box, one transaction each: an alarm waits for its own message alone",
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
