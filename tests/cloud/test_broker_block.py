"""`broker` and `broker_tls` of cloud.yaml: how the cloud comes in where certificates are asked for."""

import textwrap
from pathlib import Path

import pytest
from city_authority import CityAuthority

from cloud.broker_block import require_files
from cloud.config import load
from wire.broker import Broker
from wire.errors import ConfigError


def read(folder: Path, text: str) -> Broker:
    """Of a cloud.yaml with this text."""
    path = folder / "cloud.yaml"
    path.write_text("schema: egret.cloud/1\n" + textwrap.dedent(text), encoding="utf-8")
    return load(path).broker


def codes(caught: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    """Of all mistakes."""
    return [mistake.code for mistake in caught.value.mistakes]


def test_the_cloud_s_certificate(tmp_path: Path) -> None:
    """Address and files are one thing: what the connection needs."""
    text = "broker: mqtts://broker-1:8884\nbroker_tls: {ca: ca.pem, certificate: egret-cloud.pem, key: egret-cloud.key}"
    assert read(tmp_path, text) == Broker("broker-1", 8884, True, "ca.pem", "egret-cloud.pem", "egret-cloud.key")


def test_what_does_not_fit_together_is_said_at_once(tmp_path: Path) -> None:
    """Certificates without TLS, a certificate without its key."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "broker: mqtt://broker-1\nbroker_tls: {certificate: egret-cloud.pem}")
    assert codes(caught) == ["E-CLOUD-018", "E-CLOUD-012"]


def test_files_are_read_when_the_cloud_starts(tmp_path: Path) -> None:
    """A file that is missing or another's key stops it there: as a lost broker it would be waited for, for ever."""
    authority = CityAuthority(tmp_path)
    authority.issue("egret-cloud")
    authority.issue("XM-SM-01")
    way = authority.way(Broker("broker-1", 8884, is_tls=True), "egret-cloud")
    require_files(way)
    others_key = str(authority.folder / "XM-SM-01.key")
    with pytest.raises(ConfigError) as caught:
        require_files(Broker("broker-1", 8884, True, str(tmp_path / "no-ca.pem"), way.certificate, others_key))
    assert sorted(codes(caught)) == ["E-CLOUD-019", "E-CLOUD-020"]
