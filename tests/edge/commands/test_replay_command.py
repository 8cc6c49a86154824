"""`egret edge replay` as a person calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from detection import BEGIN_NS, SECOND_NS

CITY = """schema: egret.sensors/1
crs: WGS-84
city: {name: 厦门}
districts: {xm-ta: 同安区}
boxes:
  TA-B01:
    lines:
      recording: {source: replay, file: night.csv}
kinds:
  billboard: {profile: witmotion-wt901c-485, limits: billboard}
sites:
  TA-0117:
    kind: billboard
    name: 环城东路
    district: xm-ta
    at: [24.73, 118.15]
    sensors: {tilt: {line: TA-B01/recording, unit: 1}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A city with one billboard, and a night in which it leans 0.62 degrees for two minutes."""
    (tmp_path / "sensors.yaml").write_text(CITY, encoding="utf-8")
    values = [0.05] * 60 + [0.62] * 120 + [0.05] * 120
    rows = (f"{BEGIN_NS + at * SECOND_NS},TA-0117-tilt,tilt,{value}" for at, value in enumerate(values))
    text = "\n".join(["time,sensor,quantity,value", *rows, f"{BEGIN_NS},nobody,tilt,9.9"])
    (tmp_path / "night.csv").write_text(text + "\n", encoding="utf-8")
    return tmp_path


def egret(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """The command, in its own process."""
    command = [sys.executable, "-c", "from wire.main import main; main()", "edge", "replay", *words]
    found = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.run(command, cwd=folder, env=found, capture_output=True, text=True, timeout=120, check=False)


def test_a_night_is_judged_by_the_limits_of_the_city(folder: Path) -> None:
    """Raised, and cleared, a line each on stdout; the talk is on stderr."""
    done = egret(folder, "night.csv", "--speed", "0")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(event["change"], event["level"]) for event in events] == [("raised", "yellow"), ("cleared", "yellow")]
    assert "300 readings judged, 1 of sensors that the inventory does not know" in done.stderr


def test_a_recording_that_cannot_be_read_is_said(folder: Path) -> None:
    """One message with file, line and fix; exit code 3, as for any source that is lost."""
    with (folder / "night.csv").open("a", encoding="utf-8") as file:
        file.write("tomorrow,TA-0117-tilt,tilt,1\n")
    done = egret(folder, "night.csv", "--speed", "0")
    assert done.returncode == 3
    assert "night.csv:303: the time 'tomorrow' cannot be read" in done.stderr


def test_serving_prints_its_register_table(folder: Path) -> None:
    """The table is data on stdout; the line ends with the recording."""
    done = egret(folder, "night.csv", "--speed", "0", "--serve", "var/ttyREC")
    assert done.returncode == 0, done.stderr
    assert "   1        0          2  f32 ABCD  TA-0117-tilt tilt [deg]" in done.stdout.splitlines()
    assert "serving at var/ttyREC, 9600 baud 8N1" in done.stderr
