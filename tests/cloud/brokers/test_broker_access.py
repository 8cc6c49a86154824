"""Who may do what on a city's broker: real mosquitto and nats-server, on what `egret cloud broker-config` writes."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import aiomqtt
import pytest
from city_authority import CityAuthority
from guarded_broker import BROKER, CLOUD, HOST, Guarded, client, guarded, heard

from cloud.link import MqttInbox
from edge.link import MqttLink
from wire import topics
from wire.broker import Broker
from wire.errors import LinkError, NotAuthorised, Refused
from wire.topics import FROM_BOX, PAYLOAD_MAX, TO_BOX, What, topic

OURS, OTHER, THIRD, EXPIRED, REVOKED = "XM-SM-01", "XM-SM-02", "XM-SM-03", "XM-SM-04", "XM-HL-01"
STRANGER = "XM-NOBODY"
"""A certificate of the city's authority whose name is not in sensors.yaml."""
WILL = b"{}"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CityAuthority:
    """The city's, as the manual makes it."""
    made = CityAuthority(tmp_path_factory.mktemp("authority"))
    made.issue(BROKER, names=f"DNS:{HOST}")
    for name in (CLOUD, OURS, OTHER, THIRD, REVOKED, STRANGER):
        made.issue(name)
    made.issue(EXPIRED, ends="20210101000000Z")
    made.revoke(REVOKED)
    return made


@pytest.fixture(scope="module", params=["mosquitto", "nats"])
def city(
    request: pytest.FixtureRequest, authority: CityAuthority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Guarded]:
    """Each broker in turn; for all tests of this module, each of which begins with sessions of its own."""
    folder = tmp_path_factory.mktemp(request.param)
    with guarded(request.param, authority, folder, "--without", REVOKED) as running:
        yield running


def inbox(city: Guarded, what: What, session: str = "") -> MqttInbox:
    """A lane of the cloud's."""
    return MqttInbox(city.way(CLOUD), f"egret-cloud-{session or what}", [topic("+", what)])


def link(city: Guarded, box: str) -> MqttLink:
    """A box's way to the broker."""
    return MqttLink(city.way(box), box, WILL)


async def taken(lane: MqttInbox, last: bytes) -> list[tuple[str, bytes]]:
    """Everything a lane is sent up to `last`, each acknowledged."""
    found: list[tuple[str, bytes]] = []
    async with asyncio.timeout(30):
        async for delivery in lane.deliveries():
            delivery.ack()
            found.append((delivery.topic, delivery.payload))
            if delivery.payload == last:
                break
    return found


async def test_a_box_s_data_arrive_and_its_receipts_return(city: Guarded) -> None:
    """By its certificate a box publishes as much as a message may hold, and hears what the cloud sends it."""
    batch = bytes(PAYLOAD_MAX)
    async with inbox(city, "readings", "path") as lane, link(city, OURS) as box:
        await box.send(topic(OURS, "readings"), batch)
        assert await taken(lane, batch) == [(topic(OURS, "readings"), batch)]
        await lane.send(topic(OURS, "receipts"), b"receipt")
        async with asyncio.timeout(30):
            delivery = await anext(box.deliveries())
        assert (delivery.topic, delivery.payload) == (topic(OURS, "receipts"), b"receipt")


async def test_a_box_is_asked_and_answers(city: Guarded) -> None:
    """The cloud's command comes down to the box that it names and to no other, and the reply goes up."""
    hears = ("receipts", "desired", "commands")
    async with (
        inbox(city, "replies", "asks") as lane,
        MqttLink(city.way(OURS), OURS, WILL, hears=hears) as box,
        client(city.way(OTHER), OTHER) as other,
    ):
        await other.subscribe(topic(OTHER, "commands"), qos=1)
        await lane.send(topic(OURS, "commands"), b"a command")
        async with asyncio.timeout(30):
            delivery = await anext(box.deliveries())
        assert (delivery.topic, delivery.payload) == (topic(OURS, "commands"), b"a command")
        await box.send(topic(OURS, "replies"), b"a reply")
        assert await taken(lane, b"a reply") == [(topic(OURS, "replies"), b"a reply")]
        await lane.send(topic(OTHER, "commands"), b"own")
        assert await heard(other, b"own") == [(topic(OTHER, "commands"), b"own")]


@pytest.mark.parametrize("what", FROM_BOX)
async def test_a_box_cannot_publish_as_another(city: Guarded, what: What) -> None:
    """Of a false message and a true one of the same client the cloud hears the true one alone."""
    async with inbox(city, what, f"false-{what}") as lane, client(city.way(OURS), OURS) as box:
        await box.publish(topic(OTHER, what), b"false", qos=1)
        await box.publish(topic(OURS, what), b"true", qos=1)
        assert await taken(lane, b"true") == [(topic(OURS, what), b"true")]


@pytest.mark.parametrize("what", TO_BOX)
async def test_a_box_cannot_speak_as_the_cloud(city: Guarded, what: What) -> None:
    """No box gives receipts, configurations or commands, neither to another nor to itself."""
    async with client(city.way(OTHER), OTHER) as victim, client(city.way(OURS), OURS) as box:
        await victim.subscribe(topic(OTHER, what), qos=1)
        await box.subscribe(topic(OURS, what), qos=1)
        for target in (OTHER, OURS):
            await box.publish(topic(target, what), b"false", qos=1, retain=True)
        async with inbox(city, "status", "true") as cloud:
            for target in (OTHER, OURS):
                await cloud.send(topic(target, what), b"true")
        assert await heard(victim, b"true") == [(topic(OTHER, what), b"true")]
        assert await heard(box, b"true") == [(topic(OURS, what), b"true")]


@pytest.mark.parametrize(
    "topic_filter",
    ["#", "+/+/+/+", "egret/v1/+/receipts", f"egret/v1/{OTHER}/#", "$MQTT/sub/#", "+/sub/#", "$share/a/egret/v1/#"],
)
async def test_a_box_cannot_hear_another(city: Guarded, topic_filter: str) -> None:
    """Whatever it subscribes to, it hears its own: nothing of what passes by, and nothing that was retained."""
    async with inbox(city, "status", "hears") as cloud:
        await cloud.send(topic(OTHER, "desired"), b"a configuration", retain=True)
        async with client(city.way(OURS), OURS) as box:
            await box.subscribe(topic(OURS, "receipts"), qos=1)
            await box.subscribe(topic_filter, qos=1)
            async with link(city, OTHER) as other:
                await other.send(topic(OTHER, "readings"), b"a reading")
            await cloud.send(topic(OTHER, "receipts"), b"a receipt")
            await cloud.send(topic(OURS, "receipts"), b"own")
            assert {name for name, _ in await heard(box, b"own")} == {topic(OURS, "receipts")}


@pytest.mark.parametrize("session", [OTHER, "egret-cloud-stolen"])
async def test_a_session_is_worth_nothing_to_another(city: Guarded, session: str) -> None:
    """A box that calls itself as another, or as a lane of the cloud, inherits nothing that waits for them."""
    async with link(city, OTHER):
        pass
    async with inbox(city, "readings", "stolen"):
        pass
    async with inbox(city, "status", "sender") as cloud:
        await cloud.send(topic(OTHER, "receipts"), b"for another")
        async with client(city.way(OURS), session, clean=False) as thief:
            async with link(city, THIRD) as third:
                await third.send(topic(THIRD, "readings"), b"for the cloud")
            await thief.subscribe(topic(OURS, "receipts"), qos=1)
            await cloud.send(topic(OURS, "receipts"), b"own")
            assert {name for name, _ in await heard(thief, b"own")} == {topic(OURS, "receipts")}
    async with inbox(city, "readings", "stolen") as lane:
        assert (topic(THIRD, "readings"), b"for the cloud") in await taken(lane, b"for the cloud")


async def test_a_box_cannot_leave_another_s_will(city: Guarded) -> None:
    """Of two clients that are cut off, the broker says the will that is the box's own, never that another is gone."""
    async with inbox(city, "status", "wills") as lane:
        for box, payload in ((OTHER, b"false"), (OURS, b"true")):
            will = aiomqtt.Will(topic(box, "status"), payload, qos=1, retain=True)
            with suppress(aiomqtt.MqttError):  # nats-server lets nobody in who may not say its will
                async with client(city.way(OURS), OURS, will=will) as cut_off:
                    cut_off._client._sock_close()
        assert (topic(OTHER, "status"), b"false") not in await taken(lane, b"true")


async def test_the_cloud_cannot_speak_as_a_box(city: Guarded) -> None:
    """Its certificate, wherever it is taken to, makes no readings."""
    async with inbox(city, "readings", "own") as lane:
        await lane.send(topic(OURS, "readings"), b"false")
        async with link(city, OURS) as box:
            await box.send(topic(OURS, "readings"), b"true")
        assert await taken(lane, b"true") == [(topic(OURS, "readings"), b"true")]


async def test_a_name_that_sensors_yaml_does_not_know_can_do_nothing(city: Guarded) -> None:
    """Though the city's authority has signed it: mosquitto lets it in and hears nothing, nats-server does not."""
    async with inbox(city, "readings", "strangers") as lane:
        if city.kind == "nats":
            with pytest.raises(LinkError):
                await link(city, STRANGER).__aenter__()
        else:
            async with link(city, STRANGER) as box:
                await box.send(topic(STRANGER, "readings"), b"false")
        async with link(city, OURS) as box:
            await box.send(topic(OURS, "readings"), b"true")
        assert await taken(lane, b"true") == [(topic(OURS, "readings"), b"true")]


@pytest.mark.parametrize("name", ["", EXPIRED, REVOKED], ids=["none", "expired", "revoked"])
async def test_who_has_no_good_certificate_is_refused(
    city: Guarded, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Without one, with one that has expired, with one that was revoked; a good one is let in a moment later.

    The box is told so, and does not take the broker for one that is away; the library's own complaint is in no log.
    """
    with pytest.raises(NotAuthorised, match=f"does not let '{name or OURS}' in: "):
        await MqttLink(city.way(name), name or OURS, WILL).__aenter__()
    assert not caplog.records
    async with link(city, OURS) as box:
        await box.send(topic(OURS, "status"), b"{}")


async def test_another_authority_s_certificate_is_refused(
    city: Guarded, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Anybody can make an authority of the same name, and a certificate of a box's name."""
    foreign = CityAuthority(tmp_path_factory.mktemp("foreign"))
    foreign.issue(OURS)
    with pytest.raises(NotAuthorised, match=r"does not let 'XM-SM-01' in: (unknown ca|bad certificate)"):
        await MqttLink(city.way(OURS, foreign), OURS, WILL).__aenter__()


@pytest.mark.filterwarnings("ignore:.*unclosed.*SSLSocket")  # paho 2 leaves that to the collector
async def test_a_broker_that_is_not_known_is_refused(city: Guarded, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One with another authority's certificate, or another machine's, is told nothing, and is not said to be away."""
    foreign = CityAuthority(tmp_path_factory.mktemp("foreign"))
    with pytest.raises(Refused, match=r"TLS with the broker fails: (unable to get local|self-signed)"):
        await MqttLink(replace(city.way(OURS), ca=f"{foreign.folder}/ca.pem"), OURS, WILL).__aenter__()
    with pytest.raises(Refused, match="TLS with the broker fails: IP address mismatch"):
        await MqttLink(replace(city.way(OURS), host="127.0.0.1"), OURS, WILL).__aenter__()


async def test_a_box_s_certificate_makes_no_broker(city: Guarded) -> None:
    """A stolen box cannot stand in the broker's place: its certificate is a client's, and has no machine's name."""
    stolen = city.way(OURS)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(stolen.certificate, stolen.key)
    trusting = ssl.create_default_context(cafile=stolen.ca)
    trusting.check_hostname = False
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    us, them = trusting.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True)
    with suppress(ssl.SSLWantReadError):
        us.do_handshake()
    with suppress(ssl.SSLWantReadError):
        them.do_handshake()
    with pytest.raises(ssl.SSLCertVerificationError, match="purpose"):
        us.do_handshake()


async def test_without_tls_there_is_no_answer(city: Guarded) -> None:
    """What is not TLS is no MQTT here."""
    plain = Broker(HOST, city.at.port)
    with pytest.raises(LinkError):
        await MqttLink(plain, OURS, WILL).__aenter__()


async def test_what_is_too_large_does_not_pass(city: Guarded) -> None:
    """Somebody who sends more than a message may hold is cut off; the next one of the box arrives."""
    async with inbox(city, "readings", "large") as lane:
        with pytest.raises(aiomqtt.MqttError):
            async with client(city.way(OURS), OURS) as box:
                await box.publish(topic(OURS, "readings"), bytes(2 * PAYLOAD_MAX), qos=1, timeout=1)
        async with link(city, OURS) as box:
            await box.send(topic(OURS, "readings"), b"true")
        assert await taken(lane, b"true") == [(topic(OURS, "readings"), b"true")]


def test_every_topic_has_somebody_who_may_write_it() -> None:
    """The contract's topics are a box's to write, the cloud's, or a third party's."""
    assert {*FROM_BOX, *TO_BOX, "json"} == set(topics.What.__args__)
