"""`egret ble scan`: which Bluetooth sensors are within reach, and what they are."""

import asyncio
import sys
from pathlib import Path

import click

from edge.ble.radio import Radio
from edge.commands.bus_options import DEVICES, JSON, say_json
from edge.field.air import Heard, Survey
from wire.errors import SourceTimeout
from wire.profile_yaml import library_folder, load_library

_PROGRESS_S = 0.5


@click.command()
@click.option("--for", "for_s", type=click.FloatRange(min=0), default=10.0, show_default=True, help="Seconds.")
@DEVICES
@JSON
def scan(*, for_s: float, devices: Path | None, as_json: bool) -> None:
    """Listen for Bluetooth sensors: address, signal, name, model of the library, and what their adverts say.

    The nearest come first. Nothing is written to any device, and nobody is connected to. Ctrl-C ends it earlier and
    keeps what was heard. Exit code 3 without an adapter, and when nobody was heard.

    Example: egret ble scan

    Example: egret ble scan --for 60 --json
    """
    survey = Survey(load_library(devices or library_folder()).values())
    try:
        asyncio.run(_listen(Radio(), survey, for_s))
    finally:
        _show(survey, as_json=as_json)
    if not survey.heard:
        raise SourceTimeout(
            f"nobody was heard for {for_s:g} s.",
            where="Bluetooth",
            fix="go nearer, charge the sensor, close the phone app that is connected to it; then --for 60.",
            code="E-BLE-012",
        )


async def _listen(radio: Radio, survey: Survey, for_s: float) -> None:
    loop = asyncio.get_running_loop()
    async with radio.listening(survey.hear):
        end = loop.time() + for_s
        while loop.time() < end:
            await asyncio.sleep(min(_PROGRESS_S, end - loop.time()))
            if sys.stderr.isatty():
                click.echo(
                    f"\r{len(survey.heard)} heard, {max(0.0, end - loop.time()):.0f} s left  \r", err=True, nl=False
                )


def _show(survey: Survey, *, as_json: bool) -> None:
    found = survey.by_signal()
    if found and not as_json:
        click.echo("address            signal   name                  model")
    for one in found:
        if as_json:
            _say(one)
            continue
        model = f"{one.model.profile.name} (possible)" if one.model else ""
        advert = one.advert
        click.echo(f"{advert.address:<17}  {advert.rssi_dbm:>4} dBm  {advert.name:<20}  {model}".rstrip())
        shown = one.model.shown() if one.model else []
        values = "  ".join(
            f"{name} {value:.6g} {unit}".rstrip() for name, value, unit in shown if isinstance(value, float)
        )
        if values:
            click.echo(f"{'':<17}  {values}")


def _say(one: Heard) -> None:
    advert = one.advert
    say_json(
        "egret.ble.found/1",
        {
            "address": advert.address,
            "name": advert.name,
            "signal_dbm": advert.rssi_dbm,
            "adverts": one.count,
            "model": one.model.profile.name if one.model else None,
            "values": {name: value for name, value, _ in one.model.shown()} if one.model else {},
            "data": {f"0x{company:04X}": bytes(data).hex() for company, data in advert.data.items()},
        },
    )
