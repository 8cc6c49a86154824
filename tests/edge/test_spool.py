"""The spool: what is committed survives, is numbered once, is sent the same again, and goes by receipt only."""

import _sqlite3
import asyncio
import ctypes
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from detection import BEGIN_NS, SECOND_NS, reading
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge import spool as spool_module
from edge.spool import Spool
from edge.spool_damage import NAME
from edge.spool_file import Group, SpoolFile, open_spool
from edge.spool_view import peek, waiting
from wire import batch as wire_batch
from wire.alarm import AlarmEvent, Change, Level
from wire.batch import Batch
from wire.errors import EgretError
from wire.reading import Reading
from wire.receipt import Lane
from wire.topics import PAYLOAD_MAX

PATIENCE_S = 60.0


def lean(at_s: float = 0.0) -> AlarmEvent:
    """A billboard leans 2.17°."""
    return AlarmEvent(
        alarm="TA-0117-tilt/lean",
        sensor="TA-0117-tilt",
        rule="lean",
        quantity="tilt",
        change=Change.RAISED,
        level=Level.RED,
        value=2.17,
        limit=1.5,
        time_ns=BEGIN_NS + round(at_s * SECOND_NS),
    )


def readings(count: int, first_s: int = 0) -> list[Reading]:
    """One reading a second."""
    return [reading(first_s + at, at / 1000) for at in range(count)]


def rows(batches: Iterable[Batch]) -> list[Reading]:
    """All readings in some batches."""
    return [row for batch in batches for series in batch.series for row in series.readings()]


@asynccontextmanager
async def kept(folder: Path, *, batch_s: float = 1.0) -> AsyncIterator[Spool]:
    """A spool with its keeper beside it."""
    async with Spool(folder, batch_s=batch_s) as spool, asyncio.TaskGroup() as tasks:
        keeper = tasks.create_task(spool.keep())
        yield spool
        keeper.cancel()


def after_a_crash(folder: Path, copy: Path) -> SpoolFile:
    """The spool as a new process finds it when the one that has it open is killed now."""
    shutil.copytree(folder, copy)
    return open_spool(copy)


async def test_readings_are_batched_and_numbered_from_one(tmp_path: Path) -> None:
    """Three windows become three batches whose sequences follow each other, and a reopened spool goes on counting."""
    async with kept(tmp_path) as spool:
        for first_s in (0, 10):
            await spool.add(readings(10, first_s))
            await spool.flush()
        identity = spool.id
    async with kept(tmp_path) as spool:
        await spool.add(readings(5, 20))
        await spool.flush()
        batches = await spool.batches(0, 10)
        assert spool.id == identity
    assert [(batch.first_sequence, batch.last_sequence) for batch in batches] == [(1, 10), (11, 20), (21, 25)]
    assert {batch.spool_id for batch in batches} == {identity}
    assert rows(batches) == [*readings(10), *readings(10, 10), *readings(5, 20)]


async def test_a_window_is_sealed_by_time(tmp_path: Path) -> None:
    """Nobody flushes: the keeper commits the group, seals the window, and wakes the publisher."""
    async with kept(tmp_path, batch_s=0.3) as spool, asyncio.timeout(PATIENCE_S):
        await spool.add(readings(3))
        assert spool.in_flight == 3
        await spool.stirred[Lane.READINGS].wait()
        assert spool.in_flight == 0
        assert spool.depth(Lane.READINGS).committed == 3


async def test_an_event_is_safe_when_add_returns(tmp_path: Path) -> None:
    """A box killed the moment after has the event, the reading that led to it and the rule's state on disk."""
    async with kept(tmp_path / "box") as spool, asyncio.timeout(PATIENCE_S):
        await spool.add([reading(0, 2.17)], [lean()], {"TA-0117-tilt/lean": b"raised"})
        found = after_a_crash(tmp_path / "box", tmp_path / "found")
    assert [(event.sequence, event.alarm) for event in found.events(0, 10)] == [(1, "TA-0117-tilt/lean")]
    assert rows(found.batches(0, 10)) == [reading(0, 2.17)]
    assert found.states() == {"TA-0117-tilt/lean": b"raised"}
    found.close()


async def test_alarms_of_many_lines_share_a_commit(tmp_path: Path) -> None:
    """Twenty lines whose sensors alarm at once all return, and the lane counts 1 … 20."""
    async with kept(tmp_path) as spool, asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(spool.add([], [lean(at)]) for at in range(20)))
        assert [event.sequence for event in await spool.events(0, 100)] == list(range(1, 21))


async def test_memory_is_bounded(tmp_path: Path) -> None:
    """Whoever adds faster than the disk takes waits for a commit; everything is there in the end."""
    count = 3 * spool_module.GROUP_MAX
    async with kept(tmp_path) as spool, asyncio.timeout(PATIENCE_S):
        for first in range(0, count, 100):
            await spool.add(readings(100, first))
            assert spool.in_flight < spool_module.GROUP_MAX
        await spool.flush()
        assert peek(tmp_path).depths[Lane.READINGS].committed == count


def test_what_the_file_keeps_in_memory_does_not_grow_with_it(tmp_path: Path) -> None:
    """After 100 batches of 1 000 readings SQLite holds half a MiB at most, where 2 MiB were."""
    held_bytes = ctypes.CDLL(_sqlite3.__file__).sqlite3_memory_used
    held_bytes.restype = ctypes.c_int64
    before, rng = held_bytes(), Random(1)
    with closing(open_spool(tmp_path)) as file:
        for number in range(100):
            noise = [reading(number * 1_000 + at, rng.random()) for at in range(1_000)]
            file.commit(Group(noise), seals=True, is_synced=False)
            file.trim(Lane.READINGS, file.depths[Lane.READINGS].committed)
        assert held_bytes() - before <= 2**19


async def test_only_receipts_trim(tmp_path: Path) -> None:
    """A receipt trims its lane up to itself; an older one, and one for what was never committed, change nothing."""
    async with kept(tmp_path) as spool, asyncio.timeout(PATIENCE_S):
        for first_s in (0, 10, 20):
            await spool.add(readings(10, first_s), [lean(first_s)])
            await spool.flush()
        await spool.trim(Lane.READINGS, 20)
        for stale in (20, 10, 0, 31, 1_000):
            await spool.trim(Lane.READINGS, stale)
        assert [batch.first_sequence for batch in await spool.batches(0, 10)] == [21]
        assert [event.sequence for event in await spool.events(0, 10)] == [1, 2, 3]
        assert spool.depth(Lane.READINGS).waiting == 10
        await spool.trim(Lane.ALARMS, 3)
        await spool.trim(Lane.READINGS, 30)
        await spool.drained()
    glance = peek(tmp_path)
    assert [glance.depths[lane].waiting for lane in Lane] == [0, 0]
    assert waiting(tmp_path, 10) == ((), ())


def test_a_receipt_inside_a_batch_keeps_the_batch(tmp_path: Path) -> None:
    """Half a batch cannot be trimmed: the whole batch is still sent after the receipt."""
    file = open_spool(tmp_path)
    file.commit(Group(readings(10)), seals=True, is_synced=True)
    file.trim(Lane.READINGS, 4)
    assert [(batch.first_sequence, batch.last_sequence) for batch in file.batches(4, 10)] == [(1, 10)]
    file.close()


def test_a_batch_fits_in_a_message(tmp_path: Path) -> None:
    """12 000 readings in one window, of as many sensors with long names, become messages of at most 256 KiB."""
    many = [Reading(f"{at:04x}-{at * 7919 % 65521:059x}", "tilt", at / 7, BEGIN_NS + at) for at in range(12_000)]
    file = open_spool(tmp_path)
    file.commit(Group(many), seals=True, is_synced=True)
    batches: list[Batch] = []
    while found := file.batches(batches[-1].last_sequence if batches else 0, 50):
        batches += found
    assert sorted(rows(batches), key=lambda row: row.time_ns) == many
    assert [batch.first_sequence for batch in batches[1:]] == [batch.last_sequence + 1 for batch in batches[:-1]]
    assert max(len(wire_batch.encode(batch)) for batch in batches) <= PAYLOAD_MAX
    file.close()


async def test_a_cancelled_keeper_loses_nothing(tmp_path: Path) -> None:
    """Cancelled at any moment of its commit, the keeper leaves everything on disk, once, when the spool closes."""
    for moment in range(20):
        folder = tmp_path / str(moment)
        async with Spool(folder) as spool:
            keeper = asyncio.create_task(spool.keep())
            adding = asyncio.create_task(spool.add(readings(3), [lean()]))
            reading_too = asyncio.create_task(spool.batches(0, 10))
            for _ in range(moment):
                await asyncio.sleep(0)
            keeper.cancel()
            adding.cancel()
            for task in (keeper, adding, reading_too):
                with suppress(asyncio.CancelledError):
                    await task
        events, batches = waiting(folder, 10)
        assert (len(events), len(rows(batches))) in {(1, 3), (0, 0)}
        assert moment < 3 or events


def limit(spool: Spool, pages: int | None = None) -> None:
    """Let the file grow to so many pages; by default to those it has."""
    database = spool._file._database
    most = pages or database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {most}")


async def test_a_full_disk_is_waited_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing taken is lost or reordered, memory stays bounded, the log has a line at the start and one at the end."""
    async with kept(tmp_path) as spool, asyncio.timeout(PATIENCE_S):
        limit(spool)
        raised = asyncio.create_task(spool.add(readings(1_999), [lean(0)], {"a": b"1"}))
        lines = [asyncio.create_task(spool.add(readings(5, 2_000 + 5 * line))) for line in range(20)]
        while not caplog.records:
            await asyncio.sleep(0.05)
        cleared = asyncio.create_task(spool.add([], [lean(1)], {"a": b"2"}))
        await asyncio.sleep(2 * spool_module.RETRY_S)
        assert not any(task.done() for task in (raised, cleared, *lines))
        assert spool.in_flight == 2_099
        limit(spool, 1_000_000)
        await asyncio.gather(raised, cleared, *lines)
        assert [event.time_ns for event in await spool.events(0, 10)] == [BEGIN_NS, BEGIN_NS + SECOND_NS]
        assert await spool.states() == {"a": b"2"}
        await spool.flush()
        assert len(rows(await spool.batches(0, 10))) == 2_099
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert said[0].startswith(f"{tmp_path / NAME}: the spool cannot be used: database or disk is full. fix: make room")
    assert "E-SPOOL-002" in said[0]
    assert "can be written again after" in said[1]


async def test_a_receipt_on_a_full_disk_is_heard_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A receipt that cannot be noted costs nothing: what it covered is sent again, and the next receipt covers it."""
    async with kept(tmp_path) as spool, asyncio.timeout(PATIENCE_S):
        await spool.add(readings(10))
        await spool.flush()
        spool._file._database.execute("PRAGMA query_only = on")
        await spool.trim(Lane.READINGS, 10)
        assert spool.depth(Lane.READINGS).waiting == 10
        spool._file._database.execute("PRAGMA query_only = off")
        await spool.trim(Lane.READINGS, 10)
        assert spool.depth(Lane.READINGS).waiting == 0
    assert "E-SPOOL-002" in caplog.text


async def test_a_receipt_that_the_disk_refused_is_not_waited_for_again(tmp_path: Path) -> None:
    """A lane whose window is full sends nothing for up to a minute: the spool remembers what the cloud has said."""
    async with kept(tmp_path) as spool, asyncio.timeout(PATIENCE_S):
        await spool.add(readings(10))
        await spool.flush()
        spool._file._database.execute("PRAGMA query_only = on")
        await spool.trim(Lane.READINGS, 10)
        spool._file._database.execute("PRAGMA query_only = off")
        await spool.add(readings(1, 10))
        while spool.depth(Lane.READINGS).stored < 10:
            await asyncio.sleep(0.05)


async def test_what_was_in_flight_on_a_full_disk_is_named_at_the_end(tmp_path: Path) -> None:
    """A box stopped while its disk is full says so instead of ending as if all were well."""

    async def stopped() -> None:
        async with kept(tmp_path) as spool:
            limit(spool)
            await spool.add(readings(1_999))

    with pytest.raises(EgretError, match=rf"{tmp_path}/{NAME}: the spool cannot be used: .* fix: .*E-SPOOL-002"):
        await stopped()


def test_a_locked_spool_is_not_called_damaged(tmp_path: Path) -> None:
    """A backup program that holds the file is a state that passes; nobody is told to move the spool away."""
    open_spool(tmp_path).close()
    beside = sqlite3.connect(tmp_path / NAME, isolation_level=None)
    beside.execute("BEGIN IMMEDIATE")
    with pytest.raises(EgretError, match=r"the spool cannot be used: database is locked.*\[E-SPOOL-002\]"):
        open_spool(tmp_path)
    beside.close()


def test_a_sync_without_news_reaches_the_disk(tmp_path: Path) -> None:
    """SQLite syncs only what a transaction changes: the one that makes older commits safe must change something."""
    file = open_spool(tmp_path)
    file.commit(Group(readings(3)), seals=False, is_synced=False)
    log = tmp_path / f"{NAME}-wal"
    before = log.read_bytes()
    file.commit(Group(), seals=False, is_synced=True)
    assert log.read_bytes() != before
    file.close()


def test_a_damaged_spool_is_named(tmp_path: Path) -> None:
    """A file that is no database is not touched; the message names it and says what to do."""
    (tmp_path / NAME).write_bytes(b"torn" * 4096)
    with pytest.raises(EgretError, match=rf"{tmp_path}/{NAME}: the spool is damaged: .* fix: .*\[E-SPOOL-001\]"):
        open_spool(tmp_path)
    assert (tmp_path / NAME).read_bytes() == b"torn" * 4096


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A file where the folder should be is one message with a fix."""
    (tmp_path / "data").write_text("")
    with pytest.raises(EgretError, match=r"the spool cannot be used: .* fix: .*\[E-SPOOL-002\]"):
        open_spool(tmp_path / "data")


def test_no_spool_to_look_at(tmp_path: Path) -> None:
    """`egret edge status` on a folder without a spool says so, and makes no file."""
    with pytest.raises(EgretError, match=r"there is no spool in this folder.*\[E-SPOOL-003\]"):
        peek(tmp_path)
    assert not list(tmp_path.iterdir())


class SpoolLife(RuleBasedStateMachine):
    """A spool that is filled, receipted, killed and reopened at random."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.lives = 0
        self.file = open_spool(self.path())
        self.identity = self.file.id
        self.committed: dict[str, list[Reading]] = defaultdict(list)
        self.sent: dict[int, Batch] = {}
        self.events: list[AlarmEvent] = []
        self.stored = dict.fromkeys(Lane, 0)
        self.clock = 0

    def path(self) -> Path:
        """The folder of this life."""
        return Path(self.folder.name, str(self.lives))

    @rule(sizes=st.lists(st.integers(0, 40), min_size=1, max_size=3), events=st.integers(0, 2), seals=st.booleans())
    def commit(self, sizes: list[int], events: int, seals: bool) -> None:  # noqa: FBT001 - hypothesis passes by name
        """A group of readings of up to three sensors, with events."""
        group = Group()
        for sensor, size in enumerate(sizes):
            for _ in range(size):
                self.clock += 1
                group.readings.append(Reading(f"S{sensor}", "tilt", self.clock / 1000, BEGIN_NS + self.clock))
                self.committed[f"S{sensor}"].append(group.readings[-1])
        group.events += [lean(self.clock)] * events
        self.events += group.events
        group.states["S0/lean"] = str(len(self.events)).encode()
        self.file.commit(group, seals=seals, is_synced=bool(events))

    @rule()
    def crash(self) -> None:
        """Killed, and started again on what is in the files."""
        before = self.path()
        self.lives += 1
        shutil.copytree(before, self.path())
        self.file.close()
        self.file = open_spool(self.path())
        assert self.file.id == self.identity

    @rule(lane=st.sampled_from(Lane), share=st.floats(0, 1.2))
    def receipt(self, lane: Lane, share: float) -> None:
        """A receipt for some of what was committed, or for more than there is."""
        through = round(share * self.file.depths[lane].committed)
        if lane is Lane.READINGS:
            through = max(
                (batch.last_sequence for batch in self.sent.values() if batch.last_sequence <= through), default=0
            )
        self.file.trim(lane, through)
        if through <= self.file.depths[lane].committed:
            self.stored[lane] = max(self.stored[lane], through)

    @invariant()
    def every_batch_is_the_same_again(self) -> None:
        """Batches follow each other without a hole from the last receipt on, and never change."""
        following = self.stored[Lane.READINGS] + 1
        for batch in self.file.batches(self.stored[Lane.READINGS], 10_000):
            assert batch.first_sequence == following
            following = batch.last_sequence + 1
            assert self.sent.setdefault(batch.first_sequence, batch) == batch
        assert following == self.file.depths[Lane.READINGS].committed + 1

    @invariant()
    def every_event_is_numbered_once(self) -> None:
        """Events come in order, and the rule's state is that of the last transaction."""
        numbered = self.file.events(self.stored[Lane.ALARMS], 10_000)
        assert [event.sequence for event in numbered] == list(range(self.stored[Lane.ALARMS] + 1, len(self.events) + 1))
        assert self.file.states().get("S0/lean", b"0") == str(len(self.events)).encode()

    def teardown(self) -> None:
        """After the last restart all that was ever committed has been sent, once, in each sensor's order."""
        self.crash()
        self.every_batch_is_the_same_again()
        found: dict[str, list[Reading]] = defaultdict(list)
        for first in sorted(self.sent):
            for series in self.sent[first].series:
                found[series.sensor] += series.readings()
        assert found == self.committed
        self.file.close()
        self.folder.cleanup()


SpoolLife.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


class TestSpoolLife(SpoolLife.TestCase):
    """Runs the machine above."""


def test_the_file_survives_a_reader(tmp_path: Path) -> None:
    """A process that reads beside the agent, and stays in its transaction, does not hold up a commit."""
    file = open_spool(tmp_path)
    beside = sqlite3.connect(tmp_path / NAME, isolation_level=None)
    beside.execute("BEGIN")
    beside.execute("SELECT count(*) FROM batch").fetchone()
    file.commit(Group(readings(3)), seals=True, is_synced=True)
    file.trim(Lane.READINGS, 3)
    assert file.depths[Lane.READINGS].waiting == 0
    beside.close()
    file.close()
