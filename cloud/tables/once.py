"""Acts that a client may send twice: the answer to the first is the answer to both.

A client that got no answer cannot know whether its act was done; it sends it again with the same
`Idempotency-Key`. The answer is kept in the transaction of the act, for a day.
"""

import msgspec
from sqlalchemy import Connection, delete, insert, select

from cloud.schema.access import idempotency
from wire.errors import EgretError

KEPT_NS = 24 * 3600 * 10**9


class KeyUsed(EgretError):
    """The key was used for another act."""


class Once(msgspec.Struct, frozen=True):
    """The client's `key`, who it is, and the SHA-256 of what is asked."""

    key: str
    actor: str
    request: str


def answered(connection: Connection, once: Once) -> str | None:
    """What was answered the first time, as JSON; None when this is the first. Raises KeyUsed."""
    is_it = (idempotency.c.key == once.key) & (idempotency.c.actor == once.actor)
    row = connection.execute(select(idempotency).where(is_it)).one_or_none()
    if row is None:
        return None
    if row.request != once.request:
        raise KeyUsed(
            f"the Idempotency-Key {once.key!r} was used for another act.",
            fix="take a new key for every act, and the same key only to repeat one.",
            code="E-API-013",
        )
    return str(row.answer)


def keep(connection: Connection, once: Once, answer: str, now_ns: int) -> None:
    """Keep the answer, and forget those of yesterday."""
    connection.execute(delete(idempotency).where(idempotency.c.time_ns < now_ns - KEPT_NS))
    connection.execute(
        insert(idempotency).values(key=once.key, actor=once.actor, request=once.request, answer=answer, time_ns=now_ns)
    )
