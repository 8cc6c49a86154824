"""Who answers, or is heard, as a commissioning looks for it: devices of the library, and who is unclear."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.ble.radio import Advert, Radio
from edge.bus import Bus, opened
from edge.field import scan as scanning
from edge.field.air import Survey
from edge.field.device import NO_ANSWER
from edge.field.identify import POSSIBLE, Identifier, Match
from edge.field.messages import in_words
from edge.field.reach import host_and_port
from edge.field.record import MODBUS_TCP, Found
from edge.field.search import Alone, Search, Wanted
from edge.modbus_frame import Request
from edge.serial_port import SerialPort
from edge.tcp_bus import TcpBus, connected
from wire.errors import CheckFailed, DeviceRefused, FrameError, SourceTimeout
from wire.profile import LinkKind, Profile, Timing
from wire.registers import Value

TCP_WAIT_S = 0.3
"""An address behind a gateway takes longer to answer than one on the line: the gateway asks it first (judgement)."""
AIR_S = 10.0
"""How long the radio is listened to: a tag that speaks every other second is heard in spite of losses (judgement)."""
_LOOK_S = 0.5
UNLIKELY = (241, 239)
"""Unit identifiers that nobody gives: a device that answers both of them minds none."""
_NOBODY_THERE = (0x0A, 0x0B)
"""Exceptions of a gateway whose line is silent. Source: Modbus application protocol V1.1b3, §7."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Somebody is at that place, and not clear enough to be chosen: a key of the catalogue that says why."""

    place: str
    key: str
    fields: Mapping[str, object] = field(default_factory=dict)


class Finder:
    """Looks with one library. `wait_s`: how long an address may take to begin its reply."""

    def __init__(self, library: Mapping[str, Profile], wait_s: float) -> None:
        """Nobody is asked yet."""
        self._library, self._wait_s = library, wait_s

    async def on_port(self, port: Path) -> AsyncIterator[Found | Unclear]:
        """Of a serial port, in the order of `Search`. Raises SourceError."""
        wanted = Wanted(self._library, self._wait_s)
        with opened(port, wanted.settings) as bus:
            async for one in Search(bus, wanted).found():
                if isinstance(one, Alone):
                    for match in one.matches:
                        yield at(bus.port, one.kind).of(match)
                else:
                    yield await self._of_line(bus, one)

    async def on_tcp(self, address: str) -> AsyncIterator[Found | Unclear]:
        """Of a Modbus TCP server: the device itself, or those behind a gateway. Raises SourceError, ConfigError."""
        async with connected(*host_and_port(address)) as bus:
            minds_none = all([await self._is_there(bus, Request(unit, 3, 0)) for unit in UNLIKELY])
            units: Iterable[int] = (1,) if minds_none else scanning.UNITS
            known = [probe.request for probe in scanning.known(self._library.values()) if probe.request.unit in units]
            seen: set[int] = set()
            for request in (*known, *(Request(unit, 3, 0) for unit in units)):
                if request.unit not in seen and await self._is_there(bus, request):
                    seen.add(request.unit)
                    yield await self._named(bus, Found(address, request.unit, source=MODBUS_TCP))

    async def in_the_air(self, radio: Radio) -> AsyncIterator[Found | Unclear]:
        """Who is heard by Bluetooth, the nearest first, and every half second anew as they are heard then.

        Those whom the library does not know are counted in the end. Raises SourceError.
        """
        survey, loop = Survey(self._library.values()), asyncio.get_running_loop()
        until = loop.time() + AIR_S
        async with radio.listening(survey.hear):
            while loop.time() < until:
                await asyncio.sleep(_LOOK_S)
                for found in _of_survey(survey):
                    yield found
        strangers = sum(not one.models for one in survey.heard.values())
        if strangers:
            yield Unclear("Bluetooth", "screen.strangers", {"count": strangers})

    async def _of_line(self, bus: Bus, one: scanning.Heard) -> Found | Unclear:
        place = at(bus.port, LinkKind.MODBUS_RTU, one.unit)
        return await self._named(bus, place) if one.is_clear else Unclear(place.place, "bus.shared")

    async def _named(self, bus: Bus | TcpBus, place: Found) -> Found | Unclear:
        try:
            matches = await Identifier(bus, place.unit).among(self._library)
        except NO_ANSWER as error:
            if scanning.is_damage(error):
                return Unclear(place.place, "bus.shared")
            return Unclear(place.place, "bus.unidentified", {"what": error.what})
        return place.of(matches[0]) if matches else Unclear(place.place, "bus.unknown")

    async def _is_there(self, bus: TcpBus, request: Request) -> bool:
        wait_s = max(TCP_WAIT_S, self._wait_s)
        try:
            await bus.ask(request, Timing(wait_s, 0.0, wait_s, 0.0))
        except DeviceRefused as error:
            return error.exception_code not in _NOBODY_THERE
        except SourceTimeout:
            return False
        except FrameError:
            return True
        return True


def at(port: SerialPort, source: LinkKind, unit: int = 0) -> Found:
    """A place on a serial port, with the settings that it has now."""
    return Found(str(port.path), unit, port.settings.baud, port.settings.frame, source=source)


def _of_survey(survey: Survey) -> Iterator[Found]:
    for one in survey.by_signal():
        for model in one.models.values():
            yield by_radio(one.advert.address, one.advert, model.profile, model.values)


def by_radio(known_by: str, advert: Advert, profile: Profile, values: Mapping[str, Value]) -> Found:
    """A Bluetooth sensor that was heard, as `known_by`; nothing in an advert proves what it is."""
    place = Found(source=profile.link.kind, known_by=known_by, signal_dbm=advert.rssi_dbm)
    seen = (advert.name, f"{advert.rssi_dbm} dBm", *in_words(profile, values))
    return place.of(Match(profile, POSSIBLE, tuple(one for one in seen if one)))


async def by_unit(bus: Bus | TcpBus, place: Found, profile: Profile | None, library: Mapping[str, Profile]) -> Found:
    """The device with a unit identifier that a person has named. Raises CheckFailed where it is another model."""
    identifier = Identifier(bus, place.unit)
    matches = [await identifier.is_one(profile)] if profile else await identifier.among(library)
    return the_first(matches, place, profile)


def the_first(matches: Sequence[Match | None], place: Found, profile: Profile | None) -> Found:
    """The likeliest. Raises CheckFailed where there is none: it is no `profile`, or none of the library."""
    match = next(iter(matches), None)
    if match is None:
        raise CheckFailed(
            f"it is no {profile.title}." if profile else "it answers, and is no model of the library.",
            where=f"port {place.port}, {place.address}",
            fix="`egret bus identify` says what it may be.",
            code="E-FIELD-024",
        )
    return place.of(match)
