"""The ring: what report policies hold back, kept for a while in the spool's file, and sent where it is asked for.

What is held back has no sequence: to the cloud it does not exist. Samples that an alarm or a person asks for become
ordinary readings, numbered when their window is sealed, so that a receipt covers them as any other. `through` of
`around` is the newest row of the ring at that moment, so that nothing of it is numbered twice. All of it happens inside
the spool's transactions. The ring is the first to go when the spool needs room: nobody counted on it.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

import msgspec

from edge.report import Around
from wire import batch as wire_batch
from wire.batch import VALUES_MAX, Batch, columns
from wire.clock import is_since_boot
from wire.inventory import SpoolLimits
from wire.reading import Reading

_RING = (
    # An id is never given twice, also when the ring was empty: `around.through` is compared with it.
    "id INTEGER PRIMARY KEY AUTOINCREMENT, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,"
    " bytes_ever INTEGER NOT NULL, payload BLOB NOT NULL"
)
_AROUND = (
    "id INTEGER PRIMARY KEY, sensor TEXT NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, through INTEGER"
)
TABLES = (
    "CREATE TABLE IF NOT EXISTS held (id INTEGER PRIMARY KEY, readings BLOB NOT NULL)",
    f"CREATE TABLE IF NOT EXISTS ring ({_RING})",
    "CREATE INDEX IF NOT EXISTS ring_last_ns ON ring (last_ns)",
    f"CREATE TABLE IF NOT EXISTS around ({_AROUND})",
)
_SECOND_NS = 1_000_000_000
_OLD_MOST = 500
"""Rows of the ring that go in one transaction."""
_SENT_MOST = 4 * VALUES_MAX
_ALARMS_MOST = 10
"""What one transaction looks up, so that no alarm waits for it: so many readings, or those of one alarm more, around so
many alarms. The rest follows with the next window."""
_encoder = msgspec.msgpack.Encoder()
_readings = msgspec.msgpack.Decoder(list[Reading])


def hold(database: sqlite3.Connection, readings: Sequence[Reading], around: Iterable[Around]) -> None:
    """Take what is held back, and note what shall be sent of it."""
    if readings:
        database.execute("INSERT INTO held (readings) VALUES (?)", [_encoder.encode(readings)])
    database.executemany("INSERT INTO around (sensor, first_ns, last_ns) VALUES (?, ?, ?)", around)


def turn(database: sqlite3.Connection, limits: SpoolLimits) -> list[Reading]:
    """A window ends: what was held becomes columns, the oldest goes, and what alarms ask for is returned."""
    if readings := held(database):
        _roll(database, readings)
        database.execute("DELETE FROM held")
    asked = _asked(database)
    _let_go(database, limits)
    return asked


def is_waiting(database: sqlite3.Connection) -> bool:
    """Is there anything for the next turn?"""
    query = "SELECT EXISTS (SELECT 1 FROM held) OR EXISTS (SELECT 1 FROM around WHERE through IS NULL)"
    return bool(database.execute(query).fetchone()[0])


def give_up(database: sqlite3.Connection, size: int) -> int:
    """Make room: the oldest rows, until `size` bytes are free or the ring is empty; the bytes that went."""
    freed = last = 0
    with closing(database.execute("SELECT id, length(payload) FROM ring ORDER BY id")) as rows:
        for last, length in rows:  # noqa: B007 - the last one is used
            freed += length
            if freed >= size:
                break
    database.execute("DELETE FROM ring WHERE id <= ?", [last])
    return freed


def size(database: sqlite3.Connection) -> int:
    """Bytes of the ring's columns."""
    query = (
        "SELECT newest.bytes_ever - oldest.bytes_ever + length(oldest.payload) FROM ring newest, ring oldest"
        " WHERE newest.id = (SELECT max(id) FROM ring) AND oldest.id = (SELECT min(id) FROM ring)"
    )
    found = database.execute(query).fetchone()
    return int(found[0]) if found else 0


class Held(NamedTuple):
    """Bytes of the ring's columns of some time, and whether anything that was asked for still waits for a window."""

    size: int
    is_waiting: bool


def since(database: sqlite3.Connection, since_ns: int) -> Held:
    """What there is of then or later, without the window that is open."""
    query = (
        "SELECT (SELECT coalesce(sum(length(payload)), 0) FROM ring WHERE last_ns >= ?),"
        " EXISTS (SELECT 1 FROM around WHERE through IS NULL)"
    )
    size, is_waiting = database.execute(query, [since_ns]).fetchone()
    return Held(size, bool(is_waiting))


class Sent(NamedTuple):
    """Samples around an alarm that were numbered when the ring's newest row was `through`."""

    around: Around
    through: int

    def has(self, row: int, reading: Reading) -> bool:
        """Was this reading of a row of the ring among them?"""
        return row <= self.through and self.around.has(reading)


def sent(database: sqlite3.Connection) -> list[Sent]:
    """As far as the ring reaches back."""
    query = "SELECT sensor, first_ns, last_ns, through FROM around WHERE through IS NOT NULL"
    return [Sent(Around(*around), through) for *around, through in database.execute(query).fetchall()]


def kept(database: sqlite3.Connection) -> Iterator[tuple[int, Batch]]:
    """Row by row with its id, oldest first, what is held in columns."""
    with closing(database.execute("SELECT id, payload FROM ring ORDER BY id")) as rows:
        for number, payload in rows:
            yield number, wire_batch.decode(payload)


def held(database: sqlite3.Connection) -> list[Reading]:
    """What is held of the window that is open."""
    rows = database.execute("SELECT readings FROM held ORDER BY id").fetchall()
    return [reading for row in rows for reading in _readings.decode(row[0])]


def _roll(database: sqlite3.Connection, readings: Sequence[Reading]) -> None:
    ever = database.execute("SELECT max(bytes_ever) FROM ring").fetchone()[0] or 0
    for start in range(0, len(readings), VALUES_MAX):
        part = readings[start : start + VALUES_MAX]
        payload = wire_batch.encode(Batch("", "", 1, 0, columns(part)))
        ever += len(payload)
        times = [reading.time_ns for reading in part]
        values = [min(times), max(times), ever, payload]
        database.execute("INSERT INTO ring (first_ns, last_ns, bytes_ever, payload) VALUES (?, ?, ?, ?)", values)


def _asked(database: sqlite3.Connection) -> list[Reading]:
    """What is in the ring around alarms and was not sent before, in the order in which it was sampled."""
    query = "SELECT id, sensor, first_ns, last_ns FROM around WHERE through IS NULL ORDER BY id LIMIT ?"
    newest = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'ring'").fetchone()
    through = newest[0] if newest else 0
    found: list[Reading] = []
    for number, *around in database.execute(query, [_ALARMS_MOST]).fetchall():
        found += _of(database, Around(*around))
        database.execute("UPDATE around SET through = ? WHERE id = ?", [through, number])
        if len(found) >= _SENT_MOST:
            break
    return found


def _of(database: sqlite3.Connection, around: Around) -> list[Reading]:
    before = [one for one in sent(database) if one.around.sensor == around.sensor]
    rows = database.execute(
        "SELECT id, payload FROM ring WHERE last_ns >= ? AND first_ns <= ? ORDER BY id",
        [around.first_ns, around.last_ns],
    )
    return [
        reading
        for number, payload in rows.fetchall()
        for series in wire_batch.decode(payload).series
        if series.sensor == around.sensor
        for reading in series.readings()
        if around.has(reading) and not any(one.has(number, reading) for one in before)
    ]


def _let_go(database: sqlite3.Connection, limits: SpoolLimits) -> None:
    """What is beyond the ring's bytes or older than its time; what was sent of it is forgotten with it."""
    newest = database.execute("SELECT bytes_ever, last_ns FROM ring ORDER BY id DESC LIMIT 1").fetchone()
    if newest is None:
        return
    ever, now_ns = newest
    oldest = "SELECT id, bytes_ever - length(payload), last_ns FROM ring ORDER BY id LIMIT ?"
    last = 0
    with closing(database.execute(oldest, [_OLD_MOST])) as rows:
        for number, before, last_ns in rows:
            is_old = now_ns - last_ns > limits.ring_s * _SECOND_NS and not is_since_boot(last_ns)
            if ever - before <= limits.ring and not is_old:
                break
            last = number
    if last:
        database.execute("DELETE FROM ring WHERE id <= ?", [last])
        database.execute("DELETE FROM around WHERE through <= ?", [last])
