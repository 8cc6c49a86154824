"""API tokens: permissions of programs, with as few rights and as short a life as they need."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection

from cloud.access import audit as acts
from cloud.access.accounts import AccountError, AccountExists, Names, NoSuchAccount
from cloud.access.actor import RIGHTS, Actor, Grant, Right, Role, require_giving
from cloud.access.logins import digest
from cloud.access.passwords import RandomBytes
from cloud.database import Database
from cloud.ports import Now
from cloud.tables import audit, tokens
from cloud.tables.tokens import Token
from wire.topics import IDENTIFIER

PREFIX = "egret_"
"""So that a token that was put into a public place is found by those who search for such."""
_SECRET_BYTES = 32
_LATEST_NS = 2**63 - 1
"""No ledger holds a later time."""


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a program gets. Empty `scopes`: all that the role may do; `expires_ns` null: until it is revoked."""

    name: str
    role: Role
    scopes: tuple[Right, ...] = ()
    districts: Names = ()
    units: Names = ()
    expires_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A token and its secret, which nobody can read again."""

    token: Token
    secret: str


class Tokens:
    """The tokens of one ledger. Every method raises Unavailable while the ledger cannot be used."""

    def __init__(self, database: Database, now: Now, random: RandomBytes) -> None:
        """`random` makes secrets."""
        self._database, self._now, self._random = database, now, random

    async def tokens(self) -> Sequence[Token]:
        """By name, those that are over too."""
        return await self._database.read(tokens.everyone)

    async def create(self, asked: NewToken, actor: Actor) -> Issued:
        """Raises NotAllowed and AccountError."""
        now_ns = self._now()
        token = _checked(asked, actor.name, now_ns)
        where = f"token {token.name}"
        require_giving(actor, grant_of(token), where)
        secret = PREFIX + base64.urlsafe_b64encode(self._random(_SECRET_BYTES)).decode().rstrip("=")

        def run(connection: Connection) -> Token:
            if tokens.find(connection, token.name):
                what, fix = "there was such a token.", "take another name: the log must tell them apart."
                raise AccountExists(what, where=where, fix=fix, code="E-ACCESS-011")
            tokens.add(connection, token, digest(secret))
            detail = msgspec.json.encode(token).decode()
            audit.add(connection, acts.line(actor, "token.create", where, now_ns, detail=detail))
            return token

        return Issued(await self._database.write(run), secret)

    async def revoke(self, name: str, actor: Actor) -> Token:
        """It opens nothing from now on. Raises NotAllowed and NoSuchAccount."""
        now_ns, where = self._now(), f"token {name}"

        def run(connection: Connection) -> Token:
            token = tokens.find(connection, name)
            if token is None:
                fix = "see `egret cloud token list`."
                raise NoSuchAccount("there is no such token.", where=where, fix=fix, code="E-ACCESS-012")
            require_giving(actor, grant_of(token), where)
            if token.revoked_ns is not None:
                return token
            tokens.revoke(connection, name, now_ns)
            audit.add(connection, acts.line(actor, "token.revoke", where, now_ns))
            return msgspec.structs.replace(token, revoked_ns=now_ns)

        return await self._database.write(run)

    async def of_secret(self, secret: str, address: str) -> Actor | None:
        """None for a secret that opens nothing, or no longer."""
        token = await self._database.read(lambda connection: tokens.of_hash(connection, digest(secret)))
        if token is None or token.revoked_ns is not None:
            return None
        if token.expires_ns is not None and token.expires_ns <= self._now():
            return None
        return Actor(
            f"token {token.name}",
            token.role,
            "token",
            frozenset(token.districts),
            frozenset(token.units),
            frozenset(token.scopes),
            address,
        )


def grant_of(token: Token) -> Grant:
    """What the token opens."""
    return Grant(token.role, frozenset(token.districts), frozenset(token.units), frozenset(token.scopes))


def _checked(asked: NewToken, created_by: str, now_ns: int) -> Token:
    what = fix = ""
    if not IDENTIFIER.fullmatch(asked.name):
        what, fix = f"{asked.name[:80]!r} is no name for a token.", "use 1 to 64 letters, digits, - and _."
    elif not RIGHTS[asked.role].issuperset(asked.scopes):
        more = ", ".join(sorted(set(asked.scopes) - RIGHTS[asked.role]))
        what, fix = f"the role {asked.role.value} has not the scope {more}.", "take another role, or fewer scopes."
    elif asked.expires_ns is not None and asked.expires_ns <= now_ns:
        what, fix = "this token would be over already.", "name a time that is to come."
    elif asked.expires_ns is not None and asked.expires_ns > _LATEST_NS:
        what, fix = "this token would outlive the calendar.", "name a time before the year 2262, or none."
    if what:
        raise AccountError(what, fix=fix, code="E-ACCESS-010")
    return Token(
        name=asked.name,
        role=asked.role,
        districts=asked.districts,
        units=asked.units,
        scopes=tuple(sorted(set(asked.scopes) or RIGHTS[asked.role])),
        created_by=created_by,
        created_ns=now_ns,
        expires_ns=asked.expires_ns,
    )
