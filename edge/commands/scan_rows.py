"""What a scan has found, as rows for people or JSON, one at once when it is known."""

import shutil
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import click

from edge.commands.bus_options import say_json
from edge.field.words import Words, padded
from edge.serial_port import SerialSettings
from wire.quantities import QUANTITIES

_NOTHING: Mapping[str, float] = MappingProxyType({})
_BEFORE_MODEL = len("  255 = 0xFF  115200  8N1    ")
_MODEL_LEAST = 20
"""Columns: a narrower one is no column."""


class Rows:
    """Of one port, whose name stands above them: one of /dev/serial/by-id/ would fill half of each."""

    def __init__(self, port: Path, words: Words, *, as_json: bool) -> None:
        """Says the port, and what the columns are."""
        self._port, self._as_json = port, as_json
        if not as_json:
            columns = padded(words("bus.unit"), 10), padded(words("bus.baud"), 6), padded(words("bus.frame"), 5)
            click.echo(f"{port}\n  {'  '.join(columns)}  {words('bus.model')}")

    def say(
        self, settings: SerialSettings, number: int | None, models: str, reads: Mapping[str, float] = _NOTHING
    ) -> None:
        """`number`: its unit identifier; None for one that has none. `reads`: what it measures."""
        if self._as_json:
            fields = {"port": str(self._port), "unit": number, "baud": settings.baud, "frame": settings.frame}
            say_json("egret.bus.found/1", fields | {"model": models, "reads": dict(reads)})
            return
        unit = "-" if number is None else f"{number} = 0x{number:02X}"
        measured = ", ".join(f"{quantity} {value:g} {QUANTITIES[quantity].unit}" for quantity, value in reads.items())
        said = f"{models}: {measured}" if measured else models
        click.echo(f"  {unit:<10}  {settings.baud:<6}  {settings.frame:<5}  {folded(said, _model_width())}")


def folded(text: str, width: int) -> str:
    """On as many lines of the last column as it needs, when that is so wide."""
    return textwrap.fill(text, width, break_on_hyphens=False).replace("\n", "\n" + " " * _BEFORE_MODEL)


def _model_width() -> int:
    """Columns for it; elsewhere than on a terminal, and on a very narrow one, a row is one line."""
    width = shutil.get_terminal_size().columns - _BEFORE_MODEL
    return width if sys.stdout.isatty() and width >= _MODEL_LEAST else sys.maxsize
