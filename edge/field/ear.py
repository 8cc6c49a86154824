"""A device that speaks by itself, listened to at the pole: its next message of a kind, as if it had been asked for."""

import asyncio
from collections import deque

from edge.bus import Answer
from edge.serial_port import SerialPort
from edge.talkers import CANDIDATES_MOST
from wire.errors import SourceTimeout
from wire.fields import stream_of, typical
from wire.profile import Profile, Timing


class Ear:
    """The only listener of one port."""

    def __init__(self, port: SerialPort, profile: Profile) -> None:
        """The port stays the caller's to close."""
        self.port, self._profile = port, profile
        self._stream = stream_of(profile)
        self._fresh = {point.block: deque[bytes](maxlen=CANDIDATES_MOST) for point in profile.points}

    @property
    def dropped(self) -> int:
        """Bytes that were no message so far."""
        return self._stream.dropped

    async def read(self, unit: int, name: str, timing: Timing) -> Answer:
        """The message `name` that stands for what was said since the last one, without registers.

        Raises SourceTimeout when none comes, and SourceError when the port is lost. `unit` names nobody: one is here.
        """
        del unit
        loop, fresh = asyncio.get_running_loop(), self._fresh[name]
        began, spoilt = loop.time(), self.dropped
        patience_s = max(timing.silence_s, self._profile.messages[name].every_s)
        self._take(self.port.take())
        while not fresh:
            octets = await self.port.receive(began + patience_s)
            if not octets and loop.time() >= began + patience_s:
                raise self._silence(name, patience_s, self.dropped - spoilt)
            self._take(octets)
        message = typical(self._profile, name, fresh)
        fresh.clear()
        return Answer((), b"", message, loop.time() - began)

    def _take(self, octets: bytes) -> None:
        for message in self._stream.feed(octets):
            if message.name in self._fresh:
                self._fresh[message.name].append(message.octets)

    def _silence(self, name: str, for_s: float, spoilt: int) -> SourceTimeout:
        what = f"nothing but {spoilt} bytes that are no message" if spoilt else f"no message {name}"
        return SourceTimeout(
            f"{what} for {for_s:g} s.",
            where=f"port {self.port.path}",
            fix="check power, wiring, baud rate and frame, and that it sends by itself (`egret bus sniff`).",
            code="E-TALK-002" if spoilt else "E-TALK-001",
        )
