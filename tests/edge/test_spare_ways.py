"""A box's spare ways into a cluster: an alarm goes through while nobody stores anything."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from detection import BEGIN_NS
from scripted_broker import NOT_AUTHORISED, ScriptedBroker, scripted

from edge import spare_ways as spare_module
from edge.alarm_messages import Message, alarm_messages
from edge.data_use import DataMeter
from edge.link import MqttLinks
from edge.spare_ways import SpareWays
from edge.spool import Spool
from wire import alarm_message, traffic
from wire.alarm import AlarmEvent, Change, Level
from wire.broker import Broker
from wire.errors import EgretError
from wire.receipt import Lane

BOX = "XM-TA-01"
LEAN = AlarmEvent("S1/lean", "S1", "lean", "tilt", Change.RAISED, Level.RED, 2.0, 1.5, BEGIN_NS)
MONTH_S = 30 * 86_400


@asynccontextmanager
async def standing(
    folder: Path, *, is_linked: bool, first: ScriptedBroker | None = None
) -> AsyncIterator[tuple[ScriptedBroker, ScriptedBroker, Spool]]:
    """Two nodes, a spool that is kept, and the ways beside it, for as long as the block lasts."""
    async with scripted(first or ScriptedBroker()) as one, scripted(ScriptedBroker()) as other, Spool(folder) as spool:
        links = MqttLinks(Broker("127.0.0.1", one.port, others=(("127.0.0.1", other.port),)), BOX)
        meter = DataMeter(0, lambda: BEGIN_NS)
        ways = SpareWays(BOX, spool, links, meter, Random(1), lambda: is_linked)
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(each) for each in (spool.keep(), ways.run())]
            yield one, other, spool
            for task in running:
                task.cancel()


async def told(*nodes: ScriptedBroker) -> list[list[int]]:
    """The sequences of the events that each node was told, once each was told of one."""
    while not all(node.published for node in nodes):
        await asyncio.sleep(0.01)
    return [
        [event.sequence for _, payload in node.published for event in alarm_message.decode(payload).events]
        for node in nodes
    ]


async def test_an_alarm_goes_over_each_way_that_stands(tmp_path: Path) -> None:
    """The uplink is gone: each node is told once, for one may have lost its power; with the receipt it is over."""
    async with standing(tmp_path, is_linked=False) as (one, other, spool):
        await spool.add([], [LEAN])
        assert await told(one, other) == [[1], [1]]
        one.is_resetting = True
        one.hang_up()
        await spool.trim(Lane.ALARMS, 1)
        await spool.add([], [LEAN])
        while len(other.published) < 2:
            await asyncio.sleep(0.01)
    assert await told(one, other) == [[1], [1, 2]]


async def test_both_ways_are_lost_while_an_alarm_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site loses its network in just that moment: the box works on, and the ways that come back are told."""
    monkeypatch.setattr(spare_module, "_RETRY_FIRST_S", 0.01)
    monkeypatch.setattr(spare_module, "_LOOK_S", 0.01)
    hung_up = asyncio.Event()

    async def read(box: str, spool: Spool, after: int, most: int) -> Sequence[Message]:
        if not hung_up.is_set():
            hung_up.set()
            one.is_resetting = other.is_resetting = True
            for node in (one, other):
                node.hang_up()
            await asyncio.sleep(0.1)
            one.is_resetting = other.is_resetting = False
        return await alarm_messages(box, spool, after, most)

    monkeypatch.setattr(spare_module, "alarm_messages", read)
    async with standing(tmp_path, is_linked=False) as (one, other, spool):
        await spool.add([], [LEAN])
        await hung_up.wait()
        assert [node[0] for node in await told(one, other)] == [1, 1]


async def test_a_spool_that_cannot_be_read_ends_no_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk refuses a moment: the box works on, and tells the alarm when it can be read."""
    monkeypatch.setattr(spare_module, "_RETRY_FIRST_S", 0.01)
    refused = asyncio.Event()

    async def read(box: str, spool: Spool, after: int, most: int) -> Sequence[Message]:
        if not refused.is_set():
            refused.set()
            raise EgretError("disk I/O error", code="E-SPOOL-002")
        return await alarm_messages(box, spool, after, most)

    monkeypatch.setattr(spare_module, "alarm_messages", read)
    async with standing(tmp_path, is_linked=False) as (one, other, spool):
        await spool.add([], [LEAN])
        assert await told(one, other) == [[1], [1]]
    assert refused.is_set()


async def test_an_alarm_that_the_uplink_brings_through_goes_over_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It costs nothing while receipts come; the one that has none for 1.5 s is told."""
    monkeypatch.setattr(spare_module, "_LATE_S", 1e9)
    async with standing(tmp_path, is_linked=True) as (one, other, spool):
        await spool.add([], [LEAN])
        await asyncio.sleep(3 * spare_module._LOOK_S)
        assert (one.published, other.published) == ([], [])
        monkeypatch.setattr(spare_module, "_LATE_S", 0.0)
        assert await told(one, other) == [[1], [1]]


async def test_a_cluster_that_lets_no_spare_way_in_is_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for each way, however often it is tried."""
    monkeypatch.setattr(spare_module, "_RETRY_MOST_S", 0.01)
    refusing = ScriptedBroker(connack=NOT_AUTHORISED)

    def said() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == spare_module.__name__]

    async with standing(tmp_path, is_linked=True, first=refusing):
        while not said():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
    assert [line.partition(":")[0] for line in said()] == ["a spare way into the cluster does not stand"]


def test_what_the_ways_cost_a_sim_card() -> None:
    """Two pings every four minutes: some 6 MB of a month."""
    pings = spare_module.WAYS * MONTH_S / spare_module.SPARE_KEEPALIVE_S
    assert pings * traffic.PING == pytest.approx(5.5e6, rel=0.05)
