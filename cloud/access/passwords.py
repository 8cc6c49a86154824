"""Passwords: which are taken, and how they are kept (argon2id, RFC 9106).

The work is the protection, so it must be done for a name that nobody has as well: otherwise the time
of an answer says which names exist.
"""

import base64
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from wire.blocking import OneAtATime
from wire.errors import EgretError, Unavailable

T = TypeVar("T")

SHORTEST, LONGEST = 12, 256
"""Characters."""
DIFFERENT = 5
"""Different characters at least."""
WAITING = 32
"""Logins that may wait for their turn; the next is asked to come again. About ten seconds of work."""

RandomBytes = Callable[[int], bytes]
"""As `secrets.token_bytes`."""
_SALT_BYTES, _HASH_BYTES = 16, 32
_COMMON = Path(__file__).with_name("common_passwords.txt")


class BadPassword(EgretError):
    """A password that is too easy to guess."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess costs: passes, memory in KiB, lanes."""

    time: int
    memory_kib: int
    lanes: int


RFC_9106 = Cost(time=3, memory_kib=64 * 1024, lanes=4)
"""The second recommended option, for memory-constrained machines. Source: RFC 9106, §4."""


class Passwords:
    """Hashes and verifies, one at a time and off the event loop: each takes 64 MiB while it lasts."""

    def __init__(self, random: RandomBytes, cost: Cost = RFC_9106) -> None:
        """`random` makes salts."""
        self._random = random
        self._hasher = PasswordHasher(cost.time, cost.memory_kib, cost.lanes, _HASH_BYTES, _SALT_BYTES, type=Type.ID)
        self._nobody = _nobodys(cost)
        self._turn = OneAtATime()
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """As it is kept. Raises Unavailable."""
        return await self._in_turn(lambda: self._hasher.hash(_plain(password), salt=self._random(_SALT_BYTES)))

    async def is_right(self, password: str, kept: str) -> bool:
        """Is it the password of this hash? Empty `kept` is nobody's: the same work, and no. Raises Unavailable."""
        return await self._in_turn(lambda: self._verify(kept or self._nobody, _plain(password)))

    def is_outdated(self, kept: str) -> bool:
        """Was it hashed at another cost? Then hash it again while the password is at hand."""
        return self._hasher.check_needs_rehash(kept)

    def _verify(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            fix = "try again in a minute."
            raise Unavailable("too many people log in at this moment.", fix=fix, code="E-ACCESS-004")
        self._waiting += 1
        try:
            return await self._turn(work)
        finally:
            self._waiting -= 1


def require_good(password: str, name: str) -> None:
    """Raises BadPassword for one that is guessed early: short, common, or made of the user's name."""
    plain = _plain(password).casefold()
    what = ""
    if not SHORTEST <= len(plain) <= LONGEST:
        what = f"a password has {SHORTEST} to {LONGEST} characters."
    elif len(set(plain)) < DIFFERENT:
        what = f"a password has at least {DIFFERENT} different characters."
    elif len(name) > 2 and name.casefold() in plain:
        what = "a password does not contain the user's name."
    elif not _stems(plain).isdisjoint(_common()):
        what = "this password, or what is left of it without digits and signs at its ends, is among the commonest."
    if what:
        raise BadPassword(what, fix="take four words that have nothing to do with each other.", code="E-ACCESS-005")


def _stems(plain: str) -> set[str]:
    """The password, without decoration at its ends, and the part that it repeats."""
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    repeated = re.fullmatch(r"(.+?)\1+", plain)
    return {plain, bare, repeated.group(1) if repeated else plain}


@cache
def _common() -> frozenset[str]:
    return frozenset(_COMMON.read_text(encoding="utf-8").split())


def _plain(password: str) -> str:
    """The same characters however a keyboard composes them. Source: RFC 8265, §4.2.2 (OpaqueString)."""
    return unicodedata.normalize("NFC", password)


def _nobodys(cost: Cost) -> str:
    """A hash of the same cost that no password has: its digest is nothing but zeros."""
    salt, digest = (base64.b64encode(bytes(size)).decode().rstrip("=") for size in (_SALT_BYTES, _HASH_BYTES))
    return f"$argon2id$v=19$m={cost.memory_kib},t={cost.time},p={cost.lanes}${salt}${digest}"
