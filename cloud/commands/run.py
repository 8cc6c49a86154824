"""`egret cloud run`: ingest, cases, notices and board in one process, or in several."""

import asyncio
import logging
import signal
import time
from pathlib import Path
from random import Random

import click

from cloud import config as cloud_yaml
from cloud.app import Cloud
from cloud.config import CloudConfig
from cloud.share import Part, Role, parse_parts, parse_share
from wire import profile_yaml, sensors_yaml
from wire.inventory import Inventory

_log = logging.getLogger(__name__)


@click.command()
@click.option(
    "--config", type=click.Path(path_type=Path), default=Path("cloud.yaml"), show_default=True, help="The services."
)
@click.option(
    "--inventory", type=click.Path(path_type=Path), default=Path("sensors.yaml"), show_default=True, help="The city."
)
@click.option("--devices", type=click.Path(path_type=Path), help="The device library; by default the shipped one.")
@click.option("--lanes", default=",".join(Part), show_default=True, help="What this process does of it all.")
@click.option("--share", default="1/1", show_default=True, help="2/4: the second of four processes.")
def run(config: Path, inventory: Path, devices: Path | None, lanes: str, share: str) -> None:
    """Take what the boxes send, keep alarms and cases, serve the board.

    Several processes on one ledger divide the boxes among them, and do the work of one that has died.

    Example:  egret cloud run --config cloud.yaml --inventory sensors.yaml
    """
    role = Role(parse_parts(lanes), parse_share(share))
    city = sensors_yaml.load(inventory, profile_yaml.load_library(devices or profile_yaml.library_folder()))
    asyncio.run(_until_told(cloud_yaml.load(config), city, role))


async def _until_told(config: CloudConfig, city: Inventory, role: Role) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await Cloud(config, city, time.time_ns, Random(), role).run(stop)  # noqa: S311 - jitter
    _log.info("the cloud has stopped")
