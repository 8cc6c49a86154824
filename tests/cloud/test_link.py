"""The cloud's inbox on real brokers: what was not acknowledged comes again, what was does not."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiomqtt
import pytest
import servers
from scripted_broker import ScriptedBroker, scripted
from servers import Server

from cloud import link as link_module
from cloud.link import MqttInbox
from cloud.ports import Delivery
from wire.broker import Broker, parse
from wire.errors import LinkError, Unreachable
from wire.topics import PAYLOAD_MAX

TOPIC = "egret/v1/XM-TA-01/readings"
FILTERS = ["egret/v1/+/readings"]


@pytest.fixture(params=["nats", "mosquitto"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Each broker in turn. nats-server delivers again by the clock, and not in order; mosquitto at a reconnect."""
    kind = servers.mosquitto(tmp_path) if request.param == "mosquitto" else servers.nats(tmp_path, ack_wait_s=1)
    with kind as started:
        yield started


@pytest.fixture
def broker(server: Server) -> Broker:
    """Its address."""
    return parse(server.url)


def inbox(broker: Broker) -> MqttInbox:
    """A lane's inbox, always of the same session."""
    return MqttInbox(broker, "egret-cloud-test", FILTERS)


async def publish(broker: Broker, *payloads: bytes, qos: int = 1) -> None:
    """As a box does."""
    async with aiomqtt.Client(broker.host, broker.port, identifier="XM-TA-01") as client:
        for payload in payloads:
            await client.publish(TOPIC, payload, qos=qos)


async def take(deliveries: AsyncIterator[Delivery], count: int) -> list[Delivery]:
    """The next `count`; a minute is enough on a busy machine."""
    async with asyncio.timeout(60):
        return [await anext(deliveries) for _ in range(count)]


def payloads(deliveries: list[Delivery]) -> list[bytes]:
    """What is in them."""
    return [delivery.payload for delivery in deliveries]


async def test_what_was_not_acknowledged_comes_again_after_a_reconnect(broker: Broker) -> None:
    """Of three messages the second is acknowledged: the first and the third come again."""
    async with inbox(broker) as first:
        await publish(broker, b"1", b"2", b"3")
        deliveries = await take(first.deliveries(), 3)
        assert payloads(deliveries) == [b"1", b"2", b"3"]
        deliveries[1].ack()
    async with inbox(broker) as second:
        await publish(broker, b"4")
        assert sorted(payloads(await take(second.deliveries(), 3))) == [b"1", b"3", b"4"]


async def test_what_was_acknowledged_does_not_come_again(broker: Broker) -> None:
    """The next connection begins with what is new."""
    async with inbox(broker) as first:
        await publish(broker, b"1", b"2")
        for delivery in await take(first.deliveries(), 2):
            delivery.ack()
    async with inbox(broker) as second:
        await publish(broker, b"3")
        assert payloads(await take(second.deliveries(), 1)) == [b"3"]


async def test_messages_wait_for_a_cloud_that_is_away(broker: Broker) -> None:
    """The session is kept: what was published meanwhile is delivered at the return."""
    async with inbox(broker):
        pass
    await publish(broker, b"1", b"2")
    async with inbox(broker) as back:
        assert payloads(await take(back.deliveries(), 2)) == [b"1", b"2"]


async def test_an_acknowledgement_after_the_connection_is_nothing(broker: Broker) -> None:
    """Packet identifiers belong to one connection: a late acknowledgement confirms nothing on the next."""
    async with inbox(broker) as first:
        await publish(broker, b"1")
        [late] = await take(first.deliveries(), 1)
    late.ack()
    async with inbox(broker) as second:
        [again] = await take(second.deliveries(), 1)
        late.ack()
        assert again.payload == b"1"
    async with inbox(broker) as third:
        assert payloads(await take(third.deliveries(), 1)) == [b"1"]


async def test_a_killed_broker_is_a_link_error_for_everyone_who_waits(server: Server, broker: Broker) -> None:
    """Receiving and sending both say that nobody answers, never that somebody is not authorised."""
    async with inbox(broker) as cut:
        deliveries = cut.deliveries()
        server.kill()
        with pytest.raises(Unreachable):
            await take(deliveries, 1)
        with pytest.raises(Unreachable):
            await cut.send("egret/v1/XM-TA-01/receipts", b"{}")
    with pytest.raises(Unreachable, match="E-LINK-002"):
        await inbox(broker).__aenter__()


async def test_a_broker_that_hangs_up_is_known_at_once() -> None:
    """As a node of a cluster does while it elects a leader, and any broker at a bad certificate: no waiting for it."""
    async with scripted(ScriptedBroker(is_resetting=True)) as refusing, asyncio.timeout(5):
        with pytest.raises(Unreachable):
            await inbox(Broker("127.0.0.1", refusing.port)).__aenter__()


async def test_one_inbox_connects_again(server: Server, broker: Broker) -> None:
    """Entering after a loss is a new connection of the same session."""
    same = inbox(broker)
    async with same:
        server.stop()
        with pytest.raises(LinkError):
            await take(same.deliveries(), 1)
    server.start()
    async with same:
        await publish(broker, b"1")
        assert payloads(await take(same.deliveries(), 1)) == [b"1"]


async def test_what_waits_unacknowledged_is_held_once(tmp_path: Path) -> None:
    """While a store is down nats-server sends everything again and again: it waits in memory once."""
    with servers.nats(tmp_path, ack_wait_s=1) as server:
        broker = parse(server.url)
        async with inbox(broker) as cloud:
            await publish(broker, b"1", b"2")
            await asyncio.sleep(4)
            deliveries = cloud.deliveries()
            for delivery in await take(deliveries, 2):
                delivery.ack()
            await publish(broker, b"3")
            late: list[bytes] = []  # what was on its way while the acknowledgements were, once each at most
            while b"3" not in late:
                late += payloads(await take(deliveries, 1))
            assert late in ([b"3"], [b"1", b"3"], [b"2", b"3"], [b"1", b"2", b"3"])


async def test_receipts_go_out_together(broker: Broker) -> None:
    """A hundred sends at once, each until the broker has it; a listening box hears them all."""
    async with aiomqtt.Client(broker.host, broker.port, identifier="XM-TA-01") as box, inbox(broker) as cloud:
        await box.subscribe("egret/v1/XM-TA-01/receipts", qos=1)
        async with asyncio.timeout(60), asyncio.TaskGroup() as sending:
            for number in range(100):
                sending.create_task(cloud.send("egret/v1/XM-TA-01/receipts", b"%d" % number))
        messages = aiter(box.messages)
        async with asyncio.timeout(60):
            heard = [int((await anext(messages)).payload) for _ in range(100)]
    assert heard == list(range(100))


async def test_too_large_messages_are_cut_and_still_too_large(mosquitto_url: str) -> None:
    """8 MiB from somebody who does not know the limit take 256 KiB and a byte while they wait."""
    broker = parse(mosquitto_url)
    async with inbox(broker) as cloud:
        await publish(broker, bytes(8 * 1024 * 1024))
        [delivery] = await take(cloud.deliveries(), 1)
        assert len(delivery.payload) == PAYLOAD_MAX + 1


async def test_messages_that_no_broker_holds_back_are_bounded(mosquitto_url: str) -> None:
    """Of a flood at QoS 0 while the lane is busy, only so many wait; QoS 1 beside it is not touched."""
    broker = parse(mosquitto_url)
    async with inbox(broker) as cloud:
        await publish(broker, *(bytes(1000) for _ in range(500)), qos=0)
        await publish(broker, b"important")
        async with asyncio.timeout(60):
            while not cloud._held.unacknowledged:
                await asyncio.sleep(0.01)
        taken = await take(cloud.deliveries(), 101)
        assert taken[-1].payload == b"important"


async def test_an_idle_lane_notices_that_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is due, and a lane asks all the same: it pays for no SIM card, and an alarm may be waiting for it."""
    monkeypatch.setattr(link_module, "_SILENT_S", 0.5)
    async with scripted(ScriptedBroker()) as broker, inbox(Broker("127.0.0.1", broker.port)) as lane:
        broker.is_silent = True
        async with asyncio.timeout(10):
            with pytest.raises(Unreachable):
                await anext(lane.deliveries())
    assert broker.pings == 1


async def test_a_broker_that_makes_many_queues_is_let_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """nats-server says nothing until it has one for each box of a share: the time for a SUBACK is another."""
    monkeypatch.setattr(link_module, "_SILENT_S", 0.3)
    async with scripted(ScriptedBroker(suback=None)) as broker:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.2), inbox(Broker("127.0.0.1", broker.port)):
                pass
    assert broker.pings == 0
