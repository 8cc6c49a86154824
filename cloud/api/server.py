"""Serves the API on this machine."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from litestar import Litestar

from cloud.api.loopback import require_loopback
from wire.errors import EgretError

GRACE_S = 1
"""How long open event streams may take to end when the cloud stops."""


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the cloud's own decide when it stops."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


@asynccontextmanager
async def serving(app: Litestar, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serves while the block runs; gives the address to open. Port 0 takes a free one.

    Raises EgretError when `host` is not this machine, or the port is taken.
    """
    require_loopback(host)
    listener = _listen(host, port)
    server = _Server(
        uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_S, lifespan="on")
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve([listener]))
        try:
            yield f"http://{host}:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise EgretError(
            f"cannot listen on {host}:{port}: {error.strerror}",
            fix="stop what uses the port, or choose another",
            code="E-API-009",
        ) from error
