"""Sessions: who is logged in, known by the SHA-256 of a cookie, so that a copy of the ledger opens no door."""

import msgspec
from sqlalchemy import Connection, delete, insert, or_, select, update

from cloud.database import built
from cloud.schema.access import sessions

MOST = 20
"""Sessions of one user; the one that was quiet longest makes room."""


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A login. `seen_ns` is the last use, to some minutes; it ends at `expires_ns` in any case."""

    hash: str
    user: str
    csrf: str
    address: str
    created_ns: int
    seen_ns: int
    expires_ns: int


def add(connection: Connection, row: SessionRow) -> None:
    """A new login."""
    connection.execute(insert(sessions).values(**msgspec.structs.asdict(row)))
    kept = select(sessions.c.hash).where(sessions.c.user == row.user).order_by(sessions.c.seen_ns.desc()).limit(MOST)
    surplus = delete(sessions).where(sessions.c.user == row.user, sessions.c.hash.not_in(kept.scalar_subquery()))
    connection.execute(surplus)


def find(connection: Connection, digest: str) -> SessionRow | None:
    """None for a cookie that is none, or no longer."""
    row = connection.execute(select(sessions).where(sessions.c.hash == digest)).mappings().one_or_none()
    return None if row is None else built(SessionRow, row)


def touch(connection: Connection, digest: str, now_ns: int) -> None:
    """It was used now."""
    connection.execute(update(sessions).where(sessions.c.hash == digest).values(seen_ns=now_ns))


def end(connection: Connection, digest: str) -> None:
    """One of them."""
    connection.execute(delete(sessions).where(sessions.c.hash == digest))


def end_all(connection: Connection, user: str) -> int:
    """All of one user; how many there were."""
    return connection.execute(delete(sessions).where(sessions.c.user == user)).rowcount


def forget(connection: Connection, now_ns: int, quiet_since_ns: int) -> None:
    """Those that have ended by themselves."""
    is_over = or_(sessions.c.expires_ns <= now_ns, sessions.c.seen_ns < quiet_since_ns)
    connection.execute(delete(sessions).where(is_over))
