"""`egret bus write`, `set-address` and `set-baud`: changing what a device keeps, with a way back."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Unpack

import click

from edge.bus import Bus, opened
from edge.commands.bus_options import DeviceOptions, Target, Whole, one_device, say_json, target
from edge.commands.bus_wanted import wanted
from edge.field import notation, undo
from edge.field.identify import Identifier
from edge.field.moving import Change, Mover, Place, damaged, must_be_alone, must_not_be_protected, must_not_move
from edge.modbus_frame import Request
from wire.errors import FrameError, SourceError, Unsafe
from wire.profile import Profile
from wire.profile_acts import BAUD_SETTING, UNIT_SETTING, Effect, Setting

_HOLDING, _WRITE = 3, 6
_YES = click.option("--yes", "is_sure", is_flag=True, help="You have looked at what it overwrites.")
_RECORD = click.option(
    "--record", type=click.Path(path_type=Path), default=undo.FILE, show_default=True, help="The undo record."
)


@click.command()
@one_device
@click.argument("what", default="")
@click.argument("value", required=False, type=Whole(0, 0xFFFF))
@click.option("--sensor", default="", help="All that --inventory wants of this one; --unit, --baud: where it is now.")
@click.option(
    "--inventory", type=click.Path(path_type=Path), default="sensors.yaml", show_default=True, help="The city."
)
@_YES
@_RECORD
def write(
    *,
    what: str,
    value: int | None,
    sensor: str,
    inventory: Path,
    is_sure: bool,
    record: Path,
    as_json: bool,
    **device: Unpack[DeviceOptions],
) -> None:
    """Write a setting by its name (bandwidth=5Hz), a register (0x1F 6), or what sensors.yaml wants of a sensor.

    A setting needs --profile, is written as the profile says, read back, and noted in the undo record. A register
    needs --yes; what it overwrites is printed first. The maker's calibration is never written.

    Example: egret bus write --profile witmotion-wt901c-485 bandwidth=5Hz

    Example: egret bus write --unit 0x50 0x1F 6 --yes

    Example: egret bus write --sensor XM-TA-0901-T1
    """
    if sensor:
        if what:
            raise click.UsageError("--sensor writes what sensors.yaml says; no other setting goes with it.")
        values, chosen = wanted(inventory, sensor, device)
        if not values:
            raise click.UsageError(f"{inventory} names no settings of {sensor}: write settings: {{NAME: VALUE}} there.")
        asyncio.run(_set(chosen, values, record, is_sure=is_sure, as_json=as_json))
        return
    chosen = target(**device)
    name, is_setting, word = what.partition("=")
    if is_setting:
        profile = _known_model(chosen)
        setting = _setting(profile, name)
        if name in (UNIT_SETTING, BAUD_SETTING):
            raise click.UsageError("an address or a rate is set by `egret bus set-address` and `set-baud`.")
        asyncio.run(_set(chosen, [(setting, _raw(setting, word))], record, is_sure=is_sure, as_json=as_json))
        return
    if value is None:
        raise click.UsageError("write NAME=VALUE, or a register and its value: 0x1F 6.")
    try:
        place = notation.parse(what, _HOLDING if what.startswith("0x") else None)
    except ValueError as error:
        raise click.UsageError(f"{what!r} is no address: write {error}.") from error
    asyncio.run(_write_register(chosen, place.address, value, is_sure=is_sure, as_json=as_json))


@click.command()
@one_device
@click.argument("address", type=Whole(1, 247))
@_YES
@_RECORD
def set_address(*, address: int, is_sure: bool, record: Path, as_json: bool, **device: Unpack[DeviceOptions]) -> None:
    """Give a device another unit identifier, alone on the line or not.

    Refused where two devices answer at the old address, where somebody answers at the new one, and where the model is
    another than --profile. If the confirmation is lost the device is looked for at both.

    Example: egret bus set-address --profile witmotion-wt901c-485 --unit 0x50 0x51
    """
    chosen = target(**device)
    setting = _setting(_known_model(chosen), UNIT_SETTING)
    asyncio.run(_set(chosen, [(setting, _raw(setting, str(address)))], record, is_sure=is_sure, as_json=as_json))


@click.command()
@one_device
@click.argument("rate", type=Whole(300, 921_600))
@_YES
@_RECORD
def set_baud(*, rate: int, is_sure: bool, record: Path, as_json: bool, **device: Unpack[DeviceOptions]) -> None:
    """Give a device another baud rate; the others on its line keep theirs and no longer hear what it hears.

    Example: egret bus set-baud --profile witmotion-wt901c-485 --unit 0x51 19200
    """
    chosen = target(**device)
    setting = _setting(_known_model(chosen), BAUD_SETTING)
    asyncio.run(_set(chosen, [(setting, _raw(setting, str(rate)))], record, is_sure=is_sure, as_json=as_json))


def _known_model(chosen: Target) -> Profile:
    if chosen.profile is None:
        raise click.UsageError("say which model it is with --profile: how it is written stands there.")
    return chosen.profile


def _setting(profile: Profile, name: str) -> Setting:
    kept = {setting.name: setting for setting in profile.settings.values() if setting.register is not None}
    if name not in kept:
        known = ", ".join(sorted(kept)) or "none"
        raise click.UsageError(f"{profile.title} has no setting {name!r} that is known; it has: {known}.")
    return kept[name]


def _raw(setting: Setting, wanted: str) -> int:
    try:
        return setting.raw(wanted)
    except ValueError as error:
        raise click.UsageError(f"{setting.name} is {error}, not {wanted!r}.") from error


async def _set(
    chosen: Target, values: Iterable[tuple[Setting, int]], record: Path, *, is_sure: bool, as_json: bool
) -> None:
    """Each setting to its raw value, one after the other; what is so already is left alone."""
    profile = _known_model(chosen)
    say: Callable[[str], None] = lambda text: click.echo(text, err=as_json)  # noqa: E731 - one word for talk
    with opened(chosen.port, chosen.settings) as bus:
        mover = Mover(bus, profile, Place(chosen.settings, chosen.unit))
        await mover.must_be_alone()
        await mover.prove(may_be_unproven=is_sure)
        for setting, after in values:
            change = mover.change(setting, await mover.raw(setting), after)
            say(f"{setting.name}: {setting.said(change.before)} → {setting.said(after)}")
            if change.before == after and change.target == change.source:
                say("it is so already; nothing was written")
                continue
            if change.target != change.source:
                await mover.must_be_free(change.target)
            command = _way_back(record, chosen.port, profile, change)
            say(f"undo, also in {record}: {command}")
            await mover.apply(change)
            say(_done(change, mover.place))
            if as_json:
                fields = {"setting": setting.name, "before": change.before, "after": after, "undo": command}
                say_json("egret.bus.set/1", fields | {"unit": mover.place.unit, "baud": mover.place.settings.baud})


def _way_back(record: Path, port: Path, profile: Profile, change: Change) -> str:
    """The command that undoes it, written down. Raises Unsafe where that cannot be."""
    try:
        return undo.record(record, port, profile, change, datetime.now(UTC).isoformat(timespec="seconds"))
    except OSError as error:
        raise Unsafe(
            f"the way back cannot be written down: {error}. Nothing was written.",
            where=str(record),
            fix="name a file that you may write with --record.",
            code="E-BUS-049",
        ) from error


def _done(change: Change, place: Place) -> str:
    if change.setting.effect is Effect.RESTART:
        return "written; it begins to hold when its supply was off and on again"
    return f"written and read back; it answers as {place}"


async def _write_register(chosen: Target, register: int, value: int, *, is_sure: bool, as_json: bool) -> None:
    """A register by its number. Raises Unsafe for what no model that it may be allows, and without --yes."""
    asked = Request(chosen.unit, _HOLDING, register)
    with opened(chosen.port, chosen.settings) as bus:
        await must_be_alone(bus, asked, chosen.timing)
        for profile in await _models(bus, chosen):
            must_not_be_protected(profile, register, value)
            must_not_move(profile, register)
        before = (await bus.ask(asked, chosen.timing)).numbers[0]
        said = f"register 0x{register:04X} of unit {chosen.unit} holds 0x{before:04X} = {before}"
        if not is_sure:
            raise Unsafe(
                f"{said}; {value} would overwrite it, and nothing was written.",
                where=f"port {chosen.port}",
                fix="repeat with --yes, or write a setting of the profile by its name.",
                code="E-BUS-038",
            )
        click.echo(said, err=as_json)
        await bus.ask(Request(chosen.unit, _WRITE, register, values=(value,)), chosen.timing)
        after = (await bus.ask(asked, chosen.timing)).numbers[0]
        click.echo(f"it holds 0x{after:04X} = {after} now", err=as_json)
        if as_json:
            fields = {"unit": chosen.unit, "register": register, "before": before, "after": after}
            say_json("egret.bus.written/1", fields)
        if after != value:
            raise SourceError(
                f"register 0x{register:04X} is {after} after it was set to {value}.",
                where=chosen.where,
                fix="the device may be locked: write a setting of its profile by its name, which unlocks it.",
                code="E-BUS-036",
            )


async def _models(bus: Bus, chosen: Target) -> list[Profile]:
    """Those that it may be. Raises Unsafe where a named model is not what answers, or two may answer."""
    if chosen.profile:
        await Mover(bus, chosen.profile, Place(chosen.settings, chosen.unit)).prove(may_be_unproven=True)
        return [chosen.profile]
    try:
        return [match.profile for match in await Identifier(bus, chosen.unit).among(chosen.library)]
    except FrameError as error:
        # Two devices that answer a short question alike damage each other's longer replies.
        raise damaged(chosen.where) from error
