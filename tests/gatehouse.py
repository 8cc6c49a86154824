"""A gatehouse on a real ledger, with a clock that a test sets and passwords that cost little."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cloud.access.accounts import Accounts, NewUser
from cloud.access.actor import Actor, Role
from cloud.access.logins import Logins
from cloud.access.passwords import Cost, Passwords
from cloud.access.tokens import Tokens
from cloud.database import Database
from cloud.tables import audit
from cloud.tables.audit import KeptLine, Wanted

START_NS = 1_795_000_000 * 10**9
"""18 November 2026, 11:06:40 UTC."""
PASSWORD = "typhoon billboard egret pier"
CHEAP = Cost(time=1, memory_kib=8, lanes=1)
CONSOLE = Actor("root", Role.MAINTAINER, "console")


class CountedPasswords(Passwords):
    """Tells how often argon2 ran to verify, and which hashes were looked at."""

    def __init__(self, random: object) -> None:
        super().__init__(random, CHEAP)  # type: ignore[arg-type]
        self.verified: list[str] = []

    def _verify(self, kept: str, password: str) -> bool:
        self.verified.append(kept)
        return super()._verify(kept, password)


@dataclass(slots=True)
class Gatehouse:
    """Everything that lets people in; `at_ns` is what its clock says."""

    folder: Path
    database: Database
    passwords: CountedPasswords
    at_ns: int = START_NS
    accounts: Accounts = None  # type: ignore[assignment]
    logins: Logins = None  # type: ignore[assignment]
    tokens: Tokens = None  # type: ignore[assignment]

    def now(self) -> int:
        """UTC, ns."""
        return self.at_ns

    def wait(self, seconds: float) -> None:
        """The clock goes on."""
        self.at_ns += round(seconds * 1e9)

    async def lines(self, **wanted: str) -> list[KeptLine]:
        """Of the audit log, the oldest first."""
        return list(await self.database.read(lambda connection: audit.onward(connection, Wanted(**wanted))))  # type: ignore[arg-type]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Gatehouse]:
    """On a ledger in `folder`, with the operator Lin of Tong'an, whose password is PASSWORD."""
    counter = itertools.count(1)

    def chance(size: int) -> bytes:
        """Different every time, and the same in every run."""
        return next(counter).to_bytes(size, "big")

    async with Database(folder / "ledger.db") as database:
        found = Gatehouse(folder, database, CountedPasswords(chance))
        found.accounts = Accounts(database, found.now, found.passwords)
        found.logins = Logins(database, found.now, chance, found.passwords)
        found.tokens = Tokens(database, found.now, chance)
        lin = NewUser(name="lin", full_name="林工", role=Role.OPERATOR, districts=("tongan",), password=PASSWORD)
        await found.accounts.add(lin, CONSOLE)
        yield found
