"""What sensors.yaml wants a device to keep: its settings, its unit identifier, the rate of its line."""

from pathlib import Path

import click

from edge.commands.bus_options import DeviceOptions, Target, target
from wire.line_load import serial_settings
from wire.located import nearest
from wire.profile import LinkKind
from wire.profile_acts import BAUD_SETTING, UNIT_SETTING, Setting
from wire.profile_yaml import library_folder, load_library
from wire.sensors_yaml import load


def wanted(inventory: Path, name: str, device: DeviceOptions) -> tuple[list[tuple[Setting, int]], Target]:
    """Raw values of settings, what moves the device last, and where it is: as the options say, else as the file does.

    Raises ConfigError, PortBusy and click's UsageError.
    """
    city = load(inventory, load_library(device["devices"] or library_folder()))
    if name not in city.sensors:
        raise click.UsageError(f"there is no sensor {name!r} in {inventory}: {nearest(name, city.sensors)}.")
    sensor = city.sensors[name]
    line = next(one for one in city.lines if (one.box, one.key) == (sensor.box, sensor.line))
    if line.source != LinkKind.MODBUS_RTU:
        raise click.UsageError(f"{name} is on a line of {line.source}: only what modbus_rtu reaches is written.")
    if device["model"] and device["model"] != sensor.profile.name:
        raise click.UsageError(f"{name} is a {sensor.profile.name} in {inventory}, not a {device['model']}.")
    ((rate, frame),) = serial_settings(line, [sensor])
    chosen = target(
        port=device["port"],
        baud=device["baud"] or rate,
        frame=device["frame"] or frame,
        unit=device["unit"] or sensor.unit,
        model=sensor.profile.name,
        devices=device["devices"],
    )
    settings = sensor.profile.settings
    values = [(settings[key], raw) for key, raw in sensor.settings.items()]
    if chosen.unit != sensor.unit:
        values.append(_moving(settings.get(UNIT_SETTING), sensor.unit, UNIT_SETTING))
    if chosen.settings.baud != rate:
        values.append(_moving(settings.get(BAUD_SETTING), rate, BAUD_SETTING))
    return values, chosen


def _moving(setting: Setting | None, number: int, name: str) -> tuple[Setting, int]:
    try:
        if setting and setting.register is not None:
            return setting, setting.raw(str(number))
    except ValueError as error:
        raise click.UsageError(f"{name} is {error}, not {number}.") from error
    raise click.UsageError(f"the profile does not say how its {name} is set: use the maker's tool.")
