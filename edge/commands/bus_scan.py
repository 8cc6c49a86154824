"""`egret bus scan`: which devices hang on a line, and what they are."""

import asyncio
import itertools
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from edge.bus import Bus, opened
from edge.commands.bus_options import DEVICES, FRAME, JSON, LANG, Whole, quiet_log, words_of
from edge.commands.scan_rows import Rows
from edge.field import ports
from edge.field import scan as scanning
from edge.field.device import NO_ANSWER, Device
from edge.field.identify import PROVEN, Identifier, Match
from edge.field.scan import Heard, Probe, is_damage
from edge.field.search import Alone, Search, Wanted
from edge.field.words import Words
from wire.errors import PortBusy, SourceError, SourceTimeout
from wire.profile import LinkKind
from wire.profile_yaml import library_folder, load_library
from wire.values import quantities_of

_PROGRESS_EVERY = 10


@click.command()
@click.option("--port", "named", type=click.Path(path_type=Path), multiple=True, help="By default all that are free.")
@click.option("--baud", "bauds", type=Whole(300, 921_600), multiple=True, help="Only these rates.")
@FRAME
@click.option("--units", default="1-247", show_default=True, help="Addresses of the sweep: 1-247, or 1,80,0x51.")
@click.option("--quick", is_flag=True, help="Only where models of the library leave the factory.")
@click.option("--wait-ms", default=50, show_default=True, help="How long an address may take to begin its reply.")
@DEVICES
@LANG
@JSON
def scan(
    *,
    named: tuple[Path, ...],
    bauds: tuple[int, ...],
    frame: str | None,
    units: str,
    quick: bool,
    wait_ms: int,
    devices: Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Find devices: who speaks by itself, then where the library's models leave the factory, then every address.

    The sweep is at the rate at which something was found, else at all of them. What was found stands on stdout at
    once; Ctrl-C ends the scan and takes nothing back. Nothing is written to any device.

    Example: egret bus scan

    Example: egret bus scan --port /dev/ttyUSB0 --baud 9600 --units 1-32
    """
    library = load_library(devices or library_folder())
    chosen = named or tuple(Path(port.path) for port in ports.found() if port.may_open and not port.holder)
    wanted = Wanted(library, wait_ms / 1000, bauds, (frame,) if frame else (), _units(units), quick)
    if not chosen:
        raise PortBusy(
            "there is no serial port that can be opened.",
            where="this machine",
            fix="plug the adapter in; `egret bus ports` says what is there.",
            code="E-BUS-023",
        )
    quiet_log()  # what the line suffers from stands in the rows
    words = words_of(lang, as_json=as_json)
    count = asyncio.run(_scan_all([_Table(port, wanted, words, as_json=as_json) for port in chosen]))
    if not count:
        raise SourceTimeout(
            "nobody answered.",
            where=", ".join(map(str, chosen)),
            fix="check power and wiring (swap A and B), then try --baud and --frame of the manual; a slow device needs"
            " --wait-ms 300; one that speaks by itself at another rate is seen by `egret bus sniff`.",
            code="E-BUS-025",
        )


def _units(text: str) -> tuple[int, ...]:
    """Of `1-32,80,0x51`."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        try:
            begin, end = int(first, 0), int(last or first, 0)
        except ValueError as error:
            raise click.UsageError(f"--units is 1-247 or 1,80,0x51, not {text!r}.") from error
        if not 1 <= begin <= end <= scanning.UNITS[-1]:
            raise click.UsageError(f"unit identifiers are 1..247, not {part}.")
        found += range(begin, end + 1)
    return tuple(dict.fromkeys(found))


async def _scan_all(tables: Iterable["_Table"]) -> int:
    """How many were found. Raises SourceError for the first port that could not be used, after the others."""
    count = 0
    failures: list[SourceError] = []
    for table in tables:
        try:
            count += await table.fill()
        except SourceError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return count


def _named(words: Words, matches: Iterable[Match]) -> str:
    likeliest = itertools.islice(matches, 3)
    return words("bus.or").join(f"{match.profile.name} ({words(f'bus.{match.proof}')})" for match in likeliest)


class _Table:
    """One port's devices, a row as soon as one is known."""

    def __init__(self, port: Path, wanted: Wanted, words: Words, *, as_json: bool) -> None:
        """Nothing is said yet."""
        self._port, self._wanted, self._words, self._as_json = port, wanted, words, as_json
        self._is_terminal = sys.stderr.isatty()

    async def fill(self) -> int:
        """How many were found. Raises SourceError when the port is lost."""
        began, count = time.monotonic(), 0
        rows = Rows(self._port, self._words, as_json=self._as_json)  # its head stands before anybody is asked
        with opened(self._port, self._wanted.settings) as bus:
            search = Search(bus, self._wanted, lambda probe: self._pass(search, probe))
            try:
                async for one in search.found():
                    count += 1
                    await self._say(rows, bus, one)
            finally:
                for settings, octets in search.scan.babble.items():
                    said = octets[:16].hex(" ").upper()
                    self._add("bus.babble", baud=settings.baud, octets=said)
                took_s = time.monotonic() - began
                self._add("bus.found", count=count, asked=search.scan.asked, took_s=took_s)
        return count

    def _add(self, key: str, **fields: object) -> None:
        """Beside the rows."""
        click.echo(self._words(key, port=self._port, **fields), err=True)

    def _pass(self, search: Search, probe: Probe) -> None:
        """On a terminal, how far it is."""
        if self._is_terminal and search.scan.asked % _PROGRESS_EVERY == 0:
            settings = probe.settings
            click.echo(f"\r{settings.baud} {settings.frame} unit {probe.request.unit}   \r", err=True, nl=False)

    async def _say(self, rows: Rows, bus: Bus, one: Heard | Alone) -> None:
        words = self._words
        if isinstance(one, Alone):
            key = "bus.speaks" if one.kind is LinkKind.SERIAL_STREAM else "bus.answers"
            rows.say(bus.port.settings, None, words(key, models=_named(words, one.matches)))
            return
        if not one.is_clear:
            rows.say(one.settings, one.unit, words("bus.shared"))
            return
        try:
            matches = await Identifier(bus, one.unit).among(self._wanted.library)
            reads = await _reads(bus, one.unit, matches)
        except SourceError as error:
            said = words("bus.shared") if is_damage(error) else words("bus.unidentified", what=error.what)
            rows.say(one.settings, one.unit, said)
        else:
            models = _named(words, matches) if matches else words("bus.unknown")
            rows.say(one.settings, one.unit, models, reads)


async def _reads(bus: Bus, unit: int, matches: Sequence[Match]) -> dict[str, float]:
    """What it measures, where its model is proven or the only possible one, and reading changes nothing.

    Of several possible models each would read something else. Raises SourceError for damage, a lost port.
    """
    is_one = len(matches) == 1 or (matches and matches[0].proof == PROVEN)
    profile = matches[0].profile if is_one else None
    if profile is None or any(block.before or block.once for block in profile.blocks.values()):
        return {}
    try:
        values = await Device(bus, unit, profile, {}).sample()
    except NO_ANSWER as error:
        if is_damage(error):
            raise
        return {}
    return {quantity: value for quantity, value in quantities_of(profile, values) if value is not None}
