"""The pair of wires of an RS-485 line: whoever talks is heard by all others, and two at once by nobody.

Bytes take the time they take on copper. Where two transmissions overlap, each byte of the first is what a 0
leaves of both, and those of the second are lost in it. It knows no operating system: a pseudo-terminal, a port
in memory and the devices of `edge.sim.stations` hang on it alike, in real time or in virtual time.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from edge.serial_port import SerialSettings
from edge.sim import uart
from edge.sim.faults import LineFaults, Octets

_ROUNDING = 1e-6
"""Of a character: two that begin in the same moment hit each other's bytes, not the ones beside them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes that went over the wire without a pause, as they arrived. Times are loop times in seconds."""

    begin: float
    end: float
    octets: bytes
    is_request: bool
    settings: SerialSettings
    speaker: str


class Listener(Protocol):
    """Who hangs on the wires. `is_client`: it asks, and is what line faults between port and wires are about."""

    name: str
    is_client: bool

    def hear(self, octets: bytes, sent: SerialSettings, speaker: "Listener") -> None:
        """Bytes that have just arrived, sent with these settings."""


@dataclass(slots=True)
class _Talk:
    speaker: Listener
    settings: SerialSettings
    begin: float
    octets: Octets

    @property
    def end(self) -> float:
        return self.begin + len(self.octets) * self.settings.character_s


class Medium:
    """The wires, which exist as long as somebody refers to them. `faults` may be changed meanwhile."""

    def __init__(self, rng: Random, heard: Callable[[Frame], None]) -> None:
        """`rng` decides what noise hits; `heard` is told every frame."""
        self.faults = LineFaults()
        self._rng, self._heard = rng, heard
        self._listeners: list[Listener] = []
        self._talks: list[_Talk] = []
        self._loop = asyncio.get_running_loop()

    def join(self, listener: Listener) -> None:
        """From now on it hears."""
        self._listeners.append(listener)

    def leave(self, listener: Listener) -> None:
        """From now on it does not; what it was saying goes on."""
        self._listeners.remove(listener)

    def talk(self, speaker: Listener, octets: bytes, settings: SerialSettings) -> None:
        """Sends as soon as the speaker has sent what it was sending, whoever else is talking."""
        now = self._loop.time()
        self._talks = [talk for talk in self._talks if talk.end > now]
        begin = max([now, *(talk.end for talk in self._talks if talk.speaker is speaker)])
        arriving = uart.inverted(octets) if self.faults.is_swapped and speaker.is_client else octets
        talk = _Talk(speaker, settings, begin, self.faults.damaged(arriving, self._rng))
        for other in self._talks:
            _collide(other, talk)
        self._talks.append(talk)
        piece = self.faults.piece or len(octets)
        for first in range(0, len(octets), piece):
            last = min(first + piece, len(octets))
            self._loop.call_at(begin + last * settings.character_s, self._arrive, talk, slice(first, last))

    def _arrive(self, talk: _Talk, part: slice) -> None:
        octets = bytes(octet for octet in talk.octets[part] if octet is not None)
        if part.stop == len(talk.octets):
            whole = bytes(octet for octet in talk.octets if octet is not None)
            is_request = talk.speaker.is_client
            # When it was heard, which on a busy machine is later than when its last bit was due.
            end = self._loop.time()
            self._heard(Frame(talk.begin, end, whole, is_request, talk.settings, talk.speaker.name))
        if not octets:
            return
        for listener in tuple(self._listeners):
            if listener is not talk.speaker or self.faults.echo:
                is_swapped = self.faults.is_swapped and listener.is_client and not talk.speaker.is_client
                listener.hear(uart.inverted(octets) if is_swapped else octets, talk.settings, talk.speaker)


def _collide(first: _Talk, second: _Talk) -> None:
    """Both at once: a 0 wins over a 1, and the receivers are in step with the first."""
    for place, octet in enumerate(second.octets):
        at = second.begin + place * second.settings.character_s - first.begin
        hit = math.floor(at / first.settings.character_s + _ROUNDING)
        if not 0 <= hit < len(first.octets):
            continue
        under = first.octets[hit]
        if under is not None and octet is not None:
            first.octets[hit] = under & octet
        second.octets[place] = None
