"""Three nats-servers on what `egret cloud broker-config --kind nats --nodes 3` writes, one of which is killed."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import suppress

import nats_cluster
import pytest
from guarded_broker import BROKER, CLOUD, HOST
from nats_cluster import Cluster

from cloud.link import MqttInbox
from edge.link import MqttLink
from wire.errors import LinkError
from wire.topics import What, topic

BOX = "XM-SM-01"
ELECTED_S = 60.0
"""A busy machine may take long to elect leaders."""


class Rig(Cluster):
    """The cluster, with box and cloud at one node or another."""

    def inbox(self, node: int, what: What = "readings") -> MqttInbox:
        """A lane of the cloud's, at one node."""
        way = self.authority.way(self.nodes[node].door, CLOUD)
        return MqttInbox(way, f"egret-cloud-{what}", [topic("+", what)])

    def link(self, node: int) -> MqttLink:
        """The box's, at one node."""
        return MqttLink(self.authority.way(self.nodes[node].door, BOX), BOX, b"{}")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Shared: a node that a test kills it starts again."""
    with nats_cluster.cluster(tmp_path_factory.mktemp("cluster"), [BOX]) as running:
        yield Rig(running.nodes, running.authority)


async def elected(cluster: Rig, node: int) -> None:
    """Wait until this node lets sessions begin: the cluster has its leaders. Takes nothing that the tests wait for."""
    async with asyncio.timeout(ELECTED_S):
        while True:
            try:
                async with cluster.inbox(node, "status"), cluster.link(node):
                    return
            except LinkError:
                await asyncio.sleep(0.2)


async def say(cluster: Rig, node: int, payload: bytes) -> None:
    """As a box does: again, over a new connection, until the broker has it."""
    async with asyncio.timeout(ELECTED_S):
        while True:
            with suppress(LinkError, TimeoutError):
                async with asyncio.timeout(5), cluster.link(node) as box:
                    return await box.send(topic(BOX, "readings"), payload)
            await asyncio.sleep(0.2)


async def hear(lane: MqttInbox, payload: bytes) -> None:
    """Until it comes; what was said twice comes twice."""
    async with asyncio.timeout(ELECTED_S):
        async for delivery in lane.deliveries():
            delivery.ack()
            if delivery.payload == payload:
                return


async def test_a_box_and_the_cloud_meet_at_different_nodes(cluster: Rig) -> None:
    """What the box says at the first node the cloud hears at the second."""
    await elected(cluster, 1)
    async with cluster.inbox(1) as lane:
        await say(cluster, 0, b"a reading")
        await hear(lane, b"a reading")


@pytest.mark.parametrize("killed", [0, 1, 2])
async def test_a_node_that_is_killed_takes_nothing_with_it(cluster: Rig, killed: int) -> None:
    """A reading waits for a cloud that is away: it is found at another node, whichever has died, and work goes on."""
    for node in range(3):
        await elected(cluster, node)
    async with cluster.inbox(killed):
        pass
    await say(cluster, killed, b"before %d" % killed)
    cluster.nodes[killed].server.kill()
    survivor, other = (node for node in range(3) if node != killed)
    await elected(cluster, survivor)
    async with cluster.inbox(survivor) as lane:
        await hear(lane, b"before %d" % killed)
        await say(cluster, other, b"after %d" % killed)
        await hear(lane, b"after %d" % killed)
    cluster.nodes[killed].server.start()


async def test_who_has_no_session_hears_before_the_election(cluster: Rig) -> None:
    """The node that stores all messages dies: what a box says at a second node is heard at the third at once.

    nats-server needs 4 s or more to elect another, and only then says PUBACK.
    """
    for node in range(3):
        await elected(cluster, node)
    while (leader := cluster.leader("$MQTT_msgs")) is None:
        await asyncio.sleep(0.2)
    second, third = (node for node in range(3) if cluster.nodes[node] is not leader)
    way = cluster.authority.way(cluster.nodes[third].door, CLOUD)
    ahead = MqttInbox(way, "egret-cloud-ahead-1", [topic("+", "readings")], is_passing=True)
    async with ahead, cluster.link(second) as box:
        leader.server.kill()
        saying = asyncio.create_task(box.send(topic(BOX, "readings"), b"just now"))
        async with asyncio.timeout(3):
            await hear(ahead, b"just now")
        assert not saying.done()
        await asyncio.wait([saying])
        assert isinstance(saying.exception(), LinkError | None)
    leader.server.start()


@pytest.mark.parametrize(("name", "is_node"), [(BROKER, True), (BOX, False), (CLOUD, False), ("", False)])
async def test_only_a_node_is_let_in_as_a_node(cluster: Rig, name: str, is_node: bool) -> None:  # noqa: FBT001
    """A stolen box would read everything if it passed for one: its certificate has no node's name."""
    trusting = ssl.create_default_context(cafile=cluster.authority.folder / "ca.pem")
    if name:
        trusting.load_cert_chain(cluster.authority.folder / f"{name}.pem", cluster.authority.folder / f"{name}.key")
    assert (b"PONG" in await answer(cluster.nodes[0].route_port, trusting)) == is_node


async def answer(port: int, trusting: ssl.SSLContext) -> bytes:
    """What a node says to somebody who speaks as a node does, up to its PONG or its end."""
    said = b""
    with suppress(OSError):
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=HOST)
            writer.write(b'CONNECT {"verbose":false,"tls_required":true,"name":"x","cluster":"egret"}\r\nPING\r\n')
            try:
                while b"PONG" not in said and (line := await reader.readline()):
                    said += line
            finally:
                writer.transport.abort()  # a close would wait for the node's, and outlive the test
    return said
