"""The board where a city is not as one would wish: empty, huge names, markup, no coordinates, no store."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path

import board_city
import many_boards
import small_city
from board_city import SITE
from board_page import window
from playwright.async_api import expect

from cloud.stores import influxdb_v1
from cloud.tables import boxes, fleet
from cloud.tables.boxes import BoxState
from cloud.tables.fleet import Pushed
from wire import city_map
from wire.alarm import AlarmEvent, Change, Evidence, Level
from wire.alarm_message import AlarmMessage
from wire.clock import ClockState
from wire.desired import Refusal, Reported
from wire.errors import Mistake
from wire.gap import Gap
from wire.inventory import Inventory
from wire.receipt import Lane

MARKUP = "<img src=x onerror=\"document.title='owned'\"><b>屏</b>"


def with_site(city: Inventory, **facts: object) -> Inventory:
    """The billboard of Tong'an with other facts."""
    site = replace(city.sites[SITE], **facts)  # type: ignore[arg-type]
    return replace(city, sites={**city.sites, SITE: site})


async def test_nothing_at_all(tmp_path: Path) -> None:
    """A city without sites, sensors and boxes: the pages stand, and say that there is nothing."""
    empty = replace(small_city.inventory(tmp_path), sites={}, sensors={}, boxes={})
    async with board_city.served(tmp_path, empty) as city, window(city.url, "wall") as board:
        await expect(board.page.locator(".alarms")).to_contain_text("没有报警")
        for route in ("#/alarms", "#/cases", "#/typhoon", "#/evaluation", "#/duty", "#/fleet", "#/load"):
            await board.show(route)
            await expect(board.page.locator("#page h1")).to_be_visible()


async def test_one_site(tmp_path: Path) -> None:
    """A map of one point is drawn in the middle, at a scale that makes sense."""
    whole = small_city.inventory(tmp_path)
    alone = replace(whole, sites={SITE: whole.sites[SITE]})
    async with board_city.served(tmp_path, alone) as city, window(city.url, "wall") as board:
        await city.lean()
        await expect(board.page.locator(f'[data-mark="{SITE}"]')).to_be_visible()
        await expect(board.page.locator(".scale")).to_have_text("200 m")


async def test_names_of_sixty_characters(tmp_path: Path) -> None:
    """A long name is cut off in lists and whole on the site's page, and widens nothing."""
    name = "环城西路南段落地电子屏" * 5 + "一二三四五"
    long = with_site(small_city.inventory(tmp_path), name=name)
    async with board_city.served(tmp_path, long) as city, window(city.url, "phone") as board:
        await city.lean()
        await expect(board.page.locator(".alarms .place")).to_contain_text(name)
        assert await board.page.evaluate("document.documentElement.scrollWidth") <= 390
        await board.show(f"#/sites/{SITE}")
        await expect(board.page.locator("h1")).to_have_text(name)
        assert await board.page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_markup_in_names_is_read_and_not_run(tmp_path: Path) -> None:
    """A name with an image that fails is shown letter by letter, on the map, in lists and on its page."""
    hostile = with_site(small_city.inventory(tmp_path), name=MARKUP)
    async with board_city.served(tmp_path, hostile) as city, window(city.url, "wall") as board:
        await city.lean()
        await expect(board.page.locator(".alarms .place")).to_have_text(MARKUP)
        await expect(board.page.locator(".ring .name")).to_have_text(MARKUP)
        await board.show(f"#/sites/{SITE}")
        await expect(board.page.locator("h1")).to_have_text(MARKUP)
        assert await board.page.title() == "小城 · Egret"


async def test_sites_without_a_usable_place(tmp_path: Path) -> None:
    """What has no coordinates, or lies in another part of the world, is counted below the map and listed as ever."""
    lost = with_site(small_city.inventory(tmp_path), longitude=None, latitude=None)
    swapped = replace(lost.sites["XM-SM-0002"], longitude=24.4330, latitude=118.1120)
    city_of_lost = replace(lost, sites={**lost.sites, "XM-SM-0002": swapped})
    async with board_city.served(tmp_path, city_of_lost) as city, window(city.url, "wall") as board:
        await city.lean()
        await expect(board.page.locator(".note")).to_contain_text("2 个站点没有可用坐标")
        await expect(board.page.locator("[data-site]")).to_have_count(2)
        await board.page.locator(f'[data-alarm="{small_city.LEAN}"] .face').click()
        await expect(board.page.locator(f'[data-chosen="{SITE}"]')).to_be_visible()


async def test_districts_are_drawn_from_the_map_and_a_click_shows_one(tmp_path: Path) -> None:
    """With a map document its polygons, source and 审图号 are shown; a district that is chosen narrows the lists."""
    corners = {"tongan": (118.0, 24.6, 118.3, 24.9), "siming": (118.0, 24.4, 118.2, 24.5)}
    districts = [
        {"id": name, "name": name, "rings": [[west, south, east, south, east, north, west, north, west, south]]}
        for name, (west, south, east, north) in corners.items()
    ]
    document = {"schema": "egret.map/1", "crs": "WGS-84", "source": "测绘院", "approval": "闽S(2026)000号"}
    document |= {"accuracy_m": 50.0, "bounds": [118.0, 24.4, 118.3, 24.9], "districts": districts}
    city_map.decode(json.dumps(document).encode(), "map.json")
    (tmp_path / "map.json").write_text(json.dumps(document), encoding="utf-8")
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await city.lean()
        await expect(board.page.locator(".built .land path")).to_have_count(2)
        await expect(board.page.locator(".note")).to_contain_text("测绘院 · 闽S(2026)000号")
        await board.page.locator('[data-district="siming"]').click()
        await expect(board.page.locator(".alarms")).to_contain_text("没有报警")
        await board.page.locator(".scope").click()
        await expect(board.page.locator(".alarms [data-alarm]")).to_have_count(1)
        await board.page.get_by_role("combobox").fill("simi")
        await board.page.keyboard.press("Enter")
        await expect(board.page.locator(".scope")).to_be_visible()
        await expect(board.page.locator(".alarms")).to_contain_text("没有报警")


async def test_a_store_that_is_gone_darkens_only_charts(tmp_path: Path) -> None:
    """Alarms, cases and pages go on; where a chart would be stands why there is none."""
    gone = influxdb_v1.open_store(influxdb_v1.Config("http://127.0.0.1:9", database="egret"))
    async with board_city.served(tmp_path, store=gone) as city, window(city.url, "wall") as board:
        await city.lean()
        await expect(board.page.locator(f'[data-alarm="{small_city.LEAN}"]')).to_be_visible()
        await expect(board.page.locator(".chosen-site figcaption")).to_contain_text("历史曲线暂缺")
        await board.show(f"#/sites/{SITE}")
        await expect(board.page.locator(".why")).to_be_visible()
        board.refused(503)


async def test_addresses_that_lead_nowhere(tmp_path: Path) -> None:
    """A case or a site that there is not is said to be none, also by an address that was cut off; so is no page."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await board.show("#/cases/20200101-00001")
        await expect(board.page.get_by_role("alert")).to_contain_text("E-CASE-001")
        await board.show("#/nowhere")
        await expect(board.page.locator(".map")).to_be_visible()
        await board.page.goto(f"{city.url}?theme=light#/sites/%E5%8")
        await board.page.reload()
        await expect(board.page.get_by_role("alert")).to_contain_text("E-SITE-001")
        board.refused(404)


async def test_a_thousand_alarms_are_a_list_that_ends(tmp_path: Path) -> None:
    """The column beside the map shows the worst twenty and how many more there are; the header counts all."""
    crowded = many_boards.inventory(tmp_path, 1_000)
    async with board_city.served(tmp_path, crowded) as city, window(city.url, "wall") as board:
        for first in range(1, 1_001, 100):
            events = [many_boards.leans(many_boards.sensor_of(n), n, n) for n in range(first, first + 100)]
            await city.ledger.take_alarms(many_boards.message(events))
        city.live.wake()
        await expect(board.page.locator('[data-count="red"] b')).to_have_text("1\N{THIN SPACE}000")
        await expect(board.page.locator(".alarms [data-alarm]")).to_have_count(12)
        await expect(board.page.locator(".alarms .rest")).to_contain_text("988")


async def test_the_readings_behind_a_case_have_their_own_unit(tmp_path: Path) -> None:
    """A case of gas is drawn in per cent of the lower explosive limit, and in no degrees."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        now_ns = time.time_ns()
        evidence = tuple(Evidence(now_ns - age * small_city.SECOND_NS, value) for age, value in ((2, 8.0), (1, 26.0)))
        event = AlarmEvent(
            alarm="XM-SM-G01-G1/lel",
            sensor="XM-SM-G01-G1",
            rule="lel",
            quantity="gas_lel",
            change=Change.RAISED,
            level=Level.RED,
            value=26.0,
            limit=20.0,
            time_ns=now_ns,
            sequence=1,
            evidence=evidence,
        )
        await city.ledger.take_alarms(AlarmMessage("XM-SM-01", "spool-1", 0, (event,)))
        city.live.wake()
        await board.show(f"#/cases/{await city.case()}")
        await expect(board.page.locator(".evidence svg")).to_have_attribute("aria-label", re.compile("26.* %LEL$"))


async def test_figures_that_cannot_be_had_are_not_passed_over(tmp_path: Path) -> None:
    """The sensors' own figures are counted over 31 days at most: of a year the page says so in their place."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        await board.show("#/evaluation?from=2026-01-01&to=2026-11-01")
        await expect(board.page.locator(".figures, .card").first).to_contain_text("E-EVAL-007")
        board.refused(400)


async def test_an_alarm_of_a_sensor_that_left(tmp_path: Path) -> None:
    """The sensor was taken out of sensors.yaml while its alarm stood: the site's page says so."""
    async with board_city.served(tmp_path) as before:
        await before.lean()
    whole = with_site(small_city.inventory(tmp_path), sensors=())
    sensors = {name: sensor for name, sensor in whole.sensors.items() if sensor.site != SITE}
    async with (
        board_city.served(tmp_path, replace(whole, sensors=sensors)) as city,
        window(city.url, "wall", route=f"#/sites/{SITE}") as board,
    ):
        await expect(board.page.locator(".why .doubt")).to_contain_text("knows no sensor XM-TA-0117-T1")
        await expect(board.page.locator(".why h3").last).to_have_text("案卷")


async def test_a_page_that_fails_leaves_the_rest(tmp_path: Path) -> None:
    """A mistake in one page is said in its place, and reported; alarms, counts and the other pages go on."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall") as board:
        broken = "export default function Broken() { throw new Error('broken'); }"
        module = {"content_type": "text/javascript", "body": broken}
        await board.page.route("**/pages/duty.js*", lambda route: route.fulfill(**module))
        await board.show("#/duty")
        await expect(board.page.get_by_role("alert")).to_contain_text("此页出错")
        await city.lean()
        await expect(board.page.locator('[data-count="red"] b')).to_have_text("1")
        await board.show("#/alarms")
        await expect(board.page.locator("[data-alarm]")).to_have_count(1)
        assert any("broken" in trouble for trouble in board.troubles)
        board.troubles.clear()


async def test_what_boxes_had_to_let_go_is_said(tmp_path: Path) -> None:
    """A spool that was full: the page of boxes says of which box, how many readings, and why, and widens nothing."""
    gap = Gap(41, 36_040, 1_795_480_000_000_000_000, 1_795_483_600_000_000_000, "size", {"XM-TA-0117-T1": 36_000})
    async with board_city.served(tmp_path, small_city.inventory(tmp_path)) as city, window(city.url, "phone") as board:
        await board.show("#/fleet")
        await expect(board.page.locator(".fleet-page table")).to_be_visible()
        await expect(board.page.locator(".gaps")).to_have_count(0)
        await city.ledger.advance_many(
            [("XM-TA-01", "k3v9q2ma", Lane.READINGS, 36_050)], {("XM-TA-01", "k3v9q2ma"): [gap]}
        )
        await board.show("#/cases")
        await board.show("#/fleet")
        said = re.compile(r"XM-TA-01\s+36\s000 条读数 .+ 缓存已满")
        await expect(board.page.locator(".gaps li")).to_contain_text(said)
        assert await board.page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_what_became_of_a_configuration_is_said(tmp_path: Path) -> None:
    """A box that gave back what it was given says so, with its reason; one that was given nothing is as before."""
    why = Mistake("configuration 7", "no line brought a measurement for 300 s.", "mend it.", "E-FLEET-011")
    said = Reported("XM-TA-01", 1, 6, "9f2c41d07be3", seen=7, refusal=Refusal(7, (why,), is_returned=True))
    pushed = Pushed(
        box="XM-TA-01", counter=7, version="v7", actor="li", time_ns=1, expires_ns=1, document="", key="", signature=""
    )
    async with board_city.served(tmp_path, small_city.inventory(tmp_path)) as city, window(city.url, "wall") as board:
        await city.ledger.database.write(lambda connection: fleet.add(connection, pushed))
        await city.ledger.database.write(lambda connection: fleet.answer(connection, said, 1))
        await board.show("#/fleet")
        row = board.page.locator('[data-box="XM-TA-01"]')
        await expect(row.get_by_title("no line brought a measurement")).to_have_text("已退回")
        await expect(board.page.locator('[data-box="XM-SM-01"] .loud')).to_have_count(0)


async def test_a_box_without_the_time_was_heard_of_now(tmp_path: Path) -> None:
    """Its own clock counts from its start; the page says when we heard of it, and that its clock is not set."""
    since_start_ns, heard_ns = 90 * 10**9, 1_795_480_000 * 10**9
    said = {"time_ns": since_start_ns, "boot": "b00t", "version": "v", "clock": ClockState.UNSET}
    state = BoxState("XM-TA-01", online=True, spool_id="k3v9q2ma", waiting=106, config_version="v7", **said)
    async with board_city.served(tmp_path, small_city.inventory(tmp_path)) as city:
        await city.ledger.database.write(lambda connection: boxes.put(connection, state, heard_ns, is_fresh=True))
        async with window(city.url, "wall") as board:
            await board.show("#/fleet")
            row = board.page.locator('[data-box="XM-TA-01"]')
            await expect(row).to_contain_text("未校时")
            await expect(row.locator("td").last).to_contain_text("2026-11-2")


FORGETFUL = (
    """Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } })"""
)


async def test_a_browser_that_keeps_nothing_shows_the_board(tmp_path: Path) -> None:
    """Where the browser lets the page remember nothing, language and colours change all the same."""
    async with board_city.served(tmp_path) as city, window(city.url, "wall", script=FORGETFUL) as board:
        await board.page.get_by_role("button", name="EN", exact=True).click()
        await expect(board.page.locator(".rail a").first).to_contain_text("City")
