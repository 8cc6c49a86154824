"""The spool's SQLite file: what a box has read and has no receipt for yet. Blocking calls only.

A sequence counts readings (or alarm events) from 1 for as long as the file lives; `spool.id` names
the file's life. Readings are committed in groups (`pending`), and a window of groups is sealed into
one `batch` that is sent, and sent again, byte for byte.
"""

import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wire.alarm import AlarmEvent
from wire.batch import VALUES_MAX, Series, columns
from wire.errors import EgretError
from wire.reading import Reading
from wire.receipt import Lane

NAME = "spool.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS spool (id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS lane (name TEXT PRIMARY KEY, committed INTEGER NOT NULL, stored INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS pending (id INTEGER PRIMARY KEY, readings BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS batch (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, series BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS event (sequence INTEGER PRIMARY KEY, event BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS rule_state (alarm TEXT PRIMARY KEY, state BLOB NOT NULL);
"""
_encoder = msgspec.msgpack.Encoder()
_readings = msgspec.msgpack.Decoder(list[Reading])
_series = msgspec.msgpack.Decoder(tuple[Series, ...])
_event = msgspec.msgpack.Decoder(AlarmEvent)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A batch as it will be sent: sequences `first` … `last`."""

    first: int
    last: int
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Depth:
    """One lane: the last sequence committed, and the last one the cloud has receipted."""

    committed: int
    stored: int

    @property
    def waiting(self) -> int:
        """Without a receipt."""
        return self.committed - self.stored


class SpoolFile:
    """An open spool. Not thread-safe: its owner makes one call at a time."""

    def __init__(self, database: sqlite3.Connection) -> None:
        """`database` has the tables. Use `open_spool`, or `beside` an agent."""
        self._database = database
        self.id: str = database.execute("SELECT id FROM spool").fetchone()[0]

    def close(self) -> None:
        """Checkpoint and close."""
        self._database.close()

    def commit(
        self,
        readings: Sequence[Reading],
        events: Sequence[AlarmEvent],
        states: Mapping[str, bytes],
        *,
        seals: bool,
        is_synced: bool,
    ) -> None:
        """One transaction. `seals` closes the window into a batch; `is_synced` waits for the disk."""
        self._database.execute(f"PRAGMA synchronous = {'FULL' if is_synced else 'NORMAL'}")
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            if readings:
                self._database.execute("INSERT INTO pending (readings) VALUES (?)", [_encoder.encode(readings)])
            if seals:
                self._seal()
            self._number(events)
            self._database.executemany("INSERT OR REPLACE INTO rule_state VALUES (?, ?)", states.items())

    def batches(self, after: int, limit: int) -> tuple[Sealed, ...]:
        """Sealed batches above sequence `after`, in order."""
        rows = self._database.execute(
            "SELECT first, last, series FROM batch WHERE first > ? ORDER BY first LIMIT ?", [after, limit]
        )
        return tuple(Sealed(first, last, _series.decode(series)) for first, last, series in rows)

    def events(self, after: int, limit: int) -> tuple[AlarmEvent, ...]:
        """Alarm events above sequence `after`, in order."""
        rows = self._database.execute(
            "SELECT event FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?", [after, limit]
        )
        return tuple(_event.decode(row[0]) for row in rows)

    def trim(self, lane: Lane, through: int) -> None:
        """Delete what a receipt covers. A receipt beyond what was committed is not believed."""
        if not self.depth(lane).stored < through <= self.depth(lane).committed:
            return
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            if lane is Lane.READINGS:
                self._database.execute("DELETE FROM batch WHERE last <= ?", [through])
            else:
                self._database.execute("DELETE FROM event WHERE sequence <= ?", [through])
            self._database.execute("UPDATE lane SET stored = ? WHERE name = ?", [through, lane])

    def depth(self, lane: Lane) -> Depth:
        """How far a lane has come."""
        return Depth(*self._database.execute("SELECT committed, stored FROM lane WHERE name = ?", [lane]).fetchone())

    def states(self) -> Mapping[str, bytes]:
        """The rules' states by alarm id, as last committed."""
        return dict(self._database.execute("SELECT alarm, state FROM rule_state").fetchall())

    def _seal(self) -> None:
        rows = self._database.execute("SELECT readings FROM pending ORDER BY id").fetchall()
        readings = [reading for row in rows for reading in _readings.decode(row[0])]
        if not readings:
            return
        last = self.depth(Lane.READINGS).committed
        for start in range(0, len(readings), VALUES_MAX):
            part = readings[start : start + VALUES_MAX]
            first, last = last + 1, last + len(part)
            self._database.execute("INSERT INTO batch VALUES (?, ?, ?)", [first, last, _encoder.encode(columns(part))])
        self._database.execute("DELETE FROM pending")
        self._database.execute("UPDATE lane SET committed = ? WHERE name = ?", [last, Lane.READINGS])

    def _number(self, events: Iterable[AlarmEvent]) -> None:
        first = self.depth(Lane.ALARMS).committed + 1
        for sequence, event in enumerate(events, first):
            numbered = msgspec.structs.replace(event, sequence=sequence)
            self._database.execute("INSERT INTO event VALUES (?, ?)", [sequence, _encoder.encode(numbered)])
            self._database.execute("UPDATE lane SET committed = ? WHERE name = ?", [sequence, Lane.ALARMS])


def open_spool(folder: Path) -> SpoolFile:
    """Open or create the spool of a box, and seal what an ended process left pending. Raises EgretError."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        database = sqlite3.connect(folder / NAME, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(_SCHEMA)
        _begin_life(database)
        file = SpoolFile(database)
        file.commit([], [], {}, seals=True, is_synced=True)
    except sqlite3.DatabaseError as error:
        raise _unreadable(folder, error) from error
    return file


def _begin_life(database: sqlite3.Connection) -> None:
    if database.execute("SELECT count(*) FROM spool").fetchone()[0]:
        return
    database.execute("BEGIN IMMEDIATE")
    with database:
        database.execute("INSERT INTO spool VALUES (?)", [uuid.uuid4().hex[:12]])
        database.executemany("INSERT INTO lane VALUES (?, 0, 0)", [(lane,) for lane in Lane])


def _unreadable(folder: Path, error: sqlite3.Error) -> EgretError:
    return EgretError(
        f"the spool cannot be read: {error}.",
        where=str(folder / NAME),
        fix="keep the file for examination under another name; the agent then begins a new one.",
        code="E-SPOOL-001",
    )


@contextmanager
def _beside(folder: Path) -> Iterator[SpoolFile]:
    """A spool that an agent may be using, to read only."""
    try:
        database = sqlite3.connect(f"file:{folder / NAME}?mode=ro", uri=True, isolation_level=None)
        with closing(database):
            yield SpoolFile(database)
    except sqlite3.Error as error:
        raise _unreadable(folder, error) from error


@dataclass(frozen=True, slots=True)
class Glance:
    """A spool as seen from another process. `size` in bytes on disk."""

    id: str
    depths: Mapping[Lane, Depth]
    size: int


def peek(folder: Path) -> Glance:
    """Look at a spool that an agent may be using. Raises EgretError when there is none."""
    with _beside(folder) as file:
        size = sum(path.stat().st_size for path in folder.glob(f"{NAME}*"))
        return Glance(file.id, {lane: file.depth(lane) for lane in Lane}, size)


def waiting(folder: Path, limit: int) -> tuple[tuple[AlarmEvent, ...], tuple[Sealed, ...]]:
    """The oldest alarm events and batches without a receipt. Raises EgretError when there is no spool."""
    with _beside(folder) as file:
        return file.events(0, limit), file.batches(0, limit)
