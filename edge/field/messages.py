"""Which device of the library speaks on a line by itself, or answers in messages of its own: its bytes tell.

Frames of several models may look alike, so whoever is recognised is possible, never proven: a known tilt, level or
wind must show the rest.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from edge.field.identify import POSSIBLE, Match
from edge.query_bus import QueryBus
from edge.serial_port import SerialPort, SerialSettings
from wire.errors import FrameError, SourceError, SourceTimeout
from wire.fields import decode_message, stream_of
from wire.messages import is_asked_for
from wire.profile import LinkKind, Profile
from wire.registers import Value

GLANCE_S = 0.35
"""How long a line is listened to before anybody is asked: longer than fast sensors pause."""
LISTEN_S = 2.5
"""How long, to hear who it is: longer than any sensor of the library pauses."""
_HEARD_LEAST, _SHARE_LEAST = 3, 0.5
_LOOK_S = 0.2


def speaking(library: Iterable[Profile]) -> list[Profile]:
    """The models that speak by themselves."""
    return [profile for profile in library if profile.link.kind is LinkKind.SERIAL_STREAM]


def answering(library: Iterable[Profile]) -> list[Profile]:
    """The models that are asked in messages of their own."""
    return [profile for profile in library if profile.link.kind is LinkKind.SERIAL_QUERY]


def factory_settings(profiles: Iterable[Profile]) -> list[SerialSettings]:
    """How they leave the factory, each once, what most have first."""
    counts = Counter(SerialSettings(one.link.baud, one.link.frame) for one in profiles)
    return [settings for settings, _ in counts.most_common()]


async def speakers(
    port: SerialPort, profiles: Sequence[Profile], for_s: float, others: dict[SerialSettings, bytes] | None = None
) -> list[Match]:
    """Which of them speak on the line by themselves, at a factory's settings, which the port has afterwards.

    What is none of them is put into `others`. Nobody is asked. Who speaks at another rate is heard as garbage: a line
    on which no byte comes is not listened to again. Raises SourceError.
    """
    for settings in factory_settings(profiles):
        _tune(port, settings)
        octets, matches = await overheard(port, profiles, for_s)
        if matches:
            return matches
        if not octets:
            break
        if others is not None:
            others[settings] = octets
    return []


async def answerer(port: SerialPort, profiles: Iterable[Profile]) -> Match | None:
    """Which of them answers its own question, at its factory's settings, as `speakers`. Raises SourceError."""
    for profile in profiles:
        _tune(port, *factory_settings([profile]))
        match = await answered(port, profile)
        if match:
            return match
    return None


async def overheard(port: SerialPort, profiles: Sequence[Profile], for_s: float) -> tuple[bytes, list[Match]]:
    """What is said on the line within that time, and which models that may be; no longer than it takes to know.

    Once somebody is heard it is listened to for `LISTEN_S`. Raises SourceError.
    """
    loop = asyncio.get_running_loop()
    until, octets = loop.time() + for_s, b""
    while loop.time() < until:
        came = await port.receive(min(until, loop.time() + _LOOK_S))
        if came and not octets:
            until = loop.time() + LISTEN_S
        octets += came
        matches = recognised(profiles, octets)
        if matches:
            return octets, matches
    return octets, []


def recognised(profiles: Iterable[Profile], octets: bytes) -> list[Match]:
    """Of which models these bytes may be, the likeliest first: those whose messages cover most of them."""
    found: list[tuple[int, str, Match]] = []
    for profile in profiles:
        stream = stream_of(profile)
        messages = stream.feed(octets)
        covered = sum(len(message.octets) for message in messages)
        read = {point.block for point in profile.points}
        counts = Counter(message.name for message in messages if message.name in read)
        values: dict[str, Value] = {}
        for message in messages:
            values |= _decoded(profile, message.name, message.octets)
        is_enough = counts.total() >= _HEARD_LEAST and covered >= _SHARE_LEAST * len(octets)
        if is_enough and values and _are_in_range(profile, values):
            seen = tuple(f"{count} messages {name}" for name, count in counts.items())
            found.append((-covered, profile.name, Match(profile, POSSIBLE, (*seen, *in_words(profile, values)))))
    return [match for _, _, match in sorted(found, key=lambda one: one[:2])]


async def answered(port: SerialPort, profile: Profile) -> Match | None:
    """Asks for every message of a model; None when one of them is no answer of its. Raises SourceError."""
    bus = QueryBus(port, profile)
    values: dict[str, Value] = {}
    for name, shape in profile.messages.items():
        if not is_asked_for(shape):
            continue
        try:
            answer = await bus.read(profile.link.unit, name, profile.timing)
        except (SourceTimeout, FrameError):
            return None
        values |= _decoded(profile, name, answer.reply)
    return Match(profile, POSSIBLE, tuple(in_words(profile, values))) if _are_in_range(profile, values) else None


def _tune(port: SerialPort, settings: SerialSettings) -> None:
    if port.settings != settings:
        port.reset(settings)


def _decoded(profile: Profile, name: str, octets: bytes) -> Mapping[str, Value]:
    try:
        return decode_message(profile, name, octets)
    except SourceError:
        return {}


def _are_in_range(profile: Profile, values: Mapping[str, Value]) -> bool:
    spans = {point.name: point.span for point in profile.points if point.span}
    measured = [(spans[name], value) for name, value in values.items() if name in spans and isinstance(value, float)]
    return all(lowest <= value <= highest for (lowest, highest), value in measured)


def in_words(profile: Profile, values: Mapping[str, Value]) -> list[str]:
    """Each value that there is."""
    units = {point.name: point.unit for point in profile.points}
    return [
        f"{name} {value:g} {units.get(name, '')}".strip() if isinstance(value, float) else f"{name} {value}"
        for name, value in values.items()
        if value is not None
    ]
