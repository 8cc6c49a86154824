"""Who stands at a pole before the guided screen: keys pressed, what is read, and the sensor that is moved."""

import asyncio
import os
import re
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bumble_air import Air
from textual.pilot import Pilot
from textual.widgets import Input, Static

from edge.ble.radio import Radio
from edge.field.commissioner import Commissioner, Trial
from edge.field.record import Cabinet
from edge.field.screen.app import CommissionApp
from edge.field.screen.pane import Setup
from edge.field.words import Words
from wire.profile import Profile
from wire.registers import Value

PICTURES = os.environ.get("EGRET_PICTURES", "")
"""Where they go; then everything takes as long as at a pole."""
PATIENCE_S = 300 if PICTURES else 60
PLACE = {
    "name": "环城西路北段立柱广告牌",
    "kind": "billboard",
    "district": "tongan",
    "box": "XM-TA-09",
    "at": "24.7272, 118.1422",
}


@dataclass
class Pole:
    """Who stands at it, what is on the screen, and what hangs there."""

    app: CommissionApp
    pilot: Pilot[None]
    values: dict[str, Value] = field(default_factory=dict)
    spread: dict[str, float] = field(default_factory=dict)

    async def until(self, is_so: Callable[[], object]) -> None:
        """Waits for the screen."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                await self.pilot.pause(0.02)

    async def enter(self, step: int) -> None:
        """Enter, until the screen is at that step."""
        await self.pilot.press("enter")
        await self.until(lambda: self.app.at == step and not self.app.is_running)

    async def do(self, step: int) -> None:
        """Enter, until that step is done."""
        await self.pilot.press("enter")
        await self.until(lambda: step in self.app.done)

    @property
    def said(self) -> str:
        """What stands below."""
        return str(self.app.pane.query_one(".said", Static).render())

    async def tilt(self, roll: float) -> None:
        """Somebody turns the sensor: slowly, where it is drawn."""
        steps, before = 40 if PICTURES else 1, self.values["roll"]
        assert isinstance(before, float)
        for step in range(steps):
            self.values["roll"] = before + (roll - before) * (step + 1) / steps
            await asyncio.sleep(0.1 if PICTURES else 0)

    async def show_tilt(self, step: int) -> None:
        """The known tilt: there and back, as it is asked for."""
        await self.pilot.press("enter")
        for asked, roll in (("倾斜约 10 度", 10.4), ("放回原位", 0.42)):
            await self.until(lambda asked=asked: asked in self.said)  # type: ignore[misc]
            await self.pilot.press("enter")
            await self.tilt(roll)
        await self.until(lambda: step in self.app.done)

    async def fill_in(self, place: Mapping[str, str] = PLACE) -> None:
        """What only a person knows."""
        for name, text in place.items():
            self.app.pane.query_one(f"#field-{name}", Input).value = text

    def shake(self, sigma: float) -> None:
        """The wind."""
        self.spread["roll"] = sigma

    def picture(self, name: str) -> None:
        """Of the screen. Textual's drawing counts a Chinese character as one column: it is told not to."""
        drawn = re.sub(r" textLength=.[0-9.]+.|@font-face {[^}]+}", "", self.app.export_screenshot(title="egret"))
        draw(drawn, "svg", name, (1390, 850))


def draw(text: str, kind: str, name: str, size: tuple[int, int]) -> None:
    """A picture of a page, by Chromium, where EGRET_PICTURES names a folder."""
    if not PICTURES:
        return
    with tempfile.NamedTemporaryFile("w", suffix=f".{kind}", encoding="utf-8") as page:
        page.write(text)
        page.flush()
        target = f"--screenshot={Path(PICTURES, name).absolute()}.png"
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={size[0]},{size[1]}", target]
        subprocess.run(["chromium", *options, page.name], check=True, capture_output=True)


@asynccontextmanager
async def standing(
    folder: Path,
    library: Mapping[str, Profile],
    port: Path | None = None,
    host: str = "",
    air: Air | None = None,
) -> AsyncIterator[Pole]:
    """`egret site commission XM-TA-0901-T1`, with half a second for the zero and a second for the link cut.

    `air`: what is within reach by Bluetooth, where that is looked through.
    """
    radio = partial(Radio, air.scanner, air.client) if air else Radio
    work = Commissioner(Cabinet(folder / "XM-TA-0901-T1"), library, time.time_ns, "0.1.0", radio)
    work.plan_for(site="XM-TA-0901", key="T1", person="陈工")
    zero_s, trial = (60.0, Trial()) if PICTURES else (0.4, Trial(11, 0.8))
    files = folder / "sensors.yaml", folder / "key.pem"
    setup = Setup(port, *files, zero_s, trial, wait_s=1.0, host=host, is_ble=air is not None)
    app = CommissionApp(work, Words("zh"), setup)
    async with app.run_test(size=(110, 32)) as pilot:
        yield Pole(app, pilot)
