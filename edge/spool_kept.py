"""What a spool keeps of what has its receipt: for a cloud that was restored from an older backup and asks again.

Batches stay where they are for a while after their receipt; alarm events move to a table of their own, for what
is in `event` has no receipt. Age is told by the readings' own times. All of it is the first to go when the spool
needs room, and leaves no gap: the cloud has it.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing

import msgspec

from wire.alarm import AlarmEvent
from wire.clock import is_since_boot
from wire.receipt import Kept

TABLES = (
    "CREATE TABLE IF NOT EXISTS sealed (first INTEGER PRIMARY KEY, newest_ns INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS heard (sequence INTEGER PRIMARY KEY, event BLOB NOT NULL)",
)
_SECOND_NS = 1_000_000_000
_OLD_MOST = 500
"""Batches or events that go in one transaction."""
_event = msgspec.msgpack.Decoder(AlarmEvent)


def note(database: sqlite3.Connection, newest_ns: int, firsts: Sequence[int]) -> None:
    """Batches of one window were sealed; `newest_ns`: when the last of their readings was sampled."""
    database.executemany("INSERT OR REPLACE INTO sealed VALUES (?, ?)", [(first, newest_ns) for first in firsts])


def hear(database: sqlite3.Connection, through: int) -> None:
    """Alarm events that have their receipt now."""
    database.execute("INSERT OR REPLACE INTO heard SELECT sequence, event FROM event WHERE sequence <= ?", [through])
    database.execute("DELETE FROM event WHERE sequence <= ?", [through])


def let_go(database: sqlite3.Connection, stored: int, keep_s: float) -> None:
    """What has had its receipt, and is older than `keep_s` by now, as the newest reading tells it."""
    now = database.execute("SELECT newest_ns FROM sealed ORDER BY first DESC LIMIT 1").fetchone()
    oldest_ns = (now[0] if now else 0) - round(keep_s * _SECOND_NS)
    last = 0
    old = "SELECT last, newest_ns FROM batch LEFT JOIN sealed USING (first) WHERE last <= ? ORDER BY first LIMIT ?"
    with closing(database.execute(old, [stored, _OLD_MOST])) as rows:
        for until, newest_ns in rows:
            if newest_ns is not None and newest_ns > oldest_ns:
                break
            last = until
    if last:
        drop_batches(database, last)
    last = 0
    with closing(database.execute("SELECT sequence, event FROM heard ORDER BY sequence LIMIT ?", [_OLD_MOST])) as rows:
        for sequence, event in rows:
            time_ns = _event.decode(event).time_ns
            if keep_s and (time_ns > oldest_ns or is_since_boot(time_ns)):
                break
            last = sequence
    if last:
        database.execute("DELETE FROM heard WHERE sequence <= ?", [last])


def give_up(database: sqlite3.Connection, stored: int, size: int) -> int:
    """Make room: the oldest that has its receipt, until `size` bytes are free or none is left; the bytes that went.

    Readings first: an alarm that a restored cloud does not know is a danger.
    """
    batches = "SELECT last, length(payload) FROM batch WHERE last <= ? ORDER BY first"
    last, freed = _oldest(database, batches, [stored], size)
    if last:
        drop_batches(database, last)
    events = "SELECT sequence, length(event) FROM heard ORDER BY sequence"
    last, more = _oldest(database, events, [], size - freed)
    if last:
        database.execute("DELETE FROM heard WHERE sequence <= ?", [last])
    return freed + more


def _oldest(database: sqlite3.Connection, query: str, values: Sequence[int], size: int) -> tuple[int, int]:
    """The last of those that have `size` bytes together, or of all; and the bytes that they have."""
    last = freed = 0
    with closing(database.execute(query, values)) as rows:
        while freed < size and (row := rows.fetchone()):
            last, freed = row[0], freed + row[1]
    return last, freed


def drop_batches(database: sqlite3.Connection, through: int) -> None:
    """Those that lie wholly below or at a sequence."""
    database.execute("DELETE FROM batch WHERE first <= ? AND last <= ?", [through, through])
    database.execute("DELETE FROM sealed WHERE first < (SELECT coalesce(min(first), ?) FROM batch)", [through + 1])


def first_since(database: sqlite3.Connection, since_ns: int) -> int | None:
    """The first batch with a reading of then or later; None when there is none."""
    query = "SELECT first FROM sealed WHERE newest_ns >= ? ORDER BY first LIMIT 1"
    row = database.execute(query, [since_ns]).fetchone()
    return None if row is None else int(row[0])


def kept(database: sqlite3.Connection, readings_stored: int, alarms_stored: int) -> Kept:
    """From where on everything can be sent again."""
    query = "SELECT first, coalesce(newest_ns, 0) FROM batch LEFT JOIN sealed USING (first) ORDER BY first LIMIT 1"
    oldest = database.execute(query).fetchone()
    from_, since_ns = oldest if oldest and oldest[0] <= readings_stored else (readings_stored + 1, 0)
    event = database.execute("SELECT min(sequence) FROM heard").fetchone()[0]
    return Kept(from_, since_ns, alarms_stored + 1 if event is None else event, alarms_stored, readings_stored)
