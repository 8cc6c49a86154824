"""`egret cloud broker-config`: the configuration of a city's broker, for the boxes of sensors.yaml."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import click
import msgspec

from cloud.api_client import json_option, show_json
from cloud.brokers import mosquitto, nats, plan
from cloud.brokers.certificates import read_all
from cloud.brokers.plan import CLOUD_PORT, MQTT_PORT, ROUTE_PORT, Node, Plan
from wire import profile_yaml, sensors_yaml
from wire.errors import ConfigError, EgretError
from wire.located import Mistakes

_PROGRAMS = {"mosquitto": mosquitto, "nats": nats}
_STATE = {"mosquitto": "/var/lib/mosquitto", "nats": "/var/lib/nats"}
_PORT_MAX = 65535


class Written(msgspec.Struct, frozen=True):
    """What the command has written, and for whom; `uncertified` have no certificate in the folder that was named."""

    schema: str
    kind: str
    files: tuple[str, ...]
    boxes: int
    without: tuple[str, ...]
    uncertified: tuple[str, ...]
    nodes: tuple[str, ...]


class _Node(click.ParamType[Node]):
    """`HOST[:PORT[:ROUTE_PORT]]`."""

    name = "HOST[:PORT[:ROUTE_PORT]]"

    def __init__(self, port: int) -> None:
        """`port` is the one that need not be written."""
        self._port = port

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Node:
        """The host and its ports."""
        if isinstance(value, Node):
            return value
        host, *ports = str(value).split(":")
        if len(ports) > 2 or not all(port.isdecimal() and 0 < int(port) <= _PORT_MAX for port in ports):
            self.fail(f"{value!r} is no {self.name}, such as broker-1.city.example:8883.", param, ctx)
        numbers = [int(port) for port in ports]
        return Node(host, *numbers) if numbers else Node(host, self._port)


@click.command()
@click.option("--kind", type=click.Choice(list(_PROGRAMS)), required=True, help="The program.")
@click.option("--nodes", type=click.IntRange(min=1), help="How many; more than one is a cluster of nats.  [default: 1]")
@click.option("--node", "named", type=_Node(MQTT_PORT), multiple=True, help="Where one is reached; once for each.")
@click.option("--listen", default="0.0.0.0", show_default=True, help="The address at which boxes come in.")  # noqa: S104
@click.option(
    "--cloud-listen",
    type=_Node(CLOUD_PORT),
    default=f"127.0.0.1:{CLOUD_PORT}",
    show_default=True,
    metavar="HOST[:PORT]",
    help="mosquitto: the cloud's door, which boxes must not reach.",
)
@click.option("--cloud", default="egret-cloud", show_default=True, help="The name of the cloud's certificate.")
@click.option("--without", metavar="BOX", multiple=True, help="A box that is let in no more.")
@click.option(
    "--certificates",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="nats: let in the keys of the certificates in this folder alone, instead of any of the authority's.",
)
@click.option("--tls", default="/etc/egret/broker", show_default=True, help="Certificates, on the broker's machine.")
@click.option("--state", help="Its data.  [default: /var/lib/mosquitto or /var/lib/nats]")
@click.option("--inventory", type=click.Path(path_type=Path), default=Path("sensors.yaml"), show_default=True)
@click.option("--devices", type=click.Path(path_type=Path), help="The device library; by default the shipped one.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("broker"), show_default=True)
@click.option("--force", is_flag=True, help="Write over files that are there.")
@json_option
def broker_config(
    *,
    kind: str,
    nodes: int | None,
    named: tuple[Node, ...],
    listen: str,
    cloud_listen: Node,
    cloud: str,
    without: tuple[str, ...],
    certificates: Path | None,
    tls: str,
    state: str | None,
    inventory: Path,
    devices: Path | None,
    out: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Write the broker's files: TLS with a certificate for each box, and what each may say and hear.

    No key and no certificate is made here: docs/operate/broker.md says how, with openssl.

    Example:  egret cloud broker-config --kind nats --nodes 3 --out city-broker
    """
    mistakes = Mistakes()
    issued = read_all(certificates, mistakes) if certificates else ()
    boxes = _boxes(inventory, devices, without, mistakes)
    names = (*boxes, cloud)
    wanted = Plan(
        boxes=boxes,
        cloud=cloud,
        nodes=_nodes(nodes, named, mistakes),
        listen=listen,
        cloud_listen=cloud_listen,
        tls=tls.rstrip("/"),
        state=(state or _STATE[kind]).rstrip("/"),
        pins=tuple(one.key_sha256 for one in issued if one.name in names),
    )
    plan.check(wanted, mistakes)
    if kind == "mosquitto":
        _check_mosquitto(wanted, certificates, mistakes)
    if not force:
        _check_free(out, kind, wanted, mistakes)
    mistakes.raise_any()
    files = {out / name: content for name, content in _PROGRAMS[kind].files(wanted).items()}
    _write(files)
    written = Written(
        schema="egret.broker-config/1",
        kind=kind,
        files=tuple(map(str, files)),
        boxes=len(boxes),
        without=tuple(sorted(set(without))),
        uncertified=tuple(sorted(set(names) - {one.name for one in issued})) if certificates else (),
        nodes=tuple(f"{node.host}:{node.port}" for node in wanted.nodes),
    )
    if as_json:
        show_json(written)
    else:
        _tell(written, wanted)


def _check_mosquitto(wanted: Plan, certificates: Path | None, mistakes: Mistakes) -> None:
    """What it has not."""
    if len(wanted.nodes) > 1:
        fix = "use --kind nats, or leave --nodes out."
        mistakes.add("--nodes", "mosquittos form no cluster.", fix, "E-BROKER-008")
    if certificates:
        fix = "leave it out: mosquitto reads revoked.pem."
        mistakes.add("--certificates", "mosquitto takes no list of keys.", fix, "E-BROKER-015")


def _boxes(inventory: Path, devices: Path | None, without: tuple[str, ...], mistakes: Mistakes) -> tuple[str, ...]:
    """Those of the inventory that are let in; its mistakes are collected."""
    try:
        city = sensors_yaml.load(inventory, profile_yaml.load_library(devices or profile_yaml.library_folder()))
    except ConfigError as error:
        mistakes.extend(error.mistakes)
        return ()
    for box in without:
        if box not in city.boxes:
            what = f"there is no box {box!r} in {inventory}, so it is let in by nobody."
            mistakes.add("--without", what, "correct its name, or leave it out.", "E-BROKER-009")
    return tuple(box for box in city.boxes if box not in without)


def _nodes(count: int | None, named: tuple[Node, ...], mistakes: Mistakes) -> tuple[Node, ...]:
    """Those that were named; others are called broker-1, broker-2 and so on."""
    if named and count not in (None, len(named)):
        fix = "name each with --node, or none."
        mistakes.add("--nodes", f"{count} nodes, and {len(named)} are named.", fix, "E-BROKER-010")
    return named or tuple(Node(f"broker-{number}", MQTT_PORT, ROUTE_PORT) for number in range(1, (count or 1) + 1))


def _check_free(out: Path, kind: str, wanted: Plan, mistakes: Mistakes) -> None:
    """Somebody may have changed a file by hand."""
    for name in _names(kind, wanted):
        if (out / name).exists():
            fix = "write elsewhere with --out, or over it with --force."
            mistakes.add(str(out / name), "the file is there already.", fix, "E-BROKER-011")


def _names(kind: str, wanted: Plan) -> list[str]:
    """Of the files; a plan for more nodes than the program knows is judged as one of one."""
    one = dataclasses.replace(wanted, nodes=wanted.nodes[:1]) if kind == "mosquitto" else wanted
    return list(_PROGRAMS[kind].files(one))


def _write(files: Mapping[Path, str]) -> None:
    for path, content in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        except OSError as error:
            what = f"cannot be written: {error.strerror}."
            raise EgretError(what, where=str(path), fix="check the folder's mode.", code="E-BROKER-012") from error


def _tell(written: Written, wanted: Plan) -> None:
    for name in written.files:
        click.echo(name)
    text = f"{written.boxes} boxes and {wanted.cloud} may come in"
    left_out = f", {', '.join(written.without)} may not" if written.without else ""
    click.echo(f"{text}{left_out}. Certificates are expected in {wanted.tls} of the broker's machine.", err=True)
    if written.uncertified:
        click.echo(f"No certificate in the folder, hence not let in: {', '.join(written.uncertified)}.", err=True)
