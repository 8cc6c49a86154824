"""The link against brokers that refuse, forget to answer, or hang up: one clear error each, in bounded time."""

import asyncio
import subprocess
from pathlib import Path
from random import Random

import pytest
import servers
from detection import reading
from scripted_broker import BAD_PASSWORD, NOT_AUTHORISED, SUBSCRIPTION_REFUSED, ScriptedBroker, scripted

from edge import link as link_module
from edge.link import MqttLink, MqttLinks
from edge.publish import publish
from edge.spool import Spool
from wire import mqtt_client, topics
from wire.alarm import AlarmEvent, Change, Level
from wire.broker import Broker, parse
from wire.errors import LinkError, NotAuthorised, Refused, Unreachable

BOX = "XM-TA-01"
PATIENCE_S = 60.0


def link_to(port: int) -> MqttLink:
    """A link of box XM-TA-01, not connected."""
    return MqttLink(Broker("127.0.0.1", port), BOX, b"{}")


async def refusal(port: int) -> LinkError:
    """What entering a link raises."""
    with pytest.raises(LinkError) as caught:
        async with asyncio.timeout(PATIENCE_S), link_to(port):
            pytest.fail("the broker let it in")
    return caught.value


async def test_nobody_listens() -> None:
    """The usual case of a broker that is down."""
    port = servers.free_port()
    said = await refusal(port)
    assert isinstance(said, Unreachable)
    assert str(said) == (
        f"mqtt://127.0.0.1:{port}: no broker answers: [Errno 111] Connection refused."
        " fix: start the broker, or correct its address. [E-LINK-002]"
    )


async def test_a_host_that_does_not_exist() -> None:
    """A mistyped name is told as the system tells it, with the address."""
    with pytest.raises(Unreachable, match=r"mqtt://nowhere\.invalid:1883: no broker answers: .*\[E-LINK-002\]"):
        async with MqttLink(parse("mqtt://nowhere.invalid"), BOX, b"{}"):
            pass


@pytest.mark.parametrize("answer", [BAD_PASSWORD, NOT_AUTHORISED])
async def test_a_connack_that_says_who_are_you(answer: int) -> None:
    """MQTT 3.1.1, §3.2.2.3: return codes 4 and 5."""
    async with scripted(ScriptedBroker(connack=answer)) as broker:
        said = await refusal(broker.port)
    assert isinstance(said, NotAuthorised)
    assert said.code == "E-LINK-003"


async def test_a_connack_that_says_no() -> None:
    """Return code 3, server unavailable: the broker is there and refuses."""
    async with scripted(ScriptedBroker(connack=3)) as broker:
        said = await refusal(broker.port)
    assert isinstance(said, Refused)
    assert "see the broker's log" in str(said)
    assert said.code == "E-LINK-004"


async def test_a_box_that_may_not_hear_its_receipts() -> None:
    """A refused subscription (§3.9.3) is an error at once: the spool of such a box would grow for ever."""
    async with scripted(ScriptedBroker(suback=SUBSCRIPTION_REFUSED)) as broker:
        said = await refusal(broker.port)
    assert isinstance(said, Refused)
    assert "may not subscribe to egret/v1/XM-TA-01/receipts" in str(said)


async def test_a_box_that_may_not_be_asked(caplog: pytest.LogCaptureFixture) -> None:
    """At a broker whose rights know no commands it does its work, and says so."""
    async with (
        asyncio.timeout(PATIENCE_S),
        scripted(ScriptedBroker(suback=SUBSCRIPTION_REFUSED)) as broker,
        MqttLink(Broker("127.0.0.1", broker.port), BOX, b"{}", hears=("commands",)) as link,
    ):
        await link.send(topics.topic(BOX, "status"), b"{}")
    assert "the broker lets nobody ask this box anything" in caplog.text


@pytest.mark.parametrize(
    "broker", [ScriptedBroker(is_resetting=True), ScriptedBroker(connack=None), ScriptedBroker(suback=None)]
)
async def test_a_broker_that_never_answers(broker: ScriptedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hung up on, or left without CONNACK or SUBACK: unreachable, after the time for small answers."""
    monkeypatch.setattr(link_module, "_TIMEOUT_S", 0.5)
    async with scripted(broker):
        assert isinstance(await refusal(broker.port), Unreachable)


async def test_a_cluster_that_elects_a_leader(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CONNECT that came meanwhile has no CONNACK: another node is asked soon, a slow link has its time."""
    monkeypatch.setattr(link_module, "_CONNACK_S", 0.1)
    monkeypatch.setattr(link_module, "_TIMEOUT_S", 1.0)
    loop = asyncio.get_running_loop()
    async with scripted(ScriptedBroker(connack=None)) as one, scripted(ScriptedBroker(connack=None)) as other:
        links = MqttLinks(Broker("127.0.0.1", one.port, others=(("127.0.0.1", other.port),)), BOX)
        taken_s = []
        for _ in range(link_module._HURRIES + 1):
            began_s = loop.time()
            with pytest.raises(Unreachable):
                async with links(b"{}"):
                    pass
            taken_s.append(loop.time() - began_s)
        assert min(taken_s[:-1]) < 1.0 <= taken_s[-1]
        one.connack = other.connack = 0
        async with links(b"{}"):
            pass
        assert links(b"{}")._connack_s == 0.1


async def test_a_broker_that_hangs_up_instead_of_a_puback() -> None:
    """As a cluster does that elects a leader: the box knows at once, not after the 30 s that a PUBACK may take."""
    async with scripted(ScriptedBroker(unacknowledged="/status")) as broker, link_to(broker.port) as link:
        sending = asyncio.create_task(link.send(topics.topic(BOX, "status"), b"{}"))
        while not broker.published:
            await asyncio.sleep(0.01)
        broker.hang_up()
        async with asyncio.timeout(10):
            with pytest.raises(Unreachable, match="lost before an answer"):
                await sending


async def test_a_connection_that_the_network_has_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half-open TCP: what is sent is taken, and nothing comes back. The box gives it up long before its keepalive."""
    monkeypatch.setattr(link_module, "_SILENT_S", 0.5)
    async with scripted(ScriptedBroker()) as broker, link_to(broker.port) as link:
        await link.send(topics.topic(BOX, "status"), b"{}")
        broker.is_silent = True
        async with asyncio.timeout(10):
            with pytest.raises(Unreachable, match="nothing was heard for"):
                await link.send(topics.topic(BOX, "status"), b"{}")


async def test_a_broker_that_takes_its_time_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that stores slowly says that it is there, and is not given up; nobody asks while nothing is due."""
    monkeypatch.setattr(link_module, "_SILENT_S", 0.5)
    monkeypatch.setattr(mqtt_client, "_LOOK_S", 0.02)  # a machine that stands still costs one look, not all patience
    async with scripted(ScriptedBroker(unacknowledged="/readings")) as broker, link_to(broker.port) as link:
        await asyncio.sleep(1.0)
        assert broker.pings == 0
        sending = asyncio.create_task(link.send(topics.topic(BOX, "readings"), b"slow"))
        async with asyncio.timeout(PATIENCE_S):
            while broker.pings < 3:
                await asyncio.sleep(0.01)
        assert not sending.done()
        sending.cancel()


async def test_a_real_broker_with_a_password(tmp_path: Path) -> None:
    """A mosquitto with a password file refuses a box without a password, and takes the one in the address."""
    password = tmp_path / "password"
    tool = servers.program("mosquitto_passwd", "apt install mosquitto")
    subprocess.run([tool, "-b", "-c", str(password), "city", "heron"], check=True, capture_output=True)
    port = servers.free_port()
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {password}\nuser root\n")
    command = [servers.program("mosquitto", "apt install mosquitto"), "-c", str(config)]
    with servers.Server(f"mqtt://127.0.0.1:{port}", command, tmp_path, lambda: servers.accepts(port)):
        said = await refusal(port)
        async with MqttLink(parse(f"mqtt://city:heron@127.0.0.1:{port}"), BOX, b"{}") as link:
            await link.send(topics.topic(BOX, "status"), b"{}")
    assert isinstance(said, NotAuthorised)
    assert str(said) == (
        f"mqtt://127.0.0.1:{port}: the broker does not let 'XM-TA-01' in: [code:135] Not authorized."
        " fix: check the certificate, or the user and password, that the broker expects. [E-LINK-003]"
    )


async def test_alarms_do_not_wait_for_readings(tmp_path: Path) -> None:
    """A broker that acknowledges no readings still gets an alarm, and meanwhile no more than the first of them."""
    event = AlarmEvent("S/lean", "S", "lean", "tilt", Change.RAISED, Level.RED, 2.17, 1.5, reading(0, 2.17).time_ns)
    async with scripted(ScriptedBroker(unacknowledged="/readings")) as broker, Spool(tmp_path) as spool:
        for at in range(60):
            await spool.add([reading(at, 0.1)])
            await spool.flush()
        async with asyncio.timeout(PATIENCE_S), link_to(broker.port) as link, asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(publish(BOX, spool, link, Random(1)))
            while not broker.published:
                await asyncio.sleep(0.01)
            adding = tasks.create_task(spool.add([], [event]))
            await asyncio.sleep(0)
            await spool.flush()
            await adding
            while broker.published[-1][0] != topics.topic(BOX, "alarms"):
                await asyncio.sleep(0.01)
            sending.cancel()
    assert [topic for topic, _ in broker.published].count(topics.topic(BOX, "readings")) == 1


async def test_a_cut_wakes_the_listener() -> None:
    """A connection that ends while a PUBACK is due is told at once, not when the PUBACK is overdue."""
    async with scripted(ScriptedBroker(unacknowledged="/alarms")) as broker, asyncio.timeout(PATIENCE_S):
        with pytest.raises(ExceptionGroup) as caught:
            await _cut_while_sending(broker)
    assert {type(error) for error in caught.value.exceptions} == {Unreachable}


async def _cut_while_sending(broker: ScriptedBroker) -> None:
    async with link_to(broker.port) as link, asyncio.TaskGroup() as tasks:
        tasks.create_task(_listen(link))
        tasks.create_task(link.send(topics.topic(BOX, "alarms"), b"{}"))
        while not broker.published:
            await asyncio.sleep(0.01)
        broker.hang_up()


async def _listen(link: MqttLink) -> None:
    async for _ in link.deliveries():
        pass
