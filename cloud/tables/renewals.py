"""Certificates that boxes ask for over the identity they have, and what they were given."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, delete, select, update

from cloud.database import built, upsert
from cloud.schema.fleet import renewals
from wire.renewal import Renewal


class KeptRenewal(msgspec.Struct, frozen=True, kw_only=True):
    """As in `wire.renewal`; `answer` is empty while the box waits."""

    box: str
    asked_ns: int
    request: str
    certificate: str
    signature: str
    answer: str = ""


def ask(connection: Connection, box: str, asked: Renewal | None, now_ns: int) -> None:
    """What a box says now counts: that it asks, asks for another, or asks no more."""
    if asked is None:
        connection.execute(delete(renewals).where(renewals.c.box == box))
        return
    kept = of(connection, box)
    if kept is None or kept.request != asked.request:
        row = KeptRenewal(box=box, asked_ns=now_ns, **msgspec.structs.asdict(asked))
        upsert(connection, renewals, [msgspec.structs.asdict(row)])


def of(connection: Connection, box: str) -> KeptRenewal | None:
    """None for a box that does not ask."""
    row = connection.execute(select(renewals).where(renewals.c.box == box)).mappings().one_or_none()
    return built(KeptRenewal, row) if row else None


def answer(connection: Connection, box: str, certificate: str) -> None:
    """It is given this one."""
    connection.execute(update(renewals).where(renewals.c.box == box).values(answer=certificate))


def waiting(connection: Connection) -> Sequence[KeptRenewal]:
    """By name, those without an answer."""
    return _where(connection, is_answered=False)


def answered(connection: Connection) -> Sequence[KeptRenewal]:
    """By name, those with an answer that they have not confirmed."""
    return _where(connection, is_answered=True)


def _where(connection: Connection, *, is_answered: bool) -> Sequence[KeptRenewal]:
    wanted = renewals.c.answer != "" if is_answered else renewals.c.answer == ""
    rows = connection.execute(select(renewals).where(wanted).order_by(renewals.c.box)).mappings()
    return tuple(built(KeptRenewal, row) for row in rows)
