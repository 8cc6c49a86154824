"""A damaged spool: set aside, kept, replaced, and nothing stands still."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from random import Random

import pytest
from detection import BEGIN_NS, reading
from receiving import Receiver

from edge import spool as spool_module
from edge.clock import BoxClock
from edge.sim.link import SimulatedBroker, SimulatedLink
from edge.spool import Spool
from edge.spool_aside import ASIDE, KEPT, begin_anew
from edge.spool_damage import NAME, Damaged
from edge.spool_file import Group, SpoolFile, open_spool
from edge.spool_room import Room
from edge.spool_view import peek, waiting
from edge.uplink import Uplink
from wire import receipt, topics
from wire.alarm import AlarmEvent, Change, Level
from wire.gap import Gap, Reason
from wire.receipt import BoxStatus, Lane

BOX = "XM-TA-01"
PAGE = 4096
PATIENCE_S = 60.0
CLOCK = BoxClock.trusted(lambda: BEGIN_NS)


def lean(number: int) -> AlarmEvent:
    """One of many alarms."""
    return AlarmEvent(f"S{number}/lean", f"S{number}", "lean", "tilt", Change.RAISED, Level.RED, 2.0, 1.5, BEGIN_NS)


@asynccontextmanager
async def kept(folder: Path, *, batch_s: float = 0.2) -> AsyncIterator[Spool]:
    """A spool with its keeper beside it."""
    async with Spool(folder, batch_s=batch_s) as spool, asyncio.TaskGroup() as tasks:
        keeper = tasks.create_task(spool.keep())
        yield spool
        keeper.cancel()


def end_of(log: Path) -> int:
    """Where the last frame of a write-ahead log ends: the file is longer."""
    content, frame = log.read_bytes(), 24 + PAGE
    salt = content[16:24]
    return max(at + frame for at in range(32, len(content), frame) if content[at + 8 : at + 16] == salt)


def filled(folder: Path, batches: int = 200) -> str:
    """A spool that nobody has receipted: 50 readings a batch, an alarm with every tenth; its id."""
    file = open_spool(folder)
    for number in range(batches):
        rows = [reading(number * 50 + at, at / 7) for at in range(50)]
        events = [lean(number)] if number % 10 == 0 else []
        file.commit(Group(rows, events, {f"S{number % 3}/lean": b"raised"}), seals=True, is_synced=False)
    file.close()
    return file.id


def overwrite(file: Path, start: int, end: int) -> None:
    """Bytes of another file, as a power cut in a flash memory's own housekeeping leaves them."""
    with file.open("r+b") as opened:
        opened.seek(start)
        opened.write(Random(start).randbytes(end - start))


def cut(file: Path, size: int) -> None:
    """The end of the file never reached the disk."""
    with file.open("r+b") as opened:
        opened.truncate(size)


def aside(folder: Path) -> list[Path]:
    """The spools that were set aside, without what SQLite keeps beside them."""
    return sorted(folder.glob(f"{ASIDE}*.sqlite"))


@pytest.mark.parametrize(
    "harm",
    [
        lambda file: file.write_bytes(b"torn" * 4096),
        lambda file: cut(file, file.stat().st_size // 2),
        lambda file: cut(file, 1_000),
        lambda file: overwrite(file, 0, 100),
        lambda file: overwrite(file, PAGE, 3 * PAGE),
    ],
    ids=["noise", "half", "a thousand bytes", "no header", "two pages"],
)
async def test_a_damaged_spool_is_set_aside(tmp_path: Path, harm: Callable[[Path], object]) -> None:
    """The box starts with a new id, counting from 1, or behind what is known to be given up; the bytes are kept."""
    before = filled(tmp_path)
    harm(tmp_path / NAME)
    harmed = (tmp_path / NAME).read_bytes()[PAGE : 3 * PAGE]
    async with kept(tmp_path) as spool, asyncio.timeout(PATIENCE_S):
        await spool.add([reading(0, 0.1)], [lean(0)])
        await spool.flush()
        assert spool.id != before
        [batch] = await spool.batches(0, 10)
        assert batch.begins == 1
        assert batch.first_sequence == 1 + sum(gap.count for gap in batch.gaps)
        [found] = aside(tmp_path)
        assert found.read_bytes()[PAGE : 3 * PAGE] == harmed
    assert peek(tmp_path).id == spool.id


async def test_a_torn_file_of_a_box_that_was_killed_is_found_before_it_is_used(tmp_path: Path) -> None:
    """A write-ahead log was left, so the file is looked through: a page in the middle is enough."""
    file = open_spool(tmp_path / "box")
    file.commit(Group([reading(at, at / 7) for at in range(4_000)]), seals=True, is_synced=True)
    file._database.execute("PRAGMA wal_checkpoint(FULL)")
    file.commit(Group([reading(4_000, 0.1)], [lean(1)]), seals=False, is_synced=True)
    copy = tmp_path / "found"
    copy.mkdir()
    for name in (NAME, f"{NAME}-wal"):
        (copy / name).write_bytes((tmp_path / "box" / name).read_bytes())
    file.close()
    overwrite(copy / NAME, 2 * PAGE, 6 * PAGE)
    with pytest.raises(Damaged, match=r"E-SPOOL-001"):
        open_spool(copy)
    async with Spool(copy):
        assert len(aside(copy)) == 1


async def test_a_torn_log_costs_its_end_only(tmp_path: Path) -> None:
    """A write-ahead log whose last frames never reached the disk: what was synced before is there, the id stays."""
    file = open_spool(tmp_path / "box")
    file.commit(Group([reading(at, at / 7) for at in range(10)]), seals=True, is_synced=True)
    synced = end_of(tmp_path / "box" / f"{NAME}-wal")
    file.commit(Group([reading(at, at / 7) for at in range(10, 20)]), seals=True, is_synced=False)
    copy = tmp_path / "found"
    copy.mkdir()
    for name in (NAME, f"{NAME}-wal"):
        (copy / name).write_bytes((tmp_path / "box" / name).read_bytes())
    file.close()
    cut(copy / f"{NAME}-wal", synced + PAGE)
    async with Spool(copy) as spool:
        assert spool.id == file.id
        assert spool.depth(Lane.READINGS).committed == 10
    assert not aside(copy)


async def test_alarms_are_saved_from_a_damaged_spool(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Batches are torn, events and states can be read: they go over, numbered anew; one log line says all of it."""
    filled(tmp_path)
    file = open_spool(tmp_path)
    file.commit(Group(), seals=False, is_synced=True)
    root = file._database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'batch'").fetchone()[0]
    file.close()
    overwrite(tmp_path / NAME, (root - 1) * PAGE, root * PAGE)
    async with kept(tmp_path) as spool, asyncio.timeout(PATIENCE_S):
        with caplog.at_level(logging.WARNING):
            assert await spool.batches(0, 10) == ()
        assert [event.alarm for event in await spool.events(0, 100)] == [f"S{at}/lean" for at in range(0, 200, 10)]
        assert set(await spool.states()) == {"S0/lean", "S1/lean", "S2/lean"}
    [said] = [record.getMessage() for record in caplog.records if record.name == "edge.spool_aside"]
    assert said.startswith(f"{tmp_path / NAME}: the spool is damaged: ")
    assert f"It is kept as {aside(tmp_path)[0].name}, and spool {spool.id} begins" in said
    assert "20 alarm events" in said


async def test_a_spool_that_is_damaged_while_the_box_runs(tmp_path: Path) -> None:
    """Noise over all of its files under a box that measures and sends: a new id, no alarm lost, no later reading.

    What was committed and not sent goes with the file, but alarms are remembered.
    """
    broker = SimulatedBroker(Random(3))
    receiver = Receiver(broker)
    async with kept(tmp_path) as spool, asyncio.TaskGroup() as tasks, asyncio.timeout(PATIENCE_S):
        status = BoxStatus(BOX, online=False, time_ns=0, boot="b00t", version="")
        sending = Uplink(lambda will: SimulatedLink(broker, BOX, will), spool, status, CLOCK, Random(7))
        running = [tasks.create_task(each) for each in (sending.run(), receiver.run())]
        await spool.add([reading(at, 0.1) for at in range(10)], [lean(0)], {"S0/lean": b"raised"})
        await spool.flush()
        await spool.drained()
        before = spool.id
        with closing(sqlite3.connect(tmp_path / NAME)) as beside, beside:
            beside.execute("UPDATE spool SET syncs = syncs + 1")  # the box's SQLite will look at the bytes again
        for name in (NAME, f"{NAME}-wal"):
            overwrite(tmp_path / name, 0, (tmp_path / name).stat().st_size)
        begun = 0
        for at in range(10, 40):
            await spool.add([reading(at, 0.1)], [lean(at)])
            await asyncio.sleep(0.02)
            begun = begun or (at + 1 if spool.id != before else 0)
        await receiver.until(events=31)
        await spool.flush()
        await spool.drained()
        name = topics.topic(BOX, "status")
        assert receipt.decode_status(broker.retained[name]).spool_id in {before, spool.id}
        assert spool.id != before
        assert (await spool.states())["S0/lean"] == b"raised"
        for task in running:
            task.cancel()
    assert [event.alarm for event in receiver.events] == [f"S{at}/lean" for at in (0, *range(10, 40))]
    times = [row.time_ns for row in receiver.readings]
    assert times == sorted(set(times))
    assert set(times) >= {reading(at, 0).time_ns for at in (*range(10), *range(begun, 40))}
    assert 10 < begun < 20
    assert len(aside(tmp_path)) == 1


async def test_a_sync_that_fails_is_not_believed_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After an fsync that failed the next one may say yes to what is gone: the spool is set aside, memory goes over."""
    commit, failed = SpoolFile.commit, []

    def fails_once(file: SpoolFile, group: Group, *, seals: bool, is_synced: bool) -> object:
        if group.events and not failed:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            failed.append(error)
            raise error
        return commit(file, group, seals=seals, is_synced=is_synced)

    monkeypatch.setattr(SpoolFile, "commit", fails_once)
    async with kept(tmp_path, batch_s=5.0) as spool, asyncio.timeout(PATIENCE_S):
        before = spool.id
        await spool.add([reading(0, 0.1)])
        await asyncio.sleep(2 * spool_module.COMMIT_S)  # in the open window of the file that is set aside
        await spool.add([reading(1, 2.1)], [lean(1)], {"S1/lean": b"raised"})
        await spool.flush()
        assert spool.id != before
        assert [event.alarm for event in await spool.events(0, 10)] == ["S1/lean"]
        rows = [row for batch in await spool.batches(0, 10) for series in batch.series for row in series.readings()]
        assert rows == [reading(0, 0.1), reading(1, 2.1)]
        assert (await spool.states()) == {"S1/lean": b"raised"}
    assert len([record for record in caplog.records if record.name == "edge.spool_aside"]) == 1


async def test_a_disk_that_damages_every_file_is_not_filled_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second spool within a minute is not set aside: the box waits, as with a disk that refuses; three are kept."""
    async with Spool(tmp_path) as spool:
        for number in range(KEPT + 2):
            monkeypatch.setattr(spool_module, "ANEW_S", 0.0)
            spool._file._database.close()
            await spool.add([reading(number, 0.1)])
            await spool.flush()
            assert len(aside(tmp_path)) == min(number + 1, KEPT)
        monkeypatch.setattr(spool_module, "ANEW_S", 60.0)
        spool._file._database.close()
        await spool.add([reading(9, 0.1)])
        with pytest.raises(Damaged):
            await spool.flush()
        assert spool.in_flight == 1
        monkeypatch.setattr(spool_module, "ANEW_S", 0.0)


def test_what_is_given_up_with_a_damaged_spool_is_a_gap(tmp_path: Path) -> None:
    """A sync failed, so nobody trusts the file: its readings without a receipt are the first gap of the next spool.

    It does not wait for a reading: the sensors may have fallen silent.
    """
    filled(tmp_path, batches=10)
    file = open_spool(tmp_path)
    file.trim(Lane.READINGS, 200)
    file.close()
    began = begin_anew(tmp_path, Room(tmp_path / NAME), Damaged("a sync failed.", where="", fix="", code=""), (), "")
    [alone] = began.batches(0, 10)
    assert (alone.begins, alone.first_sequence, alone.last_sequence, alone.count) == (1, 301, 300, 0)
    assert began.batches(300, 10) == ()
    assert waiting(tmp_path, 10)[1] == ()  # nor is it a batch for whoever lists them
    began.commit(Group([reading(500, 0.1)]), seals=True, is_synced=True)
    [batch] = began.batches(0, 10)
    assert batch.gaps == alone.gaps
    second_ns = 1_000_000_000
    assert batch.gaps == (
        Gap(
            1, 300, BEGIN_NS + 200 * second_ns, BEGIN_NS + 499 * second_ns, Reason.DAMAGE, {reading(0, 0.0).sensor: 300}
        ),
    )
    assert (batch.begins, batch.first_sequence, batch.last_sequence) == (1, 301, 301)
    began.close()
