"""The embedded store: killed at any moment, opened twice, sent the same batches again."""

import asyncio
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import duckdb
import pytest

from cloud import readings_file
from cloud.ports import AlarmPoint, Batch, Column
from cloud.readings_file import ReadingsFile
from cloud.stores.embedded import Config, open_store
from wire.errors import Unavailable
from wire.inventory import Tags

NS = 1_790_000_000_000_000_000
DAY = 86_400_000_000_000
TAGS = Tags("XM-0042", "XM-0042-tilt", "TA-0113", "billboard", "siming")
PER_BATCH = 40


def batch(number: int, values: int = PER_BATCH, spool_id: str = "a1b2") -> Batch:
    """The batch `number` (from 0) of a spool; every batch has the same size, every reading its own time."""
    first = number * values
    times = tuple(NS + (first + index) * 1_000_000 for index in range(values))
    column = Column(TAGS, "tilt", times, tuple(float(first + index) for index in range(values)), (0,) * values)
    return Batch("TA-0113", spool_id, first + 1, first + values, (column,))


WRITER = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    sys.path[:0] = sys.argv[1:3]
    from cloud.stores.embedded import Config, open_store
    from test_embedded import batch

    async def main():
        async with open_store(Config(sys.argv[3])) as store:
            number = int(sys.argv[4])
            while True:
                await store.write([batch(number)])
                print(number, flush=True)
                number += 1

    asyncio.run(main())
    """
)


def write_until_killed(folder: Path, start: int, acknowledged: int) -> int:
    """Another process writes batches from `start`; kill -9 after so many are acknowledged. Returns the last of them."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", WRITER, str(root), str(Path(__file__).parent), str(folder), str(start)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        last = start - 1
        for _ in range(acknowledged):
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().splitlines()
    return int(rest[-1]) if rest else last


async def test_killed_between_and_within_writes_every_acknowledged_batch_is_there_once(tmp_path: Path) -> None:
    """Six kills -9 of a busy writer, which each time begins a few batches too early; then everything again."""
    last = -1
    for acknowledged in (1, 3, 7, 20, 2, 11):
        last = write_until_killed(tmp_path, max(last - 3, 0), acknowledged + 4)
        async with open_store(Config(str(tmp_path))) as store:
            points = await store.readings(TAGS.sensor, "tilt", NS, NS + DAY, 1_000_000)
        assert [point.value for point in points] == [float(index) for index in range(len(points))]
        assert len(points) in {(last + 1) * PER_BATCH, (last + 2) * PER_BATCH}
    async with open_store(Config(str(tmp_path))) as store:
        await store.write([batch(number) for number in range(last + 2)])
        assert await store.count(NS, NS + DAY) == (last + 2) * PER_BATCH


async def test_a_batch_astride_its_watermark_is_refused_and_the_others_are_stored(tmp_path: Path) -> None:
    """A batch is never cut differently when it is sent again: one that is, is somebody's mistake."""
    astride = replace(batch(0), first_sequence=PER_BATCH, last_sequence=2 * PER_BATCH)
    async with open_store(Config(str(tmp_path))) as store:
        await store.write([batch(0)])
        (refused,) = await store.write([astride, batch(0, spool_id="another")])
        assert refused.batch == astride
        assert "sequences 40..80 lie astride 40" in refused.reason
        assert await store.count(NS, NS + DAY) == 2 * PER_BATCH


async def test_a_file_that_another_process_holds_is_unavailable_until_it_ends(tmp_path: Path) -> None:
    """Two clouds on one data folder: the second says who has the file, and enters when the first is gone."""
    hold = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(tmp_path / "readings.duckdb")]
    store = open_store(Config(str(tmp_path)))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(Unavailable, match=f"PID {process.pid}"):
            await store.__aenter__()
        process.kill()
    async with store:
        assert await store.write([batch(0)]) == []


async def test_a_data_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    """With its path and what to look at."""
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="see that no other process has the file open"):
        await open_store(Config(str(tmp_path / "file" / "data"))).__aenter__()


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    """Queries after leaving are refused, not answered with nothing."""
    async with open_store(Config(str(tmp_path))) as store:
        await store.write([batch(0)])
    with pytest.raises(Unavailable, match="it is not open"):
        await store.count(NS, NS + DAY)


async def test_queries_do_not_wait_for_the_writer_and_see_whole_batches_only(tmp_path: Path) -> None:
    """Counts taken while fifty batches are written are multiples of a batch."""
    async with open_store(Config(str(tmp_path))) as store, asyncio.TaskGroup() as tasks:

        async def write() -> None:
            for number in range(50):
                await store.write([batch(number)])

        writer = tasks.create_task(write())
        while not writer.done():
            count = await store.count(NS, NS + DAY)
            assert count % PER_BATCH == 0


def held_mib(file: ReadingsFile, tag: str) -> float:
    """What DuckDB itself says that it holds."""
    (row,) = file.select("SELECT memory_usage_bytes FROM duckdb_memory() WHERE tag = ?", [tag])
    return float(row[0]) / 2**20


def test_what_is_not_in_the_file_yet_is_a_few_mib_of_memory(tmp_path: Path) -> None:
    """However much is written: 400 000 readings in batches of 10 000 are held in 6 MiB at most, where 11 MiB were."""
    file = ReadingsFile(tmp_path / "readings.duckdb", 128)
    file.open()
    most = 0.0
    for number in range(40):
        file.write([batch(number, values=10_000)])
        most = max(most, held_mib(file, "IN_MEMORY_TABLE"))
    file.close()
    assert most <= 6.0


async def test_what_duckdb_keeps_of_past_writes_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After every few writes the file is opened anew; nobody who writes or reads meanwhile notices."""
    monkeypatch.setattr(readings_file, "_WRITES_MOST", 5)
    connect = Mock(wraps=duckdb.connect)
    monkeypatch.setattr(duckdb, "connect", connect)
    async with open_store(Config(str(tmp_path))) as store:
        for number in range(20):
            _, found = await asyncio.gather(store.write([batch(number)]), store.count(NS, NS + DAY))
            assert found in (number * PER_BATCH, (number + 1) * PER_BATCH)
        assert await store.write([batch(19)]) == []
        assert await store.count(NS, NS + DAY) == 20 * PER_BATCH
        assert [point.value for point in await store.latest()] == [20 * PER_BATCH - 1]
    assert 3 <= connect.call_count <= 5


async def test_it_needs_no_pyarrow_and_no_pandas(tmp_path: Path) -> None:
    """The columns go from numpy straight into DuckDB, also where only the extra `cloud` is installed."""
    program = textwrap.dedent(
        """
        import asyncio, sys
        from pathlib import Path
        sys.path[:0] = sys.argv[1:3]
        sys.modules.update(pyarrow=None, pandas=None)
        from cloud.stores.embedded import Config, open_store
        from test_embedded import batch

        async def main():
            async with open_store(Config(sys.argv[3])) as store:
                await store.write([batch(0)])
                print(await store.count(0, 2**62))

        asyncio.run(main())
        """
    )
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", program, str(root), str(Path(__file__).parent), str(tmp_path)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"{PER_BATCH}\n", "")


async def test_the_file_can_be_read_with_duckdb_alone(tmp_path: Path) -> None:
    """Its tables have the words of the fixed schema."""
    async with open_store(Config(str(tmp_path))) as store:
        await store.write([batch(0, values=1)])
        await store.write_alarm(AlarmPoint(TAGS, "lean", "red", NS, "raised", 2.1, 2.0, "7"))
    with duckdb.connect(str(tmp_path / "readings.duckdb"), read_only=True) as database:
        readings = database.execute(
            "SELECT site, sensor, box, kind, district, quantity, time_ns, value, quality"
            " FROM readings JOIN series ON series.id = readings.series"
        ).fetchall()
        alarms = database.execute("SELECT * FROM alarm").fetchall()
    assert readings == [("XM-0042", "XM-0042-tilt", "TA-0113", "billboard", "siming", "tilt", NS, 0.0, 0)]
    assert alarms == [
        ("XM-0042", "XM-0042-tilt", "lean", "red", "siming", NS, "raised", 2.1, 2.0, "7"),
    ]
