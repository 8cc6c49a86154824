"""A cloud that is killed in the middle of a transaction, and a disk that has changed since."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from random import Random

import small_city

from cloud.ledger import Ledger
from wire.receipt import Lane

WORKER = """
import asyncio, sys
from pathlib import Path
import msgspec, small_city
from cloud.ledger import Ledger
from wire.alarm_message import AlarmMessage
from wire.receipt import Lane

def message(first):
    [lean] = small_city.lean(first, 1).events
    sensors = (f"XM-TA-0117-T{sequence}" for sequence in range(first, first + 5))
    events = (
        msgspec.structs.replace(lean, sequence=first + at, sensor=sensor, alarm=f"{sensor}/lean")
        for at, sensor in enumerate(sensors)
    )
    return AlarmMessage("XM-TA-01", "spool-1", 0, tuple(events))

async def main(folder):
    async with Ledger(folder / "ledger.sqlite", lambda: 1, small_city.practice(folder), ("hook",)) as ledger:
        through = await ledger.watermark("XM-TA-01", "spool-1", Lane.ALARMS)
        while True:
            through = (await ledger.take_alarms(message(through + 1))).stored_through
            print(through, flush=True)

asyncio.run(main(Path(sys.argv[1])))
"""
ROOT = Path(__file__).parents[2]


def receipted_until_killed(folder: Path, after: int) -> int:
    """The last watermark a ledger said, before it was killed some time after saying `after` of them."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder)], stdout=subprocess.PIPE, text=True, env=environment
    ) as worker:
        assert worker.stdout is not None
        said = [int(worker.stdout.readline()) for _ in range(after)]
        worker.send_signal(signal.SIGKILL)
        said += [int(line) for line in worker.stdout if line.endswith("\n")]
    assert worker.returncode == -signal.SIGKILL
    return said[-1]


async def test_kill_9_leaves_everything_or_nothing(tmp_path: Path) -> None:
    """What was receipted is there; of a transaction that was not, no row is; and the next start goes on."""
    for after in (1, *Random(9).sample(range(2, 20), 3)):
        receipted = receipted_until_killed(tmp_path, after)
        async with Ledger(tmp_path / "ledger.sqlite", lambda: 1, small_city.practice(tmp_path)) as ledger:
            through = await ledger.watermark("XM-TA-01", "spool-1", Lane.ALARMS)
        assert through >= receipted
        assert through % 5 == 0
        with sqlite3.connect(tmp_path / "ledger.sqlite") as file:
            counts = [
                file.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in ("alarm_events", "alarms", "cases", "case_log")
            ]
            events, outbox = (
                file.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("events", "outbox")
            )
            [(check,)] = file.execute("PRAGMA integrity_check")
        file.close()
        assert counts == [through, through, through, 2 * through]  # a case is raised and filed
        assert (events, outbox, check) == (2 * through, 2 * through, "ok")
