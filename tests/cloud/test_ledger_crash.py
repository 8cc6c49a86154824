"""A cloud, or its database, that is killed in the middle of a transaction."""

import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from subprocess import PIPE, Popen

import servers
from sqlalchemy import Connection, func, select, table

from cloud.database import Database
from cloud.tables import watermarks
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

async def main(place, folder):
    async with Ledger(place, lambda: 1, small_city.practice(folder), ("hook",)) as ledger:
        through = await ledger.watermark("XM-TA-01", "spool-1", Lane.ALARMS)
        while True:
            through = (await ledger.take_alarms(message(through + 1))).stored_through
            print(through, flush=True)

asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""
ROOT = Path(__file__).parents[2]


def receipted_until(place: Path | str, folder: Path, after: int, kill: Callable[[Popen[str]], None]) -> int:
    """The last watermark a ledger said, before something was killed some time after it had said `after` of them."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    with (
        (folder / "worker.log").open("wb") as log,
        Popen(
            [sys.executable, "-c", WORKER, str(place), str(folder)], stdout=PIPE, stderr=log, text=True, env=environment
        ) as worker,
    ):
        assert worker.stdout is not None
        said = [int(worker.stdout.readline()) for _ in range(after)]
        kill(worker)
        said += [int(line) for line in worker.stdout if line.endswith("\n")]
    return said[-1]


def rows(connection: Connection) -> tuple[int, dict[str, int]]:
    """The watermark, and how many rows a table has, all of one instant."""
    through = watermarks.of(connection, "XM-TA-01", "spool-1", Lane.ALARMS)
    names = ("alarm_events", "alarms", "cases", "case_log", "events", "outbox")
    return through, {
        name: connection.execute(select(func.count()).select_from(table(name))).scalar_one() for name in names
    }


async def require_whole(place: Path | str, receipted: int) -> None:
    """Everything that was receipted is there, and no row of a transaction that did not end."""
    async with Database(place) as database:
        through, found = await database.read(rows)
    assert through >= receipted
    assert through % 5 == 0
    assert found == {
        "alarm_events": through,
        "alarms": through,
        "cases": through,
        "case_log": 2 * through,  # a case is raised and filed
        "events": 2 * through,
        "outbox": 2 * through,
    }


async def test_kill_9_leaves_everything_or_nothing(ledger_place: Path | str, tmp_path: Path) -> None:
    """What was receipted is there; of a transaction that was not, no row is; and the next start goes on."""
    for after in (1, *Random(9).sample(range(2, 20), 3)):
        await require_whole(ledger_place, receipted_until(ledger_place, tmp_path, after, Popen.kill))
    if isinstance(ledger_place, Path):
        with closing(sqlite3.connect(ledger_place)) as file:
            assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_a_killed_server_has_all_that_was_receipted(tmp_path: Path) -> None:
    """PostgreSQL and all its children end at once, as in a power cut; it recovers what it had committed."""
    with servers.postgresql(tmp_path) as server:
        place = server.new_database()
        receipted = receipted_until(place, tmp_path, 7, lambda _: server.kill())
        assert "E-LEDG-001" in (tmp_path / "worker.log").read_text()
        server.start()
        await require_whole(place, receipted)
