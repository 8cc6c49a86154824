"""Children of the demonstration that end by themselves."""

import asyncio
import sys
from pathlib import Path

import psutil
import pytest

from edge.demo.processes import Processes


async def test_a_child_that_ends_by_itself_is_no_failure(tmp_path: Path) -> None:
    """Its exit code is the answer, its words are in its log, and nobody takes its end for a crash."""
    async with Processes(tmp_path) as processes:
        command = [sys.executable, "-c", "import sys; print('drawn'); sys.exit(4)"]
        assert await processes.finish("map", command) == 4
        assert processes.ended() is None
    assert (tmp_path / "map.log").read_text() == "drawn\n"


async def test_who_does_not_wait_for_it_ends_it(tmp_path: Path) -> None:
    """Ctrl-C in the midst of a start leaves nothing behind."""
    async with Processes(tmp_path) as processes:
        code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
        running = asyncio.create_task(processes.finish("map", [sys.executable, "-c", code]))
        async with asyncio.timeout(30):
            while not (tmp_path / "map.log").exists() or not (tmp_path / "map.log").read_text().strip():
                await asyncio.sleep(0.05)
        pid = int((tmp_path / "map.log").read_text())
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert not psutil.pid_exists(pid)
