"""Everything that lets people and programs in, on one ledger."""

from dataclasses import dataclass

from cloud.access.accounts import Accounts
from cloud.access.logins import Logins
from cloud.access.passwords import Passwords, RandomBytes
from cloud.access.tokens import Tokens
from cloud.database import Database
from cloud.ports import Now


@dataclass(frozen=True, slots=True)
class Gate:
    """Users, their sessions, programs' tokens, and the audit log (in `database`)."""

    database: Database
    now: Now
    accounts: Accounts
    logins: Logins
    tokens: Tokens


def on(database: Database, now: Now, random: RandomBytes, passwords: Passwords | None = None) -> Gate:
    """The gate of a ledger; `random` is `secrets.token_bytes`, for salts, cookies and tokens."""
    passwords = passwords or Passwords(random)
    return Gate(
        database,
        now,
        Accounts(database, now, passwords),
        Logins(database, now, random, passwords),
        Tokens(database, now, random),
    )
