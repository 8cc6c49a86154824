"""What is committed to be sent: one row for each notice and target, deleted when the target has taken it.

A notice is put in the transaction of its case, so neither is ever without the other. Notices about one
case go to a target in the order in which they happened: a later one is never due before an earlier one
that waits, and what may not wait hurries those before it. Only a notice that a target keeps refusing
stops holding up the others of its case, after `ORDER_KEPT_NS`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, and_, case, delete, func, insert, select, update

from cloud.ports import AlarmPoint, Notice
from cloud.schema.stream import outbox

STORE = "store"
"""The target of alarm points: the time-series store, which may be down while cases are opened."""
ALARM_POINT = "alarm.point"
"""The kind of notice whose body is an `AlarmPoint`."""
FIRST = "case.opened"
"""The kind of notice that has none of its case before it."""
ORDER_KEPT_NS = 300 * 10**9
"""How long a notice waits behind an earlier one of its case that was tried in vain (judgement): five minutes."""

_IS_DEAD = outbox.c.due_ns.is_(None)
_IS_TRIED = and_(outbox.c.due_ns.is_not(None), outbox.c.attempts > 0)


class OutboxRow(msgspec.Struct, frozen=True):
    """A notice to one target. `attempts` have failed, the last with `error`; `due_ns` is None for a dead letter."""

    id: int
    target: str
    notice: Notice
    attempts: int
    due_ns: int | None
    error: str


class TargetState(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands with one target.

    `is_known`: cloud.yaml still has it. `waiting` notices are to be sent, the oldest of them happened at
    `oldest_ns`; `dead` are given up. `failing_ns` is when the oldest of those happened that were tried in
    vain and wait, None while the target takes everything; `error` is the last that was said.
    """

    target: str
    is_known: bool = True
    waiting: int = 0
    oldest_ns: int | None = None
    failing_ns: int | None = None
    dead: int = 0
    error: str = ""


def subject(notice: Notice) -> str:
    """What a notice is about: its case's number, or its alarm; empty for an alarm point."""
    return notice.id.partition(".")[0]


def put(connection: Connection, target: str, notice: Notice, due_ns: int) -> None:
    """To go out at `due_ns`, which is `time_ns` of a notice that may not wait, and not before others of its case."""
    if notice.kind != FIRST:
        due_ns = _in_turn(connection, target, notice, due_ns)
    _insert(connection, target, [(notice, due_ns)])


def put_points(connection: Connection, points: Iterable[AlarmPoint], now_ns: int) -> None:
    """Alarm points for the store."""
    _insert(
        connection, STORE, [(Notice("", ALARM_POINT, now_ns, msgspec.json.encode(point)), now_ns) for point in points]
    )


def due(connection: Connection, target: str, until_ns: int, limit: int) -> Sequence[OutboxRow]:
    """What one target should get until then, the longest due first."""
    wanted = select(outbox).where(outbox.c.target == target, outbox.c.due_ns <= until_ns)
    return _rows(connection, wanted.order_by(outbox.c.due_ns, outbox.c.attempts.desc(), outbox.c.id).limit(limit))


def dead_letters(connection: Connection, limit: int, before: int = 0) -> Sequence[OutboxRow]:
    """What was given up, the newest first; the next page is `before` the last id."""
    wanted = select(outbox).where(_IS_DEAD)
    if before:
        wanted = wanted.where(outbox.c.id < before)
    return _rows(connection, wanted.order_by(outbox.c.id.desc()).limit(limit))


def sent(connection: Connection, row_ids: Sequence[int]) -> None:
    """The target has them."""
    connection.execute(delete(outbox).where(outbox.c.id.in_(row_ids)))


def failed(connection: Connection, row_ids: Sequence[int], retry_at_ns: int | None, error: str) -> None:
    """The target has not taken them; None makes them dead letters. What comes after them in their cases waits, too."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id.in_(row_ids))
        .values(attempts=outbox.c.attempts + 1, due_ns=retry_at_ns, error=error)
    )
    if retry_at_ns is not None:
        _hold_up(connection, row_ids, retry_at_ns)


def revive(connection: Connection, now_ns: int, *, row_id: int = 0, target: str = "") -> int:
    """One dead letter, or all of a target, due at once; how many there were."""
    is_wanted = and_(_IS_DEAD, outbox.c.id == row_id if row_id else outbox.c.target == target)
    return connection.execute(update(outbox).where(is_wanted).values(due_ns=now_ns, attempts=0)).rowcount


def states(connection: Connection) -> Sequence[TargetState]:
    """Of every target that something waits for or was given up for, by name."""
    is_waiting = outbox.c.due_ns.is_not(None)
    counts = select(
        outbox.c.target,
        func.count(outbox.c.due_ns).label("waiting"),
        func.min(case((is_waiting, outbox.c.created_ns))).label("oldest_ns"),
        func.min(case((_IS_TRIED, outbox.c.created_ns))).label("failing_ns"),
        func.sum(case((_IS_DEAD, 1), else_=0)).label("dead"),
    ).group_by(outbox.c.target)
    rows = connection.execute(counts.order_by(outbox.c.target)).mappings().all()
    return tuple(TargetState(**row, error=_last_error(connection, row["target"])) for row in rows)


def _in_turn(connection: Connection, target: str, notice: Notice, due_ns: int) -> int:
    """When a notice goes out that may have others of its case before it; those that it cannot wait for hurry."""
    now_ns = notice.time_ns
    about_it = and_(outbox.c.target == target, outbox.c.notice.startswith(f"{subject(notice)}.", autoescape=True))
    is_ahead = and_(about_it, outbox.c.due_ns > now_ns)
    tried = select(func.max(outbox.c.due_ns)).where(is_ahead, outbox.c.attempts > 0)
    held = select(func.max(outbox.c.due_ns)).where(is_ahead, outbox.c.attempts == 0)
    may_wait = due_ns > now_ns
    due_ns = max(due_ns, min(connection.scalar(tried) or 0, now_ns + ORDER_KEPT_NS))
    held_ns = connection.scalar(held) or 0
    if may_wait:
        due_ns = max(due_ns, held_ns)
    elif held_ns > due_ns:
        hurried = update(outbox).where(is_ahead, outbox.c.attempts == 0, outbox.c.due_ns > due_ns)
        connection.execute(hurried.values(due_ns=due_ns))
    return due_ns


def _last_error(connection: Connection, target: str) -> str:
    """Of what was tried last: it waits longest. When nothing of that waits, of the newest dead letter."""
    of_target = select(outbox.c.error).where(outbox.c.target == target)
    tried = connection.scalar(of_target.where(_IS_TRIED).order_by(outbox.c.due_ns.desc()).limit(1))
    return tried or connection.scalar(of_target.where(_IS_DEAD).order_by(outbox.c.id.desc()).limit(1)) or ""


def _hold_up(connection: Connection, row_ids: Sequence[int], until_ns: int) -> None:
    """Later notices of the cases of these rows are due no sooner than they."""
    named = connection.execute(select(outbox.c.id, outbox.c.notice, outbox.c.target).where(outbox.c.id.in_(row_ids)))
    first: dict[str, int] = {}
    target = ""
    for row in named:
        target, about = row.target, row.notice.partition(".")[0]
        first[about] = min(first.get(about, row.id), row.id)
    later = select(outbox.c.id, outbox.c.notice).where(
        outbox.c.target == target,
        outbox.c.due_ns < until_ns,
        outbox.c.attempts == 0,
        outbox.c.id > min(first.values(), default=0),
        outbox.c.created_ns > until_ns - ORDER_KEPT_NS,
    )
    behind = [row.id for row in connection.execute(later) if row.id > first.get(row.notice.partition(".")[0], row.id)]
    if behind and target != STORE:
        connection.execute(update(outbox).where(outbox.c.id.in_(behind)).values(due_ns=until_ns))


def _insert(connection: Connection, target: str, posts: Sequence[tuple[Notice, int]]) -> None:
    rows = [
        {
            "target": target,
            "notice": notice.id,
            "kind": notice.kind,
            "created_ns": notice.time_ns,
            "body": notice.body.decode(),
            "attempts": 0,
            "due_ns": due_ns,
            "error": "",
        }
        for notice, due_ns in posts
    ]
    if rows:
        connection.execute(insert(outbox), rows)


def _rows(connection: Connection, wanted: Select[Any]) -> Sequence[OutboxRow]:
    return tuple(
        OutboxRow(
            id=row.id,
            target=row.target,
            notice=Notice(row.notice, row.kind, row.created_ns, row.body.encode()),
            attempts=row.attempts,
            due_ns=row.due_ns,
            error=row.error,
        )
        for row in connection.execute(wanted)
    )
