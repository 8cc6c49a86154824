"""Where the broker is: `mqtt://host[:port]` or `mqtts://host[:port]`, with the files that TLS needs."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from wire.errors import ConfigError, Mistake

_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker's address. For mqtts, `ca`, `certificate` and `key` are PEM files; empty means the system's."""

    host: str
    port: int
    is_tls: bool = False
    ca: str = ""
    certificate: str = ""
    key: str = ""

    def __str__(self) -> str:
        """As people write it."""
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
        raise ConfigError([Mistake(where, f"{url!r} is not a broker's address.", fix, "E-LINK-001")])
    return Broker(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "mqtts")
