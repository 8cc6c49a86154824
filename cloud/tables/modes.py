"""Modes in the ledger's tables."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, insert, select, update

from cloud.city.mode import Mode
from cloud.database import built
from cloud.schema.access import modes


def standing(connection: Connection) -> tuple[Mode, ...]:
    """Those that nobody and nothing has ended, the oldest first; some may be past their end."""
    rows = connection.execute(select(modes).where(modes.c.ended_ns.is_(None)).order_by(modes.c.id)).mappings()
    return tuple(built(Mode, row) for row in rows)


def latest(connection: Connection, limit: int, before: int = 0) -> Sequence[Mode]:
    """All there ever were, the newest first, from below the id `before` unless that is 0."""
    wanted = select(modes).order_by(modes.c.id.desc()).limit(limit)
    rows = connection.execute(wanted.where(modes.c.id < before) if before else wanted).mappings()
    return [built(Mode, row) for row in rows]


def add(connection: Connection, mode: Mode) -> Mode:
    """The mode with its id."""
    facts = msgspec.to_builtins(mode)
    del facts["id"]
    made = connection.execute(insert(modes).values(**facts)).inserted_primary_key
    assert made is not None, "the database numbers modes"
    return msgspec.structs.replace(mode, id=made[0])


def end(connection: Connection, mode: Mode, actor: str, now_ns: int) -> Mode:
    """The mode as it ended."""
    connection.execute(update(modes).where(modes.c.id == mode.id).values(ended_ns=now_ns, ended_by=actor))
    return msgspec.structs.replace(mode, ended_ns=now_ns, ended_by=actor)
