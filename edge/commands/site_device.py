"""Which device the verbs of `egret site` mean: on a serial port, or behind a Modbus TCP server."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from edge.ble.radio import Radio
from edge.bus import opened
from edge.commands.bus_options import HOST, DeviceOptions, heard, named_model, one_device, target
from edge.commands.site_options import kept
from edge.field import finder, messages
from edge.field.air import Sought, identified
from edge.field.commissioner import Commissioner
from edge.field.reach import host_and_port
from edge.field.record import MODBUS_TCP, Found
from edge.tcp_bus import connected
from wire import scalars
from wire.addresses import is_ble
from wire.profile import LinkKind, Profile
from wire.profile_yaml import library_folder, load_library

F = TypeVar("F", bound=Callable[..., Any])


class SensorDevice(DeviceOptions):
    """What the options of `one_sensor` give a verb, but for `sensor` and `as_json`."""

    host: str
    address: str
    constants: Mapping[str, float]


class _Constant(click.ParamType[tuple[str, float]]):
    """`sensor_height=3.2`."""

    name = "name=number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        """Fails with what may be written."""
        name, _, number = str(value).partition("=")
        try:
            return name, scalars.number(number)
        except ValueError:
            self.fail(f"{value!r} is not NAME=NUMBER, such as sensor_height=3.2.", param, ctx)


def _named(_ctx: click.Context, _param: click.Parameter, given: tuple[tuple[str, float], ...]) -> Mapping[str, float]:
    return dict(given)


def one_sensor(command: F) -> F:
    """The options that name a sensor by its id, and its device by where it answers."""
    option = click.option("--sensor", required=True, help="Its id, SITE-KEY: what is measured is kept under it.")
    constant = click.option(
        "--constant",
        "constants",
        type=_Constant(),
        multiple=True,
        callback=_named,
        help="A number of the site that its profile names: sensor_height=3.2. Kept for the next time.",
    )
    address = click.option("--address", default="", help="A Bluetooth sensor's address or name, instead of --port.")
    return option(HOST(address(constant(one_device(command)))))


def commissioner_of(folder: Path, sensor: str, device: SensorDevice, person: str, **told: str) -> Commissioner:
    """As `kept`, with the device that the options name. Raises as `target`, and SourceError."""
    library = load_library(device["devices"] or library_folder())
    commissioner = kept(folder, sensor, library, person, **told)
    commissioner.choose(asyncio.run(_found(device, library, commissioner.open_radio)))
    commissioner.plan_for(constants={**commissioner.plan.constants, **device["constants"]})
    return commissioner


async def _found(device: SensorDevice, library: Mapping[str, Profile], open_radio: Callable[[], Radio]) -> Found:
    """As it answers. Raises CheckFailed where it is another model, or none of the library."""
    if device["host"] and device["address"]:
        raise click.UsageError("a device is behind one of them: --host or --address.")
    if device["host"]:
        return await _found_on_tcp(device, library)
    if device["address"]:
        return await _found_in_the_air(device, library, open_radio())
    serial: Any = {name: value for name, value in device.items() if name in DeviceOptions.__annotations__}
    chosen = target(**serial, is_modbus=False)
    profile = chosen.profile
    with opened(chosen.port, chosen.settings) as bus:
        if chosen.speaks:
            place = finder.at(bus.port, LinkKind.SERIAL_STREAM)
            return finder.the_first(await heard(bus.port, chosen), place, profile)
        if profile and profile.link.kind is LinkKind.SERIAL_QUERY:
            place = finder.at(bus.port, LinkKind.SERIAL_QUERY)
            return finder.the_first([await messages.answered(bus.port, profile)], place, profile)
        place = finder.at(bus.port, LinkKind.MODBUS_RTU, chosen.unit)
        return await finder.by_unit(bus, place, profile, library)


def _model_off_the_line(device: SensorDevice, library: Mapping[str, Profile]) -> Profile | None:
    """The one that was named. Raises UsageError where a serial line was, too."""
    if device["port"] or device["baud"] or device["frame"]:
        raise click.UsageError("--port, --baud and --frame are a serial line's: not with --host, nor with --address.")
    return named_model(library, device["model"]) if device["model"] else None


async def _found_in_the_air(device: SensorDevice, library: Mapping[str, Profile], radio: Radio) -> Found:
    profile = _model_off_the_line(device, library)
    if profile and not profile.link.ble:
        raise click.UsageError(f"{profile.title} speaks no Bluetooth; --address is for what does.")
    if device["unit"] is not None:
        raise click.UsageError("a Bluetooth sensor has no unit identifier: --address names it.")
    known_by = device["address"].upper() if is_ble(device["address"]) else device["address"]
    advert, model = await identified(radio, Sought(known_by, library, profile))
    return finder.by_radio(known_by, advert, model, {})


async def _found_on_tcp(device: SensorDevice, library: Mapping[str, Profile]) -> Found:
    profile = _model_off_the_line(device, library)
    if profile and profile.link.kind is not LinkKind.MODBUS_RTU:
        raise click.UsageError(f"{profile.title} speaks no Modbus; --host is for what does.")
    if not profile and device["unit"] is None:
        raise click.UsageError("name the device: --unit 0x50, or --profile MODEL.")
    unit = device["unit"] or (profile.link.unit if profile else 1)
    async with connected(*host_and_port(device["host"])) as bus:
        return await finder.by_unit(bus, Found(device["host"], unit, source=MODBUS_TCP), profile, library)
