"""The board in a real browser: what an operator sees of an alarm, a cut connection, another language."""

import shutil
from contextlib import AsyncExitStack
from pathlib import Path

import board_city
import pytest
import small_city
from board_city import SITE
from board_page import SIZES, box, window
from playwright.async_api import expect

from cloud.api import board as board_files
from cloud.api.server import serving
from wire.alarm import Change, Level


@pytest.mark.parametrize("size", SIZES)
async def test_lean_turns_the_site_red(tmp_path: Path, size: str) -> None:
    """An alarm marks its site and stands in the lists with its case; when it clears, the mark is gone and it waits."""
    async with board_city.served(tmp_path) as city, window(city.url, size) as board:
        site, mark = board.page.locator(f'[data-site="{SITE}"]'), board.page.locator(f'[data-mark="{SITE}"]')
        await expect(site).to_have_attribute("data-level", "normal")
        await city.lean()
        await expect(site).to_have_attribute("data-level", "red")
        await expect(mark.locator('use[href="#mark-red"]')).to_be_visible()
        row = board.page.locator(f'[data-alarm="{small_city.LEAN}"]')
        await expect(row).to_contain_text("2.17°")
        await expect(row).to_contain_text("一级·红")
        await expect(board.page.locator(f'[data-case="{await city.case()}"]')).to_contain_text("剩余")
        await city.lean(Level.RED, Change.CLEARED)
        await expect(site).to_have_attribute("data-level", "normal")
        await expect(mark).to_have_count(0)
        await expect(row).to_have_attribute("data-state", "returned_unacknowledged")


async def test_worst_mark_lies_on_top(tmp_path: Path) -> None:
    """Marks are drawn the worst last, and are as large as a finger tip: none of them covers the screen."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await city.lean()
        mark = await box(board.page, f'[data-mark="{SITE}"] use')
        left, top, right, bottom = await box(board.page, ".map")
        assert left <= mark[0] < mark[2] <= right
        assert top <= mark[1] < mark[3] <= bottom
        assert 15 < mark[3] - mark[1] < 40


async def test_tooltip_tells_the_live_value(tmp_path: Path) -> None:
    """Under the pointer a site tells its name and what it measures now; a click shows it below the map."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await board.page.locator(f'[data-site="{SITE}"]').hover()
        tip = board.page.get_by_role("tooltip")
        await expect(tip).to_contain_text("环城西路南段落地电子屏")
        await expect(tip).to_contain_text("0.06°")
        await board.page.locator('[data-site="XM-SM-G01"]').click()
        await expect(board.page.locator('[data-chosen="XM-SM-G01"]')).to_be_visible()
        await expect(board.page.locator('[data-box="XM-SM-01"]')).to_have_attribute("data-state", "offline")


async def test_chart_shows_what_is_stored_and_what_comes(tmp_path: Path) -> None:
    """The chosen site's quantity is drawn with its four limits, and goes on with the newest value."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await board.page.locator(f'[data-site="{SITE}"]').click()
        plot = board.page.locator(".chosen-site .plot")
        await expect(plot.locator("canvas")).to_be_visible()
        await expect(plot).to_have_attribute("data-limits", "4")
        await expect(plot).to_have_attribute("data-newest", "0.06")


async def test_the_header_shows_the_mode_whole(tmp_path: Path) -> None:
    """English words are long: what the page is called gives way, and the mode is read whole."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall", query="lang=en") as board:
        cut = "chip => chip.scrollWidth - chip.clientWidth"
        assert await board.page.locator(".mode-chip").evaluate(cut) <= 0
        right, left = (await box(board.page, ".mode-chip"))[2], (await box(board.page, ".search"))[0]
        assert right <= left


async def test_english_is_a_click_away(tmp_path: Path) -> None:
    """Chinese first; the switch changes every word at once."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await city.lean()
        await expect(board.page.locator(".alarms h2")).to_contain_text("报警")
        await board.page.get_by_title("English").click()
        await expect(board.page.locator(".alarms h2")).to_contain_text("Alarms")
        await expect(board.page.locator(f'[data-alarm="{small_city.LEAN}"]')).to_contain_text("Huancheng Road West")


async def test_frozen_screen_looks_frozen(tmp_path: Path) -> None:
    """A board whose server is gone says so, how old its picture is, and dims; afterwards it shows what it missed."""
    async with board_city.served(tmp_path) as city, AsyncExitStack() as first:
        url = await first.enter_async_context(serving(city.app()))
        async with window(url, "wall") as board:
            body = board.page.locator("body")
            await first.aclose()
            await expect(body).to_have_attribute("data-connection", "stale")
            await expect(board.page.locator(".banner")).to_contain_text("画面停在")
            assert await board.page.locator(".body").evaluate("body => getComputedStyle(body).opacity") < "1"
            await city.lean()
            async with serving(city.app(), port=int(url.rstrip("/").rpartition(":")[2])):
                await expect(body).to_have_attribute("data-connection", "live")
                await expect(board.page.locator(f'[data-site="{SITE}"]')).to_have_attribute("data-level", "red")
                await board.close()  # before its server goes: the browser reports every try that finds none
            board.troubles.clear()


@pytest.mark.parametrize("query", ["", "wall=1"])
async def test_an_upgraded_board_is_loaded_anew(tmp_path: Path, query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server comes back with one file changed: an operator is asked, and a wall takes the new board by itself."""
    async with board_city.served(tmp_path) as city, AsyncExitStack() as first:
        url = await first.enter_async_context(serving(city.app()))
        async with window(url, "wall", query=query) as board:
            body = board.page.locator("body[data-version]")
            old = await body.get_attribute("data-version")
            await first.aclose()
            monkeypatch.setattr(board_files, "FOLDER", shutil.copytree(board_files.FOLDER, tmp_path / "board"))
            (board_files.FOLDER / "styles" / "city.css").write_text("/* another version */")
            async with serving(city.app(), port=int(url.rstrip("/").rpartition(":")[2])):
                if not query:
                    await board.page.get_by_role("button", name="重新载入").click()
                await expect(body).not_to_have_attribute("data-version", str(old))
                await expect(body).to_have_attribute("data-connection", "live")
                await expect(board.page.locator(".banner")).to_have_count(0)
                await board.close()
            board.troubles.clear()


async def test_twelve_tabs_share_one_stream(tmp_path: Path) -> None:
    """A browser opens six connections to a server: twelve tabs all hear of an alarm, also after one was closed."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        tabs = [await board.context.new_page() for _ in range(11)]
        for tab in tabs:
            board.watch(tab)
            await tab.goto(city.url)
        for tab in tabs:
            await expect(tab.locator("body")).to_have_attribute("data-connection", "live")
        await tabs.pop().close()
        await city.lean()
        for tab in (board.page, *tabs):
            await expect(tab.locator(f'[data-site="{SITE}"]')).to_have_attribute("data-level", "red")


async def test_without_a_shared_worker_the_page_listens_itself(tmp_path: Path) -> None:
    """Some phones have no SharedWorker; the board is as live there."""
    async with (
        board_city.served(tmp_path) as city,
        window(city.url, "phone", script="delete window.SharedWorker") as board,
    ):
        await city.lean()
        await expect(board.page.locator(f'[data-site="{SITE}"]')).to_have_attribute("data-level", "red")


async def test_wall_has_no_controls_and_shows_what_is_wrong(tmp_path: Path) -> None:
    """`?wall=1`: no rail, no search, no buttons; the site in alarm is shown by itself."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall", query="wall=1") as board:
        await city.lean()
        await expect(board.page.locator(f'[data-chosen="{SITE}"]')).to_be_visible()
        await expect(board.page.locator(".rail, .search, .switches")).to_have_count(0)
        for control in (".zoom", ".ack"):
            await expect(board.page.locator(control).first).to_be_hidden()


async def test_a_chart_leads_to_its_dashboard(tmp_path: Path) -> None:
    """With a Grafana in cloud.yaml the site's history opens the dashboard of its kind, of this site and this span."""
    grafana = "https://grafana.example"
    async with board_city.served(tmp_path, grafana=grafana) as city, window(city.url, "wall") as board:
        await board.show(f"#/sites/{SITE}")
        link = board.page.get_by_role("link", name="Grafana")
        expected = f"{grafana}/d/egret-billboard?var-district=tongan&var-site={SITE}&from=now-600s&to=now"
        await expect(link).to_have_attribute("href", expected)
