"""Where the broker is: `mqtt://[user:password@]host[:port]`, or `mqtts://…` with the files that TLS needs.

The nodes of a cluster stand in one address, `mqtts://broker-1.city:8883,broker-2.city:8883`: any of them will do, and
a client that has lost one goes to the next.
"""

import ssl
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit
from zlib import crc32

from wire.errors import ConfigError, LinkError, Mistake, NotAuthorised, Refused, Unreachable

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_NOT_AUTHORISED = {4, 5, 134, 135}
"""CONNACK return codes of MQTT 3.1.1 (§3.2.2.3) and reason codes of 5.0 (§3.2.2.2)."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker's address. For mqtts, `ca`, `certificate` and `key` are PEM files; empty means the system's.

    `others` are host and port of the nodes to go to after this one, in turn.
    """

    host: str
    port: int
    is_tls: bool = False
    ca: str = ""
    certificate: str = ""
    key: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    others: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        """The node, as people write it, without the password."""
        return f"{'mqtts' if self.is_tls else 'mqtt'}://{self.host}:{self.port}"

    def next(self) -> "Broker":
        """The same broker by its next node; by the same when there is one alone."""
        (host, port), *others = (*self.others, (self.host, self.port))
        return replace(self, host=host, port=port, others=tuple(others))

    def nodes(self) -> tuple["Broker", ...]:
        """Each of its nodes by itself, this one first."""
        nodes = ((self.host, self.port), *self.others)
        return tuple(replace(self, host=host, port=port, others=()) for host, port in nodes)

    def first_for(self, client: str) -> "Broker":
        """The same broker, beginning at another node for another client: so each node has its part of them."""
        broker = self
        for _ in range(crc32(client.encode()) % (len(self.others) + 1)):
            broker = broker.next()
        return broker


def parse(url: str, *, where: str = "--broker") -> Broker:
    """Raises ConfigError, naming `where` the address was written."""
    scheme, _, rest = url.partition("://")
    login, at, hosts = rest.rpartition("@")
    try:
        nodes = [_node(scheme, host) for host in hosts.split(",")]
        person = urlsplit(f"//{login}{at}host")
    except ValueError:
        fix = "write mqtt://host:1883 or mqtts://host:8883, and the nodes of a cluster as mqtts://host-1:8883,host-2:8883."
        raise ConfigError([Mistake(where, f"{_hidden(url)!r} is not a broker's address.", fix, "E-LINK-001")]) from None
    (host, port), *others = nodes
    return Broker(
        host,
        port,
        scheme == "mqtts",
        user=unquote(person.username or ""),
        password=unquote(person.password or ""),
        others=tuple(others),
    )


def _node(scheme: str, text: str) -> tuple[str, int]:
    """Host and port. Raises ValueError."""
    parts = urlsplit(f"{scheme}://{text}")
    if scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(text)
    return parts.hostname, parts.port or _PORTS[scheme]


def _hidden(url: str) -> str:
    """Without a password: messages are logged."""
    return url.rpartition("@")[2]


def link_error(broker: Broker, client: str, code: int | None, why: str) -> LinkError:
    """What an MQTT client library's complaint means. `code` is the broker's answer, None when it gave none."""
    if code in _NOT_AUTHORISED:
        return NotAuthorised(
            f"the broker does not let {client!r} in: {why}.",
            where=str(broker),
            fix="check the certificate, or the user and password, that the broker expects.",
            code="E-LINK-003",
        )
    if code is not None:
        return Refused(
            f"the broker refused {client!r}: {why}.",
            where=str(broker),
            fix="see the broker's log; it must speak MQTT 3.1.1 and allow persistent sessions.",
            code="E-LINK-004",
        )
    return Unreachable(
        f"no broker answers: {why}.",
        where=str(broker),
        fix="start the broker, or correct its address.",
        code="E-LINK-002",
    )


def tls_error(broker: Broker, client: str, error: ssl.SSLError) -> LinkError:
    """What TLS has said instead of a connection: the broker's alert (RFC 8446, §6), or our own judgement of it."""
    reason = error.reason or ""
    _, alert, theirs = reason.partition("ALERT_")
    if alert:
        return link_error(broker, client, min(_NOT_AUTHORISED), theirs.replace("_", " ").lower())
    why = getattr(error, "verify_message", "") or reason.replace("_", " ").lower() or str(error)
    return Refused(
        f"TLS with the broker fails: {why}.",
        where=str(broker),
        fix="see the files of CA, certificate and key, the names in the broker's certificate, and the clock here.",
        code="E-LINK-007",
    )
