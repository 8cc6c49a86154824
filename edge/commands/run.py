"""`egret edge run`: the agent on one box."""

import asyncio
import logging
import signal
import time
from pathlib import Path
from random import Random

import click

from edge.agent import Agent, Options
from edge.lock import only_one
from wire import broker as broker_address
from wire import profile_yaml, sensors_yaml
from wire.errors import ConfigError, Mistake
from wire.inventory import Box, Inventory
from wire.located import nearest
from wire.scalars import duration_s

_log = logging.getLogger(__name__)


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
@click.option("--broker", default="mqtt://127.0.0.1:1883", show_default=True, help="mqtt:// or mqtts:// URL.")
@click.option("--root", default="/", show_default=True, help="Device paths are looked up below this folder.")
@click.option("--batch", default="1s", show_default=True, help="How long a batch gathers readings, up to 10s.")
def run(box: str, inventory: Path, devices: Path | None, data: Path, broker: str, root: str, batch: str) -> None:
    """Read the box's sensors, judge them, keep everything on disk, and send it on.

    Example:  egret edge run --box XM-TA-01 --broker mqtts://broker.city:8883
    """
    city = sensors_yaml.load(inventory, profile_yaml.load_library(devices or profile_yaml.library_folder()))
    options = Options(data, broker_address.parse(broker), root, duration_s(batch))
    agent = Agent(city, _box(city, box, inventory), options, time.time_ns, Random())  # noqa: S311 - jitter
    with only_one(data):
        asyncio.run(_until_told(agent, box))


def _box(city: Inventory, name: str, file: Path) -> Box:
    if name not in city.boxes:
        what = f"there is no box {name!r}."
        raise ConfigError([Mistake(str(file), what, nearest(name, city.boxes), "E-EDGE-001")])
    return city.boxes[name]


async def _until_told(agent: Agent, box: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _log.info("box %s runs", box)
    await agent.run(stop)
    _log.info("box %s has stopped", box)
