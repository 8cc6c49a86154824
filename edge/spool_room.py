"""Room for what is new: at its limits a spool lets its oldest readings go, and says what went.

What has its receipt goes first, then the ring of what was held back. Neither leaves a gap: the cloud has the one, and
the other was not numbered. Then whole sealed batches go, oldest first, and never the newest: it carries the gap to the
cloud. Alarm events without a receipt never go. Readings stay within both limits; alarm events may take what they leave.
"""

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge import spool_kept, spool_reserve, spool_ring
from wire import batch as wire_batch
from wire.batch import Batch
from wire.gap import GAPS_MAX, Gap, Reason
from wire.inventory import SpoolLimits

_ONCE_MOST = 512 * 1024
"""Bytes that go in one transaction: an alarm never waits for more to be looked through."""
_PAGES_BACK = 256
"""Pages that one transaction gives back to a disk that is short of room."""
_CALM = 8 * 2**20
"""Bytes free beyond what must be, before a reserve that was given up is set aside again (judgement)."""
_KNOWN_MOST = 100
"""Gaps remembered after their receipt, for people who look at the box."""
_USUAL = SpoolLimits()
_decoder = msgspec.msgpack.Decoder(Gap)
_encoder = msgspec.msgpack.Encoder()


def free_bytes(folder: Path) -> int:
    """What the disk of a folder has left for us."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


@dataclass(frozen=True, slots=True)
class Room:
    """The disk a spool lives on, and how much of it the spool may have. `free` as `free_bytes`."""

    file: Path
    limits: SpoolLimits = _USUAL
    free: Callable[[Path], int] = free_bytes

    def make(self, database: sqlite3.Connection, stored: int) -> Gap | None:
        """Inside a transaction, let go what is too much; the gap that it leaves. `stored`: the last receipt."""
        short, held = self.limits.keep_free - self.free(self.file.parent), spool_reserve.size(self.limits.most)
        if short > 0:
            spool_reserve.give_up(database)
        elif short < -held - _CALM:
            spool_reserve.set_aside(database, self.limits.most)
        page, pages, unused = (_number(database, name) for name in ("page_size", "page_count", "freelist_count"))
        live, on_disk = (pages - unused) * page, self.file.stat().st_size
        for_disk = live + held - on_disk + short if short > 0 else 0
        for_size = live - self.limits.most
        gone = None
        too_much = min(max(for_disk, for_size), _ONCE_MOST)
        too_much -= spool_kept.give_up(database, stored, too_much) if too_much > 0 else 0
        too_much -= spool_ring.give_up(database, too_much) if too_much > 0 else 0
        if too_much > 0:
            reason = Reason.DISK if for_disk > for_size else Reason.SIZE
            gone = _let_go(database, too_much, reason)
            if gone:
                _note(database, gone, stored)
        # Pages that only the log has would need the disk's bytes at the next checkpoint.
        too_many = max(unused - held // page, pages - on_disk // page) if short > 0 else 0
        for _ in range(min(too_many, unused, _PAGES_BACK)):
            database.execute("PRAGMA incremental_vacuum(1)")  # `sqlite3` does one page, whatever it is asked for
        return gone


def forget(database: sqlite3.Connection, stored: int) -> None:
    """Inside a transaction, drop gaps that a receipt covers, but the newest hundred, and those among what is kept."""
    older = (
        "DELETE FROM gap WHERE last < (SELECT min(?, coalesce(min(first) - 1, ?)) FROM batch)"
        " AND first NOT IN (SELECT first FROM gap ORDER BY first DESC LIMIT ?)"
    )
    database.execute(older, [stored + 1, stored + 1, _KNOWN_MOST])


def _let_go(database: sqlite3.Connection, size: int, reason: Reason) -> Gap | None:
    """Oldest batches of about `size` bytes; None when there is only the newest."""
    older = "SELECT payload FROM batch WHERE first < (SELECT max(first) FROM batch) ORDER BY first"
    gone: list[Batch] = []
    freed = 0
    with closing(database.execute(older)) as rows:
        for (payload,) in rows:
            gone.append(wire_batch.decode(payload))
            freed += len(payload)
            if freed >= size:
                break
    if not gone:
        return None
    spool_kept.drop_batches(database, gone[-1].last_sequence)
    return _gap(gone, reason)


def _gap(gone: Iterable[Batch], reason: Reason) -> Gap:
    gone = list(gone)
    sensors: Counter[str] = Counter()
    for series in (series for batch in gone for series in batch.series):
        sensors[series.sensor] += len(series.values)
    times = [time for batch in gone for series in batch.series for time in (min(series.times_ns), max(series.times_ns))]
    return Gap(gone[0].first_sequence, gone[-1].last_sequence, min(times), max(times), reason, dict(sensors))


def _note(database: sqlite3.Connection, gap: Gap, stored: int) -> None:
    """Record a gap; one that goes on is one gap, until the cloud has heard of it."""
    waiting = database.execute("SELECT gap FROM gap WHERE last > ? ORDER BY first", [stored]).fetchall()
    if waiting:
        before = _decoder.decode(waiting[-1][0])
        is_next = before.last_sequence == gap.first_sequence - 1
        if is_next and (before.reason == gap.reason or len(waiting) == GAPS_MAX):
            gap = before.then(gap)
    row = [gap.first_sequence, gap.last_sequence, _encoder.encode(gap)]
    database.execute("INSERT OR REPLACE INTO gap VALUES (?, ?, ?)", row)


def _number(database: sqlite3.Connection, pragma: str) -> int:
    return int(database.execute(f"PRAGMA {pragma}").fetchone()[0])
