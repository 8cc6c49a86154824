"""Logging in, staying logged in, and what guessing costs.

Each attempt is charged before its password is looked at, to the user and to the address, so that a
hundred attempts at once are counted as a hundred. A user whose name is being guessed by strangers is
still let in from an address where they have logged in before. What is answered is the same for a
wrong password, a name that nobody has, and an account that is no longer active.
"""

import base64
import hashlib
import hmac
import ipaddress
from dataclasses import dataclass

from sqlalchemy import Connection

from cloud.access import audit as acts
from cloud.access.accounts import actor_of, canonical
from cloud.access.actor import Actor, Role
from cloud.access.passwords import Passwords, RandomBytes, require_good
from cloud.database import Database
from cloud.ports import Now
from cloud.tables import audit, sessions, users
from cloud.tables.sessions import SessionRow
from cloud.tables.users import Failures, User
from wire.errors import EgretError, Unavailable

_SECOND_NS = 1_000_000_000
_MINUTE_NS, _DAY_NS = 60 * _SECOND_NS, 86_400 * _SECOND_NS
IDLE_NS = 8 * 60 * _MINUTE_NS
"""A session ends when it was not used for a shift of eight hours,"""
LIFETIME_NS = 7 * _DAY_NS
"""and after a week in any case."""
TOUCHED_EVERY_NS = 5 * _MINUTE_NS
"""How exactly the last use is kept: not every request is a write."""

USER_MOST, ADDRESS_MOST = 5, 20
"""Failures in a row before the next has to wait. A command centre is one address for many people."""
FIRST_WAIT_NS, LONGEST_WAIT_NS = 15 * _SECOND_NS, 15 * _MINUTE_NS
"""The wait doubles with each failure."""
FORGOTTEN_NS = 60 * _MINUTE_NS
"""Failures are forgotten when this long none came."""
KNOWN_NS = 30 * _DAY_NS
"""How long an address is remembered as one of a user's own."""

_SECRET_BYTES = 32
_OPENED = "session.open"


class LoginRefused(EgretError):
    """A name and a password that open nothing."""


class LoginLocked(LoginRefused):
    """Too many failures; the password was not looked at."""

    def __init__(self, wait_s: int) -> None:
        """`wait_s`: seconds until the next attempt is heard."""
        what = f"too many failed logins; the next is heard in {wait_s} s."
        super().__init__(what, fix="wait, or ask a maintainer for a new password.", code="E-ACCESS-021")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who is logged in. `csrf` comes back in the header of every change."""

    user: User
    actor: Actor
    csrf: str
    expires_ns: int


@dataclass(frozen=True, slots=True)
class NewLogin:
    """A login, and the cookie that is known to nobody else."""

    login: Login
    cookie: str


class Logins:
    """The sessions of one ledger. Every method raises Unavailable while the ledger cannot be used."""

    def __init__(self, database: Database, now: Now, random: RandomBytes, passwords: Passwords) -> None:
        """`random` makes cookies."""
        self._database, self._now, self._random, self._passwords = database, now, random, passwords

    async def log_in(self, name: str, password: str, address: str) -> NewLogin:
        """Raises LoginRefused and LoginLocked."""
        name = canonical(name)
        kept = await self._check(name, password, address)
        again = await self._passwords.hash(password) if self._passwords.is_outdated(kept) else ""
        cookie, csrf, now_ns = self._secret(), self._secret(), self._now()
        row = SessionRow(
            hash=digest(cookie),
            user=name,
            csrf=csrf,
            address=address,
            created_ns=now_ns,
            seen_ns=now_ns,
            expires_ns=now_ns + LIFETIME_NS,
        )

        def run(connection: Connection) -> Login:
            user = users.find(connection, name)
            if user is None or users.password(connection, name) != kept:  # changed while it was checked
                raise _wrong()
            if again:
                users.put_password(connection, name, again, user.changed_ns)
            sessions.forget(connection, now_ns, now_ns - IDLE_NS)
            users.forget_failures(connection, now_ns - FORGOTTEN_NS)
            sessions.add(connection, row)
            actor = actor_of(user, address)
            audit.add(connection, acts.line(actor, _OPENED, f"user {name}", now_ns))
            return Login(user, actor, csrf, row.expires_ns)

        return NewLogin(await self._database.write(run), cookie)

    async def of_cookie(self, cookie: str, address: str) -> Login | None:
        """None for a cookie that opens nothing, or no longer."""
        key, now_ns = digest(cookie), self._now()

        def find(connection: Connection) -> tuple[SessionRow, User] | None:
            row = sessions.find(connection, key)
            if row is None or row.expires_ns <= now_ns or row.seen_ns + IDLE_NS <= now_ns:
                return None
            user = users.find(connection, row.user)
            return (row, user) if user and user.is_active else None

        found = await self._database.read(find)
        if found is None:
            return None
        row, user = found
        if now_ns - row.seen_ns >= TOUCHED_EVERY_NS:
            await self._database.write(lambda connection: sessions.touch(connection, key, now_ns))
        return Login(user, actor_of(user, address), row.csrf, row.expires_ns)

    async def log_out(self, cookie: str, actor: Actor) -> None:
        """The cookie opens nothing any more, wherever a copy of it is."""
        now_ns = self._now()

        def run(connection: Connection) -> None:
            sessions.end(connection, digest(cookie))
            audit.add(connection, acts.line(actor, "session.close", f"user {actor.name}", now_ns))

        await self._database.write(run)

    async def log_out_everywhere(self, actor: Actor) -> None:
        """All cookies of the actor."""
        now_ns = self._now()

        def run(connection: Connection) -> None:
            count = sessions.end_all(connection, actor.name)
            detail = f"{count} sessions"
            audit.add(connection, acts.line(actor, "session.close_all", f"user {actor.name}", now_ns, detail=detail))

        await self._database.write(run)

    async def change_own_password(self, actor: Actor, old: str, new: str) -> None:
        """Logged out everywhere then. Raises LoginRefused and BadPassword."""
        require_good(new, actor.name)
        known = await self._check(actor.name, old, actor.address)
        kept, now_ns = await self._passwords.hash(new), self._now()

        def run(connection: Connection) -> None:
            if users.password(connection, actor.name) != known:  # a maintainer was faster
                raise _wrong()
            users.put_password(connection, actor.name, kept, now_ns)
            sessions.end_all(connection, actor.name)
            audit.add(connection, acts.line(actor, "user.password", f"user {actor.name}", now_ns))

        await self._database.write(run)

    async def _check(self, name: str, password: str, address: str) -> str:
        """The hash that the password belongs to. Raises LoginRefused."""
        await self._database.write(lambda connection: _charge(connection, name, address, self._now()))
        kept = await self._database.read(lambda connection: users.password(connection, name))
        try:
            is_right = await self._passwords.is_right(password, kept)
        except Unavailable:
            await self._database.write(lambda connection: _refund(connection, name, address))
            raise
        if not is_right:
            await self._database.write(lambda connection: _note_failure(connection, name, address, self._now()))
            raise _wrong()
        await self._database.write(lambda connection: _clear(connection, name, address))
        return kept

    def _secret(self) -> str:
        return base64.urlsafe_b64encode(self._random(_SECRET_BYTES)).decode().rstrip("=")


def digest(secret: str) -> str:
    """As a cookie or a token is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_same(given: str, known: str) -> bool:
    """Takes as long wherever they differ."""
    return hmac.compare_digest(given.encode(), known.encode())


def _wrong() -> LoginRefused:
    fix = "see the keyboard's language and Caps Lock, or ask a maintainer for a new password."
    return LoginRefused("name or password is wrong.", fix=fix, code="E-ACCESS-020")


def _charge(connection: Connection, name: str, address: str, now_ns: int) -> None:
    """Raises LoginLocked. The lock is not longer for being knocked at."""
    known_since_ns = now_ns - KNOWN_NS
    for who, most in ((users.tried(name), USER_MOST), (_tried_from(address), ADDRESS_MOST)):
        found = users.failures(connection, who)
        if found.last_ns + FORGOTTEN_NS <= now_ns:
            found = Failures()
        is_own = most == USER_MOST and audit.knows(connection, name, _OPENED, address, known_since_ns)
        if found.until_ns > now_ns and not is_own:
            raise LoginLocked(-((now_ns - found.until_ns) // _SECOND_NS))
        count = found.count + 1
        users.put_failures(connection, who, Failures(count, now_ns, now_ns + wait_ns(count, most)))


def wait_ns(failures: int, most: int) -> int:
    """How long after this many failures nobody is heard."""
    if failures < most:
        return 0
    return min(FIRST_WAIT_NS << min(failures - most, 10), LONGEST_WAIT_NS)


def _refund(connection: Connection, name: str, address: str) -> None:
    """Nobody has looked at the password."""
    _take_back(connection, users.tried(name))
    _take_back(connection, _tried_from(address))


def _clear(connection: Connection, name: str, address: str) -> None:
    """The user starts afresh. The address does not: whoever has an account could else guess others for ever."""
    users.put_failures(connection, users.tried(name), Failures())
    _take_back(connection, _tried_from(address))


def _take_back(connection: Connection, who: str) -> None:
    found = users.failures(connection, who)
    users.put_failures(connection, who, Failures(max(found.count - 1, 0), found.last_ns))


def _note_failure(connection: Connection, name: str, address: str, now_ns: int) -> None:
    """A name that nobody has is not written down: people type their password there."""
    user = users.find(connection, name)
    said = name if user else "unknown"
    detail = "" if user is None or user.is_active else "the account is not active"
    nobody = Actor(said, Role.VIEWER, "session", address=address)
    audit.add(connection, acts.line(nobody, _OPENED, f"user {said}", now_ns, outcome="failed", detail=detail))


def _tried_from(address: str) -> str:
    """An IPv6 network of 64 bits is one subscriber."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return f"address {address[:64]}"
    if parsed.version == 6:
        return f"address {ipaddress.ip_network((parsed, 64), strict=False)}"
    return f"address {parsed}"
