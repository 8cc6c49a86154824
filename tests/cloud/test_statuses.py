"""The statuses lane: what boxes say of themselves, and what their silence says."""

import asyncio
from pathlib import Path
from random import Random

import pytest
import small_city
from broker_session import BrokerSession

from cloud import statuses
from cloud.ledger import Ledger
from cloud.poison import PoisonFolder
from cloud.ports import Delivery
from cloud.quarantine import Quarantine
from wire import receipt, topics
from wire.receipt import BoxStatus

NOW_NS = 1_795_000_000 * small_city.SECOND_NS


class Broker(BrokerSession):
    """A session on which boxes say how they are."""

    def say(self, box: str, *, is_retained: bool = False) -> None:
        """That it is online."""
        status = BoxStatus(box, online=True, time_ns=NOW_NS, boot="b1", version="0.1.0", spool_id="s1", waiting=3)
        topic, payload = topics.topic(box, "status"), receipt.encode(status)
        self.published.put_nowait(Delivery(topic, payload, lambda: None, is_retained))


async def test_a_box_that_died_while_the_broker_was_down_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker kept its last word, online, and has no will of it; the other box goes on saying how it is."""
    monkeypatch.setattr(statuses, "SILENT_S", 0.5)
    monkeypatch.setattr(statuses, "_LOOK_S", 0.05)
    broker, quarantine = Broker(), Quarantine(PoisonFolder(tmp_path / "quarantine", lambda: NOW_NS))
    async with Ledger(tmp_path / "ledger.db", lambda: NOW_NS, small_city.practice(tmp_path)) as ledger:
        lane = statuses.StatusesLane(ledger=ledger, quarantine=quarantine, changed=lambda: None, rng=Random(1))
        watching = asyncio.create_task(lane.watch())
        broker.say("XM-TA-01", is_retained=True)
        broker.say("XM-SM-01", is_retained=True)
        running = asyncio.create_task(lane.run(broker))
        async with asyncio.timeout(30):
            while [box.box for box in await ledger.boxes() if not box.online] != ["XM-TA-01"]:
                broker.say("XM-SM-01")
                await asyncio.sleep(0.02)
        gone = next(box for box in await ledger.boxes() if not box.online)
        assert (gone.version, gone.spool_id, gone.waiting) == ("0.1.0", "s1", 3)
        broker.say("XM-TA-01")
        async with asyncio.timeout(30):
            while not all(box.online for box in await ledger.boxes()):
                await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.wait([running])
        await asyncio.sleep(1)
        assert all(box.online for box in await ledger.boxes()), "without a broker nobody is heard, and nobody is gone"
        watching.cancel()
        await asyncio.wait([watching])
