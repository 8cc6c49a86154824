"""A cloud that was restored from an older backup: what it lacks comes again, once, and nobody is told a second time."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec
import pytest
import small_city

from cloud.access.actor import EGRET
from cloud.cases.practice import Practice
from cloud.database import Database
from cloud.fleet.backfill_book import BackfillBook, Wish
from cloud.fleet.fleetbook import NoSuchBox
from cloud.ingest import ReadingsLane
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.poison import PoisonFolder
from cloud.ports import Store
from cloud.quarantine import Quarantine
from cloud.stores import embedded
from cloud.tables import watermarks
from cloud.tables.backfills import Lacking, Stage
from wire.alarm import AlarmEvent, Change, Level
from wire.alarm_message import AlarmMessage
from wire.batch import Batch, Series
from wire.gap import Gap, Reason
from wire.receipt import BoxStatus, Kept, Lane

BOX, SPOOL, SENSOR = "XM-TA-01", "k3v9q2ma", "XM-TA-0117-T1"
START_NS = 1_795_480_000_000_000_000
SECOND_NS = small_city.SECOND_NS
LEDGER, STORE = "ledger.sqlite", "readings.duckdb"
TARGET = "duty"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which nothing has happened: copying it is faster than migrating."""
    database = Database(tmp_path_factory.mktemp("empty") / LEDGER)
    database._open()
    database._engine.dispose()
    return Path(database.where)


@pytest.fixture(autouse=True)
def begun(empty: Path, tmp_path: Path) -> None:
    """Each test begins with one."""
    shutil.copy(empty, tmp_path / LEDGER)


def batch(number: int, *gaps: Gap, trimmed: int | None = None, again: str = "") -> Batch:
    """The ten readings number·10 + 1 …, a second apart. A box has a receipt for all before it, unless it is asked."""
    first = number * 10 + 1
    times = tuple(START_NS + at * SECOND_NS for at in range(first, first + 10))
    series = Series(SENSOR, "tilt", times, tuple(at / 1000 for at in range(10)), (0,) * 10)
    return Batch(BOX, SPOOL, first, first - 1 if trimmed is None else trimmed, (series,), gaps, again)


@dataclass
class Cloud:
    """What of it is needed here."""

    lane: ReadingsLane
    ledger: Ledger
    store: Store
    book: BackfillBook

    async def says(self, kept: Kept) -> Lacking:
        """A box tells how it is."""
        status = BoxStatus(BOX, online=True, time_ns=START_NS, boot="b", version="", spool_id=SPOOL, kept=kept)
        return await self.ledger.save_status(status, is_fresh=True)

    async def count(self) -> int:
        """Readings in the store."""
        return await self.store.count(START_NS, START_NS + 10_000 * SECOND_NS)


@asynccontextmanager
async def cloud(folder: Path) -> AsyncIterator[Cloud]:
    """It runs, in its folder."""
    inventory = small_city.inventory(folder)
    quarantine = Quarantine(PoisonFolder(folder / "quarantine", lambda: START_NS))
    clock = iter(range(START_NS, START_NS + 10**9))
    async with (
        Ledger(folder / LEDGER, lambda: next(clock), Practice(inventory), [TARGET]) as ledger,
        embedded.open_store(embedded.Config(folder=str(folder))) as store,
    ):
        lane = ReadingsLane(
            ledger=ledger, store=store, live=Live(), inventory=inventory, quarantine=quarantine, rng=Random(1)
        )
        yield Cloud(lane, ledger, store, BackfillBook(ledger, inventory))


async def live_through(folder: Path, backup_after: int, batches: int) -> Path:
    """So many batches arrive; a backup of ledger and store was made before. Where it is."""
    backup = folder / "backup"
    for numbers in (range(backup_after), range(backup_after, batches)):
        async with cloud(folder) as running:
            await running.lane.take([batch(number) for number in numbers])
        if not backup.exists():
            backup.mkdir()
            for name in (LEDGER, STORE):
                shutil.copy(folder / name, backup / name)
    return backup


@pytest.mark.parametrize("restored", [(LEDGER,), (STORE,), (LEDGER, STORE)], ids=["ledger", "store", "both"])
async def test_what_a_backup_lacks_comes_again_once(tmp_path: Path, restored: tuple[str, ...]) -> None:
    """Of 100 batches the backup knows 30; whatever was restored, all are there once at the end, and live ones first."""
    backup = await live_through(tmp_path, 30, 100)
    for name in restored:
        shutil.copy(backup / name, tmp_path / name)
    async with cloud(tmp_path) as running:
        assert await running.lane.take([batch(100)]) == {(BOX, SPOOL): 1_010}
        await running.says(Kept(1, START_NS, 1, 0))
        known = await running.book.all()
        assert [(one.stage, one.backfill.first, one.backfill.through) for one in known] == (
            [(Stage.FOUND, 301, 1_000)] if LEDGER in restored else []
        )
        wish = Wish() if LEDGER in restored else Wish(since_ns=START_NS + 250 * SECOND_NS)
        [planned] = await running.book.ask(msgspec.structs.replace(wish, dry_run=True), EGRET)
        [asked] = await running.book.ask(wish, EGRET)
        assert (asked.missing, asked.why) == (planned.missing, planned.why) == (0, "")
        first = 30 if LEDGER in restored else 24
        again = [batch(number, trimmed=first * 10, again=asked.backfill.id) for number in range(first, 101)]
        for part in (
            again[3:5],
            again[:40],
            again[:50],
            [batch(101)],
            again[40:],
            again[-9:],
        ):  # lost, doubled, between
            await (running.lane.take_again(part) if part[0].again else running.lane.take(part))
        [shown] = await running.book.all()
        assert (shown.stage, shown.backfill.missing) == (Stage.DONE, 0)
        assert await running.count() == 1_020


async def test_what_is_lacking_is_known_before_anything_new_comes(tmp_path: Path) -> None:
    """A box says how far it has receipts: what is lacking can be asked for, and its next batch finds no more of it."""
    backup = await live_through(tmp_path, 3, 6)
    for name in (LEDGER, STORE):
        shutil.copy(backup / name, tmp_path / name)
    async with cloud(tmp_path) as running:
        await running.lane.take([batch(2)])  # the lane knows the watermark from before
        kept = Kept(1, START_NS, 1, 0, readings_through=60)
        [found] = (await running.says(kept)).readings
        assert (found.first, found.through) == (31, 60)
        assert not (await running.says(kept)).readings
        assert await running.lane.take([batch(6)]) == {(BOX, SPOOL): 70}
        [asked] = await running.book.ask(Wish(), EGRET)
        id_ = asked.backfill.id
        await running.lane.take_again([batch(number, trimmed=30, again=id_) for number in range(3, 6)])
        assert [one.stage for one in await running.book.all()] == [Stage.DONE]
        assert await running.count() == 70


async def test_alarms_that_nobody_keeps_are_said_before_the_next_one(tmp_path: Path) -> None:
    """A ledger from before five alarm events whose box has receipts and keeps none: they are missing, said once."""
    async with cloud(tmp_path) as running:
        for _ in range(2):
            assert (await running.says(Kept(1, START_NS, 6, 5))).alarms_after is None
            [shown] = await running.book.all()
            assert (shown.stage, shown.backfill.lane, shown.backfill.missing) == (Stage.PARTIAL, Lane.ALARMS, 5)
        assert await running.ledger.read(lambda ledger: watermarks.of(ledger, BOX, SPOOL, Lane.ALARMS)) == 5


async def test_what_a_box_does_not_keep_is_said(tmp_path: Path) -> None:
    """Part of it went meanwhile, and a gap is among the rest: both are counted, and the request ends."""
    backup = await live_through(tmp_path, 30, 60)
    for name in (LEDGER, STORE):
        shutil.copy(backup / name, tmp_path / name)
    gap = Gap(421, 430, START_NS, START_NS, Reason.SIZE, {SENSOR: 10})
    async with cloud(tmp_path) as running:
        await running.lane.take([batch(60)])
        await running.says(Kept(401, START_NS + 410 * SECOND_NS, 1, 0))
        [asked] = await running.book.ask(Wish(boxes=(BOX,)), EGRET)
        assert (asked.first, asked.count, asked.missing) == (401, 200, 100)
        id_ = asked.backfill.id
        rest = [batch(41, trimmed=410, again=id_), batch(43, gap, trimmed=410, again=id_)]
        await running.lane.take_again([*rest, *(batch(at, trimmed=410, again=id_) for at in range(44, 60))])
        [shown] = await running.book.all()
        assert (shown.stage, shown.backfill.missing, shown.backfill.came) == (Stage.PARTIAL, 110, 190)
        assert [one.first_sequence for one in await running.ledger.gaps(BOX, 10)] == [421]
        assert await running.count() == 300 + 180 + 10


async def test_a_box_that_keeps_nothing_is_not_waited_for(tmp_path: Path) -> None:
    """An older one says nothing of what it keeps and is not asked; one that has let it go ends the request."""
    backup = await live_through(tmp_path, 3, 6)
    shutil.copy(backup / LEDGER, tmp_path / LEDGER)
    async with cloud(tmp_path) as running:
        await running.lane.take([batch(6)])
        [refused] = await running.book.ask(Wish(), EGRET)
        assert (refused.count, refused.missing) == (0, 30)
        assert "has not said" in refused.why
        await running.says(Kept(1, START_NS, 1, 0))
        await running.book.ask(Wish(), EGRET)
        assert [one.through for one in await running.lane._backfills.asked()] == [60]
        await running.says(Kept(61, 0, 1, 0))
        assert await running.lane._backfills.asked() == ()
        assert [(one.stage, one.backfill.missing) for one in await running.book.all()] == [(Stage.PARTIAL, 30)]
        with pytest.raises(NoSuchBox, match=r"E-FLEET-020"):
            await running.book.ask(Wish(boxes=("XM-XX-99",)), EGRET)


async def test_a_request_that_nobody_knows_is_at_its_end(tmp_path: Path) -> None:
    """The cloud was restored once more, and has forgotten that it asked: the box stops sending."""
    async with cloud(tmp_path) as running:
        await running.lane.take([batch(0)])
        [said] = await running.lane.take_again([batch(0, again="gone")])
        assert said.again is not None
        assert said.again.through <= said.stored_through
        assert await running.count() == 10


async def test_a_box_does_not_answer_for_another(tmp_path: Path) -> None:
    """Whoever names another box's request, in one group with its answer, neither ends it nor keeps it from going on."""
    backup = await live_through(tmp_path, 3, 6)
    shutil.copy(backup / LEDGER, tmp_path / LEDGER)
    async with cloud(tmp_path) as running:
        await running.lane.take([batch(6)])
        await running.says(Kept(1, START_NS, 1, 0))
        [asked] = await running.book.ask(Wish(), EGRET)
        mine = batch(3, trimmed=30, again=asked.backfill.id)
        strange = msgspec.structs.replace(batch(5, trimmed=50, again=asked.backfill.id), box="XM-TA-02")
        for group in ([mine, strange], [strange, mine]):
            said = {one.box: one.stored_through for one in await running.lane.take_again(group)}
            assert said[BOX] == 40
        [shown] = await running.book.all()
        assert (shown.stage, shown.backfill.reached) == (Stage.ASKED, 40)


def events(first: int, last: int, trimmed: int, receipted: int) -> AlarmMessage:
    """Raised and cleared in turn."""
    changes = {True: Change.RAISED, False: Change.CLEARED}
    said = tuple(
        AlarmEvent(
            f"{SENSOR}/lean",
            SENSOR,
            "lean",
            "tilt",
            changes[bool(at % 2)],
            Level.RED,
            2.0,
            1.5,
            START_NS + at,
            sequence=at,
        )
        for at in range(first, last + 1)
    )
    return AlarmMessage(BOX, SPOOL, trimmed, said, receipted)


async def test_alarms_come_again_in_order_and_nobody_is_told_twice(tmp_path: Path) -> None:
    """The ledger is older than the box's receipts: its status is answered, the case opens once, and in silence."""
    async with cloud(tmp_path) as running:
        assert (await running.says(Kept(1, 0, 1, 3))).alarms_after == 0
        assert (await running.ledger.take_alarms(events(4, 4, 0, 3))).stored_through == 0  # beyond a hole
        assert (await running.ledger.take_alarms(events(1, 3, 0, 3))).stored_through == 3
        assert (await running.says(Kept(1, 0, 1, 3))).alarms_after is None
        assert len(await running.ledger.open_cases()) == 1
        assert await running.ledger.due(TARGET, START_NS + 10**12, 10) == ()
        assert (await running.ledger.take_alarms(events(1, 3, 0, 3))).changes == ()
        await running.ledger.take_alarms(events(4, 5, 0, 3))
        assert len(await running.ledger.open_cases()) == 1
        assert [one.stage for one in await running.book.all()] == []


async def test_alarms_that_are_not_kept_are_said_to_be_missing(tmp_path: Path) -> None:
    """The box goes on behind what it has forgotten."""
    async with cloud(tmp_path) as running:
        await running.ledger.take_alarms(events(6, 6, 5, 5))
        [shown] = await running.book.all()
        assert (shown.stage, shown.backfill.lane, shown.backfill.missing) == (Stage.PARTIAL, Lane.ALARMS, 5)
