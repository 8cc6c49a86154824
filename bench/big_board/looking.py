"""A browser that looks at the board: when a page was ready, when each alarm was on it, what it had loaded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import board_page
from playwright.async_api import BrowserContext, CDPSession, Page

_WATCH = """
(sites => {
  window.painted = {};
  const marks = document.getElementsByClassName("marks");
  const isReady = () =>
    document.body?.dataset.connection === "live" && document.querySelectorAll("[data-site]").length >= sites;
  const { port1: begun, port2: drawn } = new MessageChannel();
  drawn.onmessage = ({ data }) => {
    for (const site of data) window.painted[site] ??= Date.now();
  };
  let known = 0;
  const look = () => {
    if (!window.readyMs && isReady()) window.readyMs = performance.now();
    const there = marks[0]?.children ?? [];
    if (there.length !== known) begun.postMessage(Array.from(there, (mark) => mark.dataset.mark));
    known = there.length;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})(%d)
"""
"""A mark that is there when a frame begins is painted with it; a message that is sent then comes when that is done."""
_PATIENCE_S, _PROBE_S, _UNHURRIED_S = 60.0, 0.2, 1.0
_PAGES = ("alarms", "load", "cases", "typhoon", "evaluation", "duty", "fleet", "users")


@dataclass
class Weight:
    """Bytes of the board's own files, compressed as they are sent and without their headers, by path."""

    files: dict[str, int] = field(default_factory=dict)

    @property
    def kilobytes(self) -> float:
        """All of them."""
        return round(sum(self.files.values()) / 1000, 1)

    def watch(self, session: CDPSession) -> None:
        """Of what a page loads from now on."""

        def received(event: dict[str, Any]) -> None:
            path = urlsplit(event["response"]["url"]).path
            if "/api/" not in path:
                self.files[path] = int(event["response"]["headers"].get("content-length", 0))

        session.on("Network.responseReceived", received)


@asynccontextmanager
async def browser() -> AsyncIterator[BrowserContext]:
    """A fresh profile at the size of a wall."""
    async with board_page.browsing("wall") as context:
        yield context


async def look(context: BrowserContext, url: str, sites: int, weight: Weight | None = None) -> Page:
    """A tab with the city, ready."""
    page = await context.new_page()
    if weight:
        session = await context.new_cdp_session(page)
        await session.send("Network.enable")
        weight.watch(session)
    await page.add_init_script(_WATCH % sites)
    await page.goto(url)
    await _until(page, "() => window.readyMs > 0")
    return page


async def ready_ms(page: Page) -> float:
    """From the beginning of its navigation until every site was drawn and the stream was live."""
    return float(await page.evaluate("window.readyMs"))


async def painted_ms(page: Page, sites: list[str]) -> dict[str, float]:
    """When each of these sites had its mark (ms since 1970)."""
    await _until(page, "sites => sites.every(site => site in window.painted)", sites)
    found: dict[str, float] = await page.evaluate("window.painted")
    return found


async def see_everything(page: Page) -> None:
    """Every page of the board once."""
    for name in _PAGES:
        await page.evaluate("name => { location.hash = `#/${name}` }", name)
        await page.wait_for_selector("#page h1")
        await asyncio.sleep(_UNHURRIED_S)


async def _until(page: Page, condition: str, argument: object = None) -> None:
    """Playwright's own way to wait evaluates text in the page, which the board's policy forbids."""
    async with asyncio.timeout(_PATIENCE_S):
        while not await page.evaluate(condition, argument):
            await asyncio.sleep(_PROBE_S)
