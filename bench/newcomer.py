"""A newcomer's first five minutes with the demonstration, in a real browser, with a stopwatch.

`egret demo` is started as the README says; then one looks at the board and does what the terminal suggests: lean a
billboard, acknowledge the alarm, give its case to a unit, cut a box off and watch its backlog grow and drain, let a
typhoon come and switch the mode. Each step ends when the board shows it. `--quick` takes 12 billboards.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import board_page
from playwright.async_api import Locator, Page, expect

from bench.result import Figure, Goal, Result, at_most, machine
from edge.demo import town

_EGRET = (sys.executable, "-m", "wire")
_CUT_S, _DRAINED_S = 15, 60
_UNDER_WAY_S = 3
"""A box without a backlog still has what it measured in the last second or two under way."""
_FIVE_MINUTES_S, _URL_S, _RED_S = 300, 60, 2


@dataclass
class Stopwatch:
    """Seconds of each step, in order."""

    laps: dict[str, float] = field(default_factory=dict)
    _at: float = field(default_factory=time.monotonic)

    def lap(self, name: str) -> None:
        """What has just come to its end."""
        now = time.monotonic()
        self.laps[name], self._at = round(now - self._at, 2), now


@dataclass(frozen=True, slots=True)
class Terminal:
    """The terminal beside the browser."""

    folder: Path

    async def type(self, *words: str) -> str:
        """A command of egret; what it says."""
        process = await asyncio.create_subprocess_exec(*_EGRET, *words, stdout=asyncio.subprocess.PIPE)
        said, _ = await process.communicate()
        assert process.returncode == 0, words
        return said.decode()

    async def demo(self, *words: str) -> str:
        """An order to the running demonstration."""
        return await self.type("demo", *words, "--data", str(self.folder))


async def run(*, is_quick: bool) -> Result:
    """Once through."""
    sites = 12 if is_quick else 118
    watch = Stopwatch()
    with tempfile.TemporaryDirectory(prefix="egret-bench-") as name:
        terminal = Terminal(Path(name))
        async with (
            _demonstration(terminal.folder, sites) as url,
            board_page.window(url, "wall", is_live=False) as board,
        ):
            watch.lap("egret demo prints its address")
            await expect(board.page.locator("[data-site]")).to_have_count(await _all_sites(board.page, sites))
            watch.lap("the board shows every site")
            await _lean(board.page, terminal, watch)
            await _cut(board.page, terminal, watch)
            await _typhoon(board.page, terminal, watch, url)
    total = round(sum(watch.laps.values()), 1)
    figures: dict[str, Figure] = {"sites": sites, **watch.laps, "all": total}
    return Result("newcomer", figures, _goals(watch.laps, total), machine(), (f"the box is cut off for {_CUT_S} s",))


async def _all_sites(page: Page, billboards: int) -> int:
    """The shipped city has more than billboards."""
    shown: int = await page.evaluate("fetch('api/v1/city').then(it => it.json()).then(it => it.sites.length)")
    assert shown > billboards
    return shown


async def _lean(page: Page, terminal: Terminal, watch: Stopwatch) -> None:
    alarm = page.locator(f'.alarms [data-alarm="{town.STAR}-T1/lean"]')
    await terminal.demo("tilt", town.STAR)
    watch.lap("egret demo tilt, typed")
    await expect(page.locator(f'[data-site="{town.STAR}"]')).to_have_attribute("data-level", "red")
    watch.lap("red on the map")
    await expect(page.locator("body")).to_have_attribute("data-sound", "red")
    await expect(alarm).to_contain_text("一级·红")
    case = page.locator(".cases [data-case]").filter(has_text="环城西路南段落地电子屏")
    await expect(case).to_contain_text("剩余")
    watch.lap("sound, alarm, and a case with an owner and a running timer")
    await alarm.get_by_role("button", name="确认").click()
    await expect(alarm).to_have_attribute("data-state", "acknowledged")
    watch.lap("acknowledged with one click")
    await case.get_by_role("link").click()
    await page.locator("[data-act=dispatch]").click()
    await page.get_by_label("责任单位").select_option(index=1)
    await page.get_by_role("dialog").get_by_role("button", name="派遣").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.locator(".case-top")).to_have_attribute("data-stage", "dispatched")
    watch.lap("given to a unit")


async def _cut(page: Page, terminal: Terminal, watch: Stopwatch) -> None:
    box = await page.evaluate("fetch('api/v1/city').then(it => it.json()).then(it => it.boxes[0].id)")
    await page.evaluate("location.hash = '#/fleet'")
    await terminal.demo("cut-link", box, str(_CUT_S))
    row = page.locator(f'[data-box="{box}"]')
    await expect(row).to_have_attribute("data-state", "offline")
    watch.lap("a box is cut off, and the board says so")
    await expect(row).to_have_attribute("data-state", "online")
    held = await _number(row)
    async with asyncio.timeout(_DRAINED_S):
        while await _number(row) > held / _CUT_S * _UNDER_WAY_S:
            await asyncio.sleep(0.1)
    watch.lap("it is back, and its backlog has drained")


async def _number(row: Locator) -> int:
    """Readings that wait in the box of this row, as it last said."""
    return int("".join(filter(str.isdigit, await row.locator(".number").first.inner_text())))


async def _typhoon(page: Page, terminal: Terminal, watch: Stopwatch, url: str) -> None:
    await terminal.demo("typhoon")
    asked = ("--level", "orange", "--reason", "台风橙色预警", "--url", f"{url}api/v1")
    await terminal.type("mode", "set", "typhoon", *asked)
    await expect(page.locator(".mode-banner")).to_contain_text("台风橙色预警")
    await page.evaluate("location.hash = '#/typhoon'")
    await expect(page.locator("[data-ranked]").first).to_be_visible()
    await expect(page.locator("[data-task]")).to_be_visible()
    watch.lap("typhoon: mode, ranking and round are shown")
    await terminal.demo("calm")


@asynccontextmanager
async def _demonstration(folder: Path, sites: int) -> AsyncIterator[str]:
    """The address that it prints."""
    arguments = ("demo", "--sites", str(sites), "--no-browser", "--port", "0", "--data", str(folder))
    process = await asyncio.create_subprocess_exec(
        *_EGRET, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env=os.environ
    )
    assert process.stdout
    try:
        while b"http" not in (line := await process.stdout.readline()):
            assert line, "the demonstration ended before it had an address"
        yield f"{line.decode().strip()}/"
    finally:
        process.send_signal(signal.SIGINT)
        await process.wait()


def _goals(laps: dict[str, float], total: float) -> dict[str, Goal]:
    return {
        "address": at_most(laps["egret demo prints its address"], _URL_S, "s"),
        "red": at_most(laps["red on the map"], _RED_S, "s after the command"),
        "five_minutes": at_most(total, _FIVE_MINUTES_S, "s for all of it"),
    }
