"""A city's broker over time: what a restart keeps, and how a certificate that was let in is let in no more."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
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


async def test_a_new_box_is_let_in(city: Guarded) -> None:
    """A box that is new in sensors.yaml may speak when the broker has its files; what waits goes on waiting.

    A mosquitto 2.0.11 that reads them by SIGHUP gives sessions whose client is away nothing more: it is restarted.
    """
    city.configure("--without", LOST)
    apply(city)
    async with inbox(city):
        pass
    async with link(city, OURS) as box:
        await box.send(topic(OURS, "readings"), b"before")
    city.configure()
    apply(city)
    await comes_in(city, LOST, b"from the new box")
    async with inbox(city) as lane, asyncio.timeout(30):
        deliveries = lane.deliveries()
        assert {(await anext(deliveries)).payload for _ in range(2)} == {b"before", b"from the new box"}


async def comes_in(city: Guarded, name: str, payload: bytes) -> None:
    """As soon as the broker lets it: nats-server reads its files a moment after the signal."""
    async with asyncio.timeout(30):
        while True:
            try:
                async with link(city, name) as box:
                    return await box.send(topic(name, "readings"), payload)
            except LinkError:
                await asyncio.sleep(0.1)


async def test_a_lost_box_is_cut_off_and_stays_out(city: Guarded) -> None:
    """As the manual says it: revoke, write the files again, restart mosquitto or have nats-server read them."""
    async with link(city, LOST) as lost:
        await lost.send(topic(LOST, "readings"), b"before")
        city.authority.revoke(LOST)
        city.configure("--without", LOST)
        apply(city)
        with pytest.raises(LinkError):
            await cut_off(lost)
    with pytest.raises(LinkError):
        await link(city, LOST).__aenter__()
    async with link(city, OURS) as box:
        await box.send(topic(OURS, "readings"), b"others go on")


async def cut_off(box: MqttLink) -> None:
    """Raises LinkError within a while."""
    async with asyncio.timeout(30):
        await anext(box.deliveries())


def apply(city: Guarded) -> None:
    """What the manual says for each program."""
    if city.kind == "nats":
        os.kill(city.server.pid, signal.SIGHUP)
    else:
        city.server.stop()
        city.server.start()


async def test_a_new_certificate_under_the_old_name(tmp_path: Path) -> None:
    """nats-server knows no list of revoked certificates: given those that count, it refuses an older key of a name."""
    authority = CityAuthority(tmp_path)
    authority.issue(BROKER, names=f"DNS:{HOST}")
    for name in (CLOUD, OURS, LOST):
        authority.issue(name)
    folder, stolen = tmp_path / "nats", tmp_path / "stolen"
    folder.mkdir()
    stolen.mkdir()
    for end in ("pem", "key"):
        shutil.copy(authority.folder / f"{LOST}.{end}", stolen / f"{LOST}.{end}")
    with guarded("nats", authority, folder, "--certificates", str(authority.folder)) as city:
        new = city.way(LOST)
        old = replace(new, certificate=str(stolen / f"{LOST}.pem"), key=str(stolen / f"{LOST}.key"))
        async with MqttLink(old, LOST, b"{}") as thief:
            authority.issue(LOST)
            city.configure()
            city.server.stop()
            city.server.start()
            with pytest.raises(LinkError):
                await cut_off(thief)
        with pytest.raises(LinkError):
            await MqttLink(old, LOST, b"{}").__aenter__()
        for box in (LOST, OURS):
            async with link(city, box) as let_in:
                await let_in.send(topic(box, "readings"), b"a reading")
