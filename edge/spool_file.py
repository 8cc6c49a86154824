"""The spool's SQLite file: what a box has read and has no receipt for yet. Blocking calls only.

A sequence counts readings (or alarm events) from 1 for as long as the file lives; `spool.id` names
the file's life. Readings are committed in groups (`pending`), and a window of groups is sealed into
one `batch` that is sent, and sent again, the same. A sealed batch is kept as it travels: about two
bytes a value instead of seventy, which is what a flash memory must bear in a long outage.
"""

import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from wire import batch as wire_batch
from wire.alarm import AlarmEvent
from wire.batch import VALUES_MAX, Batch, columns
from wire.errors import EgretError, WireError
from wire.reading import Reading
from wire.receipt import Lane
from wire.topics import PAYLOAD_MAX

NAME = "spool.sqlite"
_FETCH_VALUES = 10_000
"""Values that one fetch may bring into memory; a fetch brings one batch at least."""
_ENVELOPE = 1024
"""Bytes that a box's name and its place in the sequence may add to a sealed batch."""
_SCHEMA = (
    "CREATE TABLE spool (id TEXT NOT NULL, syncs INTEGER NOT NULL)",
    "CREATE TABLE lane (name TEXT PRIMARY KEY, committed INTEGER NOT NULL, stored INTEGER NOT NULL)",
    "CREATE TABLE pending (id INTEGER PRIMARY KEY, readings BLOB NOT NULL)",
    "CREATE TABLE batch (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, payload BLOB NOT NULL)",
    "CREATE TABLE event (sequence INTEGER PRIMARY KEY, event BLOB NOT NULL)",
    "CREATE TABLE rule_state (alarm TEXT PRIMARY KEY, state BLOB NOT NULL)",
)
_UNUSABLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
}
_encoder = msgspec.msgpack.Encoder()
_readings = msgspec.msgpack.Decoder(list[Reading])
_event = msgspec.msgpack.Decoder(AlarmEvent)


@dataclass(slots=True)
class Group:
    """What is committed in one transaction: readings, the events they caused, the rules' states after them.

    `is_kept` once it is in the file.
    """

    readings: list[Reading] = field(default_factory=list)
    events: list[AlarmEvent] = field(default_factory=list)
    states: dict[str, bytes] = field(default_factory=dict)
    is_kept: bool = False

    def __bool__(self) -> bool:
        """Is there anything to commit?"""
        return bool(self.readings or self.events or self.states)

    def extend(self, readings: Sequence[Reading], events: Sequence[AlarmEvent], states: Mapping[str, bytes]) -> None:
        """Take what came later."""
        self.readings.extend(readings)
        self.events.extend(events)
        self.states.update(states)

    def copy(self) -> "Group":
        """As it is now."""
        return Group(self.readings.copy(), self.events.copy(), self.states.copy())

    def remove(self, kept: "Group") -> None:
        """Leave what came after the copy `kept` was made."""
        del self.readings[: len(kept.readings)]
        del self.events[: len(kept.events)]
        self.states = {alarm: state for alarm, state in self.states.items() if kept.states.get(alarm) is not state}


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
        """`database` has the tables. Use `open_spool`, or `peek` beside an agent."""
        self._database = database
        self.id: str = database.execute("SELECT id FROM spool").fetchone()[0]
        rows = database.execute("SELECT name, committed, stored FROM lane").fetchall()
        self.depths: Mapping[Lane, Depth] = {Lane(name): Depth(*counts) for name, *counts in rows}
        """How far each lane has come, as committed."""

    def close(self) -> None:
        """Checkpoint and close."""
        self._database.close()

    def commit(self, group: Group, *, seals: bool, is_synced: bool) -> None:
        """One transaction. `seals` closes the window into batches; `is_synced` waits for the disk."""
        self._database.execute(f"PRAGMA synchronous = {'FULL' if is_synced else 'NORMAL'}")
        with self._transaction():
            if group.readings:
                self._database.execute("INSERT INTO pending (readings) VALUES (?)", [_encoder.encode(group.readings)])
            readings = self._seal() if seals else self.depths[Lane.READINGS]
            alarms = self._number(group.events)
            self._database.executemany("INSERT OR REPLACE INTO rule_state VALUES (?, ?)", group.states.items())
            self._set_depths({Lane.READINGS: readings, Lane.ALARMS: alarms})
            if is_synced:
                # A transaction that changes no page would sync nothing of what was committed before it.
                self._database.execute("UPDATE spool SET syncs = syncs + 1")
        self.depths = {Lane.READINGS: readings, Lane.ALARMS: alarms}
        group.is_kept = True

    def batches(self, after: int, limit: int) -> tuple[Batch, ...]:
        """Sealed batches that hold more than sequence `after`, in order; their `box` is empty, they trim nothing."""
        rows = self._database.execute("SELECT payload FROM batch WHERE last > ? ORDER BY first LIMIT ?", [after, limit])
        found: list[Batch] = []
        values = 0
        with closing(rows):
            for (payload,) in rows:
                found.append(wire_batch.decode(payload))
                values += found[-1].count
                if values >= _FETCH_VALUES:
                    break
        return tuple(found)

    def events(self, after: int, limit: int) -> tuple[AlarmEvent, ...]:
        """Alarm events above sequence `after`, in order."""
        rows = self._database.execute(
            "SELECT event FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?", [after, limit]
        )
        return tuple(_event.decode(row[0]) for row in rows.fetchall())

    def trim(self, lane: Lane, through: int) -> None:
        """Delete what a receipt covers. An older one says nothing new; one beyond what there is is not believed."""
        depth = self.depths[lane]
        if not depth.stored < through <= depth.committed:
            return
        depths = {**self.depths, lane: Depth(depth.committed, through)}
        with self._transaction():
            if lane is Lane.READINGS:
                self._database.execute("DELETE FROM batch WHERE first <= ? AND last <= ?", [through, through])
            else:
                self._database.execute("DELETE FROM event WHERE sequence <= ?", [through])
            self._set_depths(depths)
        self.depths = depths

    def states(self) -> Mapping[str, bytes]:
        """The rules' states by alarm id, as last committed."""
        return dict(self._database.execute("SELECT alarm, state FROM rule_state").fetchall())

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            yield

    def _set_depths(self, depths: Mapping[Lane, Depth]) -> None:
        rows = [(depth.committed, depth.stored, lane) for lane, depth in depths.items()]
        self._database.executemany("UPDATE lane SET committed = ?, stored = ? WHERE name = ?", rows)

    def _seal(self) -> Depth:
        """What is pending becomes batches; the readings lane after it."""
        rows = self._database.execute("SELECT readings FROM pending ORDER BY id").fetchall()
        readings = [reading for row in rows for reading in _readings.decode(row[0])]
        depth = self.depths[Lane.READINGS]
        first = depth.committed + 1
        for count, payload in self._sealed(readings, first):
            self._database.execute("INSERT INTO batch VALUES (?, ?, ?)", [first, first + count - 1, payload])
            first += count
        self._database.execute("DELETE FROM pending")
        return Depth(first - 1, depth.stored)

    def _sealed(self, readings: Sequence[Reading], first: int) -> Iterator[tuple[int, bytes]]:
        """How many readings, and their batch; halved as long as it is too much for one message."""
        if not readings:
            return
        payload = wire_batch.encode(Batch("", self.id, first, 0, columns(readings)))
        if len(readings) <= VALUES_MAX and len(payload) <= PAYLOAD_MAX - _ENVELOPE:
            yield len(readings), payload
            return
        half = len(readings) // 2
        yield from self._sealed(readings[:half], first)
        yield from self._sealed(readings[half:], first + half)

    def _number(self, events: Sequence[AlarmEvent]) -> Depth:
        """The alarms lane with these events in it."""
        depth = self.depths[Lane.ALARMS]
        for sequence, event in enumerate(events, depth.committed + 1):
            numbered = msgspec.structs.replace(event, sequence=sequence)
            self._database.execute("INSERT INTO event VALUES (?, ?)", [sequence, _encoder.encode(numbered)])
        return Depth(depth.committed + len(events), depth.stored)


def open_spool(folder: Path) -> SpoolFile:
    """Open or create the spool of a box, and seal what an ended process left pending. Raises EgretError."""
    with explained(folder), ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / NAME, isolation_level=None, check_same_thread=False)
        database = stack.enter_context(closing(connection))
        database.execute("PRAGMA journal_mode = WAL")
        _create(database)
        file = SpoolFile(database)
        file.commit(Group(), seals=True, is_synced=True)
        stack.pop_all()
    return file


def _create(database: sqlite3.Connection) -> None:
    if database.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'spool'").fetchone()[0]:
        return
    database.execute("BEGIN IMMEDIATE")
    with database:
        for table in _SCHEMA:
            database.execute(table)
        database.execute("INSERT INTO spool VALUES (?, 0)", [uuid.uuid4().hex[:12]])
        database.executemany("INSERT INTO lane VALUES (?, 0, 0)", [(lane,) for lane in Lane])


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Say what is wrong with the spool in `folder` when it fails inside. Raises EgretError."""
    try:
        yield
    except (sqlite3.Error, OSError, msgspec.MsgspecError, WireError) as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the upper bits tell kinds of one error apart
        if isinstance(error, OSError) or code in _UNUSABLE:
            raise EgretError(
                f"the spool cannot be used: {error}.",
                where=str(folder / NAME),
                fix="make room on the disk; the agent must be able to write there, and no other program hold the file.",
                code="E-SPOOL-002",
            ) from error
        raise EgretError(
            f"the spool is damaged: {error}.",
            where=str(folder / NAME),
            fix=f"stop the agent and move {NAME}* away, for examination; the agent then begins a new spool.",
            code="E-SPOOL-001",
        ) from error


@contextmanager
def _beside(folder: Path) -> Iterator[SpoolFile]:
    """A spool that an agent may be using, to read only."""
    if not (folder / NAME).exists():
        fix = "give the --data folder of an agent that has run here."
        raise EgretError("there is no spool in this folder.", where=str(folder), fix=fix, code="E-SPOOL-003")
    with (
        explained(folder),
        closing(sqlite3.connect(f"{(folder / NAME).absolute().as_uri()}?mode=ro", uri=True)) as database,
    ):
        yield SpoolFile(database)


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
        return Glance(file.id, file.depths, size)


def waiting(folder: Path, limit: int) -> tuple[tuple[AlarmEvent, ...], tuple[Batch, ...]]:
    """The oldest alarm events and batches without a receipt. Raises EgretError when there is no spool."""
    with _beside(folder) as file:
        found: list[Batch] = []
        while more := file.batches(found[-1].last_sequence if found else 0, limit - len(found)):
            found += more
        return file.events(0, limit), tuple(found)
