"""The board in a real browser: the shipped page, the real API, ledger and store of a small city.

EGRET_PICTURES=docs/pictures writes pictures there instead of only looking; with EGRET_BOARD=http://127.0.0.1:8080
the pictures are of a board that runs already. See docs/operate/board.md.
"""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import small_city
from board_page import PATIENCE_MS, SIZES, box, window
from litestar import Litestar
from playwright.async_api import expect

from cloud.api.app import create_app
from cloud.api.server import serving
from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.stores import embedded
from wire.alarm import Change, Level
from wire.receipt import BoxStatus

SITE = "XM-TA-0117"


@dataclass(frozen=True, slots=True)
class City:
    """A served small city."""

    url: str
    ledger: Ledger
    live: Live
    app: Callable[[], Litestar]


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    """Four sites that measured for five minutes; one box is online, one offline."""
    inventory = small_city.inventory(tmp_path)
    live = Live()
    start_ns = time.time_ns() - 300 * small_city.SECOND_NS
    async with (
        Ledger(tmp_path / "ledger.db", time.time_ns, Practice(inventory)) as ledger,
        embedded.open_store(embedded.Config(folder=str(tmp_path))) as store,
    ):
        batch = small_city.tilt_batch(inventory, f"{SITE}-T1", start_ns, (0.05, 0.06) * 150)
        await store.write([batch])
        live.put(batch.columns)
        await ledger.save_status(BoxStatus("XM-TA-01", online=True, time_ns=time.time_ns(), boot="b", version="0.1.0"))
        await ledger.save_status(BoxStatus("XM-SM-01", online=False, time_ns=start_ns, boot="b", version="0.1.0"))
        app = partial(create_app, ledger, store, live, inventory, time.time_ns)
        async with serving(app()) as url:
            yield City(url, ledger, live, app)


async def lean(city: City, sequence: int, level: Level = Level.RED, change: Change = Change.RAISED) -> None:
    """The ledger takes an alarm of the site, as the alarms lane does."""
    await city.ledger.take_alarms(small_city.lean(sequence, time.time_ns(), level, change))
    city.live.wake()


@pytest.mark.parametrize("size", SIZES)
async def test_lean_turns_the_site_red(city: City, size: str) -> None:
    """An alarm colours its site, and stands in the lists with its case; closing and clearing make it grey again."""
    async with window(city.url, size) as board:
        page = board.page
        mark = page.locator(f'[data-site="{SITE}"]')
        await expect(mark).to_have_attribute("data-level", "normal", timeout=PATIENCE_MS)
        await lean(city, 1)
        await expect(mark).to_have_attribute("data-level", "red", timeout=PATIENCE_MS)
        await expect(mark.locator("text").first).to_have_text("\N{ROMAN NUMERAL ONE}")
        await expect(page.locator(f'[data-alarm="{small_city.LEAN}"]')).to_contain_text("2.17°")
        [case] = await city.ledger.open_cases()
        row = page.locator(f'[data-case="{case.number}"]')
        await expect(row.locator("time")).to_have_text(re.compile(r"\d\d:\d\d"))
        await row.locator("button.close").click()
        await row.locator("input[name=note]").fill("已加固")
        await row.locator("input[name=without_sensor]").fill("人在现场", timeout=PATIENCE_MS)
        await row.locator("button.firm").click()
        await expect(row).to_have_count(0, timeout=PATIENCE_MS)
        await lean(city, 2, Level.RED, Change.CLEARED)
        await expect(mark).to_have_attribute("data-level", "normal", timeout=PATIENCE_MS)
    assert (await city.ledger.case(case.number)).log[-1].note == "已加固 [without the sensor: 人在现场]"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_everything_has_its_place(city: City, size: str, theme: str) -> None:
    """Marks lie on the map and are small; no panel covers another or leaves the page; the chart is drawn."""
    await lean(city, 1)
    async with window(city.url, size, theme=theme) as board:
        page, (width, _) = board.page, SIZES[size]
        await expect(page.locator(".plot canvas")).to_be_visible(timeout=PATIENCE_MS)
        left, top, right, bottom = await box(page, ".map")
        assert right - left > width * 0.6
        marks = page.locator("[data-site]")
        assert await marks.count() == 4
        for mark in [await box(page, f'[data-site="{site}"] >> nth=0') for site in (SITE, "XM-SM-0001", "XM-SM-G01")]:
            assert left <= mark[0] < mark[2] <= right
            assert top <= mark[1] < mark[3] <= bottom
            assert mark[3] - mark[1] < 60
        panels = [await box(page, panel) for panel in ("header", ".map", ".alarms", ".cases", ".boxes", ".chosen-site")]
        for at, one in enumerate(panels):
            assert one[0] >= 0
            assert one[2] <= width
            for other in panels[at + 1 :]:
                apart = one[2] <= other[0] + 1 or other[2] <= one[0] + 1 or one[3] <= other[1] + 1
                assert apart or other[3] <= one[1] + 1, (one, other)


async def test_tooltip_tells_the_live_value(city: City) -> None:
    """Under the pointer a site tells its name and what it measures now; a click shows it in the chart."""
    async with window(city.url, "wall") as board:
        page = board.page
        await page.locator(f'[data-site="{SITE}"] .reach').hover()
        await expect(page.locator("[role=tooltip]")).to_contain_text("环城西路南段落地电子屏")
        await expect(page.locator("[role=tooltip]")).to_contain_text("0.06°")
        await page.locator('[data-site="XM-SM-G01"] .reach').click()
        await expect(page.locator('[data-chosen="XM-SM-G01"]')).to_be_visible()
        await expect(page.locator('[data-box="XM-SM-01"]')).to_have_attribute("data-state", "offline")


async def test_english_is_a_click_away(city: City) -> None:
    """Chinese first; the switch changes every word at once."""
    await lean(city, 1)
    async with window(city.url, "wall") as board:
        page = board.page
        await expect(page.locator(".alarms h2")).to_contain_text("报警")
        await page.get_by_title("English").click()
        await expect(page.locator(".alarms h2")).to_contain_text("Alarms")
        await expect(page.locator(f'[data-alarm="{small_city.LEAN}"]')).to_contain_text("Huancheng Road West")


async def test_frozen_screen_looks_frozen(city: City) -> None:
    """A board whose server is gone says so and dims; when it is back the board shows what happened meanwhile."""
    async with AsyncExitStack() as first:
        url = await first.enter_async_context(serving(city.app()))
        async with window(url, "wall") as board:
            body = board.page.locator("body")
            await first.aclose()
            await expect(body).to_have_attribute("data-connection", "stale", timeout=PATIENCE_MS)
            await expect(board.page.locator(".banner")).to_contain_text("重连")
            assert await board.page.locator("main").evaluate("main => getComputedStyle(main).opacity") < "1"
            await lean(city, 1)
            async with serving(city.app(), port=int(url.rstrip("/").rpartition(":")[2])):
                await expect(body).to_have_attribute("data-connection", "live", timeout=PATIENCE_MS)
                await expect(board.page.locator(f'[data-site="{SITE}"]')).to_have_attribute("data-level", "red")
            board.troubles.clear()  # the browser reports every try that found no server


@pytest.mark.skipif("EGRET_PICTURES" not in os.environ, reason="pictures are made on request: EGRET_PICTURES=<folder>")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_picture(city: City, size: str, theme: str) -> None:
    """A picture for people to look at."""
    await lean(city, 1)
    name = "board.png" if (size, theme) == ("wall", "light") else f"board-{size}-{theme}.png"
    async with window(os.environ.get("EGRET_BOARD", city.url), size, theme=theme) as board:
        await asyncio.sleep(3)
        await board.page.screenshot(path=Path(os.environ["EGRET_PICTURES"]) / name)
