"""`egret site commission`: one guided screen from "something answers" to a signed report."""

from pathlib import Path

import click

from edge.commands.bus_options import DEVICES, HOST, LANG, PORT, quiet_log
from edge.commands.site_options import (
    KEPT,
    PERSON,
    Talk,
    kept,
    link_to,
    says_the_disk,
    through_a_broker,
)
from edge.field.commissioner import Trial
from edge.field.extra import not_installed
from edge.field.link_cut import CUT_S
from edge.field.reporting import OWN_KEY
from edge.field.selftest import POLLS
from edge.field.words import Words
from edge.field.zero import ZERO_S
from wire.options import Duration
from wire.profile_yaml import library_folder, load_library


@click.command()
@click.argument("sensor")
@PORT
@HOST
@click.option("--ble", "is_ble", is_flag=True, help="A Bluetooth sensor, instead of --port.")
@click.option("--inventory", type=click.Path(path_type=Path), default=Path("sensors.yaml"), show_default=True)
@click.option("--board", default="", help="Address of the city's board: what the QR code opens.")
@click.option("--wait-ms", default=50, show_default=True, help="How long an address may take to begin its reply.")
@click.option("--box", default="", help="The box that it hangs on.")
@click.option(
    "--zero", "zero_s", type=Duration(1, 3600), default=f"{ZERO_S:g}s", show_default=True, help="For the zero."
)
@click.option("--polls", type=click.IntRange(10, 100_000), default=POLLS, show_default=True, help="Of the self-test.")
@click.option(
    "--cut", type=Duration(0.5, 3600), default=f"{CUT_S:g}s", show_default=True, help="The link is cut so long."
)
@click.option(
    "--sign-key", type=click.Path(path_type=Path), default=OWN_KEY, show_default=True, help="Signs the report."
)
@through_a_broker
@DEVICES
@PERSON
@KEPT
@LANG
@says_the_disk
def commission(
    *,
    sensor: str,
    port: Path | None,
    host: str,
    is_ble: bool,
    inventory: Path,
    board: str,
    box: str,
    wait_ms: int,
    zero_s: float,
    polls: int,
    cut: float,
    sign_key: Path,
    broker: str,
    ca: str | None,
    cert: str | None,
    key: str | None,
    devices: Path | None,
    person: str,
    folder: Path,
    lang: str,
) -> None:
    """Commission the sensor SITE-KEY on a guided screen; Ctrl-C keeps what is done, and the same command goes on.

    Scan, identify, address, live, zero, known tilt, self-test, place and photo, report and sensors.yaml.

    Example: egret site commission XM-TA-0901-T1 --board https://board.city
    """
    words = Words(lang)
    try:
        # Half a second and 30 MiB that no other verb pays.
        from edge.field.screen.app import CommissionApp  # noqa: PLC0415
        from edge.field.screen.pane import Setup  # noqa: PLC0415
    except ImportError as error:
        raise not_installed(error) from error
    quiet_log()
    library = load_library(devices or library_folder())
    work = kept(folder, sensor, library, person, board=board, box=box)
    trial = Trial(polls, cut, link_to(broker, work.plan.box, ca, cert, key))
    if sum(map(bool, (port, host, is_ble))) > 1:
        raise click.UsageError("a device is behind one of them: --port, --host or --ble.")
    CommissionApp(work, words, Setup(port, inventory, sign_key, zero_s, trial, wait_ms / 1000, host, is_ble)).run()
    Talk(words).say("screen.kept", where=work.folder)
