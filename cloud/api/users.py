"""/users and /tokens: who may come in, for those who manage them."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.datastructures import CacheControlHeader
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from cloud.access.accounts import NewUser, UserChange, require_known
from cloud.access.actor import Right
from cloud.access.tokens import NewToken
from cloud.api.desk import Desk, OnDesk
from cloud.api.doors import OnActor, OnDoors, needs
from cloud.api.loopback import require_own_page
from cloud.api.session import gate_of
from cloud.tables.tokens import Token
from cloud.tables.users import User

_NO_STORE = CacheControlHeader(no_store=True)


class SetPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of somebody else."""

    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1_024)]


class IssuedToken(msgspec.Struct, frozen=True):
    """`secret` is shown here and never again: `Authorization: Bearer {secret}`."""

    token: Token
    secret: str


def router() -> Router:
    """The routes; all of them need the right to manage users."""
    return Router(
        "/api/v1",
        route_handlers=[users, add_user, change_user, set_password, tokens, create_token, revoke_token],
        guards=[needs(Right.MANAGE_USERS)],
        tags=["access"],
    )


@get("/users", summary="Users")
async def users(doors: OnDoors) -> Sequence[User]:
    """By name, those who are not active too."""
    return await gate_of(doors).accounts.users()


@post("/users", summary="Add a user", guards=[require_own_page])
async def add_user(desk: OnDesk, doors: OnDoors, actor: OnActor, data: JSONBody[NewUser]) -> User:
    """Nobody gives more than they have."""
    _require_reach(desk, data.districts, data.units)
    return await gate_of(doors).accounts.add(data, actor)


@patch("/users/{name:str}", summary="Change a user", guards=[require_own_page])
async def change_user(
    desk: OnDesk, doors: OnDoors, actor: OnActor, name: FromPath[str], data: JSONBody[UserChange]
) -> User:
    """What is null stays. `is_active: false` logs them out at once."""
    _require_reach(desk, data.districts or (), data.units or ())
    return await gate_of(doors).accounts.change(name, data, actor)


@post(
    "/users/{name:str}/password",
    summary="Set somebody's password",
    guards=[require_own_page],
    status_code=HTTP_204_NO_CONTENT,
)
async def set_password(doors: OnDoors, actor: OnActor, name: FromPath[str], data: JSONBody[SetPassword]) -> None:
    """Logs them out everywhere, and ends a lock after failed logins."""
    await gate_of(doors).accounts.set_password(name, data.password, actor)


@get("/tokens", summary="Tokens of programs")
async def tokens(doors: OnDoors) -> Sequence[Token]:
    """By name, those that are over too, without their secrets."""
    return await gate_of(doors).tokens.tokens()


@post("/tokens", summary="Create a token", guards=[require_own_page], cache_control=_NO_STORE)
async def create_token(desk: OnDesk, doors: OnDoors, actor: OnActor, data: JSONBody[NewToken]) -> IssuedToken:
    """The secret is shown once."""
    _require_reach(desk, data.districts, data.units)
    issued = await gate_of(doors).tokens.create(data, actor)
    return IssuedToken(issued.token, issued.secret)


@delete("/tokens/{name:str}", summary="Revoke a token", status_code=HTTP_200_OK)
async def revoke_token(doors: OnDoors, actor: OnActor, name: FromPath[str]) -> Token:
    """It opens nothing from now on; its name is not given again."""
    return await gate_of(doors).tokens.revoke(name, actor)


def _require_reach(desk: Desk, districts: Sequence[str], units: Sequence[str]) -> None:
    require_known("district", districts, desk.inventory.districts)
    require_known("unit", units, desk.ledger.practice.rules.organisation.units)
