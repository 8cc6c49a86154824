"""The page behind a signed link, in a real browser of a phone's size: the shipped page on the real API."""

import gzip
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import linked_town
import pytest
from board_page import browsing
from linked_town import Town, photo
from PIL import ExifTags, Image
from playwright.async_api import Page, expect

from cloud.api.board import FOLDER

HTML = "<img src=x onerror=\"document.title='owned'\"> 广告牌"


@asynccontextmanager
async def opened(address: str, troubles: list[str], script: str = "") -> AsyncIterator[Page]:
    """The page on a phone's screen; what goes wrong in it is collected. `script` runs before its own."""
    async with browsing("phone") as context:
        await context.add_init_script(script)
        page = await context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"page error {error}"))
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        await page.goto(address)
        yield page


async def take(page: Page, picture: bytes) -> None:
    """Choose a photo and confirm it."""
    file = {"name": "wall.jpg", "mimeType": "image/jpeg", "buffer": picture}
    await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    await page.get_by_role("button", name="确认").click()


def page_of(town: Town, number: str) -> str:
    """The address in the message."""
    return str(town.phone.base_url) + "/l/" + town.link(number).rpartition("/")[2]


async def stage(town: Town, number: str) -> str:
    """Where the case stands."""
    return (await town.ledger.case(number)).stage


async def test_a_thumb_does_it_all(tmp_path: Path) -> None:
    """The message's button asks and does nothing; confirmed it accepts; then arrived, a photo, and done with a note."""
    troubles: list[str] = []
    async with linked_town.opened(tmp_path) as town:
        number = await town.lean()
        async with opened(page_of(town, number) + "?act=accept", troubles) as page:
            await expect(page.get_by_text("确认“接单”")).to_be_visible()
            assert await stage(town, number) == "dispatched"
            await page.get_by_role("button", name="取消").click()
            assert await page.evaluate("document.documentElement.scrollWidth") <= 390
            await page.get_by_role("button", name="接单").click()
            await page.get_by_role("button", name="确认").click()
            await expect(page.get_by_text("已办理：接单")).to_be_visible()
            assert await stage(town, number) == "handling"
            await page.get_by_role("button", name="到场").click()
            await page.get_by_role("button", name="确认").click()
            await expect(page.get_by_text("已办理：到场")).to_be_visible()
            await take(page, photo())
            await expect(page.get_by_text("照片已发送")).to_be_visible()
            await page.get_by_role("button", name="已处置").click()
            await page.locator("textarea").fill("已加固 <b>")
            await page.get_by_role("button", name="确认").click()
            await expect(page.get_by_text("已办理：已处置")).to_be_visible()
            last = (await town.ledger.case(number)).log[-1]
            assert (last.act, last.note, len(last.photos)) == ("feed_back", "已加固 <b>", 1)
    assert troubles == []


async def test_markup_in_a_title_is_read_and_not_run(tmp_path: Path) -> None:
    """A title with an image that fails is shown letter by letter."""
    troubles: list[str] = []
    async with linked_town.opened(tmp_path) as town:
        number = await town.file(await town.person("zhao"), "XM-TA-0117", HTML)
        async with opened(page_of(town, number), troubles) as page:
            await expect(page.locator("h1")).to_have_text(HTML)
            assert await page.title() == "案件 · Case"
    assert troubles == []


def big_photo(noise: float = 80) -> bytes:
    """What a phone's camera makes: 3 000 × 2 000 of a rough wall, several MB, taken at the billboard, on its side."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(linked_town.XIAMEN)
    file = io.BytesIO()
    Image.effect_noise((3_000, 2_000), noise).convert("RGB").save(file, "JPEG", quality=90, exif=exif)
    return file.getvalue()


async def test_a_photo_waits_for_the_network(tmp_path: Path) -> None:
    """Taken in a basement, it is kept through a reload, and sent when there is a network: small, with its place."""
    troubles: list[str] = []
    taken = big_photo()
    async with linked_town.opened(tmp_path) as town:
        number = await town.lean()
        async with opened(page_of(town, number), troubles) as page:
            await page.context.route("**/photos", lambda route: route.abort())
            await take(page, taken)
            await expect(page.get_by_text("1 张照片待发送")).to_be_visible()
            await page.reload()
            await expect(page.get_by_text("1 张照片待发送")).to_be_visible()
            await page.context.unroute("**/photos")
            await page.evaluate("dispatchEvent(new Event('online'))")
            await expect(page.get_by_text("照片已发送")).to_be_visible()
            await expect(page.get_by_text("待发送")).to_have_count(0)
        zhao = await town.person("zhao")
        [kept] = (await zhao.get(f"/api/v1/cases/{number}/photos")).json()
        assert (round(kept["longitude"], 4), round(kept["latitude"], 4)) == (118.1422, 24.7272)
        assert (kept["width"], kept["height"]) == (1_365, 2_048)
        assert kept["size"] < len(taken) / 2
    assert all("ERR_FAILED" in trouble for trouble in troubles), troubles


HURRIED = """
Object.defineProperty(XMLHttpRequest.prototype, "timeout", {
  set() { this.abandoned = setTimeout(() => this.ontimeout(), 1) },
});
const send = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (bytes) {
  if (bytes.byteLength > 200_000) return;
  clearTimeout(this.abandoned);
  send.call(this, bytes);
};
"""
"""A network that brings 200 kB in the time that a photo has, and nothing larger."""


async def test_a_photo_goes_over_a_very_slow_network(tmp_path: Path) -> None:
    """Five minutes were not enough for it: it is sent at half its width and height, and can still be read."""
    troubles: list[str] = []
    async with linked_town.opened(tmp_path) as town:
        number = await town.lean()
        async with opened(page_of(town, number), troubles, HURRIED) as page:
            await take(page, big_photo(noise=20))
            await expect(page.get_by_text("照片已发送")).to_be_visible(timeout=15_000)
        zhao = await town.person("zhao")
        [kept] = (await zhao.get(f"/api/v1/cases/{number}/photos")).json()
        assert (kept["width"], kept["height"]) == (683, 1_024)
    assert troubles == []


async def test_a_photo_waits_for_the_next_link(tmp_path: Path) -> None:
    """The link is over before the photo was sent: it stays on the phone, and a new link to the case sends it."""
    troubles: list[str] = []
    async with linked_town.opened(tmp_path) as town:
        number = await town.lean()
        async with opened(page_of(town, number), troubles) as page:
            await page.context.route("**/photos", lambda route: route.abort())
            await take(page, photo())
            await expect(page.get_by_text("1 张照片待发送")).to_be_visible()
            town.gate.wait(24 * 3600.0)
            await page.context.unroute("**/photos")
            await page.evaluate("dispatchEvent(new Event('online'))")
            await expect(page.get_by_text("链接已过期")).to_be_visible()
            await page.goto(page_of(town, number))
            await expect(page.get_by_text("照片已发送")).to_be_visible()


async def test_a_photo_of_a_closed_case_waits_no_longer(tmp_path: Path) -> None:
    """Nobody takes it any more: the page says that the case is closed, and the phone keeps nothing."""
    troubles: list[str] = []
    async with linked_town.opened(tmp_path) as town:
        number = await town.lean()
        async with opened(page_of(town, number), troubles) as page:
            await page.context.route("**/photos", lambda route: route.abort())
            await take(page, photo())
            await expect(page.get_by_text("1 张照片待发送")).to_be_visible()
            zhao = await town.person("zhao")
            closing = {"act": "close", "without_sensor": "误报，现场已看"}
            (await zhao.post(f"/api/v1/cases/{number}/acts", json=closing)).raise_for_status()
            await page.context.unroute("**/photos")
            await page.evaluate("dispatchEvent(new Event('online'))")
            await expect(page.get_by_text("案件已结案")).to_be_visible()
            await expect(page.get_by_text("待发送")).to_have_count(0)


@pytest.mark.parametrize(
    "script",
    [
        "indexedDB.open = () => { throw new DOMException('denied', 'SecurityError') }",
        "IDBObjectStore.prototype.add = () => { throw new DOMException('full', 'QuotaExceededError') }",
    ],
    ids=["denied", "full"],
)
async def test_a_browser_that_keeps_nothing(tmp_path: Path, script: str) -> None:
    """In a private window, or on a full phone, the page works; a photo waits in the page, which says so."""
    troubles: list[str] = []
    async with linked_town.opened(tmp_path) as town:
        number = await town.lean()
        async with opened(page_of(town, number), troubles, script) as page:
            await page.get_by_role("button", name="接单").click()
            await page.get_by_role("button", name="确认").click()
            await expect(page.get_by_text("已办理：接单")).to_be_visible()
            await page.context.route("**/photos", lambda route: route.abort())
            await take(page, photo())
            await expect(page.get_by_text("1 张照片待发送，请勿关闭此页")).to_be_visible()
            await page.context.unroute("**/photos")
            await page.evaluate("dispatchEvent(new Event('online'))")
            await expect(page.get_by_text("照片已发送")).to_be_visible()
            await expect(page.get_by_text("待发送")).to_have_count(0)
    assert all("ERR_FAILED" in trouble for trouble in troubles), troubles


def test_the_page_weighs_little() -> None:
    """Page, scripts and style fit 10 kB over the wire, for the edge of a network."""
    assert sum(len(gzip.compress(path.read_bytes())) for path in (FOLDER / "link").iterdir()) <= 10_000


async def test_an_expired_link_says_so(tmp_path: Path) -> None:
    """In Chinese and English, with no button that leads anywhere but to another try."""
    troubles: list[str] = []
    async with linked_town.opened(tmp_path) as town:
        address = page_of(town, await town.lean())
        town.gate.wait(24 * 3600.0)
        async with opened(address, troubles) as page:
            await expect(page.get_by_text("链接已过期")).to_be_visible()
            assert await page.locator("button").count() == 1
    assert len(troubles) == 1
    assert "410" in troubles[0]


async def test_somebody_else_was_faster(tmp_path: Path) -> None:
    """A button of a page that is old: the page says that it was done, and shows the case as it is now."""
    troubles: list[str] = []
    async with linked_town.opened(tmp_path) as town:
        number = await town.lean()
        address = page_of(town, number)
        async with opened(address, troubles) as page:
            await page.get_by_role("button", name="接单").click()
            accepted = await town.act("/api/v1/links/" + address.rpartition("/")[2], "accept")
            assert accepted.status_code == 200
            await page.get_by_role("button", name="确认").click()
            await expect(page.get_by_text("此步骤已经办理过")).to_be_visible()
            await expect(page.get_by_text("处置中")).to_be_visible()
            await expect(page.get_by_role("button", name="接单")).to_have_count(0)
