"""A scenario on real pseudo-terminals: what happens when, and what the transcript says of a hasty client."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge.bus import Bus
from edge.serial_port import SerialPort, SerialSettings
from edge.sim import scenario
from edge.sim.medium import Frame
from edge.sim.rig import Rig
from edge.sim.scenario import Scenario
from edge.sim.transcript import Breach, PauseWatch, said
from wire.errors import ConfigError, SourceError
from wire.profile_yaml import library_folder, load_library

LIBRARY = load_library(library_folder())
MODEL = "witmotion-wt901c-485"
BLOCK = LIBRARY[MODEL].blocks["attitude"]
HASTY = replace(LIBRARY[MODEL].timing, timeout_s=0.1, late_max_s=0.1)
DOCUMENTED = Path(__file__).parents[3] / "docs" / "develop" / "rig.yaml"


def written(folder: Path, text: str) -> Scenario:
    """A scenario whose ports are in `folder`."""
    file = folder / "rig.yaml"
    file.write_text(text.replace("DIR", str(folder)), encoding="utf-8")
    return scenario.load(file, LIBRARY)


def ignore(_line: str, _frame: Frame, _breach: Breach | None) -> None:
    """Nobody reads the transcript."""


def test_the_manuals_scenario_is_one() -> None:
    """The file of docs/develop/rig.md has two lines, four devices and seven events."""
    found = scenario.load(DOCUMENTED, LIBRARY)
    assert [len(line.devices) for line in found.lines] == [3, 1]
    assert len(found.lines[0].events) == 7
    assert found.lines[0].devices[2].faults.late_s == 0.4


def test_all_mistakes_of_a_scenario_are_said_at_once(tmp_path: Path) -> None:
    """An unknown model, no port, an unknown fault and an event to nobody: four places."""
    with pytest.raises(ConfigError) as caught:
        written(
            tmp_path,
            """
schema: egret.rig/1
lines:
  a:
    ports: []
    faults: {nois: 0.1}
    devices: {one: {profile: witmotion-wt901}}
    events: [{at: 1s, device: two, faults: {}}]
""",
        )
    said_of = [mistake.where.rpartition(":")[2] for mistake in caught.value.mistakes]
    assert said_of == ["5", "6", "7", "8"]


async def until(holds: Callable[[], bool]) -> None:
    """Waits for it; a busy machine may be slow."""
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.02)


async def test_events_happen_to_line_and_devices(tmp_path: Path) -> None:
    """A device falls silent, comes back, and after a brown-out answers at its factory address again."""
    plan = written(
        tmp_path,
        """
schema: egret.rig/1
lines:
  a:
    ports: [DIR/tty0]
    devices: {one: {profile: witmotion-wt901c-485, unit: 7, values: {roll: 1.5}, faults: {is_silent: true}}}
    events:
      - {at: 50ms, device: one, faults: {}}
      - {at: 100ms, faults: {noise: 0.5}}
      - {at: 150ms, device: one, brown_out: true}
      - {at: 150ms, faults: {}}
      - {at: 200ms, unplug: 500ms}
""",
    )
    async with Rig(plan, ignore) as rig:
        (line,) = rig.lines
        await until(lambda: not (tmp_path / "tty0").is_symlink())
        await until((tmp_path / "tty0").is_symlink)
        port = SerialPort(tmp_path / "tty0", SerialSettings(9600, "8N1"), rs485=False)
        answer = await Bus(port).read(0x50, BLOCK, replace(HASTY, timeout_s=10, late_max_s=10))
        port.close()
        assert len(answer.numbers) == 13
        assert line.watch.requests == line.watch.replies == 1
    assert not (tmp_path / "tty0").is_symlink()


async def test_an_unplugged_port_hangs_up(tmp_path: Path) -> None:
    """Whoever has it open is told, and the name is there again after the time of the scenario."""
    plan = written(
        tmp_path,
        """
schema: egret.rig/1
lines:
  a:
    ports: [DIR/tty0, DIR/tty1]
    devices: {one: {profile: witmotion-wt901c-485}}
    events: [{at: 100ms, unplug: 1h}]
""",
    )
    async with Rig(plan, ignore):
        port = SerialPort(tmp_path / "tty1", SerialSettings(9600, "8N1"), rs485=False)
        await until(lambda: not (tmp_path / "tty1").is_symlink())
        with pytest.raises(SourceError, match="E-BUS-005"):
            await port.receive(asyncio.get_running_loop().time() + 10)
        port.close()


async def test_a_second_adapter_listens_in(tmp_path: Path) -> None:
    """What the first asks and what it is answered is heard on the second, and written in the transcript."""
    plan = replace(scenario.one_device(LIBRARY[MODEL], 80, tmp_path / "tty0"))
    (line,) = plan.lines
    plan = replace(plan, lines=(replace(line, ports=(tmp_path / "tty0", tmp_path / "tty1")),))
    rows: list[str] = []
    async with Rig(plan, lambda _line, frame, _breach: rows.append(said(frame))):
        listener = SerialPort(tmp_path / "tty1", SerialSettings(9600, "8N1"), rs485=False)
        port = SerialPort(tmp_path / "tty0", SerialSettings(9600, "8N1"), rs485=False)
        answer = await Bus(port).read(80, BLOCK, replace(HASTY, timeout_s=10, late_max_s=10))
        heard = b""
        await until(lambda: len(rows) == 2)
        while len(heard) < 39:
            heard += await listener.receive(asyncio.get_running_loop().time() + 1)
        port.close()
        listener.close()
    assert heard == answer.request + answer.reply
    assert answer.request.hex(" ").upper() in rows[0]
    assert "unit 80" in rows[1]


def test_pauses_are_measured_in_characters() -> None:
    """At 9600 baud a request 3 ms after a reply is too early, one 4 ms after it is not; 2 ms inside one is too long."""
    settings = SerialSettings(9600, "8N1")

    def frame(begin: float, end: float, speaker: str) -> Frame:
        return Frame(begin, end, b"", speaker == "port", settings, speaker)

    watch = PauseWatch()
    frames = [
        *(frame(0.0, 0.008, "port"), frame(0.012, 0.044, "unit 80")),
        *(frame(0.048, 0.056, "port"), frame(0.060, 0.092, "unit 80")),
        *(frame(0.095, 0.099, "port"), frame(0.101, 0.105, "port")),
    ]
    says = [str(breach) if (breach := watch.step(each)) else "" for each in frames]
    assert says[:4] == [""] * 4
    assert says[4] == "0.0950 s, port: a request needs 3.65 ms of silence before it, it was 3.00 ms"
    assert says[5] == "0.1010 s, port: a pause inside a request is at most 1.5 characters, it was 2.00 ms"
