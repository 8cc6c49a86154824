"""A spool at its limits: the oldest readings go, what went is said, and no alarm ever goes."""

import asyncio
import logging
import shutil
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from detection import BEGIN_NS, SECOND_NS
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from receiving import Receiver

from edge import publish, uplink
from edge.clock import BoxClock
from edge.commands.spool import spool as spool_command
from edge.pace import Pace
from edge.sim.link import SimulatedBroker, SimulatedLink
from edge.spool import Spool
from edge.spool_damage import NAME
from edge.spool_file import Group, SpoolFile, open_spool
from edge.spool_room import Room
from edge.spool_view import peek
from edge.uplink import Uplink
from wire.alarm import AlarmEvent, Change, Level
from wire.batch import Batch
from wire.gap import Gap, Reason
from wire.inventory import SpoolLimits
from wire.reading import Reading
from wire.receipt import BoxStatus, Lane

BOX = "XM-TA-01"
MIB = 2**20
PATIENCE_S = 60.0
SENSORS = 4
CLOCK = BoxClock.trusted(lambda: BEGIN_NS)


def lean(number: int) -> AlarmEvent:
    """One of many alarms."""
    return AlarmEvent(f"S{number}/lean", f"S{number}", "lean", "tilt", Change.RAISED, Level.RED, 2.0, 1.5, BEGIN_NS)


def window(number: int, count: int = 200) -> list[Reading]:
    """Readings of four sensors that no codec makes small."""
    rng = Random(number)
    return [
        Reading(f"S{at % SENSORS}", "tilt", rng.random(), BEGIN_NS + (number * count + at) * SECOND_NS)
        for at in range(count)
    ]


def sequences(gaps: tuple[Gap, ...] | list[Gap]) -> list[int]:
    """Every sequence in some gaps."""
    return [sequence for gap in gaps for sequence in range(gap.first_sequence, gap.last_sequence + 1)]


def held(file: SpoolFile) -> list[Batch]:
    """All that is sealed."""
    found: list[Batch] = []
    while more := file.batches(found[-1].last_sequence if found else 0, 50):
        found += more
    return found


def test_what_is_too_much_goes_and_is_said(tmp_path: Path) -> None:
    """2 MiB: the file stays within them; each reading is either held or in the gap, which names sensors and times."""
    file = open_spool(tmp_path, Room(tmp_path / NAME, SpoolLimits(2 * MIB, 0)))
    for number in range(2_000):
        file.commit(Group(window(number), [lean(number)]), seals=True, is_synced=False)
        assert (tmp_path / NAME).stat().st_size <= 2 * MIB + 64 * 1024  # it was full before this one came
    [gap] = file.gaps()
    batches = held(file)
    assert (gap.first_sequence, gap.reason) == (1, Reason.SIZE)
    assert batches[0].first_sequence == gap.last_sequence + 1
    assert batches[-1].last_sequence == 400_000
    assert gap.sensors == {f"S{at}": gap.count // SENSORS for at in range(SENSORS)}
    assert (gap.first_ns, gap.last_ns) == (BEGIN_NS, BEGIN_NS + (gap.last_sequence - 1) * SECOND_NS)
    assert batches[0].gaps == (gap,)
    assert all(not batch.gaps for batch in batches[1:])
    assert len(file.events(0, 10_000)) == 2_000
    file.close()
    shown = CliRunner().invoke(spool_command, ["--data", str(tmp_path), "--limit", "1"]).output.splitlines()
    assert f"{gap.count} readings of 4 sensors had to go (size)" in shown[0]
    shown = CliRunner().invoke(spool_command, ["--data", str(tmp_path), "--limit", "1", "--json"]).output.splitlines()
    assert shown[0].startswith('{"lane": "gap", "first": 1, "last": ')


def test_alarms_alone_may_have_more_than_readings(tmp_path: Path) -> None:
    """1 MiB, and alarm events of more than that: all are held, with the newest batch, which carries the gap."""
    file = open_spool(tmp_path, Room(tmp_path / NAME, SpoolLimits(MIB, 0)))
    for number in range(100):
        file.commit(Group(window(number), [lean(100 * number + at) for at in range(100)]), seals=True, is_synced=False)
    assert len(file.events(0, 100_000)) == 10_000
    assert (tmp_path / NAME).stat().st_size > MIB
    file.commit(Group(), seals=True, is_synced=True)
    [batch] = held(file)
    assert sequences(batch.gaps) == list(range(1, batch.first_sequence))
    file.close()


def test_a_disk_that_others_fill_gets_room_back(tmp_path: Path) -> None:
    """The disk has 8 MiB less free than must stay free: the spool gives back what it can, and no more than that."""
    others = [0]

    def free(folder: Path) -> int:
        return 40 * MIB - sum(file.stat().st_size for file in folder.iterdir()) - others[0]

    file = open_spool(tmp_path, Room(tmp_path / NAME, SpoolLimits(100 * MIB, 8 * MIB), free))
    number = 0
    while (tmp_path / NAME).stat().st_size < 20 * MIB:
        file.commit(Group(window(number, 2_000)), seals=True, is_synced=False)
        number += 1
    assert not file.gaps()
    others[0] = 40 * MIB - (tmp_path / NAME).stat().st_size - 4 * MIB  # 4 MiB free, and the log has some of them
    for _ in range(400):
        file.commit(Group(window(number, 10)), seals=True, is_synced=False)
        number += 1
    [gap] = file.gaps()
    assert gap.reason == Reason.DISK
    assert free(tmp_path) > 7 * MIB
    assert (tmp_path / NAME).stat().st_size > 8 * MIB
    file.close()


def test_a_spool_of_before_has_limits_too(tmp_path: Path) -> None:
    """A file without a table of gaps, kept by an older version, is used as it is, and keeps its id."""
    file = open_spool(tmp_path)
    file._database.execute("DROP TABLE gap")
    file.close()
    assert peek(tmp_path).gaps == ()
    again = open_spool(tmp_path, Room(tmp_path / NAME, SpoolLimits(MIB, 0)))
    assert again.id == file.id
    for number in range(1_000):
        again.commit(Group(window(number)), seals=True, is_synced=False)
    assert len(again.gaps()) == 1
    again.close()


def test_a_receipt_ends_a_gap(tmp_path: Path) -> None:
    """What the cloud has heard of is not said again; a later gap is another one, and both are shown on the box."""
    file = open_spool(tmp_path, Room(tmp_path / NAME, SpoolLimits(MIB, 0)))
    for number in range(1_000):
        file.commit(Group(window(number)), seals=True, is_synced=False)
    [first] = file.gaps()
    file.trim(Lane.READINGS, held(file)[0].last_sequence)
    for number in range(1_000, 2_000):
        file.commit(Group(window(number)), seals=True, is_synced=False)
    [again, second] = file.gaps()
    assert again == first
    assert second.first_sequence > first.last_sequence + 1
    assert held(file)[0].gaps == (second,)
    file.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 12 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_small_disk_never_fills(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    """12 MiB, of which 4 stay free: readings for 15 MiB pass over it, and every alarm is committed at once."""
    with caplog.at_level(logging.WARNING):
        async with (
            Spool(small_disk, batch_s=0.1, limits=SpoolLimits(512 * MIB, 4 * MIB)) as spool,
            asyncio.TaskGroup() as tasks,
            asyncio.timeout(PATIENCE_S),
        ):
            keeper = tasks.create_task(spool.keep())
            for number in range(800):
                await spool.add(window(number, 2_000), [lean(number)])
            await spool.flush()
            assert len(await spool.events(0, 10_000)) == 800
            keeper.cancel()
    glance = peek(small_disk)
    [gap] = glance.gaps
    assert gap.reason == Reason.DISK
    assert gap.count > 500_000
    [said] = [record.getMessage() for record in caplog.records if record.name.startswith("edge")]
    assert said.startswith(
        f"{small_disk / NAME}: its disk has less than 4 MiB free: from now on its oldest readings go"
    )
    assert said.endswith("[E-SPOOL-005]")


async def test_a_disk_that_is_full_to_the_last_byte(small_disk: Path) -> None:
    """Another program takes all that is left, 4 MiB and more: alarms and readings go on where old readings were."""
    async with (
        Spool(small_disk, batch_s=0.1, limits=SpoolLimits(512 * MIB, 4 * MIB)) as spool,
        asyncio.TaskGroup() as tasks,
        asyncio.timeout(PATIENCE_S),
    ):
        keeper = tasks.create_task(spool.keep())
        for number in range(600):
            await spool.add(window(number, 2_000), [lean(number)])
        with (small_disk / "other").open("wb") as other:
            try:
                while True:
                    other.write(bytes(MIB))
                    other.flush()
            except OSError:
                pass
            for number in range(600, 800):
                await spool.add(window(number, 200), [lean(number)])
        await spool.flush()
        assert len(await spool.events(0, 10_000)) == 800
        keeper.cancel()


async def test_a_disk_that_is_full_right_after_the_start(small_disk: Path) -> None:
    """Another program takes all there is when a new spool has just begun: every alarm is kept, and those after them."""
    async with (
        Spool(small_disk, batch_s=0.1, limits=SpoolLimits(512 * MIB, MIB)) as spool,
        asyncio.TaskGroup() as tasks,
        asyncio.timeout(PATIENCE_S),
    ):
        with (small_disk / "other").open("wb", buffering=0) as other, suppress(OSError):
            while True:
                other.write(bytes(4096))
        keeper = tasks.create_task(spool.keep())
        for number in range(200):
            await spool.add(window(number, 100), [lean(number)])
        await spool.flush()
        assert len(await spool.events(0, 10_000)) == 200
        keeper.cancel()
    async with Spool(small_disk, limits=SpoolLimits(512 * MIB, MIB)) as again:
        assert len(await again.events(0, 10_000)) == 200


def test_a_spool_that_gets_no_byte_more_keeps_alarms(tmp_path: Path) -> None:
    """What it has set aside at its start serves alarms and the newest readings: neither of its files grows."""
    free = [64 * MIB]
    file = open_spool(tmp_path, Room(tmp_path / NAME, SpoolLimits(512 * MIB, MIB), lambda _folder: free[0]))
    files = [tmp_path / NAME, tmp_path / f"{NAME}-wal"]
    before = [path.stat().st_size for path in files]
    assert min(before) > MIB
    free[0] = 0
    for number in range(1_000):
        file.commit(Group(window(number, 100), [lean(number)]), seals=number % 4 == 0, is_synced=False)
        assert [path.stat().st_size for path in files] <= before
    assert len(file.events(0, 10_000)) == 1_000
    free[0] = 64 * MIB
    file.commit(Group(), seals=True, is_synced=True)
    file._database.execute("PRAGMA wal_checkpoint")
    assert files[0].stat().st_size > MIB  # there is a reserve again
    file.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A box that sends again, and knocks again, after a tenth of a second."""
    monkeypatch.setattr(publish, "_AGAIN_FIRST_S", 0.1)
    monkeypatch.setattr(publish, "_AGAIN_MOST_S", 0.4)
    monkeypatch.setattr(uplink, "_RETRY_FIRST_S", 0.02)
    monkeypatch.setattr(uplink, "_RETRY_MOST_S", 0.1)


@asynccontextmanager
async def box(folder: Path, broker: SimulatedBroker, receiver: Receiver) -> AsyncIterator[Spool]:
    """A spool of 1 MiB with its keeper and its uplink, and the cloud behind the broker."""
    status = BoxStatus(BOX, online=False, time_ns=0, boot="b00t", version="")
    async with Spool(folder, batch_s=0.05, limits=SpoolLimits(MIB, 0)) as spool, asyncio.TaskGroup() as tasks:
        sending = Uplink(partial(SimulatedLink, broker, BOX), spool, status, CLOCK, Random(7))
        running = [tasks.create_task(each) for each in (spool.keep(), sending.run(), receiver.run())]
        yield spool
        for task in running:
            task.cancel()


@pytest.mark.usefixtures("impatient")
async def test_what_is_gone_takes_no_time_to_send(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gap is a few bytes, however much is gone: a lane rests after the readings that it sends, and no others."""
    rests: list[int] = []

    def rest_s(_pace: Pace, _messages: int, values: int, _seconds: float) -> float:
        rests.append(values)
        return 0.0

    monkeypatch.setattr(Pace, "rest_s", rest_s)
    broker = SimulatedBroker(Random(1))
    receiver = Receiver(broker)
    broker.stop(forgets=False)
    async with box(tmp_path, broker, receiver) as spool, asyncio.timeout(PATIENCE_S):
        for number in range(150):
            await spool.add(window(number, 2_000), [])
        await spool.flush()
        broker.start()
        await spool.drained()
    [gap] = receiver.gaps
    assert max(rests) < 150_000 < gap.count


@pytest.mark.parametrize("seed", range(3))
async def test_what_went_is_what_is_missing(tmp_path: Path, seed: int) -> None:
    """Outages of a broker that loses a fifth of everything: a reading arrives once or is in a gap; no alarm is lost."""
    broker = SimulatedBroker(Random(seed), loss=0.2)
    receiver = Receiver(broker)
    rng, count, total = Random(seed + 100), 500, 300
    async with box(tmp_path, broker, receiver) as spool, asyncio.timeout(PATIENCE_S):
        for number in range(total):
            if rng.random() < 0.03:
                broker.stop(forgets=rng.random() < 0.5) if broker.is_running else broker.start()
            receiver.is_storing = rng.random() < 0.7
            await spool.add(window(number, count), [lean(number)])
        await spool.flush()
        broker.loss, receiver.is_storing = 0.0, True
        if not broker.is_running:
            broker.start()
        await spool.drained()
    sent = [row for number in range(total) for row in window(number, count)]
    missing = sequences(receiver.gaps)
    assert missing
    assert len(missing) == len(set(missing))
    gone = {sequence - 1 for sequence in missing}
    arrived = [row for at, row in enumerate(sent) if at not in gone]
    assert sorted(receiver.readings, key=lambda row: row.time_ns) == arrived
    assert [event.alarm for event in receiver.events] == [f"S{number}/lean" for number in range(total)]


class LimitedLife(RuleBasedStateMachine):
    """A spool of 300 KiB that is filled, receipted, killed and reopened at random, on a disk that others use."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.lives = self.windows = self.stored = self.events = 0
        self.free = 10 * MIB
        self.lost: set[int] = set()
        self.counts: Counter[str] = Counter()
        self.file = self.opened()

    def opened(self) -> SpoolFile:
        """The spool of this life."""
        path = Path(self.folder.name, str(self.lives))
        return open_spool(path, Room(path / NAME, SpoolLimits(300 * 1024, MIB), lambda _folder: self.free))

    @rule(count=st.integers(1, 30), alarms=st.integers(0, 3))
    def commit(self, count: int, alarms: int) -> None:
        """Some windows, the last one with alarms."""
        for _ in range(count):
            self.file.commit(Group(window(self.windows, 100)), seals=True, is_synced=False)
            self.windows += 1
        self.file.commit(Group([], [lean(self.events + at) for at in range(alarms)]), seals=False, is_synced=True)
        self.events += alarms

    @rule(mib=st.sampled_from([0, 0.99, 10]))
    def disk(self, mib: float) -> None:
        """Others use the disk."""
        self.free = round(mib * MIB)

    @rule()
    def crash(self) -> None:
        """Killed, and started again on what is in the files."""
        before = Path(self.folder.name, str(self.lives))
        self.lives += 1
        shutil.copytree(before, Path(self.folder.name, str(self.lives)))
        self.file.close()
        self.file = self.opened()

    @precondition(lambda self: self.windows)
    @rule(share=st.floats(0, 1))
    def receipt(self, share: float) -> None:
        """For some of what is held."""
        batches = held(self.file)
        batch = batches[min(round(share * len(batches)), len(batches) - 1)] if batches else None
        if batch:
            self.stored = batch.last_sequence
            self.file.trim(Lane.READINGS, self.stored)

    @invariant()
    def held_or_said(self) -> None:
        """From the last receipt on, gaps and batches follow each other without a hole; all alarms are there."""
        following = self.stored + 1
        for batch in held(self.file):
            for gap in batch.gaps:
                assert gap.first_sequence == following or (gap.first_sequence < following <= gap.last_sequence)
                assert sum(gap.sensors.values()) == gap.count
                following = gap.last_sequence + 1
            assert batch.first_sequence == following
            following = batch.last_sequence + 1
        assert following == self.file.depths[Lane.READINGS].committed + 1 == self.windows * 100 + 1
        assert [event.alarm for event in self.file.events(0, 10_000)] == [f"S{at}/lean" for at in range(self.events)]

    def teardown(self) -> None:
        """Closed."""
        self.file.close()
        self.folder.cleanup()


LimitedLife.TestCase.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)


class TestLimitedLife(LimitedLife.TestCase):
    """Runs the machine above."""
