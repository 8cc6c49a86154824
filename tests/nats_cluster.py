"""Three nats-servers on what `egret cloud broker-config --kind nats --nodes 3` writes, with a city's certificates."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import servers
from city_authority import CityAuthority
from guarded_broker import BROKER, CITY, CLOUD, HOST, configure, nats_program
from servers import Server, free_port

from wire.broker import Broker


@dataclass(frozen=True)
class Node:
    """One nats-server, where boxes and the cloud come in, and the ports of other nodes and of its monitor."""

    server: Server
    door: Broker
    route_port: int
    monitor_port: int


@dataclass(frozen=True)
class Cluster:
    """On one machine; in a city each node has its own, with these very files."""

    nodes: tuple[Node, ...]
    authority: CityAuthority

    def way(self, name: str) -> Broker:
        """All nodes in one address, with this certificate."""
        first, *others = (node.door for node in self.nodes)
        address = replace(first, others=tuple((other.host, other.port) for other in others))
        return self.authority.way(address, name)

    def leader(self, stream: str) -> Node | None:
        """The node that leads a stream; None while the cluster elects one, or nobody knows."""
        for node in self.nodes:
            name = _leader(node, stream)
            if name:
                return self.nodes[int(name.rpartition("-")[2]) - 1]
        return None


@contextmanager
def cluster(folder: Path, boxes: Sequence[str], inventory: Path = CITY) -> Iterator[Cluster]:
    """With certificates for the cloud and for some boxes of an inventory."""
    authority = CityAuthority(folder)
    authority.issue(BROKER, names=f"DNS:{HOST}")
    for name in (CLOUD, *boxes):
        authority.issue(name)
    tls = folder / "tls"
    authority.install(BROKER, tls)
    ports = [(free_port(), free_port(), free_port()) for _ in range(3)]
    named = [word for port, route, _ in ports for word in ("--node", f"{HOST}:{port}:{route}")]
    words = ("--kind", "nats", "--nodes", "3", "--listen", "127.0.0.1", "--inventory", str(inventory))
    configure(*words, *named, "--tls", str(tls), "--out", str(tls), "--state", str(folder / "state"))
    nodes = tuple(
        Node(_server(folder, number, port, monitor), Broker(HOST, port, is_tls=True), route, monitor)
        for number, (port, route, monitor) in enumerate(ports, 1)
    )
    with ExitStack() as stack:
        for node in nodes:
            stack.enter_context(node.server)
        yield Cluster(nodes, authority)


def _server(folder: Path, number: int, port: int, monitor: int) -> Server:
    """One of the three, with a log of its own."""
    own = folder / f"node-{number}"
    own.mkdir()
    command = [nats_program(), "-c", str(folder / f"tls/egret-{number}.conf"), "-m", str(monitor)]
    return Server(f"mqtts://{HOST}:{port}", command, own, lambda: servers.accepts(port))


def _leader(node: Node, stream: str) -> str:
    """What a node says to its monitor."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{node.monitor_port}/jsz?accounts=1&streams=1", timeout=1.0).json()
    except (httpx.HTTPError, ValueError):
        return ""
    streams = [found for account in answer.get("account_details", ()) for found in account.get("stream_detail", ())]
    leaders = [found.get("cluster", {}).get("leader", "") for found in streams if found["name"] == stream]
    return str(leaders[0]) if leaders else ""
