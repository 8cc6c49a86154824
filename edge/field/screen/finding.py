"""The steps that find a device: scan, identify, address, live."""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Grid
from textual.widgets import DataTable, Input, Label, Sparkline, Static

from edge.field import ports
from edge.field.commissioner import Commissioner
from edge.field.device import NO_ANSWER, Device, names_in
from edge.field.finder import Finder, Unclear
from edge.field.record import Found
from edge.field.report_figures import symbol
from edge.field.screen.pane import Pane, add_row, number_table
from edge.field.watch import Watch
from wire.errors import SourceTimeout, Unsafe
from wire.scalars import integer, number


class ScanPane(Pane):
    """Who answers, or is heard, in the order of `Finder`; Enter on a row chooses it."""

    name_key: ClassVar[str] = "scan"

    @property
    def hint_key(self) -> str:
        """A radio asks nobody."""
        return "hint.scan_air" if self.setup.is_ble else super().hint_key

    def parts(self) -> ComposeResult:
        """The rows as they come."""
        yield DataTable[Text](cursor_type="row", classes="found")

    @classmethod
    def is_done(cls, work: Commissioner) -> bool:
        """A device is chosen."""
        return work.record.found is not None

    async def begin(self) -> None:
        """The head, and what was chosen before."""
        table = self.query_one(DataTable)
        columns = ["fact.address", *(["screen.signal"] if self.setup.is_ble else []), "screen.proof", "fact.model"]
        for key in columns:  # what is cut short on a small terminal comes last
            table.add_column(self.words(key), key=key)
        self._rows: dict[str, Found] = {}
        if self.work.record.found:
            self._add(self.work.record.found)
        table.focus()

    async def go(self) -> None:
        """Scans while nothing is chosen by Enter on a row. Raises SourceError, SourceTimeout where nobody answers."""
        place, coming = self._search()
        self._rows.clear()
        self._told: list[str] = []
        self.query_one(DataTable).clear()
        unclear: list[str] = []
        async for one in coming:
            if isinstance(one, Found):
                self._add(one)
            else:
                unclear.append(f"{one.place}: {self.words(one.key, **one.fields)}")
            self._tell("screen.choose", unclear)
        if not self._rows and (self.setup.is_ble or not unclear):
            raise _nobody(place, unclear, is_ble=self.setup.is_ble)
        self._tell("screen.scanned", unclear)

    def chosen(self, row: str) -> None:
        """Enter on it."""
        self.work.choose(self._rows[row])

    def _search(self) -> tuple[str, AsyncIterator[Found | Unclear]]:
        """Where, and who is found there. Raises PortBusy where there is no port, or more than one."""
        finder, setup = Finder(self.work.library, self.setup.wait_s), self.setup
        if setup.is_ble:
            return "Bluetooth", finder.in_the_air(self.work.open_radio())
        if setup.host:
            return setup.host, finder.on_tcp(setup.host)
        port = setup.port or Path(ports.the_only(ports.found()))
        return str(port), finder.on_port(port)

    def _tell(self, key: str, unclear: list[str]) -> None:
        """How to choose, where there is somebody; and who is there that cannot be chosen."""
        lines = [*([self.words(key, count=len(self._rows))] if self._rows else []), *unclear]
        if lines != self._told:
            self._told = lines
            self.say("\n".join(lines), is_bad=not self._rows)

    def _add(self, one: Found) -> None:
        """A row of its own for each model that a device may be."""
        key, table = f"{one.port} {one.place} {one.model}", self.query_one(DataTable)
        cells = {
            "fact.address": one.address,
            "screen.proof": self.words(f"screen.{one.proof}"),
            "fact.model": one.title,
        }
        if self.setup.is_ble:
            cells["screen.signal"] = f"{one.signal_dbm} dBm" if one.signal_dbm is not None else ""
        if key not in self._rows:
            table.add_row(*(Text(cells[str(column.value)]) for column in table.columns), key=key)
        elif self.setup.is_ble:
            table.update_cell(key, "screen.signal", Text(cells["screen.signal"]))
        self._rows[key] = one
        if self.setup.is_ble:
            self._sort(table)

    def _sort(self, table: DataTable[Text]) -> None:
        """The nearest first; the cursor stays on its device, lest Enter chooses another one."""
        at = table.cursor_row
        under = table.ordered_rows[at].key if 0 <= at < table.row_count else None
        table.sort("screen.signal", key=_weakness)
        if under is not None:
            table.move_cursor(row=table.get_row_index(under))


def _weakness(signal: Text) -> int:
    """Of `-62 dBm`; one that was not received in this scan comes last."""
    return -int(signal.plain.split()[0]) if signal.plain else 1000


def _nobody(place: str, unclear: Sequence[str], *, is_ble: bool) -> SourceTimeout:
    """Whoever is heard by a radio, and is no model of the library, shows at least that the radio works."""
    if is_ble:
        fix = "go nearer, charge it, close the phone app that is connected to it; `egret ble scan --for 60` shows all."
        what = "\n".join(["no sensor of the library was heard.", *unclear])
        return SourceTimeout(what, where=place, fix=fix, code="E-BLE-012")
    fix = "check power and wiring (swap A and B); `egret bus scan` has more to try."
    return SourceTimeout("nobody answered.", where=place, fix=fix, code="E-BUS-025")


class IdentifyPane(Pane):
    """Which model it is, what shows it, and what its profile leaves open."""

    name_key: ClassVar[str] = "identify"
    goes_on = True

    def parts(self) -> ComposeResult:
        """What is known; then a field for each number that only the site knows."""
        yield Static("", classes="shown")
        names = names_in(self.work.profile, "site.")
        if names:
            with Grid(classes="form"):
                for name in names:
                    yield Label(name)
                    yield Input(id=f"constant-{name}", compact=True)

    async def begin(self) -> None:
        """From the scan."""
        found, profile = self.work.found, self.work.profile
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="dim", min_width=12)
        table.add_column(overflow="fold")
        add_row(table, self.words("fact.model"), f"{found.title}  ({found.model})")
        add_row(table, self.words("fact.address"), found.place)
        add_row(table, self.words("fact.proof"), self.words(f"proof.{found.proof}"))
        for said in found.seen:
            add_row(table, "", said)
        for place, said in enumerate(profile.evidence.open):
            add_row(table, "" if place else self.words("screen.open"), f"· {said}")
        for place, (step, why) in enumerate(self.work.lacks.items()):
            lacks = f"{self.words(f'step.{step}')}{self.words(why)}"
            add_row(table, "" if place else self.words("screen.lacks"), lacks)
        self.show(table)
        names = names_in(profile, "site.")
        if names:
            self.say(self.words("screen.constants"))
            constants = self.offered().constants
            for name in names:
                self.query_one(f"#constant-{name}", Input).value = str(constants.get(name, ""))
            self.query_one(Input).focus()

    async def go(self) -> None:
        """A person has read it, and has given the site's numbers. Raises Unsafe."""
        given: dict[str, float] = {}
        for field in self.query(Input):
            name = str(field.id).removeprefix("constant-")
            try:
                given[name] = number(field.value.strip())
            except ValueError:
                what, fix = f"{name}: {field.value!r} is no number.", "its README in firmware-configs says which it is."
                raise Unsafe(what, fix=fix, code="E-FIELD-050") from None
        self.work.plan_for(constants=given)


class AddressPane(Pane):
    """Another unit identifier, or the one that it has."""

    name_key: ClassVar[str] = "address"

    def parts(self) -> ComposeResult:
        """The number, as people write it."""
        yield Input(classes="address")

    async def begin(self) -> None:
        """As it is now."""
        field = self.query_one(Input)
        field.value = f"0x{self.work.found.unit:02X}"
        field.focus()

    async def go(self) -> None:
        """Writes it, unless it is so already. Raises Unsafe, SourceError."""
        text = self.query_one(Input).value.strip()
        try:
            unit = integer(text)
        except ValueError:
            unit = 0
        if not 1 <= unit <= 247:
            what, fix = f"{text!r} is no unit identifier.", "write 1..247, such as 0x51 or 81."
            raise Unsafe(what, fix=fix, code="E-FIELD-026")
        self.goes_on = unit == self.work.found.unit
        if self.goes_on:
            return
        await self.work.set_address(unit)
        self.say(self.words("screen.address_set", unit=f"0x{unit:02X}", undo=self.work.record.undo[-1]))


class LivePane(Pane):
    """What it measures, for as long as one looks."""

    name_key: ClassVar[str] = "live"
    _DRAWN = 240

    def parts(self) -> ComposeResult:
        """Numbers and the curve of the first one."""
        yield Static("", classes="shown")
        yield Sparkline([], classes="curve")

    async def begin(self) -> None:
        """Nothing is asked before Enter."""
        self._limit: asyncio.Timeout | None = None
        self.show(Text(self.words("screen.enter_begins"), style="dim"))

    async def go(self) -> None:
        """Until Enter, also while it is searched for or silent. Raises SourceError when the port is lost."""
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._limit = limit
                async with self.work.device() as device:
                    await self._watch(device)
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            self._limit = None

    async def _watch(self, device: Device) -> None:
        watch, curve = Watch(self.work.profile), deque[float](maxlen=self._DRAWN)
        while True:
            for part in device.parts:
                try:
                    answer = await device.answer(part)
                    watch.answered(part, answer.numbers or answer.reply, answer.took_s)
                except NO_ANSWER as error:
                    watch.failed(error)
            watch.dropped = device.dropped
            self._look(watch, curve, device.signal_dbm)
            await asyncio.sleep(watch.profile.timing.min_poll_s)

    def _look(self, watch: Watch, curve: deque[float], signal: int | None) -> None:
        table = number_table(self.words, "zero.value", "screen.last", "screen.mean", "zero.sigma")
        shown = watch.shown()
        for one in shown:
            last = f"{one.last:+.4f} {symbol(one.unit)}" if isinstance(one.last, float) else str(one.last)
            spread = (f"{one.mean:+.4f}", f"{one.sigma:.4f}") if math.isfinite(one.mean) else ("", "")
            add_row(table, one.name, last, *spread)
        self.show(table)
        main = next((one for one in shown if one.name in self._main(watch)), None)
        if main and isinstance(main.last, float):
            curve.append(main.last)
            self.query_one(Sparkline).data = [value - min(curve) for value in curve]
        said = {"lost": watch.failures.total(), "polls": watch.polls, "dropped": watch.dropped}
        key = "screen.line" if not watch.speaks else "screen.heard" if signal is None else "screen.air"
        self.say(self.words(key, took=round(watch.round_trip_ms, 1), signal=signal, **said), is_news=False)

    def _main(self, watch: Watch) -> set[str]:
        """What is worth a curve: what it publishes as its own quantity, else all of it."""
        points = watch.profile.points
        return {point.name for point in points if point.quantity} or {point.name for point in points}

    def entered(self) -> None:
        """That is enough."""
        if self._limit:
            self._limit.reschedule(asyncio.get_running_loop().time())
            self._limit = None
