"""`egret bus identify`: which model a device is, and what shows it."""

import asyncio
from typing import Unpack

import click

from edge.bus import opened
from edge.commands.bus_options import (
    LANG,
    DeviceOptions,
    Target,
    heard,
    one_device,
    say_json,
    shown_by,
    target,
    words_of,
)
from edge.field import messages
from edge.field.identify import Identifier, Match
from wire.errors import CheckFailed


@click.command()
@one_device
@LANG
def identify(
    *,
    lang: str,
    as_json: bool,
    **named: Unpack[DeviceOptions],
) -> None:
    """Name the model of a device by its identity registers; exit code 5 when --profile is not what answers.

    Proven: registers that no other model of the library has. Possible: it answers what such a model answers, and
    the values are within its range; a known tilt, level or gas must show the rest.

    Without --unit and --profile the line is listened to, and who speaks by itself is named by its messages.

    Example: egret bus identify --unit 0x50
    """
    device = target(**named, is_modbus=False)
    matches = asyncio.run(_matches(device))
    words = words_of(lang, as_json=as_json)
    for match in matches:
        if as_json:
            fields = {"unit": device.unit or None, "profile": match.profile.name, "proof": match.proof}
            say_json("egret.bus.identity/1", fields | {"seen": match.seen})
            continue
        profile, proof = match.profile, words(f"bus.{match.proof}")
        click.echo(words("bus.identified", name=profile.name, title=profile.title, proof=proof))
        for seen in match.seen:
            click.echo(f"    {seen}")
        for point in match.profile.evidence.open:
            click.echo("    " + words("bus.to_confirm", point=point))
    if not matches:
        raise CheckFailed(
            f"what it says is of no {device.profile.title if device.profile else 'model of the library'}.",
            where=device.where,
            fix=f"{shown_by(device)} shows it; docs/develop/profiles.md says how to add a model.",
            code="E-BUS-026",
        )


async def _matches(device: Target) -> list[Match]:
    """Raises SourceTimeout where nobody says anything."""
    with opened(device.port, device.settings) as bus:
        if device.speaks:
            return await heard(bus.port, device)
        if device.profile and device.profile.messages:
            match = await messages.answered(bus.port, device.profile)
            return [match] if match else []
        identifier = Identifier(bus, device.unit)
        if device.profile is None:
            return await identifier.among(device.library)
        match = await identifier.is_one(device.profile)
        return [match] if match else []
