"""The alarms lane while PostgreSQL is restarted: nothing is lost, nothing needs a hand."""

import asyncio
from pathlib import Path
from random import Random

import pytest
import servers
import small_city
from broker_session import BrokerSession

from cloud.alarms import AlarmsLane
from cloud.ledger import Ledger
from cloud.poison import PoisonFolder
from cloud.ports import Delivery
from cloud.quarantine import Quarantine
from wire import alarm_message, receipt, topics
from wire.alarm import Level

NOW_NS = 1_795_000_000 * small_city.SECOND_NS


class Broker(BrokerSession):
    """What one box publishes that was not acknowledged, and the receipts that it was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.acknowledged = 0

    @property
    def receipts(self) -> list[int]:
        """What they say is stored."""
        assert {(topic, retain) for topic, _, retain in self.sent} <= {(topics.topic("XM-TA-01", "receipts"), False)}
        return [receipt.decode_receipt(payload).stored_through for _, payload, _ in self.sent]

    def publish(self, payload: bytes) -> None:
        """Alarms."""
        self.published.put_nowait(Delivery(topics.topic("XM-TA-01", "alarms"), payload, self._ack))

    def _ack(self) -> None:
        self.acknowledged += 1


async def test_alarms_wait_for_a_server_that_is_restarted(tmp_path: Path) -> None:
    """An alarm that comes meanwhile has neither receipt nor acknowledgement; it becomes a case seconds later."""
    broker, quarantine = Broker(), Quarantine(PoisonFolder(tmp_path / "quarantine", lambda: NOW_NS))
    with servers.postgresql(tmp_path) as server:
        async with Ledger(server.new_database(), lambda: NOW_NS, small_city.practice(tmp_path)) as ledger:
            lane = AlarmsLane(ledger=ledger, quarantine=quarantine, changed=lambda: None, rng=Random(1))
            running = asyncio.create_task(lane.run(broker))
            broker.publish(alarm_message.encode(small_city.lean(1, NOW_NS, Level.BLUE)))
            await until_acknowledged(broker, 1)
            server.stop()
            broker.publish(alarm_message.encode(small_city.lean(2, NOW_NS, Level.RED)))
            await asyncio.sleep(0.5)
            assert (broker.acknowledged, broker.receipts) == (1, [1])
            server.start()
            await until_acknowledged(broker, 2)
            assert broker.receipts == [1, 2]
            assert [alarm.level for alarm in await ledger.alarms()] == [Level.RED]
            running.cancel()
            await asyncio.wait([running])
    assert not await quarantine.summaries()


async def test_what_a_cluster_hands_on_at_once_is_taken_once(tmp_path: Path) -> None:
    """Heard ahead an alarm has neither receipt nor acknowledgement; stored by the cluster it comes again, and has both.

    Poison, and what lies beyond a hole, is left to the session that hears everything.
    """
    ahead, session = Broker(), Broker()
    quarantine = Quarantine(PoisonFolder(tmp_path / "quarantine", lambda: NOW_NS))
    async with Ledger(tmp_path / "ledger.db", lambda: NOW_NS, small_city.practice(tmp_path)) as ledger:
        lane = AlarmsLane(ledger=ledger, quarantine=quarantine, changed=lambda: None, rng=Random(1))
        first, third = (alarm_message.encode(small_city.lean(number, NOW_NS, Level.RED)) for number in (1, 3))
        running = [asyncio.create_task(lane.run_ahead(ahead)), asyncio.create_task(lane.run(session))]
        for payload in (b"noise", third, first):
            ahead.publish(payload)
        async with asyncio.timeout(60):
            while not await ledger.alarms():
                await asyncio.sleep(0.02)
        assert (ahead.acknowledged, ahead.sent, await quarantine.summaries()) == (0, [], [])
        session.publish(first)
        await until_acknowledged(session, 1)
        assert session.receipts == [1]
        for task in running:
            task.cancel()
        await asyncio.wait(running)


async def test_poison_of_a_cluster_is_charged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is heard at each node, and by the session, which alone sets it aside."""

    async def breaks(*_: object) -> None:
        raise ValueError("a defect of ours")

    monkeypatch.setattr(Ledger, "take_alarms", breaks)
    nodes, session = [Broker(), Broker(), Broker()], Broker()
    quarantine = Quarantine(PoisonFolder(tmp_path / "quarantine", lambda: NOW_NS))
    async with Ledger(tmp_path / "ledger.db", lambda: NOW_NS, small_city.practice(tmp_path)) as ledger:
        lane = AlarmsLane(ledger=ledger, quarantine=quarantine, changed=lambda: None, rng=Random(1))
        running = [asyncio.create_task(lane.run_ahead(node)) for node in nodes]
        for broker in (*nodes, session):
            broker.publish(alarm_message.encode(small_city.lean(1, NOW_NS, Level.RED)))
        await asyncio.sleep(0.1)
        running.append(asyncio.create_task(lane.run(session)))
        await until_acknowledged(session, 1)
        [found] = await quarantine.summaries()
        assert (found.times, found.reason) == (1, "defect: ValueError('a defect of ours')")
        for task in running:
            assert not task.done()
            task.cancel()
        await asyncio.wait(running)


async def until_acknowledged(broker: Broker, count: int) -> None:
    """Wait for it."""
    async with asyncio.timeout(60):
        while broker.acknowledged < count:
            await asyncio.sleep(0.02)
