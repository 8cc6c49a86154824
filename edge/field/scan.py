"""Finding devices on a line: first where the library's models leave the factory, then everywhere.

Modbus has no discovery, so one asks. An address nobody answers costs its request and a short wait; a device that is
slower than that answers while its neighbour is asked, and is known by the address in its reply.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from edge.bus import DAMAGED, Bus
from edge.modbus_frame import Request, is_complete, is_proven
from edge.serial_port import SerialSettings
from wire.errors import AddressShared, DeviceRefused, FrameError, SourceError, SourceTimeout
from wire.profile import Profile, Timing

UNITS = range(1, 248)
BAUDS = (9600, 4800, 19_200, 115_200, 38_400, 57_600, 2400)
FRAMES = ("8N1", "8E1")
_HOLDING = 3
_ANYBODY = Request(1, _HOLDING, 0)


@dataclass(frozen=True, slots=True)
class Probe:
    """One question, with these settings of the port."""

    settings: SerialSettings
    request: Request


@dataclass(frozen=True, slots=True)
class Heard:
    """Somebody answered. `is_clear`: undamaged; two devices at one address usually damage each other's replies."""

    settings: SerialSettings
    unit: int
    is_clear: bool


def is_damage(error: SourceError) -> bool:
    """Is it what two devices at one address do, or noise that three tries in a row could not pass?"""
    return isinstance(error, AddressShared) or error.code in DAMAGED


def known(profiles: Iterable[Profile]) -> list[Probe]:
    """Where the models of the library leave the factory, the most common first."""
    modbus = [profile for profile in profiles if profile.blocks]
    links = Counter((profile.link.baud, profile.link.frame) for profile in modbus)
    places: dict[tuple[int, str, int], Request] = {}
    for profile in modbus:
        request = _harmless(profile)
        places.setdefault((profile.link.baud, profile.link.frame, request.unit), request)
    ordered = sorted(places, key=lambda place: (-links[place[:2]], place))
    return [Probe(SerialSettings(baud, frame), places[baud, frame, unit]) for baud, frame, unit in ordered]


def _harmless(profile: Profile) -> Request:
    """A read without a side effect that a device of this model answers, if only with an exception."""
    unit = profile.link.unit
    for identity in profile.identity:
        return Request(unit, identity.function, identity.address)
    for block in profile.blocks.values():
        if not block.once:
            return Request(unit, block.function, block.address)
    return Request(unit, _HOLDING, 0)


def everywhere(bauds: Iterable[int], frames: Iterable[str], units: Iterable[int]) -> Iterator[Probe]:
    """Every address with every rate, frame by frame."""
    for frame in frames:
        for baud in bauds:
            for unit in units:
                yield Probe(SerialSettings(baud, frame), Request(unit, _ANYBODY.function, _ANYBODY.address))


def rest(heard: Sequence[Heard], bauds: Sequence[int], frames: Sequence[str], units: Sequence[int]) -> Iterator[Probe]:
    """Every address; where no rate is named, only at the settings at which somebody is heard, before or meanwhile."""
    settings = dict.fromkeys(one.settings for one in heard) if not bauds else {}
    for one in settings:
        yield from everywhere([one.baud], [one.frame], units)
    if settings:
        return
    for probe in everywhere(bauds or BAUDS, frames or FRAMES, units):
        clear = [one.settings for one in heard if one.is_clear and not bauds]
        if clear and probe.settings not in clear:
            return
        yield probe


class Scan:
    """Asks, and keeps count, so that one that was interrupted says how far it came."""

    def __init__(self, bus: Bus, wait_s: float) -> None:
        """`wait_s` is how long an address may take to begin its reply."""
        self._bus = bus
        self._timing = Timing(wait_s, 0.0, wait_s, 0.0)
        self.asked = 0
        self._found: set[tuple[SerialSettings, int]] = set()
        self.babble: dict[SerialSettings, bytes] = {}
        """What talks unasked, by the settings it was heard with."""

    async def heard(self, probes: Iterable[Probe]) -> AsyncIterator[Heard]:
        """Everybody who answers, as they do. Raises SourceError when the port is lost."""
        for probe in probes:
            if probe.settings in self.babble or (probe.settings, probe.request.unit) in self._found:
                continue
            for one in [*self._tune(probe.settings), *await self._ask(probe)]:
                if (one.settings, one.unit) not in self._found:
                    self._found.add((one.settings, one.unit))
                    yield one

    def _tune(self, settings: SerialSettings) -> list[Heard]:
        """Goes to other settings, if these are others; who was late with the old ones is heard."""
        port = self._bus.port
        if port.settings == settings:
            return []
        port.collect()
        late = self._late(port.take())
        port.reset(settings)
        return late

    async def _ask(self, probe: Probe) -> list[Heard]:
        """Units that were heard, the late ones among them."""
        self.asked += 1
        answered: list[Heard] = []
        try:
            await self._bus.ask(probe.request, self._timing)
            answered = [Heard(probe.settings, probe.request.unit, is_clear=True)]
        except DeviceRefused:
            answered = [Heard(probe.settings, probe.request.unit, is_clear=True)]
        except FrameError as error:
            answered = self._wrong(probe, error)
        except SourceTimeout:
            pass
        return [*answered, *self._late(self._bus.dropped)]

    def _wrong(self, probe: Probe, error: FrameError) -> list[Heard]:
        """What a reply that is none says: somebody streams, somebody else was late, or two talk at once."""
        if error.code == "E-BUS-016":
            self.babble[probe.settings] = error.raw
            return []
        is_own = error.raw[:1] == probe.request.unit.to_bytes(1, "big")
        damaged = [Heard(probe.settings, probe.request.unit, is_clear=False)]
        return self._late(error.raw) or (damaged if error.code in DAMAGED and is_own else [])

    def _late(self, octets: bytes) -> list[Heard]:
        """Whose reply this is, if it is one: its address is in it."""
        is_reply = is_complete(octets) and is_proven(octets)
        return [Heard(self._bus.port.settings, octets[0], is_clear=True)] if is_reply else []
