"""Simulated lines of a scenario file in a process of their own, as a person has them with `egret bus sim`."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 60


@contextmanager
def simulated(folder: Path, scenario: str, last_port: str) -> Iterator[None]:
    """While the block runs; DIR in the scenario is the folder. Begins when its last port is there."""
    (folder / "rig.yaml").write_text(scenario.replace("DIR", str(folder)), encoding="utf-8")
    rig = subprocess.Popen([sys.executable, "-m", "wire", "bus", "sim", str(folder / "rig.yaml")])
    until = time.monotonic() + PATIENCE_S
    try:
        while not (folder / last_port).exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        yield
    finally:
        rig.terminate()
        rig.wait(PATIENCE_S)
