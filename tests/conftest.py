"""Servers that every test may ask for; see `servers` for starting, killing and restarting one by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import servers
from servers import Server


@pytest.fixture
def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody uses."""
    return servers.free_port()


@pytest.fixture(scope="session")
def influxd_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """InfluxDB 1, shared: each test takes its own database."""
    with servers.influxd(tmp_path_factory.mktemp("influxd")) as server:
        yield server.url


@pytest.fixture(scope="session")
def victoria_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """VictoriaMetrics, shared: each test takes its own database label."""
    with servers.victoria_metrics(tmp_path_factory.mktemp("victoria")) as server:
        yield server.url


@pytest.fixture
def mosquitto_server(tmp_path: Path) -> Iterator[Server]:
    """A mosquitto of this test alone."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    with servers.mosquitto(folder) as server:
        yield server


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[Server]:
    """A nats-server of this test alone."""
    folder = tmp_path / "nats"
    folder.mkdir()
    with servers.nats(folder) as server:
        yield server


@pytest.fixture
def mosquitto_url(mosquitto_server: Server) -> str:
    """mqtt://127.0.0.1:port of a mosquitto of this test alone."""
    return mosquitto_server.url


@pytest.fixture
def nats_url(nats_server: Server) -> str:
    """mqtt://127.0.0.1:port of a nats-server of this test alone."""
    return nats_server.url
