"""Who is asking: a session's cookie, a program's token, or whoever sits at a demonstration.

Everything is shut unless its route says otherwise: `opt=PUBLIC` needs no login, `opt=MEMBERS` a login
and no right. Of the rest, what only reads needs the right to read, what changes something needs more
than that, and a route says exactly what with `guards=[needs(Right.DISPATCH)]`. A route that wants to
know who it is takes a parameter `actor: OnActor`.

A browser sends cookies with requests that other sites make it send. So a change must come from our
own page, and a change with a cookie must carry the session's CSRF token in `X-CSRF-Token`, which no
other site can read. Programs with a token need none: no browser sends `Authorization` by itself.
"""

import ipaddress
import logging
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import SkipValidation
from litestar.types import Scope

from cloud.access import audit as acts
from cloud.access.actor import DEMO, Actor, NotAllowed, Right, require
from cloud.access.gate import Gate
from cloud.access.logins import Login, is_same
from cloud.api.loopback import require_own_origin
from cloud.api.problems import RequestError
from cloud.listening import Http, is_loopback
from cloud.tables import audit
from wire.errors import Unavailable

PUBLIC = {"door": "public"}
"""`opt` of routes that everybody may use."""
MEMBERS = {"door": "members"}
"""`opt` of routes for whoever is logged in, whatever their rights."""
CSRF_HEADER = "X-CSRF-Token"
OnActor = SkipValidation[Actor]
"""How a route asks who it is: a parameter `actor: OnActor`."""

Connection = ASGIConnection[Any, Any, Any, Any]
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PATH_MOST = 200
_NAME_MOST = 253
"""Characters of a host's name. Source: RFC 1035, §2.3.4."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Needs:
    """A guard: only actors who have this right come through."""

    right: Right

    def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        """Raises NotAllowed."""
        require(actor_of(connection), self.right)


def needs(right: Right) -> Needs:
    """`guards=[needs(Right.DISPATCH)]` on a route or a router."""
    return Needs(right)


@dataclass(frozen=True, slots=True)
class Doors:
    """The doors of an API that is reached as `http` says. `gate` None: nobody logs in."""

    http: Http
    gate: Gate | None

    @property
    def cookie(self) -> str:
        """A browser takes `__Host-` from nobody but this host, over TLS, for every path. Source: RFC 6265bis."""
        return "__Host-egret" if self.http.is_https else "egret"

    async def enter(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Guard of the whole application. Raises RequestError and NotAllowed, and says in the connection who it is."""
        self._require_own_host(connection)
        _require_no_nul(connection)
        if is_change(connection):
            require_own_origin(connection)
        if handler.opt.get("door") == PUBLIC["door"]:
            return
        actor, login = await self._who(connection)
        connection.scope["user"], connection.scope["auth"] = actor, login
        if login and is_change(connection):
            _require_csrf(connection, login)
        if handler.opt.get("door") != MEMBERS["door"]:
            _require_some_right(connection, handler, actor)

    async def is_still(self, connection: Connection, actor: Actor) -> bool:
        """Would the same come in now, with the same role and reach? For answers that go on for hours."""
        try:
            found, _ = await self._who(connection)
        except RequestError:
            return False
        return found == actor

    def address_of(self, connection: Connection) -> str:
        """Where the request comes from: what the nearest proxy says, if there is one, and nobody before it."""
        peer = connection.client.host if connection.client else ""
        said = ",".join(connection.headers.getall("x-forwarded-for", [])) if self.http.behind_proxy else ""
        return _address(said.rpartition(",")[2].strip()) or _address(peer) or peer

    async def note(self, error: Exception, scope: Scope) -> None:
        """After an error: a refusal of somebody who is known is a line of the audit log."""
        actor = scope.get("user")
        if not isinstance(error, NotAllowed) or not isinstance(actor, Actor) or self.gate is None:
            return
        # The address of a signed link is the link: whoever reads the log would hold it.
        shown = scope.get("path_template", "") if actor.via == "link" else scope["path"]
        path = f"{scope.get('method', '')} {shown}"[:_PATH_MOST]
        detail = f"{error.where}: {error.what}" if error.where else error.what
        line = acts.line(actor, "request", path, self.gate.now(), outcome="refused", detail=f"{detail} [{error.code}]")
        try:
            await self.gate.database.write(lambda connection: audit.add(connection, line))
        except Unavailable as trouble:
            _LOG.warning("a refusal is not in the audit log: %s: %s: %s", actor.name, path, trouble)

    def _require_own_host(self, connection: Connection) -> None:
        """A foreign name that was pointed at our address (DNS rebinding) reads nothing."""
        host = _hostname(connection.headers.get("host", ""))
        if is_loopback(host) or host in {name.strip("[]").casefold() for name in self.http.hosts}:
            return
        fix = "open the address that the cloud printed, http://127.0.0.1:…"
        if self.gate:
            fix = "write the name into `hosts` below `http` of cloud.yaml, or use one that is there."
        raise RequestError(f"this machine is not {host[:_NAME_MOST]!r}", status=421, fix=fix, code="E-API-002")

    async def _who(self, connection: Connection) -> tuple[Actor, Login | None]:
        """Raises RequestError when nobody is."""
        address = self.address_of(connection)
        if self.gate is None:
            return replace(DEMO, address=address), None
        header = connection.headers.get("authorization")
        if header is not None:
            kind, _, secret = header.partition(" ")
            actor = await self.gate.tokens.of_secret(secret.strip(), address) if kind.lower() == "bearer" else None
            if actor is None:
                fix = "see `egret cloud token list`: it may have expired or been revoked."
                raise RequestError("this token opens nothing.", status=401, fix=fix, code="E-ACCESS-031")
            return actor, None
        cookie = connection.cookies.get(self.cookie)
        login = await self.gate.logins.of_cookie(cookie, address) if cookie else None
        if login is None:
            fix = "log in at the board, or send `Authorization: Bearer egret_…`."
            raise RequestError("nobody is logged in here.", status=401, fix=fix, code="E-ACCESS-030")
        return login.actor, login


OnDoors = SkipValidation[Doors]
"""How a route asks for the doors themselves: a parameter `doors: OnDoors`."""


def open_doors(http: Http, gate: Gate) -> Doors:
    """As cloud.yaml says."""
    return Doors(http, None if http.login == "none" else gate)


SECURITY = Components(
    security_schemes={
        "session": SecurityScheme(type="apiKey", name="__Host-egret", security_scheme_in="cookie"),
        "token": SecurityScheme(type="http", scheme="bearer", bearer_format="egret_…"),
    }
)
"""As OpenAPI says it."""
DEMONSTRATION = Doors(Http(login="none"), None)
"""Nobody logs in, and nobody but this machine comes in."""


def actor_of(connection: Connection) -> Actor:
    """Who `Doors.enter` found. Raises RequestError where nobody had to log in."""
    actor = connection.scope.get("user")
    if not isinstance(actor, Actor):
        raise RequestError("nobody is logged in here.", status=401, fix="log in at the board.", code="E-ACCESS-030")
    return actor


def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """The dependency behind `OnActor`."""
    return actor_of(request)


def login_of(connection: Connection) -> Login | None:
    """The session, for somebody who came with a cookie."""
    login = connection.scope.get("auth")
    return login if isinstance(login, Login) else None


def is_change(connection: Connection) -> bool:
    """Does the request ask for more than to be told something?"""
    return connection.scope.get("method") not in _SAFE


def _address(text: str) -> str:
    """In its one spelling: a listener for IPv4 and IPv6 gives IPv4 as `::ffff:192.0.2.1`. Empty for what is none."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)


def _hostname(header: str) -> str:
    """The name in a `Host`, in lower case and without port; empty for what is none."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:  # a bracket that never closes, for example
        return ""


def _require_no_nul(connection: Connection) -> None:
    """No name of ours has one, and no file system takes one. Raises RequestError."""
    if "\0" in connection.scope["path"]:
        fix = "see /api/v1/openapi.json"
        raise RequestError("there is nothing at this address", status=404, fix=fix, code="E-API-004")


def _require_csrf(connection: Connection, login: Login) -> None:
    given = connection.headers.get(CSRF_HEADER)
    if given is None or not is_same(given, login.csrf):
        what = f"the header {CSRF_HEADER} is {'missing' if given is None else 'not that of this session'}."
        raise NotAllowed(what, fix="send `csrf` of GET /api/v1/session in it.", code="E-ACCESS-032")


def _require_some_right(connection: Connection, handler: BaseRouteHandler, actor: Actor) -> None:
    """Of a route that does not say itself what it needs."""
    if any(isinstance(guard, Needs) for layer in handler.ownership_layers for guard in layer.guards or ()):
        return
    if not is_change(connection):
        require(actor, Right.READ)
    elif actor.rights <= {Right.READ}:
        fix = "ask an operator or a maintainer."
        raise NotAllowed(f"{actor.name} may read, and change nothing.", fix=fix, code="E-ACCESS-001")
