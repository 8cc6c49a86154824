"""nats-server 2.11.3 or newer: MQTT on JetStream, one node or a cluster, users by the subject of their certificates.

It knows no list of revoked certificates. A name that is not listed is refused; and where the keys that count are
given (`pins`), every other key is, whatever its certificate says.

NATS' own protocol cannot be switched off: it listens on a port of the system's choosing, on this machine alone, and
every user is bound to MQTT.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from cloud.brokers.plan import IN_FLIGHT_MAX, Node, Plan, Rights
from wire.topics import PAYLOAD_MAX

USERS = "users.conf"
PROGRAM = "nats-server -c egret-1.conf"
CLUSTER = "egret"
_DELIVERIES = "$MQTT.sub.>"
"""What a session's QoS 1 messages come by inside the server, which lets no MQTT client name it."""
_TLS_S = 20
"""A handshake over a link of 5 s round trip takes 15 s; nats-server's own limit is 2 s."""
_ANSWER_S = 2
"""A client that comes while the cluster elects a leader waits so long and is cut off, to come again; else 5 s."""
_HEADERS_MAX = 1024
_REPLICAS_MAX = 3


def files(plan: Plan) -> Mapping[str, str]:
    """Name and content of each file: one a node, and the users of all."""
    nodes = {f"{_name(number)}.conf": _node(plan, number, node) for number, node in enumerate(plan.nodes, 1)}
    return {**nodes, USERS: "\n".join(_users(plan))}


def _name(number: int) -> str:
    return f"egret-{number}"


def _node(plan: Plan, number: int, node: Node) -> str:
    return f"""\
# Made by `egret cloud broker-config`; the manual is docs/operate/broker.md. nats-server 2.11.3 or newer.
server_name: {_name(number)}

# NATS' own protocol: for nobody. Every user in {USERS} is bound to MQTT.
host: "127.0.0.1"
port: -1
tls {{
{_tls(plan)}
  verify_and_map: true
}}
max_payload: {PAYLOAD_MAX + _HEADERS_MAX}

jetstream {{
  store_dir: "{plan.state}/{_name(number)}"
}}

# Nobody without a certificate of the city's authority; the user is its subject.
mqtt {{
  host: "{plan.listen}"
  port: {node.port}
  max_ack_pending: {IN_FLIGHT_MAX}
  reject_qos2_publish: true
  js_api_timeout: "{_ANSWER_S}s"
  stream_replicas: {min(len(plan.nodes), _REPLICAS_MAX)}
  tls {{
{_tls(plan, "    ")}
    verify_and_map: true{_pins(plan)}
  }}
}}
{_cluster(plan, node)}
include "{USERS}"
"""


def _tls(plan: Plan, indent: str = "  ") -> str:
    lines = (
        f'ca_file: "{plan.tls}/ca.pem"',
        f'cert_file: "{plan.tls}/server.pem"',
        f'key_file: "{plan.tls}/server.key"',
        f"timeout: {_TLS_S}",
    )
    return "\n".join(indent + line for line in lines)


def _pins(plan: Plan) -> str:
    return f"\n    pinned_certs: {json.dumps(plan.pins, indent=6)}" if plan.pins else ""


def _cluster(plan: Plan, node: Node) -> str:
    """A box's certificate is of the same authority: `check_known_urls` lets in those named as a node alone."""
    if len(plan.nodes) == 1:
        return ""
    routes = "\n".join(f'    "nats-route://{other.host}:{other.route_port}"' for other in plan.nodes)
    return f"""
# Nodes know each other by the names in their certificates; a box's certificate is refused here.
cluster {{
  name: {CLUSTER}
  host: "{plan.listen}"
  port: {node.route_port}
  no_advertise: true
  routes: [
{routes}
  ]
  tls {{
{_tls(plan, "    ")}
    verify_cert_and_check_known_urls: true
  }}
}}
"""


def _users(plan: Plan) -> Iterator[str]:
    yield "# Made by `egret cloud broker-config`. Who is not listed is refused."
    yield "accounts {\n  EGRET {\n    jetstream: enabled\n    users: ["
    for rights in plan.rights:
        yield _user(rights)
    yield "    ]\n  }\n  SYS {}\n}\nsystem_account: SYS\n"


def _user(rights: Rights) -> str:
    publish, subscribe = _subjects(rights.publish), _subjects((*rights.subscribe, _DELIVERIES))
    return (
        f'      {{user: "CN={rights.name}", allowed_connection_types: ["MQTT"], '
        f"permissions: {{publish: {{allow: {publish}}}, subscribe: {{allow: {subscribe}}}}}}}"
    )


def _subjects(topics: Sequence[str]) -> str:
    """As NATS names them."""
    return json.dumps([topic.replace("/", ".").replace("+", "*") for topic in topics])
