"""`egret cloud broker-config`: what it writes, and what it says when it cannot."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import small_city
from city_authority import CityAuthority
from click.testing import CliRunner, Result

from wire.errors import ConfigError, EgretError
from wire.main import root

BOXES = ("XM-SM-01", "XM-TA-01")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the small city."""
    (tmp_path / "sensors.yaml").write_text(small_city.SENSORS_YAML, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*words: str) -> Result:
    """The command in the current folder."""
    return CliRunner().invoke(root, ["cloud", "broker-config", *words])


def codes(done: Result) -> list[str]:
    """Of all mistakes that it says at once."""
    assert isinstance(done.exception, ConfigError), done.exception
    return [mistake.code for mistake in done.exception.mistakes]


def test_what_is_written_is_said(folder: Path) -> None:
    """Files on stdout, as text or as JSON; who may come in on stderr."""
    said = write("--kind", "mosquitto")
    assert said.stdout == "broker/mosquitto.conf\nbroker/access.acl\n"
    assert "boxes and egret-cloud may come in. Certificates are expected in /etc/egret/broker" in said.stderr
    said = write("--kind", "nats", "--nodes", "3", "--out", "cluster", "--json")
    assert json.loads(said.stdout) == {
        "schema": "egret.broker-config/1",
        "kind": "nats",
        "files": [f"cluster/{name}" for name in ("egret-1.conf", "egret-2.conf", "egret-3.conf", "users.conf")],
        "boxes": len(BOXES),
        "without": [],
        "uncertified": [],
        "nodes": ["broker-1:8883", "broker-2:8883", "broker-3:8883"],
    }
    assert sorted(path.name for path in (folder / "cluster").iterdir()) == [
        "egret-1.conf",
        "egret-2.conf",
        "egret-3.conf",
        "users.conf",
    ]


@pytest.mark.parametrize(("kind", "file"), [("mosquitto", "access.acl"), ("nats", "users.conf")])
def test_every_box_of_the_inventory_is_named_but_those_without(folder: Path, kind: str, file: str) -> None:
    """A box that is left out is nowhere in the list of those who may do something."""
    first, *others = BOXES
    write("--kind", kind, "--without", first)
    content = (folder / "broker" / file).read_text(encoding="utf-8")
    assert first not in content
    assert all(box in content for box in (*others, "egret-cloud"))


def test_a_file_that_is_there_is_left_alone(folder: Path) -> None:
    """Somebody may have changed it; every one is named, and --force writes over them."""
    write("--kind", "mosquitto")
    changed = folder / "broker/mosquitto.conf"
    changed.write_text("# mine\n", encoding="utf-8")
    again = write("--kind", "mosquitto")
    assert codes(again) == ["E-BROKER-011", "E-BROKER-011"]
    assert changed.read_text(encoding="utf-8") == "# mine\n"
    assert write("--kind", "mosquitto", "--force").exit_code == 0
    assert "# mine" not in changed.read_text(encoding="utf-8")


def test_the_same_city_gives_the_same_files(folder: Path) -> None:
    """So that a difference is a difference."""
    for out in ("one", "two"):
        write("--kind", "nats", "--nodes", "3", "--out", out)
    for path in (folder / "one").iterdir():
        assert path.read_bytes() == (folder / "two" / path.name).read_bytes()


def test_all_mistakes_are_said_at_once(folder: Path) -> None:
    """Of the options and of the inventory, each with what to write instead; nothing is written."""
    done = write(
        *("--kind", "mosquitto", "--nodes", "2", "--cloud", "the cloud", "--without", "XM-NOBODY"),
        *("--tls", "certificates", "--state", '/var/"; x', "--listen", "a b"),
    )
    assert codes(done) == [
        "E-BROKER-001",
        "E-BROKER-004",
        "E-BROKER-005",
        "E-BROKER-008",
        "E-BROKER-003",
        "E-BROKER-003",
        "E-BROKER-009",
    ]
    assert not (folder / "broker").exists()
    broken = (folder / "sensors.yaml").read_text(encoding="utf-8").replace("boxes:", "boxes: []\nboxen:", 1)
    (folder / "sensors.yaml").write_text(broken, encoding="utf-8")
    done = write("--kind", "nats", "--nodes", "4")
    assert "E-BROKER-005" in codes(done)
    assert any(mistake.where.startswith("sensors.yaml:") for mistake in done.exception.mistakes)  # type: ignore[union-attr]


def test_nodes_of_a_cluster_have_names_and_places_of_their_own(folder: Path) -> None:
    """A number stands in no certificate's names, two nodes cannot share a port, and each has to be named."""
    done = write("--kind", "nats", "--node", "10.0.0.1", "--node", "b", "--node", "b", "--nodes", "5")
    assert codes(done) == ["E-BROKER-006", "E-BROKER-007", "E-BROKER-010"]
    assert write("--kind", "nats", "--node", "b:x").exit_code == 2
    assert write("--kind", "nats", "--node", "b:1:2:3").exit_code == 2


def test_a_box_is_not_called_as_the_cloud(folder: Path) -> None:
    """It would have the cloud's rights, or take its sessions."""
    box = BOXES[0]
    assert codes(write("--kind", "nats", "--cloud", box)) == ["E-BROKER-002"]
    text = (folder / "sensors.yaml").read_text(encoding="utf-8")
    (folder / "sensors.yaml").write_text(text.replace(box, "egret-cloud-readings"), encoding="utf-8")
    assert codes(write("--kind", "nats")) == ["E-BROKER-002"]


def test_a_folder_that_cannot_be_written_is_said(folder: Path) -> None:
    """With its name and what is wrong with it."""
    (folder / "broker").write_text("a file", encoding="utf-8")
    done = write("--kind", "nats", "--out", "broker/below")
    assert isinstance(done.exception, EgretError)
    assert done.exception.code == "E-BROKER-012"


def test_only_the_keys_that_count_are_let_in(folder: Path) -> None:
    """Of the folder's certificates those of the boxes and the cloud; who has none there is said."""
    authority = CityAuthority(folder)
    authority.issue("XM-SM-01")
    authority.issue("XM-NOBODY")
    said = json.loads(write("--kind", "nats", "--certificates", "city-ca", "--json").stdout)
    assert said["uncertified"] == ["XM-TA-01", "egret-cloud"]
    key = subprocess.run(
        "openssl x509 -in city-ca/XM-SM-01.pem -noout -pubkey | openssl pkey -pubin -outform der | sha256sum",
        shell=True,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[0]
    pins = re.findall(r"\b[0-9a-f]{64}\b", (folder / "broker/egret-1.conf").read_text(encoding="utf-8"))
    assert pins == [key]


def test_a_folder_of_certificates_that_is_of_no_use(folder: Path) -> None:
    """Empty, with a broken one, or for a program that takes none: nobody would be let in, or everybody."""
    good = folder / "good"
    good.mkdir()
    assert codes(write("--kind", "nats", "--certificates", "good")) == ["E-BROKER-014"]
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    (good / "XM-SM-01.pem").write_text(f"{begin}\nMIIB\n{end}\n", encoding="ascii")
    assert codes(write("--kind", "nats", "--certificates", "good")) == ["E-BROKER-013"]
    assert "E-BROKER-015" in codes(write("--kind", "mosquitto", "--certificates", "good"))
