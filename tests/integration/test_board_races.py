"""Acts on the board that cross something else: an answer that is lost or late, and a second operator."""

import asyncio
from pathlib import Path

import board_city
import many_boards
import small_city
from board_page import press, window
from playwright.async_api import Route, expect

from cloud.cases.case_acts import Dispatch
from wire.alarm import Change, Level

DRAWN_S = 0.5


async def test_a_lost_answer_doubles_nothing(tmp_path: Path) -> None:
    """The case was filed and the network lost the answer: pressed again, the board shows the one case there is."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall", route="#/cases") as board:
        page = board.page

        async def lose(route: Route) -> None:
            await route.fetch()
            await route.abort()

        await page.route("**/api/v1/cases", lose, times=1)
        await page.get_by_role("button", name="上报新案").click()
        await page.get_by_label("一句话说明").fill("屏幕边框松动")
        await press(page, "上报新案")
        await expect(page.get_by_role("alert")).to_contain_text("没有回音")
        await press(page, "上报新案")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.locator("[data-case]")).to_have_count(1)
        assert len(await city.ledger.cases()) == 1
        board.troubles.clear()  # the answer that was lost


async def test_a_late_answer_brings_no_alarm_back(tmp_path: Path) -> None:
    """An alarm returned to normal before the answer to its acknowledgement came: it stays off the list."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await city.lean()
        come = asyncio.Event()

        async def delay(route: Route) -> None:
            answer = await route.fetch()
            await come.wait()
            await route.fulfill(response=answer)

        await board.page.route("**/alarms/acts", delay, times=1)
        row = board.page.locator(f'[data-alarm="{small_city.LEAN}"]')
        await row.get_by_role("button", name="确认").click()
        await expect(row).to_have_attribute("data-state", "acknowledged")
        await city.lean(Level.RED, Change.CLEARED)
        await expect(row).to_have_count(0)
        async with board.page.expect_response("**/alarms/acts"):
            come.set()
        await asyncio.sleep(DRAWN_S)
        await expect(row).to_have_count(0)


async def test_one_of_several_was_given_away_before(tmp_path: Path) -> None:
    """Of two chosen cases another operator has taken one: it is named and left alone, and the other one is given."""
    inventory = many_boards.inventory(tmp_path, 2)
    async with board_city.served(tmp_path, inventory) as city, window(city.url, "wall") as board:
        await city.flood(1, 2)
        page = await board.show("#/cases")
        await expect(page.locator("[data-case]")).to_have_count(2)
        for one in await page.locator("[data-case] input").all():
            await one.check()
        await page.get_by_role("button", name="派遣", exact=True).click()
        taken, free = sorted([case.number for case in await city.ledger.open_cases()], reverse=True)
        await small_city.act(city.ledger, taken, Dispatch(unit="command-centre", note=""))
        await page.get_by_label("责任单位").select_option("tongan-chengguan")
        await press(page, "派遣")
        alert = page.get_by_role("dialog").get_by_role("alert")
        await expect(alert).to_contain_text(f"{taken}: 已有他人先行办理")
        await expect(alert).not_to_contain_text(free)
        units = {case.number: case.unit for case in await city.ledger.open_cases()}
        assert units == {taken: "command-centre", free: "tongan-chengguan"}
        board.refused(412)
