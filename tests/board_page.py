"""The board in Debian's chromium, for tests: one browser a test process, a fresh profile a window.

A window collects everything that should not have happened in its page, and the test fails at its end when
anything did.
"""

import asyncio
import atexit
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

import servers
from playwright.async_api import BrowserContext, Page, Request, async_playwright, expect

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SIZES = {"wall": (1600, 900), "phone": (390, 844)}
PATIENCE_MS = 30_000
"""For a busy machine; nothing here measures speed."""
expect.set_options(timeout=PATIENCE_MS)


@cache
def _debugger() -> str:
    """The address of a browser that runs until this process ends."""
    # Its helpers may still write there when it has ended.
    folder = tempfile.TemporaryDirectory(prefix="egret-chromium-", ignore_cleanup_errors=True)
    port = servers.free_port()
    command = [servers.program("chromium", "apt install chromium"), "--headless", *FLAGS]
    command += [f"--user-data-dir={folder.name}", f"--remote-debugging-port={port}", "about:blank"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end() -> None:
        process.terminate()
        process.wait()
        folder.cleanup()

    atexit.register(end)
    url = f"http://127.0.0.1:{port}"
    servers.wait_for("chromium", lambda: servers.answers(f"{url}/json/version"))
    return url


@dataclass
class Window:
    """A page, and everything that should not have happened in it."""

    page: Page
    context: BrowserContext
    url: str
    troubles: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Errors of the page's scripts, of its network, and requests to anywhere but the board's own server."""
        page.on("pageerror", lambda error: self.troubles.append(f"page error {error}"))
        page.on("console", lambda said: self.troubles.append(said.text) if said.type == "error" else None)
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if not request.url.startswith((self.url, "blob:", "data:")):
            self.troubles.append(f"external request {request.url}")

    def refused(self, status: int) -> None:
        """The browser tells of an answer that the page had to expect, and there was one."""
        known = [told for told in self.troubles if f"status of {status}" in told]
        assert known, self.troubles
        self.troubles = [told for told in self.troubles if told not in known]

    async def close(self) -> None:
        """Nothing goes wrong in it any more."""
        await self.page.close()

    async def show(self, route: str) -> Page:
        """Another page of the board, drawn."""
        await self.page.evaluate("route => { location.hash = route }", route)
        await expect(self.page.locator("#page")).to_be_visible()
        return self.page


@asynccontextmanager
async def browsing(size: str) -> AsyncIterator[BrowserContext]:
    """A fresh profile."""
    width, height = SIZES[size]
    debugger = await asyncio.to_thread(_debugger)
    async with async_playwright() as playwright, AsyncExitStack() as stack:
        browser = await playwright.chromium.connect_over_cdp(debugger)
        context = await browser.new_context(viewport={"width": width, "height": height}, has_touch=size == "phone")
        stack.push_async_callback(context.close)
        context.set_default_timeout(PATIENCE_MS)
        yield context


@asynccontextmanager
async def window(
    url: str, size: str, *, route: str = "", query: str = "theme=light", script: str = "", is_live: bool = True
) -> AsyncIterator[Window]:
    """A page of the board at `url`, once it is live; `script` runs before the page's own."""
    async with browsing(size) as context:
        if script:
            await context.add_init_script(script)
        found = Window(await context.new_page(), context, url)
        found.watch(found.page)
        await found.page.goto(f"{url}?{query}{route}")
        if is_live:
            await expect(found.page.locator("body")).to_have_attribute("data-connection", "live")
        yield found
    assert not found.troubles, found.troubles


async def box(page: Page, selector: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the first match, in px of the page."""
    place = await page.locator(selector).first.bounding_box()
    assert place is not None, f"{selector} is not drawn"
    return place["x"], place["y"], place["x"] + place["width"], place["y"] + place["height"]


async def press(page: Page, name: str) -> None:
    """A button of the open dialog."""
    await page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
