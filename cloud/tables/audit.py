"""The audit log: one line an act, each chained to the one before it.

A chain is the SHA-256 over the chain before and the line. Whoever changes, inserts or removes a line
behind our back breaks every chain after it. Only lines cut off at the end leave no mark: keep an
export now and then, its last chain is the proof.
"""

import hashlib
from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import Connection, Select, func, insert, select

from cloud.database import built
from cloud.schema.access import audit

PAGE = 1_000
"""Lines read at once."""
_TURNING = (0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_LOCK = 0x6567_7265_74A0
"""Any number, the same in every process; it spells egret."""
_OBJECT_MOST, _DETAIL_MOST = 100_000, 2_000
"""Characters. Five hundred alarms in one act are all named, in 70 000."""
_UNSEEN = {number: f"\\u{number:04x}" for number in (*range(32), *range(127, 160), *_TURNING)}
"""Line ends, controls, and marks that turn the direction of what follows: written out, so that no name or
address reads as a line of its own. PostgreSQL keeps no NUL, and a chain over one would be broken for ever."""


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """An act. `act` is a word such as `session.open`, `outcome` is done, failed or refused; `via` as in Actor."""

    time_ns: int
    actor: str
    via: str
    address: str
    act: str
    object: str
    outcome: str = "done"
    detail: str = ""


class KeptLine(AuditLine, frozen=True, kw_only=True):
    """With its place in the log."""

    id: int
    chain: str


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines: empty is any. start_ns ≤ time < end_ns, 0: without end."""

    actor: str = ""
    act: str = ""
    object: str = ""
    outcome: str = ""
    start_ns: int = 0
    end_ns: int = 0


class Verdict(msgspec.Struct, frozen=True):
    """`lines` that hold together, and the last chain among them; `broken_id` is the first line that does not, or 0."""

    lines: int
    chain: str
    broken_id: int


def add(connection: Connection, line: AuditLine) -> None:
    """A line, in the transaction of the act it speaks of.

    Let it be the transaction's last statement: on PostgreSQL the log is locked from here to the
    commit, so that two processes cannot chain to the same line.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    before = connection.execute(select(audit.c.chain).order_by(audit.c.id.desc()).limit(1)).scalar() or ""
    line = _plain(line)
    connection.execute(insert(audit).values(**msgspec.structs.asdict(line), chain=_chain(before, line)))


def page(connection: Connection, wanted: Wanted, *, after: int = 0, limit: int = 100) -> Sequence[KeptLine]:
    """The newest first; the next page is `after` the last id of the page before."""
    lines = _matching(wanted).order_by(audit.c.id.desc()).limit(limit)
    return _read(connection, lines.where(audit.c.id < after) if after else lines)


def onward(connection: Connection, wanted: Wanted, *, after: int = 0, limit: int = PAGE) -> Sequence[KeptLine]:
    """The oldest first, from behind the id `after`."""
    return _read(connection, _matching(wanted).where(audit.c.id > after).order_by(audit.c.id).limit(limit))


def knows(connection: Connection, actor: str, act: str, address: str, since_ns: int) -> bool:
    """Has the actor done this from that address since?"""
    lines = _matching(Wanted(actor=actor, act=act, outcome="done", start_ns=since_ns))
    return connection.execute(lines.where(audit.c.address == address).limit(1)).first() is not None


def verify(connection: Connection) -> Verdict:
    """Compute every chain again, about 100 000 lines a second."""
    chain, count = "", 0
    for line in _all(connection):
        chain_now = _chain(chain, msgspec.convert(line, AuditLine, from_attributes=True))
        if chain_now != line.chain:
            return Verdict(count, chain, line.id)
        chain, count = chain_now, count + 1
    return Verdict(count, chain, 0)


def _all(connection: Connection) -> Iterator[KeptLine]:
    after = 0
    while lines := onward(connection, Wanted(), after=after):
        yield from lines
        after = lines[-1].id


def _matching(wanted: Wanted) -> Select[tuple[object, ...]]:
    lines = select(audit)
    for column in (audit.c.actor, audit.c.act, audit.c.object, audit.c.outcome):
        if word := getattr(wanted, column.name):
            lines = lines.where(column == word)
    if wanted.start_ns:
        lines = lines.where(audit.c.time_ns >= wanted.start_ns)
    return lines.where(audit.c.time_ns < wanted.end_ns) if wanted.end_ns else lines


def _read(connection: Connection, lines: Select[tuple[object, ...]]) -> Sequence[KeptLine]:
    return [built(KeptLine, row) for row in connection.execute(lines).mappings()]


def _plain(line: AuditLine) -> AuditLine:
    """As it is kept, chained and read: on one line, and of bounded length."""
    return msgspec.structs.replace(
        line,
        actor=line.actor.translate(_UNSEEN),
        address=line.address.translate(_UNSEEN),
        object=_cut(line.object.translate(_UNSEEN), _OBJECT_MOST),
        detail=_cut(line.detail.translate(_UNSEEN), _DETAIL_MOST),
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _chain(before: str, line: AuditLine) -> str:
    """JSON of the fields as a list in their order: no two lines have the same."""
    return hashlib.sha256(before.encode() + msgspec.json.encode(msgspec.structs.astuple(line))).hexdigest()
