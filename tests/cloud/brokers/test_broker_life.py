"""A city's broker over time: what a restart keeps, and how a certificate that was let in is let in no more."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from city_authority import CityAuthority
from guarded_broker import BROKER, CLOUD, HOST, Guarded, client, guarded, heard

from cloud.link import MqttInbox
from edge.link import MqttLink
from wire.errors import LinkError
from wire.topics import topic

OURS, LOST = "XM-SM-01", "XM-SM-02"


@pytest.fixture(params=["mosquitto", "nats"])
def city(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Guarded]:
    """Each broker in turn, of this test alone."""
    authority = CityAuthority(tmp_path)
    authority.issue(BROKER, names=f"DNS:{HOST}")
    for name in (CLOUD, OURS, LOST):
        authority.issue(name)
    folder = tmp_path / request.param
    folder.mkdir()
    with guarded(request.param, authority, folder) as running:
        yield running


def inbox(city: Guarded) -> MqttInbox:
    """The lane of readings."""
    return MqttInbox(city.way(CLOUD), "egret-cloud-readings", [topic("+", "readings")])


def link(city: Guarded, box: str) -> MqttLink:
    """A box's."""
    return MqttLink(city.way(box), box, b"{}")


async def test_a_restart_keeps_what_waits(city: Guarded) -> None:
    """A reading for a cloud that is away and a configuration for every box are there after the broker's restart."""
    async with inbox(city) as lane:
        await lane.send(topic(OURS, "desired"), b"a configuration", retain=True)
    async with link(city, OURS) as box:
        await box.send(topic(OURS, "readings"), b"a reading")
    city.server.stop()
    city.server.start()
    async with inbox(city) as lane:
        delivery = await anext(lane.deliveries())
        assert (delivery.topic, delivery.payload) == (topic(OURS, "readings"), b"a reading")
    async with client(city.way(OURS), OURS) as box:
        await box.subscribe(topic(OURS, "desired"), qos=1)
        assert await heard(box, b"a configuration") == [(topic(OURS, "desired"), b"a configuration")]


async def test_a_lost_box_is_cut_off_and_stays_out(city: Guarded) -> None:
    """As the manual says it: revoke, write the files again, restart mosquitto or have nats-server read them."""
    async with link(city, LOST) as lost:
        await lost.send(topic(LOST, "readings"), b"before")
        city.authority.revoke(LOST)
        city.configure("--without", LOST)
        apply(city)
        with pytest.raises(LinkError):
            await anext(lost.deliveries())
    with pytest.raises(LinkError):
        await link(city, LOST).__aenter__()
    async with link(city, OURS) as box:
        await box.send(topic(OURS, "readings"), b"others go on")


def apply(city: Guarded) -> None:
    """What the manual says for each program."""
    if city.kind == "nats":
        os.kill(city.server.pid, signal.SIGHUP)
    else:
        city.server.stop()
        city.server.start()
