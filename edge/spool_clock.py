"""What a box has kept before it knew the time, and how it gets its time afterwards.

Such readings and events are kept with the time since the start of the box, and with the name of that
start. Their batches wait; their events do not. When the clock is set, all of them are stamped: exactly where
the box has not started again since. Of an earlier start nobody knows when it was, only that it ended before
the next began: its last reading is put there, and the mark `clock unsure` stays.
"""

import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from wire import batch as wire_batch
from wire.alarm import AlarmEvent
from wire.batch import Batch, Series
from wire.clock import SINCE_BOOT_MAX_NS, is_since_boot, moved
from wire.gap import Gap
from wire.reading import Quality, Reading
from wire.receipt import Lane

TABLE = """CREATE TABLE IF NOT EXISTS unset
    (lane TEXT, first INTEGER, boot TEXT NOT NULL, PRIMARY KEY (lane, first))"""
_BOOT = "boot"
_ONCE_MOST = 100
"""Batches that are stamped in one transaction: an alarm never waits for more."""
_event = msgspec.msgpack.Decoder(AlarmEvent)
_gap = msgspec.msgpack.Decoder(Gap)
_encoder = msgspec.msgpack.Encoder()


def last_boot(database: sqlite3.Connection) -> str | None:
    """The start of the box in which the spool was open last; None of a new spool."""
    row = database.execute("SELECT boot FROM unset WHERE lane = ?", [_BOOT]).fetchone()
    return None if row is None else str(row[0])


def begin(database: sqlite3.Connection, boot: str) -> None:
    """The box has started. What the ring holds of an earlier start without a time is worth nothing any more."""
    if last_boot(database) != boot:
        for table in ("ring", "around"):
            database.execute(f"DELETE FROM {table} WHERE last_ns < ?", [SINCE_BOOT_MAX_NS])  # noqa: S608 - our names
        database.execute("INSERT OR REPLACE INTO unset VALUES (?, 0, ?)", [_BOOT, boot])


def note_batches(database: sqlite3.Connection, firsts: Sequence[int], readings: Sequence[Reading], boot: str) -> None:
    """These readings became batches that begin with these sequences; some of them may have no time yet."""
    if any(is_since_boot(reading.time_ns) for reading in readings):
        database.executemany("INSERT INTO unset VALUES (?, ?, ?)", [(Lane.READINGS, first, boot) for first in firsts])


def note_event(database: sqlite3.Connection, event: AlarmEvent, boot: str) -> None:
    """An event, which may have no time yet."""
    if is_since_boot(event.time_ns):
        database.execute("INSERT INTO unset VALUES (?, ?, ?)", [Lane.ALARMS, event.sequence, boot])


def waiting_from(database: sqlite3.Connection) -> int | None:
    """The first sequence of the readings that wait for a time; nothing from there on may be sent."""
    if not database.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'unset'").fetchone()[0]:
        return None  # of a version that knew none, and not opened since
    row = database.execute("SELECT min(first) FROM unset WHERE lane = ?", [Lane.READINGS]).fetchone()
    return None if row[0] is None else int(row[0])


def is_waiting(database: sqlite3.Connection) -> bool:
    """Is there anything that waits for a time?"""
    query = "SELECT EXISTS (SELECT 1 FROM unset WHERE lane <> ?) OR EXISTS (SELECT 1 FROM ring WHERE last_ns < ?)"
    return bool(database.execute(query, [_BOOT, SINCE_BOOT_MAX_NS]).fetchone()[0])


def settle(database: sqlite3.Connection, boot: str, offset_ns: int, *, is_sure: bool) -> bool:
    """Inside a transaction, stamp the oldest of what waits; is there more? `offset_ns`: when this boot began, UTC."""
    by_ns = _shifts(database, boot, offset_ns)
    _settle_events(database, by_ns)
    _settle_gaps(database, by_ns)
    rows = database.execute(
        "SELECT first, boot, payload FROM unset JOIN batch USING (first) WHERE lane = ? ORDER BY first LIMIT ?",
        [Lane.READINGS, _ONCE_MOST],
    ).fetchall()
    for first, began, payload in rows:
        settled = _settled(wire_batch.decode(payload), by_ns[began], is_exact=is_sure and began == boot)
        database.execute("UPDATE batch SET payload = ? WHERE first = ?", [wire_batch.encode(settled), first])
        newest_ns = max(time for series in settled.series for time in series.times_ns)
        database.execute("UPDATE sealed SET newest_ns = ? WHERE first = ?", [newest_ns, first])
    is_more = len(rows) == _ONCE_MOST
    through = rows[-1][0] if is_more else 2**62
    database.execute("DELETE FROM unset WHERE lane = ? AND first <= ?", [Lane.READINGS, through])
    return _settle_ring(database, offset_ns, is_sure=is_sure) or is_more


def _settle_events(database: sqlite3.Connection, by_ns: Mapping[str, int]) -> None:
    query = "SELECT sequence, boot, event FROM unset JOIN event ON sequence = first WHERE lane = ?"
    for sequence, began, row in database.execute(query, [Lane.ALARMS]).fetchall():
        event = moved(_event.decode(row), by_ns[began])
        database.execute("UPDATE event SET event = ? WHERE sequence = ?", [_encoder.encode(event), sequence])
    database.execute("DELETE FROM unset WHERE lane = ?", [Lane.ALARMS])


def _settle_gaps(database: sqlite3.Connection, by_ns: Mapping[str, int]) -> None:
    query = "SELECT gap.first, gap, boot FROM gap JOIN unset ON lane = ? AND unset.first BETWEEN gap.first AND gap.last"
    for first, row, began in database.execute(f"{query} GROUP BY gap.first", [Lane.READINGS]).fetchall():
        gap = _gap.decode(row)
        times = [time + by_ns[began] if is_since_boot(time) else time for time in (gap.first_ns, gap.last_ns)]
        gap = msgspec.structs.replace(gap, first_ns=min(times), last_ns=max(times))
        database.execute("UPDATE gap SET gap = ? WHERE first = ?", [_encoder.encode(gap), first])


def _settle_ring(database: sqlite3.Connection, offset_ns: int, *, is_sure: bool) -> bool:
    """What policies hold back, and what alarms ask for of it: all since this start. Is there more?"""
    query = "UPDATE around SET first_ns = first_ns + ?, last_ns = last_ns + ? WHERE last_ns < ?"
    database.execute(query, [offset_ns, offset_ns, SINCE_BOOT_MAX_NS])
    query = "SELECT id, payload FROM ring WHERE last_ns < ? ORDER BY id LIMIT ?"
    rows = database.execute(query, [SINCE_BOOT_MAX_NS, _ONCE_MOST]).fetchall()
    for number, payload in rows:
        settled = _settled(wire_batch.decode(payload), offset_ns, is_exact=is_sure)
        times = [time for series in settled.series for time in series.times_ns]
        values = [min(times), max(times), wire_batch.encode(settled), number]
        database.execute("UPDATE ring SET first_ns = ?, last_ns = ?, payload = ? WHERE id = ?", values)
    return len(rows) == _ONCE_MOST


def _shifts(database: sqlite3.Connection, boot: str, offset_ns: int) -> Mapping[str, int]:
    """When each start of the box was, at the latest."""
    began = {boot: offset_ns}
    query = "SELECT boot FROM unset WHERE boot <> ? GROUP BY boot ORDER BY max(rowid) DESC"
    ended_ns = offset_ns
    for (former,) in database.execute(query, [boot]).fetchall():
        ended_ns -= _newest_ns(database, former)
        began[former] = ended_ns
    return began


def _newest_ns(database: sqlite3.Connection, boot: str) -> int:
    """How long a start of the box lasted, at least."""
    query = "SELECT payload FROM unset JOIN batch USING (first) WHERE lane = ? AND boot = ? ORDER BY first DESC LIMIT 1"
    batches = database.execute(query, [Lane.READINGS, boot]).fetchall()
    query = "SELECT event FROM unset JOIN event ON sequence = first WHERE lane = ? AND boot = ?"
    events = database.execute(f"{query} ORDER BY first DESC LIMIT 1", [Lane.ALARMS, boot]).fetchall()
    times = [time for row in batches for series in wire_batch.decode(row[0]).series for time in series.times_ns]
    times += [_event.decode(row[0]).time_ns for row in events]
    return max(filter(is_since_boot, times), default=0)


def _settled(batch: Batch, by_ns: int, *, is_exact: bool) -> Batch:
    series = tuple(_stamped(one, by_ns, is_exact=is_exact) for one in batch.series)
    return msgspec.structs.replace(batch, series=series)


def _stamped(series: Series, by_ns: int, *, is_exact: bool) -> Series:
    """`is_exact`: what was since the boot is as good as any other time now."""
    times, qualities = [], []
    for time_ns, quality in zip(series.times_ns, series.qualities, strict=True):
        was_unset = is_since_boot(time_ns)
        times.append(time_ns + by_ns if was_unset else time_ns)
        qualities.append(quality & ~int(Quality.CLOCK_UNSURE) if was_unset and is_exact else quality)
    return msgspec.structs.replace(series, times_ns=tuple(times), qualities=tuple(qualities))
