"""The broker in a line's block of sensors.yaml: its address, the files of its TLS, and where its password is."""

from dataclasses import dataclass, replace
from pathlib import Path

from wire import broker
from wire.broker import Broker
from wire.errors import SourceError


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files of an mqtts broker; without them the system's authorities, and no certificate of our own."""

    ca: str = ""
    certificate: str = ""
    key: str = ""


def broker_of(url: str, tls: Tls | None, where: str) -> Broker:
    """Raises ConfigError. The password is not in the file; see `with_password`."""
    files = tls or Tls()
    return replace(broker.parse(url, where=where), ca=files.ca, certificate=files.certificate, key=files.key)


def with_password(found: Broker, file: str) -> Broker:
    """The broker with what stands in `file`, if one is named. Raises SourceError."""
    if not file:
        return found
    try:
        return replace(found, password=Path(file).read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        fix = "write the password into it, and let the agent's user alone read it (chmod 600)."
        raise SourceError(f"cannot read the password: {error}.", where=file, fix=fix, code="E-FEED-001") from error
