"""Where the broker is: `mqtt://[user:password@]host[:port]`, or `mqtts://…` with the files that TLS needs."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from wire.errors import ConfigError, LinkError, Mistake, NotAuthorised, Refused, Unreachable

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_NOT_AUTHORISED = {4, 5, 134, 135}
"""CONNACK return codes of MQTT 3.1.1 (§3.2.2.3) and reason codes of 5.0 (§3.2.2.2)."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker's address. For mqtts, `ca`, `certificate` and `key` are PEM files; empty means the system's."""

    host: str
    port: int
    is_tls: bool = False
    ca: str = ""
    certificate: str = ""
    key: str = ""
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        """As people write it, without the password."""
        return f"{'mqtts' if self.is_tls else 'mqtt'}://{self.host}:{self.port}"


def parse(url: str, *, where: str = "--broker") -> Broker:
    """Raises ConfigError, naming `where` the address was written."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname:
        fix = "write mqtt://host:1883 or mqtts://host:8883."
        raise ConfigError([Mistake(where, f"{_hidden(url)!r} is not a broker's address.", fix, "E-LINK-001")])
    return Broker(
        parts.hostname,
        port or _PORTS[parts.scheme],
        parts.scheme == "mqtts",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


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
