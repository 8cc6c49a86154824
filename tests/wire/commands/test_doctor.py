"""`egret doctor`: what it must find, on real keys, certificates and brokers, and what it says where all is well."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import guarded_broker
import msgspec
import pytest
import small_city
from city_authority import CityAuthority
from click.testing import CliRunner

from wire import checkup
from wire.broker import Broker
from wire.certificate import DAY_NS, list_ends_ns
from wire.commands import doctor
from wire.finding import Finding, State
from wire.main import root

CLOUD = "schema: egret.cloud/1\nbroker: mqtt://127.0.0.1:{port}\nhttp: {{port: {http}, login: none}}\ndata: data\n"


YEARS_11_NS = int(datetime(2037, 12, 1, tzinfo=UTC).timestamp()) * 10**9


def examined(*words: str) -> tuple[int, list[Finding]]:
    """Exit code and page."""
    done = CliRunner().invoke(root, ["doctor", "--json", *words])
    return done.exit_code, msgspec.convert(msgspec.json.decode(done.stdout)["findings"], list[Finding])


def of(findings: list[Finding], subject: str) -> list[tuple[State, str]]:
    """What was found of it."""
    return [(finding.state, finding.what) for finding in findings if finding.subject == subject]


@contextmanager
def answering(reply: bytes) -> Iterator[int]:
    """A port at which the first knock gets these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_a_machine_with_everything_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    """A key for all to read, a password in a file, a weak secret, a door that stands open, a port that is taken: 5."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DESK", "changeme")
    small_city.inventory(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/link-secret").write_text("x")
    (tmp_path / "data/link-secret").chmod(0o644)
    with answering(b"\x20\x02\x00\x00") as port, socket.create_server(("127.0.0.1", free_port)):
        (tmp_path / "cloud.yaml").write_text(
            CLOUD.format(port=port, http=free_port)
            + "notifiers: [{name: desk, kind: webhook, url: https://desk.example/x, secret_env: DESK}]\n"
            + "store:\n  kind: influxdb_v1\n  url: http://egret:hunter2@db.example:8086\n"
        )
        code, findings = examined()
    assert code == 5
    assert of(findings, "keys") == [(State.FAILED, "data/link-secret may be read or changed by others (0644).")]
    assert of(findings, "broker") == [
        (State.WARNING, f"mqtt://127.0.0.1:{port} lets in every program of this machine.")
    ]
    assert [state for state, _ in of(findings, "secrets")] == [State.FAILED] * len(of(findings, "secrets"))
    assert of(findings, "port")[0][0] is State.FAILED


def test_a_machine_that_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    """No files at all but a cloud.yaml: the broker does not answer yet, nothing has failed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cloud.yaml").write_text(CLOUD.format(port=1, http=free_port))
    code, findings = examined()
    assert (code, of(findings, "port")) == (0, [(State.OK, f"127.0.0.1:{free_port} is free")])
    assert of(findings, "broker")[0][0] is State.WARNING
    assert "ok      secrets" in CliRunner().invoke(root, ["doctor"]).stdout


def test_certificates_that_nobody_should_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two boxes with one key, a short RSA key, one ended, one of a name that nobody has; the city's others are well."""
    monkeypatch.chdir(tmp_path)
    small_city.inventory(tmp_path)
    authority = CityAuthority(tmp_path)
    authority.issue("XM-SM-01")
    authority.issue("XM-TA-01", ends="20260101000000Z")
    authority.issue("XM-OLD-9")
    folder = tmp_path / "issued"
    folder.mkdir()
    for name in ("XM-SM-01", "XM-TA-01", "XM-OLD-9"):
        shutil.copy(authority.folder / f"{name}.pem", folder)
    same_key = f"-key {authority.folder / 'XM-SM-01.key'} -subj /CN=XM-SM-02 -out {folder / 'XM-SM-02.pem'}"
    openssl(f"req -x509 -days 90 {same_key}")
    openssl(
        f"req -x509 -newkey rsa:1024 -nodes -subj /CN=weak -keyout {folder / 'weak.key'} -out {folder / 'weak.pem'}"
    )
    code, findings = examined("--certificates", str(folder))
    said = of(findings, "certificates")
    assert code == 5
    assert (State.FAILED, "XM-SM-01 and XM-SM-02 have the same key.") in said
    assert (State.FAILED, f"{folder / 'weak.pem'}: its RSA key has 1024 bits, 2048 is the least.") in said
    assert any(state is State.FAILED and "XM-TA-01.pem ended" in what for state, what in said)
    assert (State.WARNING, f"{folder / 'XM-OLD-9.pem'}: nobody is called 'XM-OLD-9'.") in said
    assert any(state is State.OK and what.startswith("XM-SM-01 for 72") for state, what in said)


def test_the_folder_of_the_authority_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own certificate and a broker's have names of their own: nobody takes them back, and their ends count."""
    monkeypatch.chdir(tmp_path)
    small_city.inventory(tmp_path)
    authority = CityAuthority(tmp_path)
    authority.issue("XM-SM-01")
    authority.issue("broker-1", names="DNS:localhost")
    authority.issue("XM-TA-01", names="DNS:localhost")
    folder = authority.folder
    code, findings = examined("--certificates", str(folder))
    said = of(findings, "certificates")
    assert (code, len(said)) == (0, 5)
    assert (
        State.WARNING,
        f"{folder}/XM-TA-01.pem: with the certificate of 'XM-TA-01' one may also be taken for a broker.",
    ) in said
    whole = {what.rsplit(" for ", 1)[0] for state, what in said if state is State.OK}
    assert whole == {"XM-SM-01", "broker broker-1", "authority Egret city authority", f"{folder}/revoked.pem"}
    monkeypatch.setattr(doctor.time, "time_ns", lambda: YEARS_11_NS)
    code, findings = examined("--certificates", str(folder))
    assert (code, sum(" ended " in what for state, what in of(findings, "certificates"))) == (5, 5)


def test_a_list_of_revoked_certificates_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mosquitto with a list that has ended lets nobody in: people hear of it 30 days before."""
    authority = CityAuthority(tmp_path)
    path = authority.folder / "revoked.pem"
    ends_ns = list_ends_ns(path.read_text(encoding="ascii"))
    for days_left, state in ((31, State.OK), (29, State.WARNING), (-1, State.FAILED)):
        [found] = checkup.certificates([path], (), ends_ns - days_left * DAY_NS)
        assert found.state is state
    path.write_text("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
    [found] = checkup.certificates([path], (), 0)
    assert (found.state, "cannot be read" in found.what) == (State.FAILED, True)


def openssl(words: str) -> None:
    """Debian's."""
    subprocess.run(["openssl", *words.split()], check=True, capture_output=True)


@pytest.mark.server("mosquitto")
def test_a_guarded_broker_lets_nobody_in(tmp_path: Path) -> None:
    """The mosquitto of `egret cloud broker-config` is shut to whoever has no certificate, and must be known itself."""
    authority = CityAuthority(tmp_path)
    authority.issue("broker-1", names="DNS:localhost")
    folder = tmp_path / "broker"
    folder.mkdir()
    with guarded_broker.guarded("mosquitto", authority, folder) as broker:
        found = checkup.door(authority.way(broker.at, ""))
        assert (found.state, "lets in nobody" in found.what) == (State.OK, True)
        assert "shows a certificate that is not trusted" in checkup.door(broker.at).what


@pytest.mark.parametrize(
    ("reply", "state"), [(b"\x20\x02\x00\x00", State.FAILED), (b"\x20\x02\x00\x05", State.FAILED), (b"", State.FAILED)]
)
def test_without_tls_a_broker_of_others_is_open_to_eavesdroppers(
    monkeypatch: pytest.MonkeyPatch, reply: bytes, state: State
) -> None:
    """Whether it lets everybody in or asks for a password: on the way both can be read."""
    monkeypatch.setattr(checkup, "is_loopback", lambda _: False)
    with answering(reply) as port:
        assert checkup.door(Broker("127.0.0.1", port)).state is state


def test_a_clock_that_is_not_set() -> None:
    """A box that booted without a battery thinks it is 1970."""
    assert checkup.clock(datetime(1970, 1, 1, tzinfo=UTC)).state is State.FAILED
    assert checkup.clock(datetime(2027, 1, 1, tzinfo=UTC)).state is not State.FAILED


@pytest.mark.parametrize(
    ("line", "is_secret"),
    [
        ("    secret: whsec_abc", True),
        ("  - token: abc", True),
        ("    secret_env: EGRET_SECRET", False),
        ("    password_file: /run/secrets/x", False),
        ("ledger: postgresql+psycopg://egret@db/egret", False),
        ("ledger: postgresql+psycopg://egret:pw@db/egret", True),
        ("# url: http://a:b@c", False),
    ],
)
def test_secrets_in_a_file(tmp_path: Path, line: str, is_secret: bool) -> None:
    """A value that is a secret, and a name of where it is."""
    path = tmp_path / "cloud.yaml"
    path.write_text(line)
    assert bool(list(checkup.secrets_in(path))) is is_secret
