"""`egret bus read` of an unknown device, and of a range with gaps: every register that answers, as a table."""

import sys
from collections.abc import Mapping, Sequence
from itertools import groupby

import click

from edge.bus import Bus
from edge.commands.bus_options import Target, say_json
from edge.field import register_table
from edge.field.notation import Place
from edge.field.sweep import FUNCTIONS, PATIENCE_S, SWEPT, Sweep
from edge.field.words import Words
from edge.tcp_bus import TcpBus
from wire.errors import CheckFailed


def everything(function: int | None) -> Mapping[int, range]:
    """Where one looks when nothing is known; with `function` only there."""
    return dict.fromkeys([function] if function else FUNCTIONS, SWEPT)


async def sweep(bus: Bus | TcpBus, device: Target, asked: Mapping[int, range], words: Words, *, as_json: bool) -> None:
    """What was found is shown at the end, also when that is Ctrl-C. `asked`: addresses by function.

    Raises CheckFailed where no register can be read, else as `Bus.ask`.
    """
    search = Sweep(bus, device.unit, device.timing)
    found: dict[Place, int] = {}
    try:
        async for place, number in search.registers(asked):
            found[place] = number
            if sys.stderr.isatty():
                click.echo(f"\r{place.modicon}: {words('sweep.registers', count=len(found))}\r", err=True, nl=False)
    finally:
        _say(device, found, words, as_json=as_json)
        passed = "".join(words(f"sweep.{kind}", count=count) for kind, count in search.passed.items())
        counted = words("sweep.registers", count=len(found)) + words("sweep.asked", count=search.asked)
        click.echo(f"{device.where}: {counted}{passed}", err=True)
        if search.left:
            of_function = groupby(sorted(search.left), key=lambda place: place.function)
            spans = ", ".join(_span(list(places)) for _, places in of_function)
            click.echo(words("sweep.left", waited_s=PATIENCE_S, count=len(search.left), spans=spans), err=True)
    if not found:
        raise CheckFailed(
            "it answers, and has none of these registers.",
            where=device.where,
            fix=f"look elsewhere: `egret bus read --unit {device.unit} 0x1000 --count 125`, or where its manual says.",
            code="E-BUS-047",
        )


def _span(places: Sequence[Place]) -> str:
    """`40180-40512`."""
    return f"{places[0].modicon}-{places[-1].modicon}"


def _say(device: Target, found: Mapping[Place, int], words: Words, *, as_json: bool) -> None:
    if as_json:
        for place, number in found.items():
            fields = {"unit": device.unit, "function": place.function, "address": place.address, "value": number}
            say_json("egret.bus.register/1", fields)
    elif found:
        click.echo("\n".join(register_table.table(found, words)))
