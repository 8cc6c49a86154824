"""Leases: which process does a duty now, in which term, and that it still lives.

A holder never has a term twice, so it fences: whoever writes in a term that is over is refused, in the transaction
itself. Nothing here reads a clock. A holder counts beats; others see that they have stopped.
"""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, select, update

from cloud.database import upsert
from cloud.schema.stream import leases
from cloud.share import Duty, Part, Share


class Lease(msgspec.Struct, frozen=True):
    """A duty as the ledger has it. `holder` is empty when nobody does it; `is_wanted`: its own process asks for it."""

    duty: Duty
    holder: str
    term: int
    beat: int
    is_wanted: bool


def everyone(connection: Connection) -> Mapping[Duty, Lease]:
    """All that were ever held."""
    rows = connection.execute(select(leases))
    found = [
        Lease(Duty(Part(row.lane), Share(row.number, row.of)), row.holder, row.term, row.beat, row.is_wanted)
        for row in rows
    ]
    return {lease.duty: lease for lease in found}


def take(connection: Connection, duty: Duty, holder: str, seen: Lease | None) -> int:
    """The new term; 0 when it is not as `seen` any more, or the boxes are divided into another number of shares."""
    known = everyone(connection)
    before = known.get(duty)
    if before != seen or any(lease.holder for lease in divided_otherwise(known, duty)):
        return 0
    term = (before.term if before else 0) + 1
    upsert(connection, leases, [{**_key(duty), "holder": holder, "term": term, "beat": 0, "is_wanted": False}])
    return term


def divided_otherwise(known: Mapping[Duty, Lease], duty: Duty) -> Sequence[Lease]:
    """Leases of the same lane from a time when the boxes were divided into another number of shares."""
    return [lease for lease in known.values() if lease.duty.part is duty.part and lease.duty.share.of != duty.share.of]


def beat(connection: Connection, holder: str, terms: Mapping[Duty, int]) -> None:
    """The holder lives."""
    for duty, term in terms.items():
        connection.execute(update(leases).where(*_held(duty, holder, term)).values(beat=leases.c.beat + 1))


def want(connection: Connection, duty: Duty) -> None:
    """Ask the holder to let it go."""
    connection.execute(update(leases).where(*_is(duty)).values(is_wanted=True))


def release(connection: Connection, holder: str, terms: Mapping[Duty, int]) -> None:
    """Nobody does it, from now on."""
    for duty, term in terms.items():
        connection.execute(update(leases).where(*_held(duty, holder, term)).values(holder="", is_wanted=False))


def retire(connection: Connection, seen: Lease) -> bool:
    """Forget a lease that nobody holds any more; False when it is not as `seen`."""
    is_so = everyone(connection).get(seen.duty) == seen
    if is_so:
        connection.execute(delete(leases).where(*_is(seen.duty)))
    return is_so


def is_current(connection: Connection, duty: Duty, holder: str, term: int) -> bool:
    """Has the term not ended?"""
    return connection.execute(select(leases.c.term).where(*_held(duty, holder, term))).scalar() is not None


def _key(duty: Duty) -> dict[str, str | int]:
    return {"lane": duty.part.value, "of": duty.share.of, "number": duty.share.number}


def _is(duty: Duty) -> Sequence[ColumnElement[bool]]:
    return [leases.c[name] == value for name, value in _key(duty).items()]


def _held(duty: Duty, holder: str, term: int) -> Sequence[ColumnElement[bool]]:
    return [*_is(duty), leases.c.holder == holder, leases.c.term == term]
