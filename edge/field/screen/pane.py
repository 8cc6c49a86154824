"""What every step of the screen is: a pane with a hint, something that is done on Enter, and how it came out."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, ProgressBar, Sparkline, Static

from edge.field.commissioner import Commissioner, Trial
from edge.field.record import Plan
from edge.field.report_figures import symbol
from edge.field.stillness import Spread
from edge.field.walk import Progress
from edge.field.words import Words
from wire.errors import ConfigError, EgretError

_TOLD_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Setup:
    """What the command was told. `port` is None for the only one there is; `city` is the sensors.yaml.

    `host`: the network address of a Modbus TCP server, in place of a port; `is_ble`: the radio is. `wait_s`: how long
    an address may take to begin its reply to a scan.
    """

    port: Path | None
    city: Path
    key: Path
    zero_s: float
    trial: Trial
    wait_s: float = 0.05
    host: str = ""
    is_ble: bool = False


class Pane(Vertical):
    """One step. `name_key` is its key in the catalogue; `is_offered` tells whether this device has it."""

    name_key: ClassVar[str]
    goes_on = False
    """Is there nothing to read when it is done?"""

    def __init__(self, commissioner: Commissioner, words: Words, setup: Setup) -> None:
        """Nothing runs yet."""
        super().__init__()
        self.work, self.words, self.setup = commissioner, words, setup

    def compose(self) -> ComposeResult:
        """A hint, what the step shows, a line for how far it is, and what was said last."""
        yield Static(self.words(self.hint_key), classes="hint")
        yield from self.parts()
        yield Static("", classes="said")

    @property
    def hint_key(self) -> str:
        """What stands above."""
        return f"hint.{self.name_key}"

    def parts(self) -> ComposeResult:
        """Between hint and outcome."""
        yield Static("", classes="shown")

    @classmethod
    def is_offered(cls, work: Commissioner) -> bool:
        """Does the chosen device have it?"""
        return cls.name_key not in work.lacks

    @classmethod
    def is_done(cls, work: Commissioner) -> bool:
        """Is it in the record?"""
        del work
        return False

    @property
    def written(self) -> tuple[str, ...]:
        """What stands in its fields."""
        return tuple(field.value for field in self.query(Input))

    async def begin(self) -> None:
        """When the step is entered."""

    async def go(self) -> None:
        """On Enter; when it returns the step is done. Raises EgretError."""

    def entered(self) -> None:
        """Enter, while `go` runs: what it waits for."""

    def offered(self) -> Plan:
        """What people have said, and what sensors.yaml knows; where that is wrong it is said here already."""
        try:
            return self.work.offered(self.setup.city)
        except ConfigError as error:
            self.fail(error)
            return self.work.plan

    def show(self, what: Group | Table | Text) -> None:
        """In the middle."""
        self.query_one(".shown", Static).update(what)

    def say(self, text: str, *, is_bad: bool = False, is_news: bool = True) -> None:
        """Below; what is news is brought into sight."""
        said = self.query_one(".said", Static)
        said.set_class(is_bad, "bad")
        said.update(Text(text))
        if is_news:
            self.call_after_refresh(self.app.query_one("#place").scroll_end, animate=False)

    def fail(self, error: EgretError) -> None:
        """What happened, what to do, its code."""
        self.say(f"✗ {error.what}\n{self.words('screen.fix')} {error.fix}  [{error.code}]", is_bad=True)


class MeasuringPane(Pane):
    """A step that samples: numbers, a curve, how far it is."""

    _told_at = 0.0

    def parts(self) -> ComposeResult:
        """Empty until it begins."""
        yield Static("", classes="shown")
        yield Sparkline([], classes="curve")
        yield ProgressBar(total=1.0, show_eta=False, classes="far")

    def tell(self, progress: Progress) -> None:
        """What the device measures now, as often as an eye sees it."""
        now = asyncio.get_running_loop().time()
        if now - self._told_at < _TOLD_EVERY_S:
            return
        self._told_at = now
        self.fill(progress.part)
        self.show(spreads(progress.spreads, self.words))
        first = next(iter(progress.spreads.values()), None)
        if first:
            self.draw(first)

    def fill(self, part: float) -> None:
        """The line for how far it is, 0..1."""
        self.query_one(ProgressBar).update(progress=part)

    def draw(self, spread: Spread) -> None:
        """Its curve, from its least to its most."""
        self.query_one(Sparkline).data = [value - spread.least for value in spread.curve]


def add_row(table: Table, *cells: str, style: str = "") -> None:
    """As they are: names and units may have brackets, which a table would take for its own markup."""
    table.add_row(*(Text(cell) for cell in cells), style=style)


def number_table(words: Words, name: str, *numbers: str) -> Table:
    """Heads of a column of names and three of numbers, which do not jump, and fit beside the steps and a scroll bar."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for key in (name, *numbers):
        table.add_column(words(key), justify="left" if key == name else "right", min_width=11, overflow="fold")
    return table


def spreads(found: Mapping[str, Spread], words: Words) -> Table:
    """Mean, deviation and drift of each value."""
    table = number_table(words, "zero.value", "screen.mean", "zero.sigma", "zero.drift")
    for name, one in found.items():
        unit = symbol(one.unit)
        add_row(table, name, f"{one.mean:+.4f} {unit}", f"{one.sigma:.4f} {unit}", f"{one.drift:+.4f} {unit}")
    return table
