"""`egret bus read` of an unknown device, and of a range with gaps: every register that answers, as a table."""

import sys
from collections.abc import Mapping

import click

from edge.bus import Bus
from edge.commands.bus_options import Target, say_json
from edge.field import register_table
from edge.field.notation import Place
from edge.field.sweep import FUNCTIONS, SWEPT, Sweep
from wire.errors import CheckFailed


def everything(function: int | None) -> Mapping[int, range]:
    """Where one looks when nothing is known; with `function` only there."""
    return dict.fromkeys([function] if function else FUNCTIONS, SWEPT)


async def sweep(bus: Bus, device: Target, asked: Mapping[int, range], *, as_json: bool) -> None:
    """What was found is shown at the end, also when that is Ctrl-C. `asked`: addresses by function.

    Raises CheckFailed where no register can be read, else as `Bus.ask`.
    """
    search = Sweep(bus, device.unit, device.timing)
    found: dict[Place, int] = {}
    try:
        for function, addresses in asked.items():
            async for address, number in search.registers(function, addresses):
                found[Place(function, address)] = number
                if sys.stderr.isatty():
                    click.echo(f"\r{Place(function, address).modicon}: {len(found)} registers\r", err=True, nl=False)
    finally:
        _say(device, found, as_json=as_json)
        passed = "".join(f", {count} {kind}" for kind, count in search.passed.items())
        click.echo(f"{device.where}: {len(found)} registers, {search.asked} questions{passed}", err=True)
    if not found:
        raise CheckFailed(
            "it answers, and has none of these registers.",
            where=device.where,
            fix=f"look elsewhere: `egret bus read --unit {device.unit} 0x1000 --count 125`, or where its manual says.",
            code="E-BUS-047",
        )


def _say(device: Target, found: Mapping[Place, int], *, as_json: bool) -> None:
    if as_json:
        for place, number in found.items():
            fields = {"unit": device.unit, "function": place.function, "address": place.address, "value": number}
            say_json("egret.bus.register/1", fields)
    elif found:
        click.echo("\n".join(register_table.table(found)))
