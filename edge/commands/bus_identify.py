"""`egret bus identify`: which model a device is, and what shows it."""

import asyncio
from typing import Unpack

import click

from edge.bus import opened
from edge.commands.bus_options import DeviceOptions, Target, one_device, say_json, target
from edge.field.identify import Identifier, Match
from wire.errors import CheckFailed


@click.command()
@one_device
def identify(
    *,
    as_json: bool,
    **named: Unpack[DeviceOptions],
) -> None:
    """Name the model of a device by its identity registers; exit code 5 when --profile is not what answers.

    Proven: registers that no other model of the library has. Possible: it answers what such a model answers, and
    the values are within its range; a known tilt, level or gas must show the rest.

    Example: egret bus identify --unit 0x50
    """
    device = target(**named)
    matches = asyncio.run(_matches(device))
    for match in matches:
        if as_json:
            fields = {"unit": device.unit, "profile": match.profile.name, "proof": match.proof, "seen": match.seen}
            say_json("egret.bus.identity/1", fields)
            continue
        click.echo(f"{match.profile.name}: {match.profile.title}, {match.proof}")
        for seen in match.seen:
            click.echo(f"    {seen}")
        for point in match.profile.evidence.open:
            click.echo(f"    to confirm: {point}")
    if not matches:
        raise CheckFailed(
            f"it answers, and is no {device.profile.title if device.profile else 'model of the library'}.",
            where=f"port {device.port}, unit {device.unit}",
            fix="`egret bus read` shows its registers; docs/develop/profiles.md says how to add a model.",
            code="E-BUS-026",
        )


async def _matches(device: Target) -> list[Match]:
    with opened(device.port, device.settings) as bus:
        identifier = Identifier(bus, device.unit)
        if device.profile is None:
            return await identifier.among(device.library)
        match = await identifier.is_one(device.profile)
        return [match] if match else []
