"""POST, GET, DELETE /session: logging in, who one is, logging out; POST /session/password: one's own password."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, delete, get, post
from litestar.datastructures import CacheControlHeader, Cookie
from litestar.params import JSONBody
from litestar.status_codes import HTTP_204_NO_CONTENT

from cloud.access.actor import Actor, NotAllowed, Right, Role, Via
from cloud.access.gate import Gate
from cloud.access.logins import LIFETIME_NS, Login
from cloud.api.doors import MEMBERS, PUBLIC, Doors, OnActor, OnDoors, login_of
from cloud.api.loopback import require_own_page
from cloud.api.problems import RequestError

AnyRequest = Request[Any, Any, Any]
CREDENTIALS_MAX = 16 * 1024
"""Bytes: who is let in by nobody yet makes us hold no more than a name and a password."""
_NO_STORE = CacheControlHeader(no_store=True)
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=1_024)]


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user's name and password."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    password: Password


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The one that is right now, and the one to come."""

    old: Password
    new: Password


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever asks. Empty `districts` or `units`: all of them.

    `csrf` goes back in the header X-CSRF-Token of every change, and is empty where none is needed.
    `expires_ns` is 0 where nothing ends.
    """

    name: str
    full_name: str
    role: Role
    via: Via
    rights: Sequence[Right]
    districts: Sequence[str]
    units: Sequence[str]
    csrf: str
    expires_ns: int


def router() -> Router:
    """The routes."""
    return Router("/api/v1/session", route_handlers=[log_in, who, log_out, change_password], tags=["access"])


@post(
    "/",
    summary="Log in",
    opt=PUBLIC,
    guards=[require_own_page],
    cache_control=_NO_STORE,
    request_max_body_size=CREDENTIALS_MAX,
)
async def log_in(request: AnyRequest, doors: OnDoors, data: JSONBody[Credentials]) -> Response[Who]:
    """Sets the cookie. A wrong password and a name that nobody has get the same answer."""
    gate = gate_of(doors)
    opened = await gate.logins.log_in(data.name, data.password, doors.address_of(request))
    cookie = _cookie(doors, opened.cookie, LIFETIME_NS // 10**9)
    return Response(_who(opened.login.actor, opened.login), cookies=[cookie])


@get("/", summary="Who am I, and what may I do?", opt=MEMBERS, cache_control=_NO_STORE)
async def who(request: AnyRequest, actor: OnActor) -> Who:
    """With the CSRF token of this session."""
    return _who(actor, login_of(request))


@delete("/", summary="Log out", opt=MEMBERS, status_code=HTTP_204_NO_CONTENT)
async def log_out(request: AnyRequest, doors: OnDoors, actor: OnActor) -> Response[None]:
    """The cookie opens nothing any more, here and wherever a copy of it is."""
    _require_session(actor)
    await gate_of(doors).logins.log_out(request.cookies[doors.cookie], actor)
    return Response(None, cookies=[_cookie(doors, "", 0)])


@post(
    "/password",
    summary="Change my password",
    opt=MEMBERS,
    status_code=HTTP_204_NO_CONTENT,
    guards=[require_own_page],
)
async def change_password(doors: OnDoors, actor: OnActor, data: JSONBody[NewPassword]) -> Response[None]:
    """Logs out everywhere, here too."""
    _require_session(actor)
    await gate_of(doors).logins.change_own_password(actor, data.old, data.new)
    return Response(None, cookies=[_cookie(doors, "", 0)])


def gate_of(doors: Doors) -> Gate:
    """Raises RequestError where nobody logs in."""
    if doors.gate is None:
        fix = "for a city that is none, write `login: required` below `http` of cloud.yaml."
        raise RequestError("a demonstration has no users.", status=409, fix=fix, code="E-ACCESS-033")
    return doors.gate


def _require_session(actor: Actor) -> None:
    if actor.via == "token":
        fix = "revoke it with `egret cloud token revoke`."
        raise NotAllowed("a token is no session.", fix=fix, code="E-ACCESS-034")


def _cookie(doors: Doors, value: str, max_age_s: int) -> Cookie:
    return Cookie(
        doors.cookie, value=value, max_age=max_age_s, httponly=True, samesite="strict", secure=doors.http.is_https
    )


def _who(actor: Actor, login: Login | None) -> Who:
    return Who(
        name=actor.name,
        full_name=login.user.full_name if login else actor.name,
        role=actor.role,
        via=actor.via,
        rights=sorted(actor.rights),
        districts=sorted(actor.districts),
        units=sorted(actor.units),
        csrf=login.csrf if login else "",
        expires_ns=login.expires_ns if login else 0,
    )
