"""Our own page: a change must come from it, and not from that of another site in the same browser.

Listening on 127.0.0.1 is not enough. A page of any web site open on this machine can send requests
to it (cross-site requests), and can give its own host name our address (DNS rebinding) to read the
answers. So the Host header must name this machine (`cloud/api/doors.py`), and a change must come from
our own page.
"""

from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from cloud.api.problems import RequestError
from cloud.listening import is_loopback
from wire.errors import EgretError

_SHOWN_MOST = 100


def require_loopback(host: str) -> None:
    """Raises EgretError when listening on `host` would let other machines in."""
    if not is_loopback(host):
        raise EgretError(
            f"the API has no login and may listen only on this machine, not on {host!r}",
            fix="listen on 127.0.0.1 and come from elsewhere through `ssh -L`",
            code="E-API-001",
        )


def require_own_origin(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Raises RequestError for a page of another site.

    A program that sends no Origin (curl) is no browser and cannot be misled by a page.
    """
    origin = connection.headers.get("origin")
    if origin is not None and _netloc(origin) != connection.headers.get("host"):
        raise RequestError(
            f"the page of {origin[:_SHOWN_MOST]} may not change anything here",
            status=403,
            fix="use the board",
            code="E-API-003",
        )


def require_own_page(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard of everything that takes JSON. Raises RequestError for a foreign page or a form."""
    require_own_origin(connection)
    if connection.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise RequestError("the body must be JSON", status=415, fix="Content-Type: application/json", code="E-API-003")


def _netloc(origin: str) -> str:
    """Host and port; empty for what is no address."""
    try:
        return urlsplit(origin).netloc
    except ValueError:  # a bracket that never closes, for example
        return ""
