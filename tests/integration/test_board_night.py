"""The board through a night: what dies is noticed, what comes back is taken up, and nothing wrong is hidden."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import board_city
import many_boards
from board_city import SITE
from board_page import window
from playwright.async_api import Route, expect

from cloud.api.server import serving
from cloud.ports import Column
from wire.alarm import Level
from wire.receipt import BoxStatus

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


async def test_a_long_history_stays_a_line(tmp_path: Path) -> None:
    """A day in 300 stored points, and a reading a second for ten minutes: no hole comes in, nor many points."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        holes, points = await board.page.evaluate("""async () => {
            const { Track } = await import("/parts/track.js");
            const [day, step] = [86_400_000, 288_000];
            const track = new Track(step);
            track.begin(Array.from({ length: 300 }, (_, at) => [1e12 + at * step, 1]));
            for (let second = 1; second <= 600; second += 1) track.add(1e12 + day + second * 1000, 2);
            const [, values] = track.columns(1e12);
            return [values.filter((value) => value === null).length, values.length];
        }""")
        assert holes == 0
        assert points < 310


async def test_a_chart_comes_back_with_its_store(tmp_path: Path) -> None:
    """The store was down when the site was opened: once it answers the history is drawn, and nothing says it is not."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        said = {"what": "the store is away.", "fix": "wait.", "code": "E-STORE-001"}
        await board.page.route("**/series*", lambda route: route.fulfill(status=503, json=said))
        await board.page.locator(f'[data-site="{SITE}"]').click()
        caption = board.page.locator(".chosen-site figcaption")
        await expect(caption).to_contain_text("历史曲线暂缺")
        await board.page.unroute("**/series*")
        await expect(caption).not_to_contain_text("历史曲线暂缺")
        board.refused(503)


async def test_a_chart_fills_the_hole_of_a_cut(tmp_path: Path) -> None:
    """What was measured while the server was away is in the store: the chart asks for it once it is live again."""
    async with board_city.served(tmp_path) as city, AsyncExitStack() as first:
        url = await first.enter_async_context(serving(city.app()))
        async with window(url, "wall") as board:
            await board.page.locator(f'[data-site="{SITE}"]').click()
            await expect(board.page.locator(".chosen-site .plot canvas")).to_be_visible()
            await first.aclose()
            await expect(board.page.locator("body")).to_have_attribute("data-connection", "stale")
            async with board.page.expect_request("**/series*"):
                await first.enter_async_context(serving(city.app(), port=int(url.rstrip("/").rpartition(":")[2])))
            await board.close()
            board.troubles.clear()


async def test_a_box_that_was_never_heard_of_is_not_online(tmp_path: Path) -> None:
    """Nobody says that all boxes are online before each has said so; a box that left sensors.yaml is not counted."""
    inventory = many_boards.inventory(tmp_path, 1)
    unheard = replace(inventory.sensors[many_boards.sensor_of(1)], box=many_boards.SECOND_BOX)
    inventory = replace(inventory, sensors={**inventory.sensors, unheard.id: unheard})
    async with board_city.served(tmp_path, inventory) as city, window(city.url, "wall") as board:
        for box, online in (("XM-SM-01", True), ("XM-OLD-01", False)):
            status = BoxStatus(box, online=online, time_ns=time.time_ns(), boot="c", version="0.1.0")
            await city.ledger.save_status(status)
        city.live.wake()
        await expect(board.page.locator(".boxes h2")).to_contain_text("离线 1")
        await expect(board.page.locator(f'[data-site="{many_boards.site_of(1)}"]')).to_have_class("site dot offline")
        page = await board.show("#/fleet")
        await expect(page.locator(".figure b").first).to_have_text("2 / 3")


async def test_each_yellow_alarm_is_heard_once(tmp_path: Path) -> None:
    """The second yellow one sounds though nobody has acknowledged the first; neither is heard again."""
    inventory = many_boards.inventory(tmp_path, 3)
    async with board_city.served(tmp_path, inventory) as city, window(city.url, "wall", script=COUNTED) as board:
        await board.page.locator("h1").first.click(force=True)
        await asyncio.sleep(SLOW_S + 0.5)  # until the machine's audio is awake
        for number in (1, 2):
            await city.flood(number, level=Level.YELLOW)
            await expect(board.page.locator(".alarms [data-alarm]")).to_have_count(number)
            await board.page.wait_for_function("expected => tones === expected", arg=number)
        await city.flood(3, level=Level.BLUE)
        await expect(board.page.locator(".alarms [data-alarm]")).to_have_count(3)
        assert await board.page.evaluate("tones") == 2


async def test_a_new_alarm_is_seen_under_a_resting_mouse(tmp_path: Path) -> None:
    """The mouse was left on a list longer than the column: a new red alarm is drawn all the same, below the others."""
    inventory = many_boards.inventory(tmp_path, 31)
    async with board_city.served(tmp_path, inventory) as city, window(city.url, "wall") as board:
        await city.flood(*range(1, 31), level=Level.YELLOW)
        rows = board.page.locator(".alarms [data-alarm]")
        await expect(rows).to_have_count(12)
        await rows.first.hover()
        await city.flood(31)
        await expect(rows.last).to_have_attribute("data-level", "red")
        await expect(rows.first).to_have_attribute("data-level", "yellow")


async def test_acknowledging_by_keyboard_goes_on(tmp_path: Path) -> None:
    """The button goes with the act; the focus stays in its row, and Tab leads to the next alarm."""
    inventory = many_boards.inventory(tmp_path, 2)
    async with board_city.served(tmp_path, inventory) as city, window(city.url, "wall") as board:
        await city.flood(1, 2)
        page = board.page
        first = page.locator(".alarms [data-alarm]").first
        await first.locator(".face").focus()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(first).to_have_attribute("data-state", "acknowledged")
        await expect(first.locator(".face")).to_be_focused()


async def test_a_page_that_did_not_come_is_asked_for_again(tmp_path: Path) -> None:
    """The link was cut as somebody went to the duty page: it is shown as soon as there is a link again."""
    async with board_city.served(tmp_path) as city, window(city.url, "phone") as board:
        await board.page.route("**/pages/duty.js*", lambda route: route.abort())
        await board.page.evaluate("location.hash = '#/duty'")
        await expect(board.page.locator("#page")).to_contain_text("正在载入")
        await asyncio.sleep(SLOW_S)
        await board.page.unroute("**/pages/duty.js*")
        await expect(board.page.locator("#page h1")).to_have_text("值班")
        board.troubles.clear()  # what the cut link made of the module


async def test_a_value_that_nobody_renews_tells_its_age(tmp_path: Path) -> None:
    """The gas sensor was heard an hour ago: its number stands with that age, a fresh one alone."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        hour_ago = time.time_ns() - 3_600 * 10**9
        tags = city.inventory.tags("XM-SM-G01-G1", "XM-SM-01")
        city.live.put([Column(tags, "gas_lel", (hour_ago,), (3.0,), (0,))])
        page = await board.show("#/sites/XM-SM-G01")
        await expect(page.locator(".quantities .drawn")).to_contain_text("1:00:0")
        await board.show("#/")
        await page.locator('[data-site="XM-SM-G01"]').hover()
        await expect(page.get_by_role("tooltip")).to_contain_text("1:00:")
        await board.show(f"#/sites/{SITE}")
        await expect(page.locator(".quantities b").first).to_have_text("0.06")
        await expect(page.locator(".old")).to_have_count(0)
