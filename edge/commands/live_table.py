"""The values of one device as `egret bus live` and `egret ble live` show them."""

import math
import shutil
import sys
from collections.abc import Mapping, Sequence

import click

from edge.field.watch import Shown
from edge.field.words import cut
from wire.registers import Value


class LiveTable:
    """It stays where it is on a terminal, and is written again below elsewhere."""

    def __init__(self, title: str, mean: str = "mean") -> None:
        """Nothing is shown yet. `mean`: what that is called."""
        self._title, self._mean, self._height = title, mean, 0

    def show(self, counts: str, values: Sequence[Shown]) -> None:
        """All values, once. A row that is too long for the terminal is cut: two lines of it would count as one."""
        rows = [self._title, counts, *(_row(one, self._mean) for one in values)]
        if sys.stdout.isatty():
            rows = [cut(row, shutil.get_terminal_size().columns) for row in rows]
            if self._height:
                click.echo(f"\x1b[{self._height}A\x1b[J", nl=False, color=True)
        click.echo("\n".join(rows))
        self._height = len(rows)


def in_json(values: Sequence[Shown]) -> Mapping[str, Mapping[str, Value]]:
    """The same for programs: null, which JSON has, where they are NaN, which it has not."""
    return {
        one.name: {
            name: _number(value) for name, value in (("last", one.last), ("mean", one.mean), ("sigma", one.sigma))
        }
        for one in values
    }


def _number(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _row(one: Shown, mean: str) -> str:
    spread = f"{mean} {one.mean:10.4f}  σ {one.sigma:.5f}" if math.isfinite(one.mean) else ""
    last = f"{one.last:10.4f}" if isinstance(one.last, float) else f"{one.last!s:>10}"
    return f"{one.name:<18} {last} {one.unit:<7} {spread}".rstrip()
