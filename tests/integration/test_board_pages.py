"""Every page of the board, on the running demonstration in a typhoon: at both sizes, as axe-core and a ruler see it.

EGRET_PICTURES=docs/pictures writes a picture of each beside the checks.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import board_axe
import httpx
import pytest
import pytest_asyncio
from board_page import SIZES, Window, box, window
from PIL import Image
from playwright.async_api import expect

from edge.demo import town
from edge.demo.control import Order
from edge.demo.demonstration import Demonstration, Options

PAGES = {
    "city": "#/",
    "alarms": "#/alarms?view=listed",
    "load": "#/load",
    "cases": "#/cases",
    "case": "#/cases/{case}",
    "task": "#/cases/{task}",
    "site": f"#/sites/{town.STAR}",
    "typhoon": "#/typhoon",
    "evaluation": "#/evaluation?by=district",
    "duty": "#/duty",
    "fleet": "#/fleet",
    "users": "#/users",
}
SITES = int(os.environ.get("EGRET_PICTURE_SITES", "24"))
_PANELS = ".rail, header, .map, .alarms, .cases, .boxes, .chosen-site, .page-head, .card, .figure, .scroll, .case-top"
_DRAWN_S = 1.0


class Scene:
    """The demonstration's address, and what the routes name."""

    def __init__(self, url: str, **names: str) -> None:
        self.url, self._names = url, names

    def route(self, page: str) -> str:
        """Of a page."""
        return PAGES[page].format(**self._names)


@asynccontextmanager
async def _staged(folder: Path) -> AsyncIterator[Scene]:
    path = folder / "sensors.yaml"
    town.write_city(town.shipped_city(), SITES, path)
    async with Demonstration(Options(folder, path), lambda _: None) as running:
        await running.obey(Order("tilt", town.STAR, degrees=2.0))
        others = [
            site.id for site in running.inventory.sites.values() if site.kind == "billboard" and site.id != town.STAR
        ]
        for site, degrees in zip(others[::5], (0.8, 0.65, 0.4), strict=False):
            await running.obey(Order("tilt", site, degrees=degrees))
        async with httpx.AsyncClient(base_url=f"{running.url}/api/v1", trust_env=False) as http:
            async with asyncio.timeout(60):
                while len(cases := (await http.get("/cases")).json()) < 4:
                    await asyncio.sleep(0.2)
            number = next(case["number"] for case in cases if case["site"] == town.STAR)
            asked = {"mode": "typhoon", "level": "orange", "reason": "台风橙色预警 12 号", "district": "tongan"}
            mode = (await http.post("/modes", json=asked)).raise_for_status().json()
            for act in ({"act": "accept"}, {"act": "arrive", "note": "已到现场"}):
                (await http.post(f"/cases/{number}/acts", json=act)).raise_for_status()
            (await http.post(f"/cases/{mode['task']}/acts", json={"act": "done", "site": town.STAR})).raise_for_status()
        yield Scene(f"{running.url}/", case=number, task=mode["task"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """Four billboards lean; one of their cases is being handled; Tong'an is in the mode typhoon, one site is done."""
    async with _staged(tmp_path_factory.mktemp("demonstration")) as found:
        yield found


async def _look(board: Window, scene: Scene, name: str) -> None:
    """The page is drawn, and keeps still."""
    await board.show(scene.route(name))
    await expect(board.page.locator("#page [role=status]")).to_have_count(0)
    if name in {"city", "site"}:
        await expect(board.page.locator(".plot canvas").first).to_be_visible()
    await asyncio.sleep(_DRAWN_S)


async def _stands_well(board: Window, size: str) -> None:
    """Nothing is wider than the screen, and no panel lies upon another."""
    page, (width, _) = board.page, SIZES[size]
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    panels = [panel for panel in await page.locator(_PANELS).all() if await panel.is_visible()]
    boxes = [(await panel.get_attribute("class"), await panel.bounding_box()) for panel in panels]
    flat = [(name, place) for name, place in boxes if place and name not in {"rail", "scroll", "figure", "card"}]
    for at, (name, one) in enumerate(flat):
        assert one["x"] >= 0, name
        assert one["x"] + one["width"] <= width + 1, name
        for other_name, other in flat[at + 1 :]:
            apart = (
                one["x"] + one["width"] <= other["x"] + 1
                or other["x"] + other["width"] <= one["x"] + 1
                or one["y"] + one["height"] <= other["y"] + 1
                or other["y"] + other["height"] <= one["y"] + 1
            )
            assert apart or "header" in (name, other_name), (name, other_name)


async def _picture(board: Window, name: str, size: str, theme: str) -> None:
    folder = os.environ.get("EGRET_PICTURES")
    if folder:
        words = [name, *(["phone"] if size == "phone" else []), *(["dark"] if theme == "dark" else [])]
        picture = Image.open(BytesIO(await board.page.screenshot()))
        picture.quantize(256).save(Path(folder) / f"{'-'.join(words)}.png", optimize=True)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_every_page_stands_well(scene: Scene, size: str, theme: str) -> None:
    """No error, no request to elsewhere, nothing too wide, nothing on top of another, no violation of WCAG 2.2 AA."""
    async with window(scene.url, size, query=f"theme={theme}") as board:
        for name in PAGES:
            await _look(board, scene, name)
            await _stands_well(board, size)
            assert await board_axe.violations(board.page) == [], name
            await _picture(board, name, size, theme)


@pytest.mark.asyncio(loop_scope="module")
async def test_why_is_this_red(scene: Scene) -> None:
    """The site's page leads from the bytes on the wire to the case, and the numbers fit each other."""
    async with window(scene.url, "wall", route=scene.route("site")) as board:
        why = board.page.locator(".why")
        await expect(why).to_contain_text("CRC ✓")
        await expect(why.locator("h3")).to_contain_text(
            ["原始帧", "寄存器", "数值", "规则", "限值", "基线", "之前", "案卷"]
        )
        await expect(why.locator(".hit")).to_contain_text("一级·红")
        await expect(why).to_contain_text("达到或超过限值 1.50°，持续 0.5 秒")
        left, _, right, _ = await box(board.page, ".why .evidence svg")
        assert right - left > 300
        await why.locator("a").last.click()
        await expect(board.page.locator(".case-top")).to_have_attribute("data-stage", "handling")


@pytest.mark.asyncio(loop_scope="module")
async def test_war_says_until_when(scene: Scene) -> None:
    """On every page: what holds where, and its end with the day, for that is tomorrow."""
    async with window(scene.url, "wall", route=scene.route("cases")) as board:
        await expect(board.page.locator(".mode-banner")).to_have_text(re.compile(r"防台风 同安 .* 至 \d{4}-\d\d-\d\d"))


@pytest.mark.asyncio(loop_scope="module")
async def test_every_number_of_the_evaluation_leads_to_its_cases(scene: Scene) -> None:
    """A click on a numerator lists as many cases as it says."""
    async with window(scene.url, "wall", route=scene.route("evaluation")) as board:
        link = board.page.locator('[data-group="tongan"] td:nth-child(2) a')
        number = int(await link.inner_text())
        await link.click()
        await expect(board.page.locator("#page tbody tr")).to_have_count(number)


@pytest.mark.asyncio(loop_scope="module")
async def test_paper_has_what_matters_and_no_buttons(scene: Scene) -> None:
    """A printed case has its facts and its log, and nothing that only a screen needs."""
    async with window(scene.url, "wall", route=scene.route("case")) as board:
        await board.page.emulate_media(media="print")
        await expect(board.page.locator(".log")).to_be_visible()
        for what in (".rail", ".acts", ".search", ".print-button"):
            await expect(board.page.locator(what).first).to_be_hidden()


@pytest.mark.asyncio(loop_scope="module")
async def test_paper_is_white_at_night_too(scene: Scene) -> None:
    """A board that is dark on the screen prints black on white."""
    async with window(scene.url, "wall", route=scene.route("case"), query="theme=dark") as board:
        await board.page.emulate_media(media="print")
        await expect(board.page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
        await expect(board.page.locator(".log li").first).to_have_css("color", "rgb(0, 0, 0)")


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_moves_for_who_wants_that(scene: Scene) -> None:
    """`prefers-reduced-motion`: the mark of a new alarm stands still."""
    async with window(scene.url, "wall") as board:
        call = board.page.locator(".call").first
        assert await call.evaluate("mark => getComputedStyle(mark).animationName") == "call"
        await board.page.emulate_media(reduced_motion="reduce")
        assert await call.evaluate("mark => getComputedStyle(mark).animationName") == "none"
