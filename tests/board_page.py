"""The board in Debian's chromium, for tests: a page, and everything that should not have happened in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import servers
from playwright.async_api import Page, Request, async_playwright, expect

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SIZES = {"wall": (1600, 900), "phone": (390, 844)}
PATIENCE_MS = 30_000
"""For a busy machine; nothing here measures speed."""


@dataclass
class Window:
    """A page, and everything that should not have happened in it."""

    page: Page
    url: str
    troubles: list[str] = field(default_factory=list)

    def note(self, request: Request) -> None:
        """A request to anywhere but the board's own server is one."""
        if not request.url.startswith(self.url):
            self.troubles.append(f"external request {request.url}")


@asynccontextmanager
async def window(url: str, size: str, *, theme: str = "light") -> AsyncIterator[Window]:
    """The board in Debian's chromium; the test fails at its end when anything in the page went wrong."""
    chromium = servers.program("chromium", "apt install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        width, height = SIZES[size]
        page = await browser.new_page(viewport={"width": width, "height": height})
        found = Window(page, url)
        page.on("pageerror", lambda error: found.troubles.append(f"page error {error}"))
        page.on("console", lambda said: found.troubles.append(said.text) if said.type == "error" else None)
        page.on("request", found.note)
        await page.goto(f"{url}?theme={theme}")
        await expect(page.locator("body")).to_have_attribute("data-connection", "live", timeout=PATIENCE_MS)
        yield found
        await browser.close()
    assert found.troubles == []


async def box(page: Page, selector: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the first match, in px of the page."""
    place = await page.locator(selector).first.bounding_box()
    assert place is not None, f"{selector} is not drawn"
    return place["x"], place["y"], place["x"] + place["width"], place["y"] + place["height"]
