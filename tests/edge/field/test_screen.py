"""The guided screen, driven by keys on a rig in the same process; EGRET_PICTURES=docs/pictures draws it."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from commissioned import FOUND, LIBRARY, RECORD, fast_library
from pole import PATIENCE_S, PICTURES, Pole, draw, standing
from rich.console import Console
from textual.widgets import DataTable, Input

from edge.field.commissioner import Commissioner, Trial
from edge.field.record import Cabinet, Record
from edge.field.screen.app import STEPS, CommissionApp, first_open
from edge.field.screen.pane import Setup, spreads
from edge.field.signed_report import prove
from edge.field.stillness import Spread
from edge.field.words import Words
from edge.sim.rig import Rig
from edge.sim.scenario import load
from wire.profile_yaml import load_library
from wire.sensors_yaml import load as load_city

RIG = """
schema: egret.rig/1
lines:
  a:
    ports: [DIR/tty0]
    devices:
      tilt: {profile: witmotion-wt901c-485, values: {roll: 0.42, pitch: -0.13}, spread: {roll: 0.004, pitch: 0.004}}
"""


@asynccontextmanager
async def at_the_pole(folder: Path) -> AsyncIterator[Pole]:
    """A tilt sensor on a serial line."""
    (folder / "rig.yaml").write_text(RIG.replace("DIR", str(folder)), encoding="utf-8")
    library = LIBRARY if PICTURES else load_library(fast_library(folder))
    scenario = load(folder / "rig.yaml", library)
    device = scenario.lines[0].devices[0]
    assert isinstance(device.values, dict)
    assert isinstance(device.spread, dict)
    async with Rig(scenario, lambda *_: None), standing(folder, library, folder / "tty0") as pole:
        pole.values, pole.spread = device.values, device.spread
        yield pole


async def find(pole: Pole) -> None:
    """Scan, identify, address, live."""
    await pole.until(lambda: pole.app.pane.query_one(DataTable).row_count)
    await pole.enter(1)
    await pole.enter(2)
    pole.app.pane.query_one(Input).value = "0"
    await pole.pilot.press("enter")
    await pole.until(lambda: "E-FIELD-026" in pole.said)
    pole.app.pane.query_one(Input).value = "80"  # another one takes its seconds: test_moving.py
    await pole.enter(3)
    await pole.pilot.press("enter")
    await pole.until(lambda: "丢失" in pole.said)
    await pole.do(3)


async def measure(pole: Pole) -> None:
    """Zero, first in the wind, known tilt, self-test."""
    await pole.enter(4)
    pole.shake(1.0)
    await pole.pilot.press("enter")
    await pole.until(lambda: 4 in pole.app.failed)
    assert "it moves: roll" in pole.said
    assert "E-FIELD-013" in pole.said
    pole.shake(0.004)
    await pole.pilot.press("ctrl+r")
    await pole.until(lambda: 4 in pole.app.done)
    assert pole.app.failed == set()
    pole.picture("commissioning-zero")
    await pole.enter(5)
    await pole.show_tilt(5)
    await pole.enter(6)
    await pole.do(6)
    pole.picture("commissioning-selftest")


async def finish(pole: Pole) -> None:
    """Place, report."""
    await pole.enter(7)
    await pole.fill_in()
    await pole.do(7)
    await pole.enter(8)
    await pole.do(8)
    assert "1 个传感器" in pole.said
    await pole.pilot.press("ctrl+c")


async def test_from_something_answers_to_a_signed_report(tmp_path: Path) -> None:
    """Nine steps by Enter, but for what only a person knows: the address, the tilt, the place.

    A zero that moves is refused with what to do, and Ctrl-R takes it again.
    """
    async with at_the_pole(tmp_path) as pole:
        for steps in (find, measure, finish):
            await steps(pole)
    page = (tmp_path / "XM-TA-0901-T1" / "report.html").read_text(encoding="utf-8")
    draw(page, "html", "commissioning-report", (840, 1720))
    assert "环城西路北段立柱广告牌" in page
    record = prove(tmp_path / "XM-TA-0901-T1" / "report.json", None).record
    assert record.selftest
    assert record.selftest.outcome == "passed"
    assert record.zero
    sensor = load_city(tmp_path / "sensors.yaml", LIBRARY).sensors["XM-TA-0901-T1"]
    assert (sensor.unit, sensor.zero) == (0x50, record.zero.baseline)


@pytest.mark.parametrize(
    ("record", "step"),
    [
        (Record("x"), "scan"),
        (Record("x", found=FOUND), "identify"),
        (Record("x", found=FOUND, zero=RECORD.zero), "known_tilt"),
        (Record("x", found=FOUND, zero=RECORD.zero, known_tilt=RECORD.known_tilt), "selftest"),
        (Record("x", found=FOUND, zero=RECORD.zero, known_tilt=RECORD.known_tilt, selftest=RECORD.selftest), "place"),
        (RECORD, "report"),
    ],
)
def test_it_goes_on_where_it_was_left(tmp_path: Path, record: Record, step: str) -> None:
    """The first step that is not in the record."""
    cabinet = Cabinet(tmp_path)
    cabinet.save(record)
    assert STEPS[first_open(Commissioner(cabinet, LIBRARY, time.time_ns, "0.1.0"))].name_key == step


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_small_terminal_shows_what_came_out(tmp_path: Path, lang: str) -> None:
    """80 columns by 24 lines: every key with its meaning, nothing cut short, and what was said is in sight.

    What has brackets (a unit, a title) is shown with them, and is no markup.
    """
    cabinet = Cabinet(tmp_path)
    found = msgspec.structs.replace(FOUND, title="[/red] tilt", seen=("[ppm]",))
    cabinet.save(msgspec.structs.replace(RECORD, found=found))
    work = Commissioner(cabinet, LIBRARY, time.time_ns, "0.1.0")
    app = CommissionApp(work, Words(lang), Setup(None, tmp_path / "[x]" / "c.yaml", tmp_path / "k", 1, Trial()))
    async with app.run_test(size=(80, 24)) as pilot:
        for step, seen in ((0, "[/red]"), (1, "[ppm]"), (6, Words(lang)("outcome.skipped")), (8, "[x]")):
            app.at = step
            await app.on_mount()
            await pilot.pause()
            assert "".join(seen.split()) in seen_of(app)
            assert "…" not in seen_of(app)
            assert "".join(app.words("key.ctrl+q").split()) in seen_of(app)
            app.pane.say("said\nbelow")
            async with asyncio.timeout(PATIENCE_S):
                while "below" not in seen_of(app):
                    await pilot.pause()
        app.at = 1
        await app.on_mount()
        await pilot.press("pagedown")
        async with asyncio.timeout(PATIENCE_S):
            while "zero_device" not in seen_of(app):
                await pilot.pause()


@asynccontextmanager
async def at_step(folder: Path, record: Record, step: int) -> AsyncIterator[Pole]:
    """The screen at one step of what is kept."""
    Cabinet(folder).save(record)
    work = Commissioner(Cabinet(folder), LIBRARY, time.time_ns, "0.1.0")
    app = CommissionApp(work, Words("en"), Setup(None, folder / "c.yaml", folder / "k", 1, Trial()))
    app.at = step
    async with app.run_test() as pilot:
        yield Pole(app, pilot)


async def test_what_is_corrected_is_kept(tmp_path: Path) -> None:
    """Enter goes on from a form that is kept as it stands; where something else is written, it keeps that first."""
    async with at_step(tmp_path, RECORD, 7) as pole:
        await pole.do(7)
        pole.app.pane.query_one("#field-owner", Input).value = "city roads"
        await pole.enter(7)
        assert pole.app.work.plan.owner == "city roads"
        await pole.enter(8)
        await pole.pilot.press("ctrl+b")
        pole.app.pane.query_one("#field-name", Input).value = ""
        await pole.pilot.press("enter")
        await pole.until(lambda: "E-FIELD-027" in pole.said)


async def test_enter_ends_a_look_at_a_sensor_that_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tag that is not heard is searched for half a minute: Enter need not wait for that."""

    @asynccontextmanager
    async def searched() -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield

    async with at_step(tmp_path, RECORD, 3) as pole:
        monkeypatch.setattr(pole.app.work, "device", searched)
        await pole.pilot.press("enter")
        await pole.until(lambda: pole.app.is_running)
        await pole.pilot.pause()
        await pole.pilot.press("enter", "enter")
        await pole.until(lambda: 3 in pole.app.done)


async def test_a_position_that_is_nowhere_is_not_kept(tmp_path: Path) -> None:
    """Longitude first, or what is no number: refused where it is written, and the record stays one that can be read."""
    async with at_step(tmp_path, RECORD, 7) as pole:
        for text in ("118.1422, 24.7272", "nan, 118.1422", "24.7272"):
            pole.app.pane.query_one("#field-at", Input).value = text
            await pole.pilot.press("enter")
            await pole.until(lambda text=text: f"'{text}' is no position" in pole.said)  # type: ignore[misc]
    assert Cabinet(tmp_path).load("", "") == RECORD


async def test_an_address_that_was_kept_may_still_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes back and writes another one has it written, and reads what undoes it before the screen goes on."""
    async with at_step(tmp_path, RECORD, 2) as pole:
        await pole.enter(3)
        await pole.pilot.press("ctrl+b")
        await pole.until(lambda: pole.app.at == 2)
        work, undo = pole.app.work, "egret bus set-address …"

        async def set_address(unit: int) -> None:
            work.keep(found=msgspec.structs.replace(work.found, unit=unit), undo=(undo,))

        monkeypatch.setattr(work, "set_address", set_address)
        pole.app.pane.query_one(Input).value = "0x33"
        await pole.enter(2)
        assert work.found.unit == 0x33
        assert undo in pole.said
        await pole.enter(3)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_numbers_fit_beside_the_steps(lang: str) -> None:
    """80 columns without steps, margins and a scroll bar are 48: long units fold, and no digit is cut off."""
    spread = Spread("m/s2", 10.1597, 0.1234, -0.5678, 10.0, 10.3, ())
    console = Console(width=48, file=io.StringIO())
    with console.capture() as drawn:
        console.print(spreads({"acceleration_z": spread}, Words(lang)))
    seen = drawn.get()
    assert all(number in seen for number in ("+10.1597", "0.1234", "-0.5678"))
    assert seen.count("m/s2") == 3
    assert "…" not in seen


def seen_of(app: CommissionApp) -> str:
    """The screen's cells without spaces, and without the steps at the left."""
    strips = app.screen._compositor.render_strips()
    return "".join("".join(strip.crop(24 if 0 < at < 22 else 0).text for at, strip in enumerate(strips)).split())
