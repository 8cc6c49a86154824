"""The whole screen: the steps at the left, the one that is done at the right, the keys below."""

import asyncio
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import DataTable, Input, Static
from textual.worker import Worker

from edge.field.commissioner import Commissioner
from edge.field.record import refused
from edge.field.screen.finding import AddressPane, IdentifyPane, LivePane, ScanPane
from edge.field.screen.finishing import PlacePane, ReportPane
from edge.field.screen.measuring import KnownTiltPane, SelfTestPane, ZeroPane
from edge.field.screen.pane import MeasuringPane, Pane, Setup
from edge.field.words import Words
from wire.errors import EgretError, first_of

STEPS: tuple[type[Pane], ...] = (
    ScanPane,
    IdentifyPane,
    AddressPane,
    LivePane,
    ZeroPane,
    KnownTiltPane,
    SelfTestPane,
    PlacePane,
    ReportPane,
)
_KEPT = (ZeroPane, KnownTiltPane, SelfTestPane, PlacePane)
"""Steps whose outcome is in the record."""
_KEYS = ("enter", "ctrl+n", "ctrl+b", "ctrl+r", "ctrl+q")


class CommissionApp(App[None]):
    """Keyboard only. Enter does a step, and goes on from one that is done; leaving loses nothing that was done."""

    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go"),
        Binding("ctrl+n", "move(1)", priority=True),
        Binding("ctrl+b", "move(-1)", priority=True),
        Binding("ctrl+r", "repeat", priority=True),
        Binding("ctrl+q,ctrl+c", "quit", priority=True),
        Binding("pagedown", "page(1)"),
        Binding("pageup", "page(-1)"),
    ]

    def __init__(self, commissioner: Commissioner, words: Words, setup: Setup) -> None:
        """Goes on with the first step that is not in the record."""
        super().__init__()
        self.theme = "nord"  # quiet: colour is for what is wrong
        self.work, self.words, self.setup = commissioner, words, setup
        self.done: set[int] = set()
        self.failed: set[int] = set()
        self.at = first_open(commissioner)
        self._acting: Worker[None] | None = None
        self._entering = asyncio.Lock()
        self._kept: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Head, steps, a place for the pane, keys."""
        yield Static(id="head")
        with Horizontal():
            yield Static(id="steps")
            yield VerticalScroll(id="place", can_focus=False)
        yield Static("   ".join(f"{key} {self.words(f'key.{key}')}" for key in _KEYS), id="keys")

    async def on_mount(self) -> None:
        """The step that is next."""
        await self._enter(self.at)

    @property
    def pane(self) -> Pane:
        """Of the present step."""
        return self.query_one("#place").query_one(Pane)

    @property
    def is_running(self) -> bool:
        """Is something being measured?"""
        return self._acting is not None and self._acting.is_running

    async def action_go(self) -> None:
        """Enter: what is asked is done, the step is done, or the next one begins."""
        if self._entering.locked():
            return  # the pane is not there yet
        if self.is_running:
            self.pane.entered()
        elif self.at in self.done and self.pane.written == self._kept:
            await self.action_move(1)
        else:
            self._start()

    async def action_move(self, by: int) -> None:
        """To another step that the device has; what runs is left."""
        at = self.at + by
        while 0 <= at < len(STEPS) and not STEPS[at].is_offered(self.work):
            at += by
        if 0 <= at < len(STEPS) and (at <= STEPS.index(ScanPane) or self.work.record.found):
            await self._enter(at)

    def action_page(self, by: int) -> None:
        """On a small terminal: what is below, or above."""
        place = self.query_one("#place")
        place.scroll_relative(y=by * place.size.height // 2, animate=False)

    async def action_repeat(self) -> None:
        """The present step once more."""
        self.done.discard(self.at)
        await self._enter(self.at)
        if not self.is_running:  # a scan without a choice begins by itself
            self._start()

    async def on_input_submitted(self, _: Input.Submitted) -> None:
        """Enter in a field."""
        await self.action_go()

    async def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Enter on a row of the scan."""
        if isinstance(self.pane, ScanPane) and event.row_key.value:
            self._leave()
            try:
                self.pane.chosen(event.row_key.value)
            except OSError as error:
                self.pane.fail(refused(error))
                return
            self._mark(self.at)
            await self.action_move(1)

    def _start(self) -> None:
        self._acting = self.run_worker(self._do(), exclusive=True)
        self._draw()

    async def _do(self) -> None:
        pane, at = self.pane, self.at
        written = pane.written
        try:
            await pane.go()
        except* EgretError as errors:
            self.failed.add(at)
            pane.fail(first_of(errors))
        except* OSError as errors:
            self.failed.add(at)
            pane.fail(refused(first_of(errors)))
        else:
            self._kept = written
            self._mark(at)
            if pane.goes_on:
                self.call_later(self.action_move, 1)
        self._draw()

    def _mark(self, at: int) -> None:
        self.failed.discard(at)
        if STEPS[at] is not ScanPane or self.work.record.found:
            self.done.add(at)

    def _leave(self) -> None:
        if self._acting:
            self._acting.cancel()
            self._acting = None

    async def _enter(self, at: int) -> None:
        self._leave()
        async with self._entering:
            place = self.query_one("#place")
            await place.remove_children()
            pane = STEPS[at](self.work, self.words, self.setup)
            await place.mount(pane)
            await pane.begin()
            self.at, self._kept = at, pane.written
        if isinstance(pane, MeasuringPane) and pane.is_done(self.work):
            self.done.add(at)
        if isinstance(pane, ScanPane) and not self.work.record.found:
            self._start()
        self._draw()

    def _draw(self) -> None:
        """Head and steps."""
        found, plan = self.work.record.found, self.work.plan
        device = f"  ·  {found.title}  {found.place}" if found else ""
        head = f" {self.words('screen.title')}   {plan.sensor}{device}"
        self.query_one("#head", Static).update(Text(head))
        text = Text()
        for at, step in enumerate(STEPS):
            mark, style = self._state(at, step)
            text.append(f"{mark} {at + 1} {self.words(f'step.{step.name_key}')}\n\n", style)
        self.query_one("#steps", Static).update(text)

    def _state(self, at: int, step: type[Pane]) -> tuple[str, str]:
        if not step.is_offered(self.work) and self.work.record.found:
            return "–", "dim strike"
        mark = "▶" if at == self.at else " "
        if at in self.failed:
            mark = "✗"
        elif at in self.done or step.is_done(self.work):
            mark = "✓"
        return mark, "bold reverse" if at == self.at else ""


def first_open(work: Commissioner) -> int:
    """Where a commissioning goes on: at the first step that is not in its record."""
    if not work.record.found:
        return 0
    if not (work.record.zero or work.record.known_tilt or work.record.selftest):
        return STEPS.index(IdentifyPane)
    kept = (at for at, step in enumerate(STEPS) if step in _KEPT and step.is_offered(work) and not step.is_done(work))
    return next(kept, len(STEPS) - 1)
