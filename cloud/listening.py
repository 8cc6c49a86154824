"""Where the API and the board listen, and who may come: the section `http` of cloud.yaml.

    http:
      host: 0.0.0.0
      port: 8443
      hosts: [egret.city.example]
      certificate: /etc/egret/tls/chain.pem
      key: /etc/egret/tls/key.pem

`host: "::"` is every address of this machine, of IPv6 and IPv4; `0.0.0.0` those of IPv4 alone. `hosts` are
the names under which people reach it; the first stands in links. People log in with the
accounts of `egret cloud user`, programs with tokens of `egret cloud token`.

`behind_proxy: true` instead of `certificate` and `key`: a proxy in front speaks TLS, passes `Host` on
and adds the client's address to `X-Forwarded-For`; nothing else may reach this port.
`login: none` is for a demonstration on one's own machine.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from wire.errors import ConfigError, Mistake
from wire.located import Block

HOST, PORT = "127.0.0.1", 8480
EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - recognised here, bound nowhere
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9a-fA-F:]+\]")


@dataclass(frozen=True, slots=True)
class Http:
    """An address to listen on, and what stands between it and the network.

    `certificate` and `key` are files in PEM form, or empty. `where` is its place in the file.
    """

    host: str = HOST
    port: int = PORT
    login: Literal["required", "none"] = "required"
    hosts: tuple[str, ...] = ()
    certificate: str = ""
    key: str = ""
    behind_proxy: bool = False
    where: str = field(default="http", compare=False)

    @property
    def is_https(self) -> bool:
        """Does a browser see TLS?"""
        return bool(self.certificate) or self.behind_proxy

    @property
    def url(self) -> str:
        """What people open; empty when nobody has said under which name they reach this machine."""
        if self.behind_proxy and self.hosts:
            return f"https://{self.hosts[0]}"
        host = self.hosts[0] if self.hosts else self.host
        if host in EVERYWHERE:
            return ""
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"


def read(block: Block) -> Http:
    """The section; mistakes are collected."""
    found = Http(
        host=block.text("host", HOST),
        port=block.integer("port", 1, 65535, default=PORT),
        login=cast("Literal['required', 'none']", block.choice("login", ["required", "none"], "required")),
        hosts=block.sequence("hosts", optional=True).texts(),
        certificate=block.text("certificate", ""),
        key=block.text("key", ""),
        behind_proxy=block.flag("behind_proxy", default=False),
        where=block.place("login"),
    )
    block.done()
    for name in found.hosts:
        if not _NAME.fullmatch(name):
            fix = "write a name such as egret.city.example, without https:// and port."
            block.wrong("hosts", f"{name!r} is no name of a machine.", fix, "E-CLOUD-014")
    if bool(found.certificate) != bool(found.key):
        missing = "key" if found.certificate else "certificate"
        block.wrong(missing, f"{missing!r} is missing.", "name both files, or neither.", "E-CLOUD-012")
    if found.login == "none":
        _judge_open(found, block)
    elif not is_loopback(found.host):
        _judge_reachable(found, block)
    return found


def _judge_open(http: Http, block: Block) -> None:
    """Without a login."""
    if is_loopback(http.host) and not http.behind_proxy:
        return
    what = f"without a login nobody but this machine may be let in, and {http.host!r} lets others in."
    if http.behind_proxy:
        what = "without a login nobody but this machine may be let in, and a proxy lets others in."
    block.wrong("login", what, "write `login: required` and make accounts with `egret cloud user add`.", "E-CLOUD-010")


def _judge_reachable(http: Http, block: Block) -> None:
    """Reached by other machines."""
    if not http.is_https:
        what = f"passwords would cross the network in plain text to {http.host!r}."
        fix = "name `certificate` and `key`, or put a proxy with TLS before it and write `behind_proxy: true`."
        block.wrong("host", what, fix, "E-CLOUD-011")
    if not http.hosts:
        what = "nobody has said under which name this machine is reached."
        block.wrong("hosts", what, "write `hosts: [egret.city.example]`.", "E-CLOUD-013")


def require_demonstration(http: Http, *, is_demonstration: bool) -> None:
    """Raises ConfigError when a real city would run without a login."""
    if http.login == "none" and not is_demonstration:
        what = "this city is no demonstration, and everybody at this machine could close its cases."
        fix = "write `login: required` and make accounts with `egret cloud user add`."
        raise ConfigError([Mistake(http.where, what, fix, "E-CLOUD-015")])


def is_loopback(host: str) -> bool:
    """Is it this machine alone?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_TEXT: Mapping[str, object] = {"type": "string"}
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "host": {**_TEXT, "default": HOST},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535, "default": PORT},
        "login": {"enum": ["required", "none"], "default": "required"},
        "hosts": {"type": "array", "items": _TEXT, "description": "names under which people reach it"},
        "certificate": {**_TEXT, "description": "PEM file of the certificate and what leads to its root"},
        "key": {**_TEXT, "description": "PEM file of its key"},
        "behind_proxy": {"type": "boolean", "default": False, "description": "a proxy in front speaks TLS"},
    },
    "required": [],
    "additionalProperties": False,
}
"""JSON Schema of the section."""
