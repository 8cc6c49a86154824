"""What people do on the board: acknowledge, shelve, assign, close, switch the mode; two at once; all by keyboard."""

import io
import re
from datetime import datetime
from datetime import time as clock
from pathlib import Path

import board_city
import many_boards
import small_city
from board_city import SITE, City
from board_page import Window, press, window
from PIL import Image
from playwright.async_api import Page, expect

from cloud.alarming.alarm_state import AlarmState
from cloud.cases.case_acts import Dispatch
from wire.alarm import Level
from wire.dates import CHINA


async def case_page(city: City, board: Window) -> Page:
    """The page of the one case there is."""
    number = await city.case()
    page = await board.show(f"#/cases/{number}")
    await expect(page.locator(f'[data-case="{number}"]')).to_be_visible()
    return page


async def test_acknowledged_with_one_click(tmp_path: Path) -> None:
    """One click beside the alarm; that closes no case, and the row says who has seen it."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await city.lean()
        row = board.page.locator(f'[data-alarm="{small_city.LEAN}"]')
        await expect(board.page.locator("body")).to_have_attribute("data-sound", "red")
        await row.get_by_role("button", name="确认").click()
        await expect(row).to_have_attribute("data-state", "acknowledged")
        await expect(row).to_contain_text("已确认 · demo")
        await expect(board.page.locator("body")).to_have_attribute("data-sound", "")
        assert (await city.ledger.case(await city.case())).is_open


async def test_silence_is_by_level_and_ends_with_the_shift(tmp_path: Path) -> None:
    """Red is switched off and nothing sounds; the next shift hears it again."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await city.lean()
        body = board.page.locator("body")
        await expect(body).to_have_attribute("data-sound", "red")
        await board.page.get_by_title("点按页面以开启声音").or_(board.page.get_by_title("声音")).click()
        await board.page.get_by_label("红色：响到确认").uncheck()
        await expect(body).to_have_attribute("data-sound", "")
        until = await board.page.evaluate("JSON.parse(localStorage.getItem('silence')).until - Date.now()")
        assert 0 < until <= 12 * 3_600_000


async def test_one_tab_of_a_browser_sounds(tmp_path: Path) -> None:
    """The oldest, until somebody works in another."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await city.lean()
        first = board.page.locator("body")
        await expect(first).to_have_attribute("data-sound", "red")
        page = await board.context.new_page()
        await page.goto(city.url)
        second = page.locator("body")
        await expect(page.locator(f'[data-alarm="{small_city.LEAN}"]')).to_be_visible()
        await expect(second).to_have_attribute("data-sound", "")
        await page.keyboard.press("Shift")
        await expect(second).to_have_attribute("data-sound", "red")
        await expect(first).to_have_attribute("data-sound", "")
        await page.close()
        await expect(first).to_have_attribute("data-sound", "red")


async def test_a_shift_ends_by_the_clock_of_the_city(tmp_path: Path) -> None:
    """On a machine that is set to California, silence ends at 08:00 or 20:00 of the city all the same."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall", is_live=False) as board:
        machine = await board.context.new_cdp_session(board.page)
        await machine.send("Emulation.setTimezoneOverride", {"timezoneId": "America/Los_Angeles"})
        await board.page.reload()
        await board.page.get_by_title("点按页面以开启声音").or_(board.page.get_by_title("声音")).click()
        await board.page.get_by_label("红色：响到确认").uncheck()
        until_ms = await board.page.evaluate("JSON.parse(localStorage.getItem('silence')).until")
        assert datetime.fromtimestamp(until_ms / 1000, CHINA).time() in (clock(8), clock(20))


async def test_many_are_shelved_at_once_with_a_reason_and_an_end(tmp_path: Path) -> None:
    """Chosen in the table, shelved for an hour with a reason, they stand among the held until they are put back."""
    inventory = many_boards.inventory(tmp_path, 5)
    async with board_city.served(tmp_path, inventory) as city, window(city.url, "wall", route="#/alarms") as board:
        await city.flood(1, 2, 3, 4, 5)
        page = board.page
        await expect(page.locator("[data-alarm]")).to_have_count(5)
        await page.get_by_label("全选").check()
        await page.get_by_role("button", name="搁置", exact=True).click()
        await page.get_by_label("理由（必填）").fill("清洗作业")
        await page.get_by_label("搁置多久").select_option("60")
        await press(page, "搁置")
        await expect(page.locator("[data-alarm]")).to_have_count(0)
        alarms = await city.ledger.alarms()
        assert {(alarm.state, alarm.note) for alarm in alarms} == {(AlarmState.SHELVED, "清洗作业")}
        await board.show("#/alarms?view=held")
        await expect(page.locator("[data-alarm]")).to_have_count(5)
        await page.locator("[data-alarm] input").first.check()
        await page.get_by_role("button", name="取消搁置").click()
        await press(page, "取消搁置")
        await expect(page.locator("[data-alarm]")).to_have_count(4)


async def test_order_stands_still_under_the_mouse(tmp_path: Path) -> None:
    """A worse alarm comes while the pointer is on the list: nothing moves until it leaves."""
    inventory = many_boards.inventory(tmp_path, 3)
    first, second = many_boards.sensor_of(1), many_boards.sensor_of(2)
    async with board_city.served(tmp_path, inventory) as city, window(city.url, "wall") as board:
        await city.ledger.take_alarms(many_boards.message([many_boards.leans(first, 1, 1, Level.YELLOW)]))
        city.live.wake()
        rows = board.page.locator(".alarms [data-alarm]")
        await expect(rows).to_have_count(1)
        await rows.first.hover()
        await city.ledger.take_alarms(many_boards.message([many_boards.leans(second, 2, 2, Level.RED)]))
        city.live.wake()
        await expect(rows).to_have_count(2)
        await expect(rows.first).to_have_attribute("data-level", "yellow")
        await expect(board.page.locator(".alarms h2")).to_contain_text("顺序已锁定")
        await board.page.mouse.move(300, 300)
        await expect(rows.first).to_have_attribute("data-level", "red")


async def test_a_case_from_dispatch_to_close(tmp_path: Path) -> None:
    """Every stage by its button; closing against the sensor asks why; each step stands in the log."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await city.lean()
        page = await case_page(city, board)
        top = page.locator(".case-top")
        for act, stage in (
            ("接单", "handling"),
            ("到场", "handling"),
            ("反馈已处置", "fed_back"),
            ("核查", "verification"),
        ):
            await top.get_by_role("button", name=act, exact=True).click()
            await press(page, act)
            await expect(page.get_by_role("dialog")).to_have_count(0)
            await expect(top).to_have_attribute("data-stage", stage)
        await top.get_by_role("button", name="结案", exact=True).click()
        await page.get_by_label("说明（可不填）").fill("已加固")
        await press(page, "结案")
        await page.get_by_label(re.compile("传感器未确认")).fill("人在现场")
        await press(page, "结案")
        await expect(top).to_have_attribute("data-stage", "closed")
        await expect(page.locator(".log")).to_contain_text("已加固 [without the sensor: 人在现场]")
        board.refused(422)


async def test_photos_are_added_and_shown(tmp_path: Path) -> None:
    """A photo from this machine is on the case's page at once."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, "JPEG")
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await city.lean()
        page = await case_page(city, board)
        picture = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}
        await page.locator(".photos input").set_input_files(picture)  # type: ignore[arg-type]
        await expect(page.locator(".photos img")).to_have_js_property("naturalWidth", 64)


async def test_the_same_photo_is_chosen_again(tmp_path: Path) -> None:
    """The network took it away: the page says so, and the same file can be chosen once more."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, "JPEG")
    taken = tmp_path / "a.jpg"
    taken.write_bytes(file.getvalue())
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await city.lean()
        page = await case_page(city, board)
        await page.route("**/photos", lambda route: route.abort(), times=1)
        await page.locator(".photos input").set_input_files(taken)
        await expect(page.get_by_role("alert")).to_contain_text("没有回音")
        assert await page.locator(".photos input").evaluate("input => input.files.length") == 0
        await page.locator(".photos input").set_input_files(taken)
        await expect(page.locator(".photos img")).to_have_js_property("naturalWidth", 64)
        board.troubles.clear()  # the photo that was lost


async def test_a_second_operator_was_faster(tmp_path: Path) -> None:
    """An act on what has changed since its question was put is refused; the page behind shows the case as it is now."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await city.lean()
        page = await case_page(city, board)
        await page.locator(".case-top").get_by_role("button", name="挂账").click()
        await page.get_by_label("说明（必填）").fill("等备件")
        await small_city.act(city.ledger, await city.case(), Dispatch(unit="tongan-chengguan", note=""))
        city.live.wake()
        await expect(page.locator(".facts").first).to_contain_text("同安区城管局")
        await press(page, "挂账")
        await expect(page.get_by_role("alert")).to_contain_text("已有他人先行办理")
        assert (await city.ledger.case(await city.case())).suspended_ns is None
        board.refused(412)


async def test_cases_are_given_to_a_unit_together(tmp_path: Path) -> None:
    """Several open cases, chosen in the list, go to one unit and whoever is on duty there."""
    inventory = many_boards.inventory(tmp_path, 3)
    async with board_city.served(tmp_path, inventory) as city, window(city.url, "wall") as board:
        await city.flood(1, 2)
        page = await board.show("#/cases")
        await expect(page.locator("[data-case]")).to_have_count(2)
        for box in await page.locator("[data-case] input").all():
            await box.check()
        await page.get_by_role("button", name="派遣", exact=True).click()
        await page.get_by_label("责任单位").select_option("tongan-chengguan")
        await press(page, "派遣")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        assert {case.unit for case in await city.ledger.open_cases()} == {"tongan-chengguan"}


async def test_a_person_files_a_case(tmp_path: Path) -> None:
    """上报: in one line, at a site, with a level; routing gives it to a unit at once."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall", route="#/cases") as board:
        page = board.page
        await page.get_by_role("button", name="上报新案").click()
        await page.get_by_label("一句话说明").fill("屏幕边框松动")
        await page.get_by_role("dialog").get_by_label("级别").select_option("orange")
        await page.get_by_label("点位（可不填）").fill(SITE)
        await press(page, "上报新案")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        [case] = await city.ledger.open_cases()
        assert (case.title, case.level, case.site) == ("屏幕边框松动", Level.ORANGE, SITE)


async def test_the_mode_is_switched_and_everybody_sees_it(tmp_path: Path) -> None:
    """A drill of one district: the header and a banner say so, marked as a drill, and the round has begun."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall", route="#/typhoon") as board:
        page = board.page
        await page.locator('[data-place="tongan"]').get_by_role("button", name="切换").click()
        await page.get_by_label("理由（必填）").fill("年度演练")
        await page.get_by_label("这是演练").check()
        await press(page, "切换")
        await expect(page.locator(".mode-banner")).to_contain_text("年度演练")
        await expect(page.locator(".mode-banner .drill")).to_be_visible()
        await expect(page.locator(".mode-chip")).to_contain_text("防台风 同安区")
        await expect(page.locator("[data-task]")).to_contain_text("0 / 1")
        await page.locator(f'[data-ranked="{SITE}"]').get_by_role("button", name="完成一处").click()
        await expect(page.locator("[data-task]")).to_contain_text("1 / 1")


async def test_everything_by_keyboard(tmp_path: Path) -> None:
    """Skip to the page, find a site by its name, go through what is wrong on the map, leave a dialog with Escape."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await city.lean()
        page = board.page
        await page.keyboard.press("Tab")
        await expect(page.locator(":focus")).to_have_text("跳到内容")
        await page.keyboard.press("Enter")
        await expect(page.locator("#page")).to_be_focused()
        await page.get_by_role("combobox", name="查找").focus()
        await page.keyboard.type("音乐广场")
        await page.keyboard.press("Enter")
        await expect(page.locator('[data-chosen="XM-SM-0002"]')).to_be_visible()
        await page.locator(".map").focus()
        await page.keyboard.press("n")
        await expect(page.locator(f'[data-chosen="{SITE}"]')).to_be_visible()
        await (
            page.get_by_role("button", name="声音")
            .or_(page.get_by_role("button", name="点按页面以开启声音"))
            .press("Enter")
        )
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_dialog_gives_the_focus_back(tmp_path: Path) -> None:
    """Whoever works by keyboard goes on where the question was asked for, also after an answer by a button."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await city.lean()
        page = await case_page(city, board)
        asked = page.locator(".case-top").get_by_role("button", name="挂账", exact=True)
        await asked.press("Enter")
        await press(page, "取消")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(asked).to_be_focused()
