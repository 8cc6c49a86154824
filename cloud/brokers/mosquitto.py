"""mosquitto 2: two doors, an access control list by certificate name, and a list of revoked certificates (CRL).

Boxes come in at a door where the session's name is the certificate's (`use_username_as_clientid`): no box can
take another's session, or the cloud's, by calling itself so. The cloud has a session for each lane and hence a
door of its own, which boxes must not reach.
"""

from collections.abc import Iterator, Mapping

from cloud.brokers.plan import FRAME_MAX, IN_FLIGHT_MAX, Plan, Rights

CONFIG, ACCESS = "mosquitto.conf", "access.acl"
PROGRAM = "mosquitto -c mosquitto.conf"
QUEUED_MAX = 100_000
"""Messages for one session that is away or slow. What is beyond comes again: boxes keep it until its receipt."""
QUEUED_BYTES_MAX = 256 * 1024 * 1024
_SESSION_DAYS = 30


def files(plan: Plan) -> Mapping[str, str]:
    """Name and content of each file."""
    return {CONFIG: _config(plan), ACCESS: "\n".join(_access(plan))}


def _config(plan: Plan) -> str:
    [node] = plan.nodes
    door = plan.cloud_listen
    return f"""\
# Made by `egret cloud broker-config`; the manual is docs/operate/broker.md. mosquitto 2.0.11 or newer.
# Nobody without a certificate of the city's authority, nobody whose certificate has expired or was revoked.
allow_anonymous false
acl_file {plan.tls}/{ACCESS}

# Sessions, queues and retained messages outlast a restart.
persistence true
persistence_location {plan.state}/
autosave_interval 60
persistent_client_expiration {_SESSION_DAYS}d
retain_available true

# A message is at most 256 KiB (docs/wire.md); whoever sends more is cut off before it is in memory.
max_packet_size {FRAME_MAX}
max_inflight_messages {IN_FLIGHT_MAX}
max_queued_messages {QUEUED_MAX}
max_queued_bytes {QUEUED_BYTES_MAX}
set_tcp_nodelay true

# The boxes' door. A box has one session, and it is called as its certificate.
listener {node.port} {plan.listen}
{_tls(plan)}
use_username_as_clientid true
allow_zero_length_clientid false

# The cloud's door: it has one session a lane. Boxes must not reach it: this machine, or a network of its own.
listener {door.port} {door.host}
{_tls(plan)}
allow_zero_length_clientid false
"""


def _tls(plan: Plan) -> str:
    return f"""\
cafile {plan.tls}/ca.pem
certfile {plan.tls}/server.pem
keyfile {plan.tls}/server.key
crlfile {plan.tls}/revoked.pem
tls_version tlsv1.2
require_certificate true
use_identity_as_username true"""


def _access(plan: Plan) -> Iterator[str]:
    yield "# Made by `egret cloud broker-config`. Who is not listed may neither say nor hear anything."
    for rights in plan.rights:
        yield from _section(rights)
    yield ""


def _section(rights: Rights) -> Iterator[str]:
    publish, subscribe = set(rights.publish), set(rights.subscribe)
    yield f"\nuser {rights.name}"
    yield from (f"topic readwrite {name}" for name in rights.publish if name in subscribe)
    yield from (f"topic write {name}" for name in rights.publish if name not in subscribe)
    yield from (f"topic read {name}" for name in rights.subscribe if name not in publish)
