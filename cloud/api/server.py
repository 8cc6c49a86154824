"""Serves the API: on this machine, or to others through TLS."""

import asyncio
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from litestar import Litestar

from cloud.api.loopback import require_loopback
from cloud.api.patience import Impatient
from cloud.listening import HOST
from wire.errors import EgretError

UNREAD_S = 60.0
"""How long a client may take nothing of what it is answered. `patience` is for what it asks."""
GRACE_S = 1
"""How long open event streams may take to end when the cloud stops."""


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the cloud's own decide when it stops."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


@asynccontextmanager
async def serving(
    app: Litestar,
    *,
    host: str = HOST,
    port: int = 0,
    certificate: str = "",
    key: str = "",
    behind_proxy: bool = False,
) -> AsyncIterator[str]:
    """Serves while the block runs; gives the address to open. Port 0 takes a free one.

    `certificate` and `key`: files in PEM form, for TLS. Raises EgretError when other machines would be
    let in without TLS, when the files cannot be used, or when the port is taken.
    """
    if not certificate and not behind_proxy:
        require_loopback(host)
    if certificate:
        _require_pair(certificate, key)
    listener = _listen(host, port)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            log_level="error",  # a line for each request that is none would let strangers fill the disk
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
            lifespan="on",
            http=Impatient,
            ws="none",
            proxy_headers=False,  # `cloud.api.doors` reads them, and only when there is a proxy
            server_header=False,
            ssl_certfile=certificate or None,
            ssl_keyfile=key or None,
        )
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve([listener]))
        try:
            yield f"{'https' if certificate else 'http'}://{_netloc(host, listener.getsockname()[1])}/"
        finally:
            server.should_exit = True


def _require_pair(certificate: str, key: str) -> None:
    """Before anything is opened: uvicorn would end in the middle of starting."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:
        raise EgretError(
            f"this certificate and key cannot be used: {error.strerror or error}",
            where=f"{certificate}, {key}",
            fix="name the PEM files of a certificate and of its own key, readable by the user that runs egret",
            code="E-API-019",
        ) from error


def _netloc(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, dualstack_ipv6=host == "::")
    except OSError as error:
        raise EgretError(
            f"cannot listen on {_netloc(host, port)}: {error.strerror}",
            fix="stop what uses the port, or choose another",
            code="E-API-009",
        ) from error
    # asyncio does this only for sockets that name their protocol, which this one does not. Connections inherit
    # it; without it the end of a small answer waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform == "linux":  # closing would wait for what is unread, for ever
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(UNREAD_S * 1000))
    return listener
