"""A box's update: into the idle environment, tried, kept or given back; the environments and pip are real ones.

What is installed is a stand-in that says what the agent would say; systemd is the shell here.
"""

import asyncio
import json
import socket
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pip
import pytest

from edge.packaging import egret_update
from edge.packaging.egret_update import Box, UpdateError
from edge.watchdog import watched

PACKAGING = Path(egret_update.__file__).parent


def script(path: Path, version: str) -> None:
    """An installed agent that says how its spool stands; where its version is broken, nothing."""
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n[ {version} != broken ] && cat {path.parents[2]}/{version}.json\n", encoding="utf-8")
    path.chmod(0o755)


@dataclass
class Street:
    """A box with two environments, `old` in the first; a look at the clock makes each version's receipts go on.

    `waits`: what lay on the disk before, where a version measures nothing more.
    """

    root: Path
    receipts: dict[str, int] = field(default_factory=lambda: {"old": 10, "good": 0, "deaf": 0, "broken": 0})
    waits: dict[str, int] = field(default_factory=dict)
    time_s: float = 0.0

    def __post_init__(self) -> None:
        """The agent has run for a while."""
        script(self.root / "a/bin/egret", "old")
        (self.root / "current").symlink_to("a")
        self.sleep(0)

    def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.time_s += seconds
        for version, more in self.receipts.items():
            stored = round(1_000 + self.time_s * more)
            committed = self.waits.get(version, stored)
            readings = {"stored": min(stored, committed), "committed": committed}
            said = {"spool_id": "s1", "lanes": {"alarms": {"stored": 3, "committed": 3}, "readings": readings}}
            (self.root / f"{version}.json").write_text(json.dumps(said), encoding="utf-8")

    def box(self, **other: Any) -> Box:
        """Its updating program; each restart of the agent is a line of a file."""
        restart = ["sh", "-c", f"readlink {self.root}/current >> {self.root}/restarts"]
        usual = {"restart": restart, "clock": lambda: self.time_s, "sleep": self.sleep}
        return Box(self.root, self.root / "data", **(usual | other))

    def tried(self, version: str) -> None:
        """The new one is in its place, and on trial."""
        script(self.root / "b/bin/egret", version)
        egret_update.Box._keep(self.box(), egret_update.Trial("a", "b"))
        self.box()._switch("b")

    @property
    def runs(self) -> str:
        """The environment that works."""
        return str((self.root / "current").readlink())

    @property
    def restarts(self) -> list[str]:
        """What ran after each."""
        path = self.root / "restarts"
        return path.read_text().split() if path.exists() else []


@pytest.fixture
def street(tmp_path: Path) -> Street:
    """One that is well."""
    return Street(tmp_path)


def wheel(folder: Path) -> Path:
    """A package `egret-city` with the command `egret`, which says what the file `good.json` beside the link says."""
    says = "print((pathlib.Path(sys.prefix).parent / 'good.json').read_text())"
    text = f"import pathlib, sys\ndef main():\n    {says}\n"
    name = "egret_city-9.9"
    path = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("standin.py", text)
        file.writestr(f"{name}.dist-info/METADATA", "Metadata-Version: 2.1\nName: egret-city\nVersion: 9.9\n")
        file.writestr(f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{name}.dist-info/entry_points.txt", "[console_scripts]\negret = standin:main\n")
        file.writestr(f"{name}.dist-info/RECORD", "")
    return path


def test_a_new_version_is_installed_switched_to_and_kept(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """By venv and pip into the idle environment; the link is switched once, and the old one stays beside it.

    pip is the test's own: to unpack it into each environment takes 3 s.
    """
    street.receipts["good"] = 10
    (street.root / "lib").mkdir()
    (street.root / "lib/pip").symlink_to(Path(pip.__file__).parent)
    monkeypatch.setenv("PYTHONPATH", str(street.root / "lib"))
    synced: list[str] = []
    monkeypatch.setattr(egret_update.os, "sync", lambda: synced.append(street.runs))
    without_pip = [sys.executable, "-m", "venv", "--without-pip"]
    street.box(venv=without_pip).install(["--no-index", str(wheel(street.root))], within_s=60)
    assert (street.runs, street.restarts) == ("b", ["b"])
    assert synced == ["a"], "its files are on the disk before the link leads to them"
    assert (street.root / "a/bin/egret").exists()
    assert not (street.root / "trial.json").exists()


@pytest.mark.parametrize("version", ["deaf", "broken"])
def test_a_version_that_is_not_well_is_given_back(street: Street, version: str) -> None:
    """No receipt for what it sends, or it cannot even say so: the old one runs again, and the exit code says it."""
    street.tried(version)
    with pytest.raises(UpdateError, match="b is given back, a runs") as caught:
        street.box().judge(within_s=600)
    assert caught.value.exit_code == 5
    assert (street.runs, street.restarts) == ("a", ["b", "a"])
    assert 600 <= street.time_s < 610
    street.box().judge(within_s=600)


def test_a_version_whose_lines_are_dead_is_given_back(street: Street) -> None:
    """It has receipts, for what the one before had measured."""
    street.receipts["good"], street.waits["good"] = 10, 3_000
    street.sleep(0)
    street.tried("good")
    with pytest.raises(UpdateError, match="b is given back, a runs"):
        street.box().judge(within_s=600)


def test_a_power_cut_ends_no_trial(street: Street) -> None:
    """Whoever starts next goes on judging; a box that starts a fourth time goes back at once."""
    street.tried("good")
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            street.box(sleep=cut).judge(within_s=600)
        assert street.runs == "b"
    with pytest.raises(UpdateError, match="is given back"):
        street.box().judge(within_s=600)
    assert (street.runs, street.time_s) == ("a", 0.0)


def cut(_: float) -> None:
    """The power goes."""
    raise KeyboardInterrupt


def test_after_the_power_cut_the_new_one_is_kept_when_it_is_well(street: Street) -> None:
    """Receipts that had come before the judge began count for nothing."""
    street.receipts["good"] = 10
    street.tried("good")
    street.box().judge(within_s=600)
    assert (street.runs, street.time_s) == ("b", egret_update.LOOK_S)


def test_when_nothing_is_updated(street: Street) -> None:
    """While the box is not well as it is, while another update is on trial, or where there is no first environment."""
    with pytest.raises(UpdateError, match="nothing was changed"):
        street.box(venv=["false"]).install(["there-is-none"], within_s=60)
    street.receipts["old"] = 0
    with pytest.raises(UpdateError, match="not well as it is"):
        street.box().install(["there-is-none"], within_s=60)
    street.tried("good")
    with pytest.raises(UpdateError, match="another update is on trial"):
        street.box().install(["there-is-none"], within_s=60)
    (street.root / "trial.json").write_text("torn")
    street.box().judge(within_s=60)
    (street.root / "current").unlink()
    with pytest.raises(UpdateError, match="leads to no environment"):
        street.box().install(["there-is-none"], within_s=60)
    assert street.restarts == ["b"]


def test_the_command_says_it_with_its_exit_code(street: Street) -> None:
    """As systemd and a maintainer's script see it."""
    words = ["--root", str(street.root), "--restart", "true", "--within", "0"]
    assert egret_update.main(["judge", *words]) == 0
    assert egret_update.main(["install", *words, "--", "there-is-none"]) == 5
    street.tried("deaf")
    with egret_update.only_one(street.root):
        assert egret_update.main(["judge", *words]) == 1
    assert egret_update.main(["judge", *words]) == 5


async def test_systemd_is_told_that_the_loop_turns(tmp_path: Path) -> None:
    """READY at the start, WATCHDOG twice as often as it asks for, STOPPING at the end; without systemd, nothing."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(10)
        async with watched({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000"}):
            heard = [await asyncio.to_thread(systemd.recv, 100) for _ in range(3)]
        assert heard == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        while (last := systemd.recv(100)) == b"WATCHDOG=1":
            pass
        assert last == b"STOPPING=1"
    async with watched({}):
        pass


def test_the_agent_waits_for_no_time_server() -> None:
    """Without one it would measure nothing; what it measures before waits for the time on its disk."""
    assert "time-sync" not in (PACKAGING / "egret-edge.service").read_text(encoding="utf-8")


def test_the_units_are_ones_that_systemd_would_read() -> None:
    """Where systemd's own check is installed; it needs no systemd that runs."""
    if not Path("/usr/bin/systemd-analyze").exists():
        pytest.skip("systemd-analyze is not installed")
    units = [str(PACKAGING / name) for name in ("egret-edge.service", "egret-update.service")]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    wrong = [line for line in done.stderr.splitlines() if "egret-" in line and "not executable" not in line]
    assert not wrong
