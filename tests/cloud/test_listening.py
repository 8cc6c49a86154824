"""The section `http` of cloud.yaml: what may be reached by whom."""

import textwrap
from pathlib import Path

import pytest

from cloud import listening
from cloud.config import load
from cloud.listening import Http, require_demonstration
from wire.errors import ConfigError


def read(folder: Path, http: str) -> Http:
    """The section of a file that has nothing else."""
    path = folder / "cloud.yaml"
    path.write_text(f"schema: egret.cloud/1\nhttp: {{{http}}}\n", encoding="utf-8")
    return load(path).http


@pytest.mark.parametrize(
    ("http", "says"),
    [
        ("login: none, host: 0.0.0.0", "'0.0.0.0' lets others in.*E-CLOUD-010"),
        ("login: none, behind_proxy: true", "a proxy lets others in.*E-CLOUD-010"),
        ("host: 0.0.0.0, hosts: [a.example]", "plain text to '0.0.0.0'.*behind_proxy: true.*E-CLOUD-011"),
        ("host: 192.168.1.20, behind_proxy: true", "under which name.*E-CLOUD-013"),
        ("certificate: a.pem", "'key' is missing.*E-CLOUD-012"),
        ("key: a.pem", "'certificate' is missing.*E-CLOUD-012"),
        ("hosts: ['https://a.example']", "no name of a machine.*without https.*E-CLOUD-014"),
        ("hosts: ['a.example:8480']", "E-CLOUD-014"),
        ("login: maybe", "E-FILE-014"),
    ],
)
def test_unsafe_addresses_are_refused(tmp_path: Path, http: str, says: str) -> None:
    """Nobody is let in without a login, and no password crosses a network in plain text."""
    with pytest.raises(ConfigError, match=f"cloud.yaml:2: .*{says}"):
        read(tmp_path, http)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Plain text and no name: two mistakes of one line."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "host: '::'")
    assert [mistake.code for mistake in caught.value.mistakes] == ["E-CLOUD-011", "E-CLOUD-013"]


@pytest.mark.parametrize(
    ("http", "url", "is_https"),
    [
        ("", "http://127.0.0.1:8480", False),
        ("host: '::1', port: 80", "http://[::1]:80", False),
        ("host: 0.0.0.0, hosts: [a.example], certificate: c, key: k", "https://a.example:8480", True),
        ("behind_proxy: true, hosts: [a.example, b.example]", "https://a.example", True),
        ("login: none", "http://127.0.0.1:8480", False),
    ],
)
def test_where_people_reach_it(tmp_path: Path, http: str, url: str, *, is_https: bool) -> None:
    """The address that stands in links."""
    found = read(tmp_path, http)
    assert (found.url, found.is_https) == (url, is_https)


def test_every_address_is_no_address() -> None:
    """A board that listens everywhere and has no name gives no link rather than a wrong one."""
    assert Http(host="0.0.0.0").url == Http(host="::").url == ""


def test_a_login_is_the_default(tmp_path: Path) -> None:
    """Nothing written, nothing open."""
    assert read(tmp_path, "").login == Http().login == "required"


def test_a_real_city_has_a_login(tmp_path: Path) -> None:
    """Without one only a demonstration starts, and the place in the file is named."""
    http = read(tmp_path, "login: none")
    require_demonstration(http, is_demonstration=True)
    with pytest.raises(ConfigError, match=r"cloud\.yaml:2: this city is no demonstration.*egret cloud user add.*015"):
        require_demonstration(http, is_demonstration=False)


def test_the_example_in_this_modules_manual_page_is_right(tmp_path: Path) -> None:
    """It is what people copy."""
    block = (listening.__doc__ or "").split("\n\n")[1]
    path = tmp_path / "cloud.yaml"
    path.write_text("schema: egret.cloud/1\n" + textwrap.dedent(block), encoding="utf-8")
    found = load(path).http
    assert (found.url, found.host, found.key) == (
        "https://egret.city.example:8443",
        "0.0.0.0",
        "/etc/egret/tls/key.pem",
    )
