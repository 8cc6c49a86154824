"""`egret ble live`: what a Bluetooth sensor measures now, how much it varies, and how well it is received."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import click

from edge.ble.radio import Advert, Radio, news_or
from edge.commands.bus_options import DEVICES, JSON, named_model, say_json
from edge.commands.live_table import LiveTable, in_json
from edge.field.air import may_be, messages_of
from edge.field.watch import Watch
from wire.addresses import is_ble
from wire.errors import CheckFailed, SourceError, SourceTimeout
from wire.fields import stream_of
from wire.messages import FrameShape
from wire.profile import BleLink, Profile
from wire.profile_yaml import library_folder, load_library

_SHOW_EVERY_S = 1.0
_FIND_S = 30.0


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
    asyncio.run(_live(Radio(), _Wanted(address, profile, library), for_s, as_json=as_json))


class _Wanted:
    """The device that is meant, and what it may be."""

    def __init__(self, address: str, profile: Profile | None, library: Mapping[str, Profile]) -> None:
        self.address, self._profile, self._library = address, profile, library

    def is_it(self, advert: Advert) -> bool:
        """By its address or its name."""
        return self.address.upper() == advert.address if is_ble(self.address) else self.address == advert.name

    def model(self, advert: Advert) -> Profile | None:
        """As it was named, else by what it says."""
        models = (profile for profile in self._library.values() if may_be(profile, advert))
        return self._profile or next(models, None)


async def _live(radio: Radio, wanted: _Wanted, for_s: float | None, *, as_json: bool) -> None:
    found, profile = await _found(radio, wanted)
    watch, signal = Watch(profile), _Signal(found.rssi_dbm)
    screen = _Screen(f"{profile.title}, {found.address} {found.name}".rstrip(), as_json=as_json)
    showing = asyncio.create_task(_show(watch, signal, screen))
    try:
        async with asyncio.timeout(for_s):
            if profile.link.ble and profile.link.ble.notify:
                await _notified(radio, found, profile.link.ble, watch)
            else:
                await _advertised(radio, found, watch, signal)
    except TimeoutError:
        screen.show(watch, signal)
    finally:
        showing.cancel()
    if not watch.polls:
        fix = "wait longer; a sensor at rest may be asleep: move it"
        raise SourceTimeout("it said nothing.", where=f"Bluetooth {found.address}", fix=fix, code="E-BLE-013")


async def _found(radio: Radio, wanted: _Wanted) -> tuple[Advert, Profile]:
    """Raises SourceTimeout when it is not heard, CheckFailed when nobody knows what it is."""
    heard: list[Advert] = []
    is_known = asyncio.Event()

    def hear(advert: Advert) -> None:
        if wanted.is_it(advert):
            heard.append(advert)
            if wanted.model(advert):
                is_known.set()

    async with radio.listening(hear):
        await news_or(asyncio.get_running_loop().time() + _FIND_S, is_known)
    for advert in reversed(heard):
        if profile := wanted.model(advert):
            return advert, profile
    if not heard:
        fix = "`egret ble scan` shows who is heard; a phone that is connected to it hides it."
        raise SourceTimeout("it is not heard.", where=f"Bluetooth {wanted.address}", fix=fix, code="E-BLE-009")
    fix = "name its --profile, or add one (docs/develop/profiles.md)."
    raise CheckFailed("it is no model of the library.", where=f"Bluetooth {wanted.address}", fix=fix, code="E-BLE-011")


async def _advertised(radio: Radio, found: Advert, watch: Watch, signal: "_Signal") -> None:
    def hear(advert: Advert) -> None:
        if advert.address == found.address:
            signal.dbm = advert.rssi_dbm
            for message in messages_of(watch.profile, advert):
                watch.heard(message.name, message.octets)

    async with radio.listening(hear):
        await asyncio.get_running_loop().create_future()


async def _notified(radio: Radio, found: Advert, link: BleLink, watch: Watch) -> None:
    """Raises SourceError when the connection cannot be made, or is lost."""
    stream, is_lost = stream_of(watch.profile), asyncio.Event()
    read = {point.block for point in watch.profile.points}

    def hear(_source: object, octets: bytearray) -> None:
        for message in stream.feed(bytes(octets)):
            if message.name in read:
                watch.heard(message.name, message.octets)

    async with radio.connected(found, is_lost.set) as client:
        await client.start_notify(link.notify, hear)
        for shape in watch.profile.messages.values():
            if isinstance(shape, FrameShape) and shape.ask and link.write:
                await client.write_gatt_char(link.write, shape.ask.render(), response=False)
        await is_lost.wait()
    fix = "go nearer, and see that nobody else is connected to it."
    raise SourceError("the connection was lost.", where=f"Bluetooth {found.address}", fix=fix, code="E-BLE-008")


class _Signal:
    """How strongly it was last received."""

    def __init__(self, dbm: int) -> None:
        self.dbm = dbm


async def _show(watch: Watch, signal: _Signal, screen: "_Screen") -> None:
    while True:
        await asyncio.sleep(_SHOW_EVERY_S)
        screen.show(watch, signal)


class _Screen:
    """A table for people, or JSON."""

    def __init__(self, title: str, *, as_json: bool) -> None:
        self._table, self._as_json = LiveTable(title), as_json

    def show(self, watch: Watch, signal: _Signal) -> None:
        """All values, once."""
        if self._as_json:
            fields = {"messages": watch.polls, "signal_dbm": signal.dbm, "values": in_json(watch.shown())}
            say_json("egret.ble.live/1", fields)
            return
        self._table.show(f"{watch.polls} messages, {signal.dbm} dBm", watch.shown())
