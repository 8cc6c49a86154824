"""What has its receipt is kept for a while, and goes out again to a cloud that has lost it."""

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random

import pytest
from detection import BEGIN_NS, reading
from receiving import Receiver

from edge.clock import BoxClock
from edge.sim.link import SimulatedBroker, SimulatedLink
from edge.spool import Spool
from edge.spool_damage import NAME
from edge.spool_file import Group, SpoolFile, open_spool
from edge.spool_room import Room
from edge.uplink import Uplink
from wire import receipt
from wire.alarm import AlarmEvent, Change, Level
from wire.alarm_message import decode as decode_alarms
from wire.batch import decode
from wire.gap import Gap, Reason
from wire.inventory import SpoolLimits
from wire.receipt import Again, BoxStatus, Kept, Lane, Receipt
from wire.topics import PAYLOAD_MAX

BOX = "XM-TA-01"
SECOND_NS = 1_000_000_000
STATUS = BoxStatus(BOX, online=False, time_ns=0, boot="b00t", version="")


def lean(number: int) -> AlarmEvent:
    """One of many alarms, a second after the other."""
    time_ns = BEGIN_NS + number * SECOND_NS
    return AlarmEvent(f"S{number}/lean", f"S{number}", "lean", "tilt", Change.RAISED, Level.RED, 2.0, 1.5, time_ns)


def fill(file: SpoolFile, batches: range) -> None:
    """Ten readings a batch, one a second, and an alarm at the beginning of each."""
    for number in batches:
        rows = [reading(number * 10 + at, at / 10) for at in range(10)]
        file.commit(Group(rows, [lean(number * 10)]), seals=True, is_synced=False)


def receipted(folder: Path, limits: SpoolLimits, batches: int = 10) -> SpoolFile:
    """All of it has its receipt."""
    file = open_spool(folder, Room(folder / NAME, limits))
    fill(file, range(batches))
    file.trim(Lane.ALARMS, batches)
    file.trim(Lane.READINGS, 10 * batches)
    return file


def test_what_has_its_receipt_is_kept_for_a_while(tmp_path: Path) -> None:
    """30 s of the readings' time: what is older goes, the rest can be sent again, from any time on."""
    file = receipted(tmp_path, SpoolLimits(keep_s=30))
    assert file.batches(0, 10) == ()
    assert file.kept() == Kept(71, BEGIN_NS + 79 * SECOND_NS, 8, 10, 100)
    assert [batch.first_sequence for batch in file.again(0, 100, 0, 10)] == [71, 81, 91]
    assert [batch.first_sequence for batch in file.again(0, 100, BEGIN_NS + 85 * SECOND_NS, 10)] == [81, 91]
    assert {batch.trimmed_through for batch in file.again(80, 100, 0, 10)} == {70}
    assert [event.sequence for event in file.events(0, 10)] == [8, 9, 10]
    file.close()


def test_a_box_may_keep_nothing(tmp_path: Path) -> None:
    """As before there was anything to keep."""
    file = receipted(tmp_path, SpoolLimits(keep_s=0))
    assert (file.again(0, 100, 0, 10), file.events(0, 10)) == ((), ())
    assert file.kept() == Kept(101, 0, 11, 10, 100)
    file.close()


def test_what_is_kept_goes_first_and_is_no_gap(tmp_path: Path) -> None:
    """A spool at its limit lets go what the cloud has, then what it has not, and only that is a gap."""
    file = receipted(tmp_path, SpoolLimits(200 * 1024, 0))
    fill(file, range(10, 1_500))
    [gap] = file.gaps()
    assert (gap.first_sequence, file.kept().readings_from) == (101, 101)
    file.close()


def test_a_gap_before_the_first_batch_that_is_kept(tmp_path: Path) -> None:
    """It had its receipt from a ledger that is lost: the cloud hears of it again, as of those among what is kept."""
    file = open_spool(tmp_path, Room(tmp_path / NAME, SpoolLimits(200 * 1024, 0)))
    fill(file, range(1_500))
    [gap] = file.gaps()
    file.trim(Lane.READINGS, 15_000)
    [first, second] = file.again(0, 15_000, 0, 2)
    assert (first.gaps, first.begins, first.first_sequence) == ((gap,), 1, gap.last_sequence + 1)
    assert second.gaps == ()
    assert file.again(0, 15_000, BEGIN_NS, 1)[0].gaps == ()
    file.close()


async def box(folder: Path, broker: SimulatedBroker, spool: Spool) -> None:
    """Keeps and sends, until cancelled."""
    del folder
    uplink = Uplink(partial(SimulatedLink, broker, BOX), spool, STATUS, BoxClock.trusted(lambda: BEGIN_NS), Random(7))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(spool.keep())
        tasks.create_task(uplink.run())


def test_kept_alarms_go_before_readings_that_nobody_has(tmp_path: Path) -> None:
    """A storm of alarms that have their receipts fills the spool: they make room, and no reading is a gap."""
    file = open_spool(tmp_path, Room(tmp_path / NAME, SpoolLimits(200 * 1024, 0)))
    file.commit(Group(events=[lean(number) for number in range(2_000)]), seals=True, is_synced=False)
    file.trim(Lane.ALARMS, 2_000)
    fill(file, range(100))
    assert file.gaps() == ()
    assert (file.kept().alarms_from > 1, len(file.batches(0, 200))) == (True, 100)
    file.close()


async def test_a_gap_of_many_sensors_is_sent_again_without_their_names(tmp_path: Path) -> None:
    """As when it was new: one message, of a size that the cloud takes, or the request would never end."""
    rng = Random(1)
    file = open_spool(tmp_path)
    fill(file, range(1))
    for first in (11, 5_011):
        sensors = {rng.randbytes(31).hex(): 1 for _ in range(5_000)}
        file.begin_behind(Gap(first, first + 4_999, BEGIN_NS, BEGIN_NS, Reason.DAMAGE, sensors))
    fill(file, range(1, 2))
    file.trim(Lane.READINGS, 10_020)
    file.close()
    broker = SimulatedBroker(Random(1))
    async with Spool(tmp_path, batch_s=0.1) as spool, asyncio.timeout(30):
        running = asyncio.create_task(box(tmp_path, broker, spool))
        await asyncio.sleep(0.2)
        broker.send_down(BOX, receipt.encode(Receipt(BOX, spool.id, Lane.READINGS, 0, again=Again("b1", 10_020))))
        up = await broker.up.get()
        while not (up.topic.endswith("readings") and decode(up.payload).first_sequence > 10):
            up = await broker.up.get()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert len(up.payload) <= PAYLOAD_MAX
    assert [(one.first_sequence, one.last_sequence) for one in decode(up.payload).gaps] == [
        (11, 5_010),
        (5_011, 10_010),
    ]


async def test_the_cloud_asks_and_gets_what_it_lacks(tmp_path: Path) -> None:
    """Readings come marked, beside new ones; alarms come from where the cloud is, said to have had a receipt."""
    receipted(tmp_path, SpoolLimits()).close()
    broker = SimulatedBroker(Random(1))
    async with Spool(tmp_path, batch_s=0.1) as spool, asyncio.timeout(30):
        running = asyncio.create_task(box(tmp_path, broker, spool))
        await asyncio.sleep(0.2)
        broker.send_down(BOX, receipt.encode(Receipt(BOX, spool.id, Lane.ALARMS, 7)))
        broker.send_down(BOX, receipt.encode(Receipt(BOX, spool.id, Lane.READINGS, 60, again=Again("b1", 90))))
        await spool.add([reading(500, 0.1)])
        up = [await broker.up.get() for _ in range(5)]
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    batches = [decode(one.payload) for one in up if one.topic.endswith("readings")]
    assert sorted((one.first_sequence, one.again) for one in batches) == [(61, "b1"), (71, "b1"), (81, "b1"), (101, "")]
    [alarms] = [decode_alarms(one.payload) for one in up if one.topic.endswith("alarms")]
    assert [event.sequence for event in alarms.events] == [8, 9, 10]
    assert alarms.is_again
    assert alarms.trimmed_through == 0


async def test_alarms_that_are_called_back_while_one_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a restored cloud lacks goes out next, and not six seconds after an event that it cannot take."""
    receipted(tmp_path, SpoolLimits()).close()
    broker = SimulatedBroker(Random(1))
    async with Spool(tmp_path, batch_s=0.1) as spool, asyncio.timeout(30):
        events, is_read = spool.events, asyncio.Event()

        async def slowly(after: int, limit: int) -> tuple[AlarmEvent, ...]:
            if found := await events(after, limit):
                is_read.set()
                await asyncio.sleep(0.3)
            return found

        monkeypatch.setattr(spool, "events", slowly)
        running = asyncio.create_task(box(tmp_path, broker, spool))
        await asyncio.sleep(0.2)
        await spool.add([], [lean(500)])
        await is_read.wait()
        broker.send_down(BOX, receipt.encode(Receipt(BOX, spool.id, Lane.ALARMS, 7)))
        up = await broker.up.get()
        while not up.topic.endswith("alarms"):
            up = await broker.up.get()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert decode_alarms(up.payload).first_sequence == 8


async def test_an_older_cloud_is_served_as_before(tmp_path: Path) -> None:
    """One that never asks and knows only the contract of before: readings go on, lost alarms come again in order."""
    receipted(tmp_path, SpoolLimits()).close()
    broker = SimulatedBroker(Random(1))
    receiver = Receiver(broker)
    async with Spool(tmp_path, batch_s=0.1) as spool, asyncio.timeout(30):
        receiver.stored[spool.id, Lane.ALARMS] = 4
        running = asyncio.create_task(box(tmp_path, broker, spool))
        taking = asyncio.create_task(receiver.run())
        await spool.add([reading(500, 0.1)], [lean(500)])
        await receiver.until(readings=1, events=7)
        for task in (running, taking):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    assert [event.sequence for event in receiver.events] == [5, 6, 7, 8, 9, 10, 11]
