"""Only this machine: the API has no login yet, so nobody else may reach it or speak through a browser here.

Listening on 127.0.0.1 is not enough. A page of any web site open on this machine can send requests
to it (cross-site requests), and can give its own host name our address (DNS rebinding) to read the
answers. So the Host header must name this machine, and a change must come from our own page.
"""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from cloud.api.problems import RequestError
from wire.errors import EgretError

AnyRequest = Request[Any, Any, Any]


def require_loopback(host: str) -> None:
    """Raises EgretError when listening on `host` would let other machines in."""
    if not _is_loopback(host):
        raise EgretError(
            f"the API has no login and may listen only on this machine, not on {host!r}",
            fix="listen on 127.0.0.1 and come from elsewhere through `ssh -L`",
            code="E-API-001",
        )


def require_own_host(request: AnyRequest) -> None:
    """Before every request. Raises RequestError when the Host header names another machine."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    if not _is_loopback(host):
        raise RequestError(
            f"this machine is not {host!r}",
            status=421,
            fix="open the address that the cloud printed, http://127.0.0.1:…",
            code="E-API-002",
        )


def require_own_page(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard of everything that changes something. Raises RequestError for a foreign page or a form.

    A program that sends no Origin (curl) is no browser and cannot be misled by a page.
    """
    origin = connection.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != connection.headers.get("host"):
        raise RequestError(
            f"the page of {origin} may not change anything here", status=403, fix="use the board", code="E-API-003"
        )
    if connection.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise RequestError("the body must be JSON", status=415, fix="Content-Type: application/json", code="E-API-003")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
