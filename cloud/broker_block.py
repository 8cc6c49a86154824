"""The city's broker, as cloud.yaml names it: `broker` and `broker_tls`.

    broker: mqtts://broker-1.city.example:8884
    broker_tls:
      ca: /etc/egret/broker/ca.pem
      certificate: /etc/egret/broker/egret-cloud.pem
      key: /etc/egret/broker/egret-cloud.key
      issued: /etc/egret/issued

The nodes of a cluster stand in one address: `mqtts://broker-1.city.example:8884,broker-2.city.example:8884`. Each lane
begins at one of them, and goes to the next when it is gone.

Files in PEM form; how they are made stands in docs/operate/broker.md. Without `ca` the system's authorities count.
`issued` is a folder with copies of the boxes' certificates, without keys, so that the cloud can say when they end.
"""

import ssl
from dataclasses import replace
from pathlib import Path

from wire import broker
from wire.broker import Broker
from wire.errors import ConfigError
from wire.located import Block, Mistakes

BROKER = "mqtt://127.0.0.1:1883"


def read(root: Block) -> Broker:
    """Both keys; mistakes are collected."""
    found = _address(root)
    block = root.mapping("broker_tls", optional=True)
    ca, certificate, key, _ = (block.text(name, "") for name in ("ca", "certificate", "key", "issued"))
    block.done()
    if (ca or certificate or key) and not found.is_tls:
        what = "certificates are shown to a broker with TLS alone."
        root.wrong("broker_tls", what, "write `broker: mqtts://…`, or leave `broker_tls` out.", "E-CLOUD-018")
    if bool(certificate) != bool(key):
        missing = "key" if certificate else "certificate"
        block.wrong(missing, f"{missing!r} is missing.", "name both files, or neither.", "E-CLOUD-012")
    return replace(found, ca=ca, certificate=certificate, key=key)


def issued(root: Block) -> Path | None:
    """The folder of the boxes' certificates, if there is one."""
    folder = root.mapping("broker_tls", optional=True).text("issued", "")
    return Path(folder) if folder else None


def _address(root: Block) -> Broker:
    url = root.text("broker", BROKER)
    try:
        return broker.parse(url, where=root.place("broker"))
    except ConfigError as error:
        root.mistakes.extend(error.mistakes)
        return broker.parse(BROKER)


def require_files(found: Broker) -> None:
    """Raises ConfigError when a file is not there or not what it should be: waiting for a broker would not mend it."""
    mistakes = Mistakes()
    fix = "see docs/operate/broker.md, and the file's owner and mode."
    try:
        context = ssl.create_default_context(cafile=found.ca or None)
    except OSError as error:  # an ssl.SSLError is one
        mistakes.add(found.ca, f"this is no file of authorities that can be read: {error}.", fix, "E-CLOUD-019")
        context = ssl.create_default_context()
    try:
        if found.certificate:
            context.load_cert_chain(found.certificate, found.key)
    except OSError as error:
        what = f"this certificate and {found.key} cannot be read, or are no pair: {error}."
        mistakes.add(found.certificate, what, fix, "E-CLOUD-020")
    mistakes.raise_any()


_TEXT = {"type": "string"}
SCHEMA: dict[str, object] = {
    "broker": {**_TEXT, "pattern": "^mqtts?://", "default": BROKER},
    "broker_tls": {
        "type": "object",
        "properties": {
            "ca": {**_TEXT, "description": "PEM file of who signed the broker's certificate"},
            "certificate": {**_TEXT, "description": "PEM file of the cloud's certificate"},
            "key": {**_TEXT, "description": "PEM file of its key"},
            "issued": {**_TEXT, "description": "folder with copies of the boxes' certificates"},
        },
        "required": [],
        "additionalProperties": False,
    },
}
"""JSON Schema of the two keys."""
