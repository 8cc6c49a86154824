"""Real recordings the whole way: from a file, as a box, through a real broker, to stored readings and cases.

Data: imcs-compsim/munich-bridge-data (MIT); Y. Jaelani et al., Steel Construction 2023, 16, 215.
They are not part of the project: without them beside the repository these tests are skipped.
"""

import gzip
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import servers

DATA = Path(__file__).parents[3] / "shared" / "data" / "munich-bridge"
MUNICH = Path(__file__).parent / "munich"
EGRET = (sys.executable, "-m", "wire")
ROWS = 15_000
"""150 s at 100 Hz: a crossing, then the truck parks on the bridge at 110 s."""

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no real recordings at ../shared/data/munich-bridge")


def beginning(file: str, rows: int, folder: Path) -> Path:
    """The first rows of a recording, unchanged."""
    part = folder / file
    with gzip.open(DATA / file, "rt") as whole, gzip.open(part, "wt") as cut:
        cut.writelines(itertools.islice(whole, rows + 1))
    return part


@contextmanager
def cloud(folder: Path, broker_url: str) -> Iterator[httpx.Client]:
    """`egret cloud run` on the embedded store, and a client of its API."""
    port = servers.free_port()
    config = {
        "schema": "egret.cloud/1",
        "broker": broker_url,
        "http": {"host": "127.0.0.1", "port": port, "login": "none"},
        "data": str(folder / "cloud"),
    }
    (folder / "cloud.yaml").write_text(json.dumps(config))
    command = [
        *EGRET,
        "cloud",
        "run",
        "--config",
        str(folder / "cloud.yaml"),
        "--inventory",
        str(MUNICH / "bridge.yaml"),
    ]
    with subprocess.Popen(command) as process, httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1") as api:
        try:
            servers.wait_for("the cloud", lambda: servers.answers(f"http://127.0.0.1:{port}/api/v1/health"), 60)
            yield api
        finally:
            process.terminate()
            process.wait(30)


def play(part: Path, mapping: str, folder: Path, broker_url: str) -> subprocess.CompletedProcess[str]:
    """`egret edge replay` as fast as the box can, as box MUC-B01."""
    command = [*EGRET, "edge", "replay", str(part), "--mapping", str(MUNICH / mapping), "--speed", "0"]
    command += ["--inventory", str(MUNICH / "bridge.yaml"), "--box", "MUC-B01"]
    command += ["--broker", broker_url, "--data", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def stored(api: httpx.Client) -> int:
    """Readings in the store, of all sensors, of 2022."""
    span = {"start": 1_640_995_200_000_000_000, "end": 1_672_531_200_000_000_000}
    return int(api.get("/count", params=span).raise_for_status().json()["count"])


def test_a_parked_truck_opens_a_case(tmp_path: Path, nats_url: str) -> None:
    """The step of strain is one case, the crossing before it none; every value of every row is stored, once."""
    part = beginning("ref_support_load_01.csv.gz", ROWS, tmp_path)
    with cloud(tmp_path, nats_url) as api:
        done = play(part, "support_load.yaml", tmp_path / "spool", nats_url)
        assert done.returncode == 0, done.stderr
        assert f"readings: {4 * ROWS} kept, {4 * ROWS} receipted by the cloud" in done.stderr
        assert stored(api) == 4 * ROWS
        [case] = api.get("/cases").json()
        assert (case["site"], case["alarm"]) == ("MUC-01", "MUC-01-deck/strain")
        unknown = {value["sensor"] for value in api.get("/unregistered").json()}
        assert unknown == {"MUC-01-support"}, "stored and shown, though the inventory does not know it"
        again = play(part, "support_load.yaml", tmp_path / "spool", nats_url)
        assert again.returncode == 1
        assert "a recording was played into this folder before" in again.stderr
        assert stored(api) == 4 * ROWS


def test_bursts_of_tilt_open_none(tmp_path: Path, nats_url: str) -> None:
    """Ten minutes of a resting bridge with bursts of 0.28° against the billboard limits: 60 000 readings, no case."""
    with cloud(tmp_path, nats_url) as api:
        done = play(DATA / "reference_state_inclination.csv.gz", "inclination.yaml", tmp_path / "spool", nats_url)
        assert done.returncode == 0, done.stderr
        assert stored(api) >= 60_000
        assert api.get("/cases").json() == []
