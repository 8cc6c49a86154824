"""`egret edge run`: the agent on one box."""

import asyncio
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import click

from edge import machine_clock
from edge.agent import Agent, Options
from edge.asked import Asked
from edge.checkup import Places
from edge.clock import BoxClock
from edge.config_store import box_of
from edge.configuration import Configuration
from edge.identity import Identity
from edge.link import MqttLinks
from edge.lock import only_one
from edge.own_log import kept_in
from edge.watchdog import watched
from wire import broker as broker_address
from wire import profile_yaml, sensors_yaml
from wire.inventory import Inventory
from wire.scalars import duration_s
from wire.topics import What

_PEM = click.Path(exists=True, dir_okay=False)
_BATCH_MOST_S = 10.0


class _Duration(click.ParamType[float]):
    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds of `1s`."""
        try:
            seconds = duration_s(str(value))
        except ValueError as error:
            self.fail(f"{value!r} is not {error}.", param, ctx)
        if seconds > _BATCH_MOST_S:
            self.fail(f"{value!r} is longer than {_BATCH_MOST_S:g}s, the most that a batch may gather.", param, ctx)
        return seconds


@click.command()
@click.option("--box", required=True, help="Its id in sensors.yaml.")
@click.option(
    "--inventory", type=click.Path(path_type=Path), default=Path("sensors.yaml"), show_default=True, help="The city."
)
@click.option("--devices", type=click.Path(path_type=Path), help="The device library; by default the shipped one.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("/var/lib/egret"),
    show_default=True,
    help="The spool's folder.",
)
@click.option(
    "--broker",
    default="mqtt://127.0.0.1:1883",
    show_default=True,
    help="mqtts://HOST:PORT, or all nodes: HOST:PORT,HOST:PORT.",
)
@click.option("--ca", type=_PEM, default=None, help="mqtts: who signed the broker's certificate (PEM).")
@click.option("--cert", type=_PEM, default=None, help="mqtts: the box's certificate (PEM).")
@click.option("--key", type=_PEM, default=None, help="mqtts: the key of that certificate (PEM).")
@click.option("--root", default="/", show_default=True, help="Device paths are looked up below this folder.")
@click.option(
    "--trust",
    type=_PEM,
    multiple=True,
    help="Take configurations signed with this key (the public half, PEM); without it, none is taken.",
)
@click.option("--batch", type=_Duration(), default="1s", show_default=True, help="How long a batch gathers, up to 10s.")
@click.option(
    "--clock",
    type=click.Choice(["ntp", "trust"]),
    default="ntp",
    show_default=True,
    help="ntp: the kernel must vouch for the time; trust: it need not, as in a virtual machine whose host keeps it.",
)
def run(
    *,
    box: str,
    inventory: Path,
    devices: Path | None,
    data: Path,
    broker: str,
    ca: str | None,
    cert: str | None,
    key: str | None,
    root: str,
    trust: tuple[str, ...],
    batch: float,
    clock: str,
) -> None:
    """Read the box's sensors, judge them, keep everything on disk, and send it on.

    Example:  egret edge run --box XM-TA-01 --broker mqtts://broker.city:8883
    """
    address = replace(broker_address.parse(broker), ca=ca or "", certificate=cert or "", key=key or "")

    def own() -> Inventory:
        return sensors_yaml.load(inventory, profile_yaml.load_library(devices or profile_yaml.library_folder()))

    hears: tuple[What, ...] = ("receipts", "commands", "desired") if trust else ("receipts", "commands")
    vouches = machine_clock.is_synced if clock == "ntp" else lambda: True
    box_clock = BoxClock(time.time_ns, machine_clock.steady_ns, vouches, boot=machine_clock.boot_id())
    with only_one(data), kept_in(data) as own_log:
        configuration = None
        identity = Identity(box, address, data, box_clock.now) if address.certificate else None
        asked = Asked(Places(data, Path(root), inventory, address, identity), own_log, box_clock.now)
        if trust:
            keys = tuple(Path(name) for name in trust)
            configuration = Configuration(box, data, keys, own, box_clock.now, identity)
        city = configuration.inventory if configuration else own()
        links = MqttLinks(address, box, hears, identity)
        agent = Agent(
            city,
            box_of(city, box, str(inventory)),
            Options(data, root, batch, asked=asked, nodes=links if address.others else None),
            open_link=links,
            clock=box_clock,
            rng=Random(),  # noqa: S311 - jitter
            configuration=configuration,
        )
        asyncio.run(until_told(agent))


async def until_told(agent: Agent) -> None:
    """Run an agent until SIGINT, SIGTERM, or the end of its recordings."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with watched(os.environ):
        await agent.run(stop)
