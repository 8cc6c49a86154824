"""The fleet's lane: documents go down until they are answered, and answers come up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
import small_city
from broker_session import BrokerSession

from cloud.fleet import fleet_lane
from cloud.fleet.fleet_lane import FleetLane
from cloud.fleet.fleetbook import Fleetbook
from cloud.ledger import Ledger
from cloud.poison import PoisonFolder
from cloud.ports import Delivery
from cloud.quarantine import Quarantine
from wire import desired, topics
from wire.desired import Desired, Refusal, Reported, Sealed
from wire.errors import DesiredRefused, Mistake

NOW_NS = 1_795_000_000 * small_city.SECOND_NS
BOX = "XM-TA-01"


def form(counter: int, box: str = BOX, expires_s: int = 60) -> Sealed:
    """A document; nobody looks at its signature here, boxes do."""
    expires_ns = NOW_NS + expires_s * small_city.SECOND_NS
    document = Desired(box, counter, NOW_NS, expires_ns, 60.0, {"sensors.yaml": f"# {counter}"})
    return desired.signed_form(document)


def said(counter: int, seen: int, refusal: Refusal | None = None, box: str = BOX) -> Delivery:
    """What a box says."""
    payload = desired.encode(Reported(box, NOW_NS, counter, "v1", seen=seen, refusal=refusal))
    return Delivery(topics.topic(BOX, "reported"), payload, lambda: None)


@dataclass
class House:
    """A ledger, a lane on it, and the book that people push with."""

    lane: FleetLane
    book: Fleetbook
    quarantine: Quarantine

    async def standing(self) -> str:
        """Of the box."""
        return next(one.standing.value for one in await self.book.boxes() if one.box == BOX)


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """In which nothing was pushed."""
    monkeypatch.setattr(fleet_lane, "LOOK_S", 0.02)
    practice = small_city.practice(tmp_path)
    quarantine = Quarantine(PoisonFolder(tmp_path / "quarantine", lambda: NOW_NS))
    async with Ledger(tmp_path / "ledger.db", lambda: NOW_NS, practice) as ledger:
        lane = FleetLane(ledger=ledger, quarantine=quarantine, now=lambda: NOW_NS, rng=Random(1))
        yield House(lane, Fleetbook(ledger, practice.inventory, lambda: NOW_NS), quarantine)


async def until_sent(session: BrokerSession, count: int) -> None:
    """So many went down."""
    async with asyncio.timeout(30):
        while len(session.sent) < count:
            await asyncio.sleep(0.01)


async def until(house: House, standing: str) -> None:
    """The box stands so."""
    async with asyncio.timeout(30):
        while await house.standing() != standing:
            await asyncio.sleep(0.01)


async def test_a_document_waits_at_the_broker_until_its_box_answers(house: House) -> None:
    """It is retained, once a connection, and sent again after a broker was away; what is answered is not."""
    assert await house.standing() == "own"
    first, second, third = BrokerSession(), BrokerSession(), BrokerSession()
    running = asyncio.create_task(house.lane.run(first))
    await house.book.push(BOX, form(1), small_city.person())
    await until_sent(first, 1)
    topic, payload, is_retained = first.sent[0]
    assert (topic, is_retained) == (topics.topic(BOX, "desired"), True)
    assert desired.document_of(desired.unseal(payload)).counter == 1
    await asyncio.sleep(0.1)
    running.cancel()
    running = asyncio.create_task(house.lane.run(second))
    await until_sent(second, 1)
    assert (len(first.sent), await house.standing()) == (1, "waits")
    second.published.put_nowait(said(1, 1))
    await until(house, "kept")
    running.cancel()
    running = asyncio.create_task(house.lane.run(third))
    await asyncio.sleep(0.1)
    assert third.sent == []
    running.cancel()


async def test_what_a_box_says_is_known(house: House) -> None:
    """Refused and returned are told apart, with places and reasons; a later document ends that."""
    session = BrokerSession()
    running = asyncio.create_task(house.lane.run(session))
    await house.book.push(BOX, form(1), small_city.person())
    mistake = Mistake("sensors.yaml:15", "there is no source kind 'tikking'.", "write 'ticking'", "E-KIND-001")
    session.published.put_nowait(said(0, 1, Refusal(1, (mistake,))))
    await until(house, "refused")
    [one] = [one for one in await house.book.boxes() if one.box == BOX]
    assert (one.refused, one.errors, one.running, one.next) == (1, (mistake,), 0, 2)
    await house.book.push(BOX, form(2), small_city.person())
    assert await house.standing() == "waits"
    session.published.put_nowait(said(0, 2, Refusal(2, (mistake,), is_returned=True)))
    await until(house, "returned")
    running.cancel()


async def test_a_ledger_that_is_older_than_what_a_box_runs(house: House) -> None:
    """New, or from a backup: the box runs what was pushed since; it waits for nothing older."""
    session = BrokerSession()
    running = asyncio.create_task(house.lane.run(session))
    session.published.put_nowait(said(7, 7))
    await until(house, "kept")
    await house.book.push(BOX, form(8), small_city.person())
    assert await house.standing() == "waits"
    session.published.put_nowait(said(9, 9))
    await until(house, "kept")
    running.cancel()


async def test_a_box_speaks_for_itself_alone(house: House) -> None:
    """A report under another's name, and one that is none, go to quarantine; the lane goes on."""
    session = BrokerSession()
    running = asyncio.create_task(house.lane.run(session))
    session.published.put_nowait(said(7, 7, box="XM-SM-01"))
    session.published.put_nowait(Delivery(topics.topic(BOX, "reported"), b"\xed\xa0\x80", lambda: None))
    await house.book.push(BOX, form(1), small_city.person())
    session.published.put_nowait(said(1, 1))
    await until(house, "kept")
    assert len(await house.quarantine.summaries()) == 2
    running.cancel()


async def test_what_the_cloud_does_not_pass_on(house: House) -> None:
    """Another box's document, one that has expired, one that is none: refused before anybody is sent anything."""
    for wrong, code in (
        (form(1, box="XM-SM-01"), "E-FLEET-005"),
        (form(1, expires_s=-1), "E-FLEET-010"),
        (Sealed("{}", "", ""), "E-FLEET-001"),
    ):
        with pytest.raises(DesiredRefused, match=code):
            await house.book.push(BOX, wrong, small_city.person())
    assert await house.standing() == "own"


async def test_what_a_box_may_go_back_to_is_bounded(house: House) -> None:
    """Twenty documents of a box are kept."""
    for counter in range(1, 25):
        await house.book.push(BOX, form(counter), small_city.person())
    kept = await house.book.documents(BOX)
    assert [one.counter for one in kept] == list(range(24, 4, -1))
