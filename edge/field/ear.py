"""A device that speaks by itself, listened to at the pole: its next message of a kind, as if it had been asked for."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from edge.bus import Answer
from edge.serial_port import SerialPort
from edge.talkers import CANDIDATES_MOST
from wire.errors import SourceTimeout
from wire.fields import stream_of, typical
from wire.messages import Message
from wire.profile import Profile, Timing


class Voice(Protocol):
    """Brings what one device says: over a serial port, or through the air.

    `where` and `fix` are for people: who it is, and what to do when it is silent.
    """

    where: str
    fix: str

    @property
    def dropped(self) -> int:
        """Bytes that were no message so far."""

    async def messages(self, until: float) -> Sequence[Message]:
        """What was said and not taken yet; none when nothing was before loop time `until`. Raises SourceError."""


class SerialVoice:
    """The only listener of one port."""

    fix = "check power, wiring, baud rate and frame, and that it sends by itself (`egret bus sniff`)."

    def __init__(self, port: SerialPort, profile: Profile) -> None:
        """The port stays the caller's to close."""
        self._port, self._stream = port, stream_of(profile)
        self.where = f"port {port.path}"

    @property
    def dropped(self) -> int:
        """Bytes that were no message so far."""
        return self._stream.dropped

    async def messages(self, until: float) -> Sequence[Message]:
        """As `Voice`."""
        loop = asyncio.get_running_loop()
        while octets := self._port.take() or await self._port.receive(until):
            messages = self._stream.feed(octets)
            if messages or loop.time() >= until:
                return messages
        return ()


class Ear:
    """Of one device, whatever brings what it says."""

    def __init__(self, voice: Voice, profile: Profile) -> None:
        """Nothing is heard yet."""
        self.voice, self._profile = voice, profile
        self._fresh = {point.block: deque[bytes](maxlen=CANDIDATES_MOST) for point in profile.points}

    async def read(self, unit: int, name: str, timing: Timing) -> Answer:
        """The message `name` that stands for what was said since the last one, without registers.

        Raises SourceTimeout when none comes, and SourceError when the line is lost. `unit` names nobody: one is here.
        """
        del unit
        loop, fresh = asyncio.get_running_loop(), self._fresh[name]
        began, spoilt = loop.time(), self.voice.dropped
        patience_s = max(timing.silence_s, self._profile.messages[name].every_s)
        self._take(await self.voice.messages(began))
        while not fresh:
            came = await self.voice.messages(began + patience_s)
            if not came:
                raise self._silence(name, patience_s, self.voice.dropped - spoilt)
            self._take(came)
        message = typical(self._profile, name, fresh)
        fresh.clear()
        return Answer((), b"", message, loop.time() - began)

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.name in self._fresh:
                self._fresh[message.name].append(message.octets)

    def _silence(self, name: str, for_s: float, spoilt: int) -> SourceTimeout:
        what = f"nothing but {spoilt} bytes that are no message" if spoilt else f"no message {name}"
        code = "E-TALK-002" if spoilt else "E-TALK-001"
        return SourceTimeout(f"{what} for {for_s:g} s.", where=self.voice.where, fix=self.voice.fix, code=code)
