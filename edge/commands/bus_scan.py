"""`egret bus scan`: which devices hang on a line, and what they are."""

import asyncio
import itertools
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from edge.bus import Bus, opened
from edge.commands.bus_options import DEVICES, FRAME, JSON, LANG, Whole, quiet_log, words_of
from edge.commands.scan_rows import Rows
from edge.field import messages, ports
from edge.field import scan as scanning
from edge.field.device import NO_ANSWER, Device
from edge.field.identify import Identifier, Match
from edge.field.scan import Heard, Probe, Scan, is_damage
from edge.field.words import Words
from edge.serial_port import SerialSettings
from wire.errors import PortBusy, SourceError, SourceTimeout
from wire.profile import Profile
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
    plan = _Plan(
        library,
        bauds,
        (frame,) if frame else (),
        _units(units),
        quick,
        wait_ms / 1000,
        words_of(lang, as_json=as_json),
        as_json,
    )
    if not chosen:
        raise PortBusy(
            "there is no serial port that can be opened.",
            where="this machine",
            fix="plug the adapter in; `egret bus ports` says what is there.",
            code="E-BUS-023",
        )
    quiet_log()  # what the line suffers from stands in the rows
    count = asyncio.run(_scan_all(chosen, plan))
    if not count:
        raise SourceTimeout(
            "nobody answered.",
            where=", ".join(map(str, chosen)),
            fix="check power and wiring (swap A and B), then try --baud and --frame of the manual; a slow device needs"
            " --wait-ms 300; one that speaks by itself at another rate is seen by `egret bus sniff`.",
            code="E-BUS-025",
        )


@dataclass(frozen=True, slots=True)
class _Plan:
    library: Mapping[str, Profile]
    bauds: tuple[int, ...]
    frames: tuple[str, ...]
    units: tuple[int, ...]
    is_quick: bool
    wait_s: float
    words: Words
    as_json: bool

    def first(self) -> list[Probe]:
        """The factory's places, with the rates and frames that were asked for."""
        return [
            probe
            for probe in scanning.known(self.library.values())
            if (not self.bauds or probe.settings.baud in self.bauds)
            and (not self.frames or probe.settings.frame in self.frames)
        ]

    def is_meant(self, profile: Profile) -> bool:
        """Does it leave the factory with a rate and a frame that were asked for?"""
        link = profile.link
        return (not self.bauds or link.baud in self.bauds) and (not self.frames or link.frame in self.frames)

    def sweep(self, heard: Iterable[Heard]) -> Iterable[Probe]:
        """The rest: at the settings at which somebody was heard, when nobody named any."""
        if self.is_quick:
            return ()
        settings = dict.fromkeys(one.settings for one in heard)
        if settings and not self.bauds:
            sweeps = (scanning.everywhere([one.baud], [one.frame], self.units) for one in settings)
            return itertools.chain.from_iterable(sweeps)
        return scanning.everywhere(self.bauds or scanning.BAUDS, self.frames or scanning.FRAMES, self.units)


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


async def _scan_all(chosen: Iterable[Path], plan: _Plan) -> int:
    """How many were found. Raises SourceError for the first port that could not be used, after the others."""
    count = 0
    failures: list[SourceError] = []
    for port in chosen:
        try:
            count += await _Table(port, plan).fill()
        except SourceError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return count


def _named(words: Words, matches: Iterable[Match]) -> str:
    likeliest = itertools.islice(matches, 3)
    return words("bus.or").join(f"{match.profile.name} ({words(f'bus.{match.proof}')})" for match in likeliest)


@dataclass
class _Table:
    """One port's devices, a row as soon as one is known."""

    port: Path
    plan: _Plan
    heard: list[Heard] = field(default_factory=list)
    rows: Rows = field(init=False)

    def __post_init__(self) -> None:
        """Its head stands before anybody is asked."""
        self.rows = Rows(self.port, self.plan.words, as_json=self.plan.as_json)

    async def fill(self) -> int:
        began = time.monotonic()
        first = self.plan.first()
        alone = 0
        with opened(self.port, first[0].settings if first else SerialSettings(9600, "8N1")) as bus:
            search = Scan(bus, self.plan.wait_s)
            try:
                alone = await self._listen(bus, messages.GLANCE_S)
                if not alone:
                    await self._search(bus, search, first)
                if not alone and not self.heard:
                    alone = await self._ask(bus) or await self._listen(bus, messages.LISTEN_S)
                if not alone:
                    await self._search(bus, search, self.plan.sweep(self.heard))
            finally:
                for settings, octets in search.babble.items():
                    said = octets[:16].hex(" ").upper()
                    self._add("bus.babble", baud=settings.baud, octets=said)
                took_s = time.monotonic() - began
                self._add("bus.found", count=len(self.heard) + alone, asked=search.asked, took_s=took_s)
        return len(self.heard) + alone

    def _add(self, key: str, **fields: object) -> None:
        """Beside the rows."""
        click.echo(self.plan.words(key, port=self.port, **fields), err=True)

    async def _listen(self, bus: Bus, for_s: float) -> int:
        """Who speaks by itself is heard, and is alone on its port."""
        speaking = [one for one in messages.speaking(self.plan.library.values()) if self.plan.is_meant(one)]
        matches = await messages.speakers(bus.port, speaking, for_s)
        return self._say_alone("bus.speaks", bus, matches)

    async def _ask(self, bus: Bus) -> int:
        """Who answers in messages of its own is alone on its port, too."""
        answering = [one for one in messages.answering(self.plan.library.values()) if self.plan.is_meant(one)]
        match = await messages.answerer(bus.port, answering)
        return self._say_alone("bus.answers", bus, [match] if match else [])

    def _say_alone(self, key: str, bus: Bus, matches: Sequence[Match]) -> int:
        """The row of one device, which may be of several models: 1 then, else 0."""
        if not matches:
            return 0
        words = self.plan.words
        self.rows.say(bus.port.settings, None, words(key, models=_named(words, matches)))
        return 1

    async def _search(self, bus: Bus, search: Scan, probes: Iterable[Probe]) -> None:
        words = self.plan.words
        async for one in search.heard(self._shown(search, probes)):
            self.heard.append(one)
            if not one.is_clear:
                self.rows.say(one.settings, one.unit, words("bus.shared"))
                continue
            try:
                matches = await Identifier(bus, one.unit).among(self.plan.library)
                reads = await _reads(bus, one.unit, matches)
            except SourceError as error:
                said = words("bus.shared") if is_damage(error) else words("bus.unidentified", what=error.what)
                self.rows.say(one.settings, one.unit, said)
            else:
                models = _named(words, matches) if matches else words("bus.unknown")
                self.rows.say(one.settings, one.unit, models, reads)

    def _shown(self, search: Scan, probes: Iterable[Probe]) -> Iterator[Probe]:
        """The probes, with a line on a terminal that says how far it is."""
        is_terminal = sys.stderr.isatty()
        for probe in probes:
            if is_terminal and search.asked % _PROGRESS_EVERY == 0:
                settings = probe.settings
                click.echo(f"\r{settings.baud} {settings.frame} unit {probe.request.unit}   \r", err=True, nl=False)
            yield probe


async def _reads(bus: Bus, unit: int, matches: Sequence[Match]) -> dict[str, float]:
    """What the likeliest model measures, where reading changes nothing. Raises SourceError for damage, a lost port."""
    profile = matches[0].profile if matches else None
    if profile is None or any(block.before or block.once for block in profile.blocks.values()):
        return {}
    try:
        values = await Device(bus, unit, profile, {}).sample()
    except NO_ANSWER as error:
        if is_damage(error):
            raise
        return {}
    return {quantity: value for quantity, value in quantities_of(profile, values) if value is not None}
