"""Each box's own way to the broker, which can be cut, slow or half open: a TCP relay on loopback."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from wire.broker import Broker

_CHUNK = 4 * 1024


class Uplink:
    """Relays one box's connections to the broker until it is cut; a cut link refuses and resets.

    `bytes_up` counts what the box has sent, MQTT framing included, TCP headers not. Set, `bytes_a_second` is
    what goes through in each direction of a connection.
    """

    bytes_a_second: float | None = None

    def __init__(self, broker: Broker) -> None:
        """Nothing listens yet."""
        self._broker = broker
        self._server: asyncio.Server | None = None
        self._port = 0
        self._relays: set[asyncio.Task[None]] = set()
        self._deaf: set[asyncio.Task[None]] = set()
        self.bytes_up = 0

    async def __aenter__(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        await self.join()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and drop what is open."""
        self.cut()
        await asyncio.gather(*self._relays, return_exceptions=True)

    @property
    def url(self) -> str:
        """Where the box connects."""
        return f"mqtt://127.0.0.1:{self._port}"

    @property
    def is_cut(self) -> bool:
        """Does it refuse connections?"""
        return self._server is None

    def cut(self) -> None:
        """Drop every connection and let none in, as when a SIM card dies."""
        if self._server:
            self._server.close()
            self._server = None
        for relay in self._relays:
            relay.cancel()

    def deafen(self) -> None:
        """Swallow what every open connection says from now on, and hang up on none: half-open TCP.

        So it is when a modem's network forgets a connection. New ones go through.
        """
        self._deaf |= self._relays

    async def join(self) -> None:
        """Let connections through again, on the same port."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Known from its first moment: a cut must not miss what has only just been accepted."""
        relay = asyncio.create_task(self._relay(reader, writer))
        self._relays.add(relay)
        relay.add_done_callback(lambda _: writer.transport.abort())
        relay.add_done_callback(self._forget)

    def _forget(self, relay: asyncio.Task[None]) -> None:
        self._relays.discard(relay)
        self._deaf.discard(relay)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection(self._broker.host, self._broker.port)
        except OSError:
            return
        relay = asyncio.current_task()
        try:
            async with asyncio.TaskGroup() as both_ways:
                both_ways.create_task(self._pump(relay, reader, up_writer, self._count))
                both_ways.create_task(self._pump(relay, up_reader, writer))
        except* OSError:
            pass
        finally:
            up_writer.transport.abort()

    def _count(self, size: int) -> None:
        self.bytes_up += size

    async def _pump(
        self,
        relay: asyncio.Task[None] | None,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        count: Callable[[int], None] | None = None,
    ) -> None:
        """Until the source ends; then the other way must end too, unless nobody is to hear of it."""
        while chunk := await source.read(_CHUNK):
            if count:
                count(len(chunk))
            if self.bytes_a_second:
                await asyncio.sleep(len(chunk) / self.bytes_a_second)
            if relay not in self._deaf:
                target.write(chunk)
                await target.drain()
        if relay not in self._deaf:
            raise ConnectionResetError
