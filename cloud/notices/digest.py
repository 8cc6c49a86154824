"""Notices that go out together: which rows of the outbox make one parcel, and the digest that tells them.

Arithmetic only. A digest is `case.digest` with the cases of its notices as each told them, and which
notices they were. Its id is made of the ids of the rows: the same at every retry, because rows that
failed together stay together and nobody joins them.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from cloud.notices.notice_route import Route, facts_of
from cloud.ports import Notice
from cloud.tables.outbox import OutboxRow, subject

CASES_MOST = 200
"""Notices in one digest."""
KIND = "case.digest"


class _Told(msgspec.Struct, frozen=True):
    """The body of a notice, its case left as it was written."""

    type: str
    timestamp: str
    data: msgspec.Raw


class _Member(msgspec.Struct, frozen=True):
    """Which notice the case at the same place is of."""

    id: str
    type: str
    timestamp: str


class _Cases(msgspec.Struct, frozen=True):
    cases: Sequence[msgspec.Raw]
    notices: Sequence[_Member]


class _Digest(msgspec.Struct, frozen=True):
    type: str
    timestamp: datetime
    data: _Cases


def first_parcel(rows: Sequence[OutboxRow], route: Route) -> Sequence[OutboxRow]:
    """What goes out first of rows in the order they are due, the first of which is due: one row, or a digest's.

    `rows` are those due until the end of the window that the first one opens.
    """
    head = rows[0]
    if not route.group_ns or not _is_gathered(head, route):
        return [head]
    if head.attempts:
        together = [row for row in rows if row.attempts == head.attempts and row.due_ns == head.due_ns]
    else:
        together = _fresh(rows, route)
    # Where they failed together they are due together: by their ids they are in the same order every time.
    return sorted(together[:CASES_MOST], key=lambda row: row.id)


def notice_of(parcel: Sequence[OutboxRow]) -> Notice:
    """The notice itself, or the digest of several; it happened when the last of them did."""
    if len(parcel) == 1:
        return parcel[0].notice
    bodies = [msgspec.json.decode(row.notice.body, type=_Told) for row in parcel]
    time_ns = max(row.notice.time_ns for row in parcel)
    members = [_Member(row.notice.id, told.type, told.timestamp) for row, told in zip(parcel, bodies, strict=True)]
    data = _Cases([told.data for told in bodies], members)
    body = msgspec.json.encode(_Digest(KIND, datetime.fromtimestamp(time_ns // 10**9, UTC), data))
    ids = ",".join(str(row.id) for row in parcel)
    return Notice(f"digest.{hashlib.sha256(ids.encode()).hexdigest()[:24]}", KIND, time_ns, body)


def _fresh(rows: Sequence[OutboxRow], route: Route) -> list[OutboxRow]:
    """Those never tried, but none that comes after one of its case that goes by itself."""
    together: list[OutboxRow] = []
    passed: set[str] = set()
    for row in rows:
        about = subject(row.notice)
        if row.attempts or about in passed or not _is_gathered(row, route):
            passed.add(about)
        else:
            together.append(row)
    return together


def _is_gathered(row: OutboxRow, route: Route) -> bool:
    return row.notice.kind.startswith("case.") and route.waits(facts_of(row.notice))
