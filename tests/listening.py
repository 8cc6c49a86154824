"""A TCP server of a test's own, on a free port of 127.0.0.1, of which nothing is left when its block ends."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
"""What happens on one connection."""


@asynccontextmanager
async def listening(serve: Serve, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Its port. Every connection is known from its first moment and ends with the block.

    asyncio's own server (3.11) waits for none of them, and a handler that is cancelled before its
    first step never closes what was accepted for it.
    """
    handlers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers[asyncio.create_task(serve(reader, writer))] = writer

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    try:
        async with server:
            yield server.sockets[0].getsockname()[1]
    finally:
        for handler, writer in handlers.items():
            handler.cancel()
            writer.transport.abort()
        await asyncio.gather(*handlers, return_exceptions=True)
