"""The order in which a serial line is searched: who speaks by itself, known places, own messages, then everywhere.

Listening comes first, for a device that is asked while it speaks is not heard. Known places come before a device's own
messages, which others on the line would take for noise.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge.bus import Bus
from edge.field import messages
from edge.field import scan as scanning
from edge.field.identify import Match
from edge.field.scan import Heard, Probe, Scan
from edge.field.sniff import pieces
from edge.serial_port import SerialSettings
from wire.profile import LinkKind, Profile

_USUAL = SerialSettings(9600, "8N1")


@dataclass(frozen=True, slots=True)
class Alone:
    """One device that has the line for itself, and what it may be; the port has its settings now."""

    kind: LinkKind
    matches: list[Match]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where to look; without rates or frames at all of them. `is_quick`: only where models leave the factory."""

    library: Mapping[str, Profile]
    wait_s: float
    bauds: tuple[int, ...] = ()
    frames: tuple[str, ...] = ()
    units: Sequence[int] = scanning.UNITS
    is_quick: bool = False

    @property
    def settings(self) -> SerialSettings:
        """What a port is opened with."""
        first = self.known()
        return first[0].settings if first else _USUAL

    def known(self) -> list[Probe]:
        """The factory's places, with the rates and frames that were asked for."""
        probes = scanning.known(self.library.values())
        return [one for one in probes if self._is_meant(one.settings.baud, one.settings.frame)]

    def speaking(self) -> list[Profile]:
        """The models that speak by themselves, likewise."""
        return self._meant(messages.speaking(self.library.values()))

    def answering(self) -> list[Profile]:
        """The models that are asked in messages of their own, likewise."""
        return self._meant(messages.answering(self.library.values()))

    def _meant(self, profiles: Iterable[Profile]) -> list[Profile]:
        return [one for one in profiles if self._is_meant(one.link.baud, one.link.frame)]

    def _is_meant(self, baud: int, frame: str) -> bool:
        return (not self.bauds or baud in self.bauds) and (not self.frames or frame in self.frames)

    def rest(self, heard: Sequence[Heard]) -> Iterable[Probe]:
        """The rest of the addresses; none of a quick search."""
        return () if self.is_quick else scanning.rest(heard, self.bauds, self.frames, self.units)


class Search:
    """Of one open port. `scan` keeps count."""

    def __init__(self, bus: Bus, wanted: Wanted, asks: Callable[[Probe], None] = lambda _: None) -> None:
        """`asks` is told before each address is asked."""
        self._bus, self._wanted, self._asks = bus, wanted, asks
        self.scan = Scan(bus, wanted.wait_s)

    async def found(self) -> AsyncIterator[Heard | Alone]:
        """Everybody, as they are. Raises SourceError when the port is lost."""
        alone = await self._overheard(messages.GLANCE_S)
        heard: list[Heard] = []
        if not alone:
            async for one in self.scan.heard(self._told(self._wanted.known())):
                heard.append(one)
                yield one
        if not alone and not heard:
            alone = await self._answering() or await self._overheard(messages.LISTEN_S)
        if alone:
            yield alone
            return
        async for one in self.scan.heard(self._told(self._wanted.rest(heard))):
            heard.append(one)  # a line has one rate: where somebody is found, the rest is not searched at others
            yield one

    def _told(self, probes: Iterable[Probe]) -> Iterator[Probe]:
        for probe in probes:
            self._asks(probe)
            yield probe

    async def _overheard(self, for_s: float) -> Alone | None:
        others: dict[SerialSettings, bytes] = {}
        matches = await messages.speakers(self._bus.port, self._wanted.speaking(), for_s, others)
        for settings, octets in others.items():
            if any(piece.is_frame for piece in pieces(octets)):  # others talk Modbus: nobody is asked there
                self.scan.babble[settings] = octets
        return Alone(LinkKind.SERIAL_STREAM, matches) if matches else None

    async def _answering(self) -> Alone | None:
        match = await messages.answerer(self._bus.port, self._wanted.answering())
        return Alone(LinkKind.SERIAL_QUERY, [match]) if match else None
