"""Servers that every test may ask for; see `servers` for starting, killing and restarting one by hand."""

import gc
import itertools
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import certifi
import copied_ledger
import pytest
import servers
from hypothesis import HealthCheck, settings
from servers import PostgreSQL, Server
from sqlalchemy import make_url

from cloud import database as ledgers
from cloud.database import Database

# No test depends on how busy a machine is: an example may take as long as it takes.
settings.register_profile("egret", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("egret")


_LONG = {"bench", "integration"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first, so that workers who share the files end together."""
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(here).parts[0] not in _LONG)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Four thousand tests and what they import stay: the collector looks at them no more."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """At the end everything goes."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Of all the world's certificate authorities one is known here: to read them all takes each HTTP client 20 ms."""
    path = tmp_path_factory.mktemp("authorities") / "one.pem"
    text = Path(certifi.where()).read_text(encoding="utf-8")
    path.write_text(text[: text.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)] + "\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield


_copied = copied_ledger.copying(ledgers._upgrade)


@pytest.fixture(autouse=True)
def copied_ledgers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new ledger of SQLite is a copy of one that was migrated."""
    monkeypatch.setattr(ledgers, "_upgrade", _copied)


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


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    """PostgreSQL, shared: `postgresql_url` has a database for each test."""
    with servers.postgresql(tmp_path_factory.mktemp("postgresql")) as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql_server: PostgreSQL) -> str:
    """A database of this test alone, with nothing in it."""
    return postgresql_server.new_database()


@pytest.fixture(scope="session")
def empty_ledger(postgresql_server: PostgreSQL) -> str:
    """The name of a database that is a ledger in which nothing has happened: copying it is faster than migrating."""
    url = postgresql_server.new_database()
    database = Database(url)
    database._open()
    database._engine.dispose()
    return make_url(url).database or ""


@pytest.fixture(params=["sqlite", "postgresql"])
def new_ledger_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Path | str]:
    """Makes places for ledgers: the test runs with files, and with databases of PostgreSQL."""
    if request.param == "sqlite":
        numbers = itertools.count()
        return lambda: tmp_path / f"ledger-{next(numbers)}.sqlite"
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    template: str = request.getfixturevalue("empty_ledger")
    return lambda: server.new_database(template)


@pytest.fixture
def ledger_place(new_ledger_place: Callable[[], Path | str]) -> Path | str:
    """Where the ledger of this test is: a file, and then once more PostgreSQL."""
    return new_ledger_place()


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
