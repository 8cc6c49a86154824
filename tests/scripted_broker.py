"""An MQTT 3.1.1 broker that misbehaves as it is told: for what a real one does only on its worst days.

Section numbers are those of the MQTT 3.1.1 standard.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from listening import listening

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 14
ACCEPTED, BAD_PASSWORD, NOT_AUTHORISED = 0, 4, 5
GRANTED_QOS_1, SUBSCRIPTION_REFUSED = 1, 0x80


@dataclass
class ScriptedBroker:
    """What it answers; None is silence."""

    connack: int | None = ACCEPTED
    suback: int | None = GRANTED_QOS_1
    unacknowledged: str = " "
    """A topic that ends so gets no PUBACK."""
    is_resetting: bool = False
    """Hangs up on a CONNECT."""
    is_silent: bool = False
    """Takes everything and answers nothing."""
    pings: int = 0
    published: list[tuple[str, bytes]] = field(default_factory=list)
    port: int = 0
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def hang_up(self) -> None:
        """Reset every connection."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while True:
                first, body = await _packet(reader)
                kind = first >> 4
                if kind == DISCONNECT or (kind == CONNECT and self.is_resetting):
                    break
                self.pings += kind == PINGREQ
                if not self.is_silent:
                    writer.write(self._answer(first, body))
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    def _answer(self, first: int, body: bytes) -> bytes:
        kind = first >> 4
        if kind == CONNECT:
            return b"" if self.connack is None else bytes([CONNACK << 4, 2, 0, self.connack])
        if kind == SUBSCRIBE:
            return b"" if self.suback is None else bytes([SUBACK << 4, 3, *body[:2], self.suback])
        if kind == PUBLISH:
            return self._taken(body, is_at_qos_0=not first & 0b0110)
        return bytes([(PINGREQ + 1) << 4, 0]) if kind == PINGREQ else b""

    def _taken(self, body: bytes, *, is_at_qos_0: bool) -> bytes:
        end = 2 + int.from_bytes(body[:2], "big")
        topic = body[2:end].decode()
        if is_at_qos_0:
            self.published.append((topic, body[end:]))
            return b""
        self.published.append((topic, body[end + 2 :]))
        return b"" if topic.endswith(self.unacknowledged) else bytes([PUBACK << 4, 2, *body[end : end + 2]])


@asynccontextmanager
async def scripted(broker: ScriptedBroker) -> AsyncIterator[ScriptedBroker]:
    """The broker, listening on a free port of 127.0.0.1."""
    async with listening(broker._serve) as broker.port:
        yield broker


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """First byte, which has the kind and flags, and body of one control packet, §2.2."""
    first = (await reader.readexactly(1))[0]
    size = shift = 0
    while True:
        octet = (await reader.readexactly(1))[0]
        size |= (octet & 0x7F) << shift
        shift += 7
        if octet < 0x80:
            return first, await reader.readexactly(size)
