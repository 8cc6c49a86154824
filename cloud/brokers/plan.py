"""What a city's broker must know, whichever program it is: boxes, nodes, files, and who may say and hear what."""

import re
from collections import Counter
from dataclasses import dataclass

from wire import topics
from wire.located import Mistakes
from wire.topics import FROM_BOX, IDENTIFIER, TO_BOX

MQTT_PORT, ROUTE_PORT = 8883, 6222
CLOUD_PORT = 8884
SESSIONS_OF_CLOUD = "egret-cloud-"
"""How the names of the cloud's sessions begin: no box may be called so."""
NODES_MAX = 7
"""Raft needs a majority for every message: more nodes are slower, not safer."""
IN_FLIGHT_MAX = 200
"""Messages without their PUBACK, as `edge/link.py` has them."""
FRAME_MAX = topics.PAYLOAD_MAX + 512
"""Bytes of one MQTT packet: the largest payload, with the longest topic name and headers."""

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})")
_PATH = re.compile(r"/[^\s\"'\\#{}$;]*")
"""Both programs read configuration by lines and quotes: a path that needs neither is read the same by both."""


@dataclass(frozen=True, slots=True)
class Node:
    """One broker, as boxes (`port`) and other nodes (`route_port`) reach it."""

    host: str
    port: int = MQTT_PORT
    route_port: int = ROUTE_PORT


@dataclass(frozen=True, slots=True)
class Rights:
    """What one certificate's name may do; topic names and filters of MQTT."""

    name: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """`boxes` and `cloud` are the names (CN) of certificates.

    `listen` is the address that boxes come in at. `cloud_listen` is the one of the cloud's own door, for
    programs that have two. `tls` is the folder with ca.pem, server.pem, server.key and revoked.pem on the
    broker's machine, `state` the one of its data. `pins` are hashes of the keys that alone are let in, for
    programs that know no list of revoked certificates; empty means any of the authority's.
    """

    boxes: tuple[str, ...]
    cloud: str
    nodes: tuple[Node, ...]
    listen: str
    cloud_listen: Node
    tls: str
    state: str
    pins: tuple[str, ...] = ()

    @property
    def rights(self) -> tuple[Rights, ...]:
        """Of the cloud, then of each box."""
        return (_of_cloud(self.cloud), *map(_of_box, self.boxes))


def _of_box(box: str) -> Rights:
    """A box speaks and hears below its own name; as a virtual box it hears its third party, who has that name too."""
    return Rights(
        box,
        tuple(topics.topic(box, what) for what in (*FROM_BOX, "json")),
        tuple(topics.topic(box, what) for what in (*TO_BOX, "json")),
    )


def _of_cloud(name: str) -> Rights:
    """Topic filters: every box's."""
    return Rights(
        name,
        tuple(topics.topic("+", what) for what in TO_BOX),
        tuple(topics.topic("+", what) for what in FROM_BOX),
    )


def check(plan: Plan, mistakes: Mistakes) -> None:
    """Collects what would make a broker that refuses to start, or lets somebody in who must stay out."""
    if not IDENTIFIER.fullmatch(plan.cloud):
        fix = "use 1 to 64 letters, digits, - and _, such as egret-cloud."
        mistakes.add("--cloud", f"{plan.cloud!r} is no name of a certificate.", fix, "E-BROKER-001")
    for box in plan.boxes:
        if box == plan.cloud or box.startswith(SESSIONS_OF_CLOUD):
            what = f"box {box!r} has a name of the cloud's: it could take the cloud's rights or sessions."
            mistakes.add(f"box {box}", what, "give the box another id in sensors.yaml.", "E-BROKER-002")
    for option, path in (("--tls", plan.tls), ("--state", plan.state)):
        if not _PATH.fullmatch(path):
            fix = "name a folder of the broker's machine from its root, without blanks and quotes."
            mistakes.add(option, f"{path!r} is no folder that every broker can read.", fix, "E-BROKER-003")
    _check_hosts(("--listen", plan.listen), ("--cloud-listen", plan.cloud_listen.host), mistakes=mistakes)
    _check_hosts(*(("--node", node.host) for node in plan.nodes), mistakes=mistakes)
    _check_nodes(plan.nodes, mistakes)


def _check_hosts(*named: tuple[str, str], mistakes: Mistakes) -> None:
    for option, host in named:
        if not _HOST.fullmatch(host):
            fix = "write a name or an IPv4 address, such as broker-1.city.example."
            mistakes.add(option, f"{host!r} is no address of a machine.", fix, "E-BROKER-004")


def _check_nodes(nodes: tuple[Node, ...], mistakes: Mistakes) -> None:
    if len(nodes) % 2 == 0 or len(nodes) > NODES_MAX:
        what = f"{len(nodes)} nodes: one that fails must leave a majority, and every node must hear every message."
        mistakes.add("--nodes", what, "choose 3, or 5, or 1.", "E-BROKER-005")
    for node, count in Counter(nodes).items():
        if count > 1:
            what = f"{node.host}:{node.port} is named {count} times."
            mistakes.add("--node", what, "give each its own host, or its own ports.", "E-BROKER-006")
    for node in nodes if len(nodes) > 1 else ():
        if re.fullmatch(r"[0-9.]+", node.host):
            what = f"{node.host} is a number: nodes know each other by the names (DNS) in their certificates."
            mistakes.add("--node", what, "give it a name in DNS or in /etc/hosts.", "E-BROKER-007")
