"""Users: who has an account, and what comes with it. Every change is a line of the audit log."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Annotated

import msgspec
from sqlalchemy import Connection

from cloud.access import audit as acts
from cloud.access.actor import RESERVED, Actor, Grant, NotAllowed, Role, require_giving
from cloud.access.passwords import Passwords, require_good
from cloud.database import Database
from cloud.ports import Now
from cloud.tables import audit, sessions, users
from cloud.tables.users import User
from wire.errors import EgretError

_NAME = re.compile(r"\w[\w.@-]{0,63}")
_PRINTABLE = r"^[^\x00-\x1f\x7f\u2028-\u202e\u2066-\u2069]*$(?![\s\S])"
"""Neither line ends nor marks that turn the direction of what follows."""
FullName = Annotated[str, msgspec.Meta(max_length=100, pattern=_PRINTABLE)]
Names = Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=64)], ...], msgspec.Meta(max_length=200)]


class AccountError(EgretError):
    """An account or a token that cannot be made, or changed, like this."""


class NoSuchAccount(AccountError):
    """Nobody has an account, or a token, of this name."""


class AccountExists(AccountError):
    """The name is taken."""


class NewUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who gets an account. Empty `districts` or `units`: all of them."""

    name: str
    password: str
    role: Role
    full_name: FullName = ""
    districts: Names = ()
    units: Names = ()


class UserChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What becomes different; null stays as it is."""

    full_name: FullName | None = None
    role: Role | None = None
    districts: Names | None = None
    units: Names | None = None
    is_active: bool | None = None


class Accounts:
    """The users of one ledger. Every method raises Unavailable while the ledger cannot be used."""

    def __init__(self, database: Database, now: Now, passwords: Passwords) -> None:
        """Nothing is read yet."""
        self._database, self._now, self._passwords = database, now, passwords

    async def users(self) -> Sequence[User]:
        """By name, those who are not active too."""
        return await self._database.read(users.everyone)

    async def add(self, asked: NewUser, actor: Actor) -> User:
        """Raises NotAllowed, AccountError and BadPassword."""
        name, now_ns = proper_name(asked.name), self._now()
        user = User(
            name=name,
            full_name=asked.full_name or name,
            role=asked.role,
            districts=asked.districts,
            units=asked.units,
            created_ns=now_ns,
            changed_ns=now_ns,
        )
        require_giving(actor, grant_of(user), f"user {name}")
        require_good(asked.password, name)
        kept = await self._passwords.hash(asked.password)

        def run(connection: Connection) -> User:
            if users.find(connection, name):
                fix = "take another name, or change that user."
                raise AccountExists("there is such a user.", where=f"user {name}", fix=fix, code="E-ACCESS-011")
            users.add(connection, user, kept)
            audit.add(connection, acts.line(actor, "user.add", f"user {name}", now_ns, detail=_said(asked)))
            return user

        return await self._database.write(run)

    async def change(self, name: str, change: UserChange, actor: Actor) -> User:
        """Who is no longer active is logged out at once. Raises NotAllowed and NoSuchAccount."""
        now_ns = self._now()

        def run(connection: Connection) -> User:
            user = self._changeable(connection, name, actor)
            new = {key: value for key, value in msgspec.structs.asdict(change).items() if value is not None}
            changed = msgspec.structs.replace(user, **new, changed_ns=now_ns)
            require_giving(actor, grant_of(changed), f"user {name}")
            _require_other(actor, user, changed)
            users.put(connection, changed)
            if not changed.is_active:
                sessions.end_all(connection, user.name)
            audit.add(connection, acts.line(actor, "user.change", f"user {user.name}", now_ns, detail=_said(change)))
            return changed

        return await self._database.write(run)

    async def set_password(self, name: str, password: str, actor: Actor) -> None:
        """Somebody else's, who is logged out everywhere. Raises NotAllowed, NoSuchAccount and BadPassword."""
        _require_somebody_else(actor, canonical(name))
        require_good(password, name)
        await self._database.read(lambda connection: self._changeable(connection, name, actor))
        kept, now_ns = await self._passwords.hash(password), self._now()

        def run(connection: Connection) -> None:
            user = self._changeable(connection, name, actor)
            users.put_password(connection, user.name, kept, now_ns)
            users.put_failures(connection, users.tried(user.name), users.Failures())
            sessions.end_all(connection, user.name)
            audit.add(connection, acts.line(actor, "user.password", f"user {user.name}", now_ns))

        await self._database.write(run)

    @staticmethod
    def _changeable(connection: Connection, name: str, actor: Actor) -> User:
        user = users.find(connection, canonical(name))
        if user is None:
            fix = "see `egret cloud user list`."
            raise NoSuchAccount("there is no such user.", where=f"user {name}", fix=fix, code="E-ACCESS-012")
        require_giving(actor, grant_of(user), f"user {user.name}")
        return user


def canonical(name: str) -> str:
    """The one spelling of a name: upper and lower case, wide and narrow letters are the same user."""
    return unicodedata.normalize("NFKC", name).casefold()


def proper_name(name: str) -> str:
    """A name that a user may have. Raises AccountError."""
    found = canonical(name)
    if not _NAME.fullmatch(found) or found in RESERVED:
        what = f"{name[:80]!r} is no name for a user."
        fix = f"use 1 to 64 letters, digits, . _ @ or -; not {', '.join(sorted(RESERVED))}."
        raise AccountError(what, fix=fix, code="E-ACCESS-010")
    return found


def require_known(what: str, asked: Iterable[str], known: Collection[str]) -> None:
    """Raises AccountError for a `district` or a `unit` that is not there: who is confined to it would see nothing."""
    if unknown := sorted(set(asked) - set(known)):
        fix = f"the {what}s are {', '.join(known)}."
        raise AccountError(f"there is no {what} {unknown[0]!r}.", fix=fix, code="E-ACCESS-014")


def grant_of(user: User) -> Grant:
    """What comes with the account."""
    return Grant(user.role, frozenset(user.districts), frozenset(user.units))


def actor_of(user: User, address: str) -> Actor:
    """The user, logged in."""
    return Actor(user.name, user.role, "session", frozenset(user.districts), frozenset(user.units), address=address)


def _require_other(actor: Actor, user: User, changed: User) -> None:
    """Nobody shuts themselves out, so somebody who may manage users is always left."""
    if (
        actor.via == "session"
        and actor.name == user.name
        and (grant_of(user) != grant_of(changed) or not changed.is_active)
    ):
        what = "nobody changes their own role or reach."
        raise NotAllowed(what, where=f"user {user.name}", fix="ask another maintainer.", code="E-ACCESS-013")


def _require_somebody_else(actor: Actor, name: str) -> None:
    """A session that was left open must not become the account: an own password needs the old one."""
    if actor.via == "session" and actor.name == name:
        fix = "use POST /api/v1/session/password, with the old one."
        raise NotAllowed("this is for other people's passwords.", where=f"user {name}", fix=fix, code="E-ACCESS-013")


def _said(asked: NewUser | UserChange) -> str:
    """For the audit log: what was asked, without the password."""
    said = msgspec.to_builtins(asked)
    return msgspec.json.encode({key: said[key] for key in said if key not in ("name", "password")}).decode()
