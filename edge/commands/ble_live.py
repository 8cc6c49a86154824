"""`egret ble live`: what a Bluetooth sensor measures now, how much it varies, and how well it is received."""

import asyncio
from pathlib import Path

import click

from edge.ble.radio import Radio
from edge.commands.bus_options import DEVICES, JSON, named_model, say_json
from edge.commands.live_table import LiveTable, in_json
from edge.field.air import Sought, identified
from edge.field.air_voice import AirVoice
from edge.field.watch import Watch
from wire.errors import SourceTimeout
from wire.profile_yaml import library_folder, load_library

_SHOW_EVERY_S = 1.0


@click.command()
@click.option("--address", required=True, help="Its Bluetooth address, AA:BB:CC:DD:EE:FF, or its name.")
@click.option("--profile", "model", help="Its model: a folder of the device library; else it is found.")
@click.option("--for", "for_s", type=click.FloatRange(min=0), help="Seconds; by default until Ctrl-C.")
@DEVICES
@JSON
def live(*, address: str, model: str | None, for_s: float | None, devices: Path | None, as_json: bool) -> None:
    """Show a sensor's values once a second: last, mean and standard deviation of its messages, and its signal.

    One that notifies is connected to, and given free at the end. Exit code 3 when it is not heard, 5 when it is no
    model of the library.

    Example: egret ble live --address D4:AC:3F:00:11:22
    """
    library = load_library(devices or library_folder())
    profile = named_model(library, model) if model else None
    if profile is not None and profile.link.ble is None:
        raise click.UsageError(f"{profile.title} speaks no Bluetooth; `egret bus live` is for serial lines.")
    asyncio.run(_live(Radio(), Sought(address, library, profile), for_s, as_json=as_json))


async def _live(radio: Radio, sought: Sought, for_s: float | None, *, as_json: bool) -> None:
    found, profile = await identified(radio, sought)
    watch, voice = Watch(profile), AirVoice(radio, found, profile)
    screen = _Screen(f"{profile.title}, {found.address} {found.name}".rstrip(), as_json=as_json)
    try:
        async with asyncio.timeout(for_s), voice.listening():
            while True:
                await _follow(voice, watch, asyncio.get_running_loop().time() + _SHOW_EVERY_S)
                screen.show(watch, voice.signal_dbm)
    except TimeoutError:
        screen.show(watch, voice.signal_dbm)
    if not watch.polls:
        fix = "wait longer; a sensor at rest may be asleep: move it"
        raise SourceTimeout("it said nothing.", where=voice.where, fix=fix, code="E-BLE-013")


async def _follow(voice: AirVoice, watch: Watch, until: float) -> None:
    """What it says until that time of the event loop. Raises SourceError when the connection is lost."""
    read = {point.block for point in watch.profile.points}
    while messages := await voice.messages(until):
        for message in messages:
            if message.name in read:
                watch.heard(message.name, message.octets)


class _Screen:
    """A table for people, or JSON."""

    def __init__(self, title: str, *, as_json: bool) -> None:
        self._table, self._as_json = LiveTable(title), as_json

    def show(self, watch: Watch, signal_dbm: int) -> None:
        """All values, once."""
        if self._as_json:
            fields = {"messages": watch.polls, "signal_dbm": signal_dbm, "values": in_json(watch.shown())}
            say_json("egret.ble.live/1", fields)
            return
        self._table.show(f"{watch.polls} messages, {signal_dbm} dBm", watch.shown())
