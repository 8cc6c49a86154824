"""`egret doctor`: one page of health with fixes, for the machine it runs on: a box, a cloud, a broker, an authority."""

import importlib
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import msgspec

from wire import broker as brokers
from wire import checkup
from wire.errors import CheckFailed, ConfigError
from wire.finding import Finding, State, page, worst
from wire.inventory import Inventory
from wire.profile_yaml import library_folder, load_library
from wire.sensors_yaml import load

_HEALTH_S = 3.0


@click.command()
@click.option("--config", type=click.Path(path_type=Path), default=Path("cloud.yaml"), show_default=True)
@click.option("--inventory", type=click.Path(path_type=Path), default=Path("sensors.yaml"), show_default=True)
@click.option("--certificates", type=click.Path(path_type=Path), help="A folder: each .pem is judged, and each .key.")
@click.option("--broker", "address", help="Its address; without it, the one of cloud.yaml.")
@click.option("--ca", help="PEM file of who signed the broker's certificate; without it, the one of cloud.yaml.")
@click.option("--data", type=click.Path(path_type=Path), help="Whose disk is looked at; by default the cloud's data.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.pass_context
def doctor(
    context: click.Context,
    *,
    config: Path,
    inventory: Path,
    certificates: Path | None,
    address: str | None,
    ca: str | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Look at versions, clock, disk, keys, certificates, secrets in files, the broker's door and ports.

    Files that are not there are passed over. Nothing is changed. Exit code 5 when something has failed.

    Example:  egret doctor --certificates /etc/egret/issued
    """
    findings: list[Finding] = []
    city = _city(inventory, findings)
    cloud = _cloud(config, findings)
    findings += _machine(data or (cloud.data if cloud else Path()))
    findings += _secrets(config, inventory, cloud)
    findings += _keys_and_certificates(cloud, certificates, city)
    findings += _network(cloud, address, ca)
    if as_json:
        said = {"schema": "egret.doctor/1", "state": worst(findings), "findings": findings}
        click.echo(msgspec.json.encode(said).decode())
    else:
        click.echo("\n".join(page(findings)))
    if worst(findings) is State.FAILED:
        context.exit(CheckFailed.exit_code)


def _city(path: Path, findings: list[Finding]) -> Inventory | None:
    if not path.exists():
        return None
    try:
        return load(path, load_library(library_folder()))
    except ConfigError as error:
        findings.append(Finding(State.FAILED, "files", f"{path} has {len(error.mistakes)} mistakes.", "egret check"))
        return None


def _cloud(path: Path, findings: list[Finding]) -> Any:
    """Its configuration; None where there is no cloud."""
    if not path.exists():
        return None
    try:
        return importlib.import_module("cloud.config").load(path)
    except ConfigError as error:
        findings.append(Finding(State.FAILED, "files", f"{path} has {len(error.mistakes)} mistakes.", "egret check"))
        return None


def _machine(data: Path) -> list[Finding]:
    now = datetime.fromtimestamp(time.time(), UTC)
    return [checkup.versions(version("egret-city")), checkup.clock(now), checkup.disk(data)]


def _secrets(config: Path, inventory: Path, cloud: Any) -> Iterator[Finding]:
    """Written in a file, or weak; where all is well there is one line."""
    found = [finding for path in (config, inventory) if path.exists() for finding in checkup.secrets_in(path)]
    for chosen in (*cloud.notifiers, *cloud.hooks) if cloud else ():
        name = getattr(chosen.settings, "secret_env", "")
        if name and name in os.environ:
            found += checkup.secret_strength(name, os.environ[name])
    yield from found or [Finding(State.OK, "secrets", "none stands in cloud.yaml or sensors.yaml")]


def _keys_and_certificates(cloud: Any, folder: Path | None, city: Inventory | None) -> Iterator[Finding]:
    """The cloud's own, and all of a folder."""
    keys, shown = [], []
    if cloud:
        keys = [Path(key) for key in (cloud.broker.key, cloud.http.key) if key]
        keys += [path for path in (cloud.data / "link-secret", cloud.data / "ledger.sqlite") if path.exists()]
        shown = [Path(cloud.broker.certificate)] if cloud.broker.certificate else []
    if folder:
        keys += sorted(folder.glob("*.key"))
    yield from checkup.secret_files(keys)
    now_ns = time.time_ns()
    yield from checkup.certificates(shown, (), now_ns)
    if folder:
        names = {*city.boxes, "egret-cloud"} if city else ()
        yield from checkup.certificates(sorted(folder.glob("*.pem")), names, now_ns)


def _network(cloud: Any, address: str | None, ca: str | None) -> Iterator[Finding]:
    way = brokers.parse(address) if address else cloud.broker if cloud else None
    for node in way.nodes() if way else ():
        yield checkup.door(replace(node, ca=ca or (cloud.broker.ca if cloud else "")))
    if cloud:
        http = cloud.http
        yield checkup.port(http.host, http.port, is_ours=_answers(http.port, is_https=bool(http.certificate)))


def _answers(port: int, *, is_https: bool) -> bool:
    """Is it a cloud of ours on this machine? One with TLS is asked for no certificate: only that it is there counts."""
    context = importlib.import_module("ssl")._create_unverified_context() if is_https else None  # noqa: SLF001
    url = f"{'https' if is_https else 'http'}://127.0.0.1:{port}/api/v1/health"
    try:
        with urllib.request.urlopen(url, timeout=_HEALTH_S, context=context) as answer:  # noqa: S310 - this machine
            return "newest_ns" in json.loads(answer.read(10_000))
    except (OSError, urllib.error.URLError, ValueError):
        return False
