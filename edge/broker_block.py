"""The broker in a line's block of sensors.yaml: its address, the files of its TLS, and where its password is."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wire import broker
from wire.broker import Broker
from wire.errors import SourceError
from wire.inventory import Line

if TYPE_CHECKING:
    from edge.mqtt_feed import MqttFeed


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files of an mqtts broker; without them the system's authorities, and no certificate of our own."""

    ca: str = ""
    certificate: str = ""
    key: str = ""


def broker_of(url: str, tls: Tls | None, where: str) -> Broker:
    """Raises ConfigError. The password is not in the file; see `heard_at`."""
    files = tls or Tls()
    return replace(broker.parse(url, where=where), ca=files.ca, certificate=files.certificate, key=files.key)


async def heard_at(broker: Broker, password: str, line: Line, topic: str) -> "MqttFeed":
    """A line's session at its broker, begun. Raises SourceError when the password cannot be read."""
    from edge.mqtt_feed import MqttFeed  # noqa: PLC0415 - reading sensors.yaml needs no MQTT library

    feed = MqttFeed(_with_password(broker, password), f"{line.box}/{line.key}", [topic])
    return await feed.__aenter__()


def _with_password(found: Broker, file: str) -> Broker:
    """The broker with what stands in `file`, if one is named. Raises SourceError."""
    if not file:
        return found
    try:
        return replace(found, password=Path(file).read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        fix = "write the password into it, and let the agent's user alone read it (chmod 600)."
        raise SourceError(f"cannot read the password: {error}.", where=file, fix=fix, code="E-FEED-001") from error
