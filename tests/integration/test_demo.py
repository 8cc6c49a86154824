"""`egret demo` as a newcomer runs it: the scripted story, its report, and orders from another terminal."""

import asyncio
import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wire import city_map

EGRET = (sys.executable, "-m", "wire")
REPORT_KEYS = {
    *("sites", "boxes", "sensors", "alarms", "cases", "errors"),
    *("readings_sampled", "readings_stored", "readings_lost", "readings_duplicated"),
    *("readings_in_flight", "readings_stale", "sensor_to_case_ms", "backlog_drained_s"),
    *("rss_mib", "broker", "store", "seconds_to_ready"),
}


def story(folder: Path, *arguments: str) -> dict[str, Any]:
    """Play a shortened story and return its report: the last line of stdout."""
    command = [*EGRET, "demo", "--sites", "9", "--no-browser", "--for", "24", "--json", "--port", "0"]
    command += ["--data", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def check(report: Mapping[str, Any]) -> None:
    """A lean, a cut link and a lean behind it: 0 lost, 0 doubled, two cases, and every figure is there."""
    assert set(report) == REPORT_KEYS
    assert (report["readings_lost"], report["readings_duplicated"], report["errors"]) == (0, 0, [])
    assert report["readings_sampled"] > 500
    unread = report["readings_in_flight"] + report["readings_stale"]  # a reply that came too late is a stale reading
    assert report["readings_stored"] >= report["readings_sampled"] - unread
    assert report["cases"] == 2
    assert report["sensor_to_case_ms"]["median"] > 0
    assert report["backlog_drained_s"] is not None


def test_story_loses_nothing(tmp_path: Path) -> None:
    """As the newcomer starts it: nats-server, the embedded store."""
    check(story(tmp_path))


def test_story_on_mosquitto_and_influxdb(tmp_path: Path, influxd_url: str) -> None:
    """The same on Debian's mosquitto and InfluxDB 1.6.7."""
    check(story(tmp_path, "--broker", "mosquitto", "--store", "influxdb_v1", "--store-url", influxd_url))


def test_story_on_victoria_metrics(tmp_path: Path, victoria_url: str) -> None:
    """The same through the InfluxDB 2 write protocol, into VictoriaMetrics."""
    check(story(tmp_path, "--store", "influxdb_v2", "--store-url", victoria_url, "--store-set", "reads=metricsql"))


async def test_orders_from_another_terminal(tmp_path: Path) -> None:
    """Its map is drawn; tilt, typhoon and calm are obeyed, the mode is switched as it says, a mistake has a fix."""
    start = [*EGRET, "demo", "--sites", "2", "--no-browser", "--port", "0", "--data", str(tmp_path)]
    running = await asyncio.create_subprocess_exec(
        *start, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert running.stdout is not None
    try:
        async with asyncio.timeout(90):
            while b"http://127.0.0.1" not in await running.stdout.readline():
                pass
        assert len(city_map.read(tmp_path / "cloud" / "map.json").districts) == 6
        said = {}
        for order in (["tilt", "XM-TA-0117", "1.2"], ["typhoon"], ["calm"]):
            done = subprocess.run(
                [*EGRET, "demo", *order, "--data", str(tmp_path)], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            said[order[0]] = done.stdout
        switched = subprocess.run(
            [*EGRET, *shlex.split(said["typhoon"].rpartition(".venv/bin/egret ")[2])],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "the city is in mode typhoon until" in switched.stdout, switched.stderr
        assert "egret mode set normal" in said["calm"]
        wrong = subprocess.run(
            [*EGRET, "demo", "tilt", "NOWHERE", "--data", str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert wrong.returncode == 1
        assert "no billboard 'NOWHERE'" in wrong.stderr
        assert "XM-TA-0117" in wrong.stderr
    finally:
        running.terminate()
        await running.communicate()
    assert running.returncode == 0


def test_no_demonstration_running(tmp_path: Path) -> None:
    """An order without a running demonstration says how to start one."""
    done = subprocess.run(
        [*EGRET, "demo", "calm", "--data", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "no demonstration is running here" in done.stderr
    assert "scripts/demo" in done.stderr
