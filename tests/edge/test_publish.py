"""From the spool to the cloud over a broker that loses, forgets and goes: nothing lost, nothing renumbered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Self

import pytest
from detection import BEGIN_NS, reading
from receiving import Receiver

from edge import publish, uplink
from edge.clock import BoxClock
from edge.sim.link import SimulatedBroker, SimulatedLink
from edge.spool import Spool
from edge.uplink import Uplink
from wire import receipt, topics
from wire.alarm import AlarmEvent, Change, Level
from wire.batch import decode
from wire.errors import NotAuthorised, Unreachable
from wire.receipt import BoxStatus, Lane, Receipt

BOX = "XM-TA-01"
STATUS = BoxStatus(BOX, online=False, time_ns=0, boot="b00t", version="")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A box that sends again, and knocks again, after a tenth of a second."""
    monkeypatch.setattr(publish, "_AGAIN_FIRST_S", 0.1)
    monkeypatch.setattr(publish, "_AGAIN_MOST_S", 0.4)
    monkeypatch.setattr(uplink, "_RETRY_FIRST_S", 0.02)
    monkeypatch.setattr(uplink, "_RETRY_MOST_S", 0.1)


def lean(number: int) -> AlarmEvent:
    """One of many alarms."""
    return AlarmEvent(f"S{number}/lean", f"S{number}", "lean", "tilt", Change.RAISED, Level.RED, 2.0, 1.5, BEGIN_NS)


@asynccontextmanager
async def box(folder: Path, broker: SimulatedBroker, receiver: Receiver, puback_s: float = 0.0) -> AsyncIterator[Spool]:
    """A spool with its keeper and its uplink, and the cloud behind the broker."""
    async with Spool(folder, batch_s=0.2) as spool, asyncio.TaskGroup() as tasks:
        open_link = partial(SimulatedLink, broker, BOX, puback_s=puback_s)
        sending = Uplink(open_link, spool, STATUS, BoxClock.trusted(lambda: BEGIN_NS), Random(7))
        running = [tasks.create_task(each) for each in (spool.keep(), sending.run(), receiver.run())]
        yield spool
        for task in running:
            task.cancel()


async def fill(spool: Spool, batches: int, first: int = 0) -> None:
    """Ten readings a batch, one a second, and an alarm with each."""
    for number in range(first, first + batches):
        await spool.add([reading(number * 10 + at, at / 10) for at in range(10)], [lean(number)])
        await spool.flush()


def check(receiver: Receiver, batches: int) -> None:
    """Everything is there, once, in order, and a batch that was sent again was the same batch."""
    assert [row.time_ns for row in receiver.readings] == [reading(at, 0).time_ns for at in range(batches * 10)]
    assert [event.alarm for event in receiver.events] == [f"S{number}/lean" for number in range(batches)]
    assert all(len(payloads) == 1 for payloads in receiver.payloads.values())


async def test_everything_arrives_and_is_trimmed(tmp_path: Path) -> None:
    """On a good link the spool is empty in the end: the receipts have trimmed it."""
    broker = SimulatedBroker(Random(1))
    receiver = Receiver(broker)
    async with box(tmp_path, broker, receiver) as spool, asyncio.timeout(60):
        await fill(spool, 120)
        await spool.drained()
        assert spool.waiting == 0
    check(receiver, 120)


async def test_a_puback_is_no_receipt(tmp_path: Path) -> None:
    """A broker that acknowledges everything and loses a third of it, both ways, loses nothing for good."""
    broker = SimulatedBroker(Random(2), loss=0.3)
    receiver = Receiver(broker)
    async with box(tmp_path, broker, receiver) as spool:
        await fill(spool, 30)
        async with asyncio.timeout(60):
            await spool.drained()
    check(receiver, 30)


async def test_a_broker_with_amnesia(tmp_path: Path) -> None:
    """The broker restarts again and again without persistence; its queue and the sessions are gone each time."""
    broker = SimulatedBroker(Random(3))
    receiver = Receiver(broker)
    async with box(tmp_path, broker, receiver) as spool:
        for first in range(0, 30, 10):
            receiver.is_storing = False
            await fill(spool, 10, first)
            await asyncio.sleep(0.05)
            broker.stop(forgets=True)
            await asyncio.sleep(0.05)
            broker.start()
            receiver.is_storing = True
        async with asyncio.timeout(60):
            await spool.drained()
    check(receiver, 30)


async def test_a_window_bounds_what_is_ahead(tmp_path: Path) -> None:
    """While the cloud is silent, at most 50 messages a lane are out, sent again and again; then all comes through."""
    broker = SimulatedBroker(Random(4))
    receiver = Receiver(broker)
    receiver.is_storing = False
    async with box(tmp_path, broker, receiver) as spool, asyncio.timeout(60):
        await fill(spool, 80)
        while receiver.order.count(Lane.READINGS) < 3 * publish.WINDOW:
            await asyncio.sleep(0.01)
        assert len(receiver.payloads) == publish.WINDOW
        receiver.is_storing = True
        await spool.drained()
    check(receiver, 80)


async def test_alarms_overtake_readings(tmp_path: Path) -> None:
    """Behind a backlog of readings whose PUBACKs are slow, an alarm goes out at once in its own lane."""
    broker = SimulatedBroker(Random(5))
    receiver = Receiver(broker)
    broker.stop()
    async with box(tmp_path, broker, receiver, puback_s=0.3) as spool:
        for at in range(200):
            await spool.add([reading(at, 0.1)])
            await spool.flush()
        broker.start()
        await receiver.until(readings=1)
        await spool.add([], [lean(0)])
        await receiver.until(events=1)
        assert len(receiver.readings) < 200


async def test_a_box_that_starts_without_a_broker(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It keeps what it reads, says once that the broker is gone and once that it is back, and sends everything."""
    broker = SimulatedBroker(Random(6))
    broker.stop()
    receiver = Receiver(broker)
    async with box(tmp_path, broker, receiver) as spool, asyncio.timeout(60):
        await fill(spool, 5)
        await asyncio.sleep(0.3)
        broker.start()
        await spool.drained()
    check(receiver, 5)
    said = [record.getMessage() for record in caplog.records]
    assert [("no broker answers" in line, "is back" in line) for line in said] == [(True, False), (False, True)]


async def test_receipts_of_another_spool_trim_nothing(tmp_path: Path) -> None:
    """A late receipt for the spool that was here before, and bytes that are no receipt, change nothing."""
    broker = SimulatedBroker(Random(7))
    receiver = Receiver(broker)
    receiver.is_storing = False
    async with box(tmp_path, broker, receiver) as spool, asyncio.timeout(60):
        await fill(spool, 3)
        broker.send_down(BOX, receipt.encode(Receipt(BOX, "another", Lane.READINGS, 30)))
        broker.send_down(BOX, b"\xff no receipt")
        broker.send_down(BOX, receipt.encode(Receipt(BOX, spool.id, Lane.READINGS, 10)))
        while spool.depth(Lane.READINGS).stored < 10:
            await asyncio.sleep(0.01)
        assert spool.depth(Lane.READINGS).waiting == 20
        receiver.is_storing = True
        await spool.drained()


async def test_what_is_missed_is_sent_again_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker forgot what it had taken: the next message shows the hole, and nobody waits for a timer."""
    monkeypatch.setattr(publish, "_AGAIN_FIRST_S", 3600.0)
    monkeypatch.setattr(publish, "_AGAIN_MOST_S", 3600.0)
    broker = SimulatedBroker(Random(10))
    receiver = Receiver(broker)
    async with box(tmp_path, broker, receiver) as spool, asyncio.timeout(60):
        await fill(spool, 3)
        await spool.drained()
        broker.loss = 1.0
        await fill(spool, 5, 3)
        while spool.depth(Lane.READINGS).waiting < 50:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        broker.loss = 0.0
        await fill(spool, 1, 8)
        await spool.drained()
    check(receiver, 9)


async def test_a_window_of_misses_is_one_miss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every message beyond a hole is answered so; a box that went back for each would send a window for each."""
    monkeypatch.setattr(publish, "_AGAIN_FIRST_S", 3600.0)
    broker = SimulatedBroker(Random(11))
    receiver = Receiver(broker)
    receiver.is_storing = False
    async with box(tmp_path, broker, receiver) as spool, asyncio.timeout(60):
        await fill(spool, 20)
        while receiver.order.count(Lane.READINGS) < 20:
            await asyncio.sleep(0.01)
        for _ in range(20):
            broker.send_down(BOX, receipt.encode(Receipt(BOX, spool.id, Lane.READINGS, 0, is_missed=True)))
        while receiver.order.count(Lane.READINGS) < 40:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert receiver.order.count(Lane.READINGS) == 40


async def test_a_box_that_is_refused_asks_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each refusal has cost a TLS handshake of its SIM card's data; a broker that is away costs next to nothing.

    A box whose certificate was taken back has first lost its connection: that it is refused is said all the same, once.
    """
    tries: list[float] = []

    class Refusing(SimulatedLink):
        async def __aenter__(self) -> Self:
            tries.append(asyncio.get_running_loop().time())
            if len(tries) == 1:
                raise Unreachable("no broker answers.", where="broker", fix="start it.", code="E-LINK-002")
            raise NotAuthorised("no.", where="broker", fix="ask.", code="E-LINK-003")

    monkeypatch.setitem(globals(), "SimulatedLink", Refusing)
    broker = SimulatedBroker(Random(12))
    async with box(tmp_path, broker, Receiver(broker)):
        await asyncio.sleep(1.0)
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert max(pauses) > 2 * uplink._RETRY_MOST_S
    said = [record.getMessage() for record in caplog.records if record.name == "edge.uplink"]
    assert [line.split(" Everything")[0] for line in said] == [
        "broker: no broker answers. fix: start it. [E-LINK-002]",
        "broker: no. fix: ask. [E-LINK-003]",
    ]


async def test_a_cloud_that_lost_its_watermark_can_go_on(tmp_path: Path) -> None:
    """A batch that is sent again says up to where the box has trimmed, not where it had trimmed when it was sealed."""
    broker = SimulatedBroker(Random(8))
    receiver = Receiver(broker)
    async with box(tmp_path, broker, receiver) as spool, asyncio.timeout(60):
        broker.stop()
        await fill(spool, 4)
        await spool.trim(Lane.READINGS, 20)
        receiver.is_storing = False
        broker.start()
        while Lane.READINGS not in receiver.order:
            await asyncio.sleep(0.01)
        receiver.is_storing = True
        await spool.drained()
    assert receiver.readings[0].time_ns == reading(20, 0).time_ns


async def test_a_box_says_how_it_is(tmp_path: Path) -> None:
    """Retained: online while connected, offline by its will when cut, and offline by its own word when it stops."""
    broker = SimulatedBroker(Random(9))
    receiver = Receiver(broker)
    name = topics.topic(BOX, "status")

    def is_online() -> bool:
        return name in broker.retained and receipt.decode_status(broker.retained[name]).online

    async with box(tmp_path, broker, receiver), asyncio.timeout(60):
        while not is_online():
            await asyncio.sleep(0.01)
        broker.stop()
        assert not is_online()
        broker.start()
        while not is_online():
            await asyncio.sleep(0.01)
    assert not is_online()


async def test_a_message_names_box_and_spool(tmp_path: Path) -> None:
    """What is kept without the box's name travels with it, on the box's own topic."""
    broker = SimulatedBroker(Random(10))
    async with Spool(tmp_path) as spool:
        await spool.add([reading(0, 0.1)])
        await spool.flush()
        async with SimulatedLink(broker, BOX, b"") as link, asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(publish.publish(BOX, spool, link, Random(1)))
            delivery = await asyncio.wait_for(broker.up.get(), 60)
            sending.cancel()
        batch = decode(delivery.payload)
        assert (delivery.topic, batch.box, batch.spool_id) == (topics.topic(BOX, "readings"), BOX, spool.id)
        assert (batch.first_sequence, batch.trimmed_through) == (1, 0)
