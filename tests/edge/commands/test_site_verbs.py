"""The verbs of `egret site` on a simulated line in another process."""

import json
from collections.abc import Iterator
from pathlib import Path

import bus_rig
import click
import pytest
from click.testing import CliRunner, Result
from commissioned import PLAN, RECORD, SELFTEST, TILT, fast_library

from edge.commands import site_selftest, site_zero
from edge.commands.site_options import kept
from edge.field.city_entry import new_city, with_sensor
from edge.field.record import Cabinet
from edge.field.words import Words

SCENARIO = """
schema: egret.rig/1
lines:
  a:
    ports: [DIR/tty0]
    devices:
      tilt: {profile: witmotion-wt901c-485, unit: 0x51, baud: 57600, values: {roll: 0.42}, spread: {roll: 0.005}}
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A line with a sensor at rest."""
    folder = tmp_path_factory.mktemp("rig")
    with bus_rig.simulated(folder, SCENARIO, "tty0"):
        yield str(folder / "tty0")


def run(command: object, folder: Path, port: str, *words: str) -> Result:
    """As `egret site …` runs it, by 陈工."""
    model = ("--devices", str(fast_library(folder)), "--profile", TILT.name, "--port", port, "--unit", "0x51")
    who = ("--sensor", "XM-TA-0901-T1", "--folder", str(folder), "--person", "陈工")
    return CliRunner().invoke(command, (*who, *model, *words))  # type: ignore[arg-type]


def test_a_zero_is_kept_with_who_took_it_and_written_into_the_city(port: str, tmp_path: Path) -> None:
    """The line for sensors.yaml on stdout; the file has it, and the record who and when."""
    city = tmp_path / "sensors.yaml"
    city.write_text(with_sensor(new_city(PLAN, TILT), RECORD, TILT, "2026-01-01"), encoding="utf-8")
    shown = run(site_zero.zero, tmp_path, port, "--for", "1s", "--inventory", str(city), "--lang", "zh")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("zero: {roll: 0.4")
    assert "静置 1 秒" in shown.stderr
    kept = Cabinet(tmp_path / "XM-TA-0901-T1").load("", "").zero
    assert kept
    assert (kept.person, kept.for_s) == ("陈工", 1.0)
    assert f"zero: {{roll: {kept.baseline['roll']:g}," in city.read_text(encoding="utf-8")


def test_a_self_test_without_a_network(port: str, tmp_path: Path) -> None:
    """Every check with its outcome; the link is cut on this machine, and the uplink is left out, not passed."""
    shown = run(site_selftest.selftest, tmp_path, port, "--polls", "10", "--cut", "0.5s", "--json")
    assert shown.exit_code == 0, shown.output
    said = json.loads(shown.stdout)
    outcomes = {check["name"]: check["outcome"] for check in said["checks"]}
    assert said["outcome"] == "passed"
    assert (outcomes["noise"], outcomes["loss"], outcomes["link_cut"]) == ("passed", "passed", "passed")
    assert outcomes["uplink"] == "skipped"
    assert said["cut"]["lost"] == said["cut"]["doubled"] == 0
    assert said["cut"]["during"] > 0
    assert Cabinet(tmp_path / "XM-TA-0901-T1").load("", "").selftest


def test_checks_are_said_so_that_columns_line_up() -> None:
    """A Chinese character has two columns of a terminal."""
    rows = [site_selftest.row(check, Words("zh")) for check in SELFTEST.checks]
    assert rows[1] == "通过      噪声 roll                        0.0085 °  ≤ 0.05 °"
    assert rows[4] == "未做      时钟误差                                   ≤ 1000 ms  无授时服务器：设置 NTP 后重做"


def test_who_did_it_stays_and_an_id_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is logged in is asked first, and is no reason to forget who was named; an id is no way out of the folder."""
    monkeypatch.setenv("USER", "pi")
    assert kept(tmp_path, "XM-TA-0901-T1", {}, "").plan.person == "pi"
    kept(tmp_path, "XM-TA-0901-T1", {}, "陈工")
    again = kept(tmp_path, "XM-TA-0901-T1", {}, "", board="https://board.example", box="")
    assert (again.plan.person, again.plan.board) == ("陈工", "https://board.example")
    for wrong in ("../x-T1", "T1", "-T1", "XM TA-T1", "XM-TA-0901-T1/../../x"):
        with pytest.raises(click.UsageError, match="is no id of a sensor"):
            kept(tmp_path, wrong, {}, "")
    assert [one.name for one in tmp_path.iterdir()] == ["XM-TA-0901-T1"]
