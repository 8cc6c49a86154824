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

from edge import spool_clock, spool_kept, spool_reserve, spool_ring
from edge.report import Around
from edge.spool_damage import NAME, explained
from edge.spool_room import Room, forget
from edge.spool_view import Depth, SpoolView
from wire import batch as wire_batch
from wire.alarm import AlarmEvent
from wire.batch import VALUES_MAX, Batch, columns
from wire.gap import Gap
from wire.reading import Reading
from wire.receipt import Lane
from wire.topics import PAYLOAD_MAX

_ENVELOPE = 1024
"""Bytes that a box's name and its place in the sequence may add to a sealed batch."""
_CACHE_KIB = 256
"""Pages that SQLite keeps in memory. Its own 2 MiB fill up within hours, and make nothing faster: what is sealed is
read once or twice."""
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS spool (id TEXT NOT NULL, syncs INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS lane (name TEXT PRIMARY KEY, committed INTEGER NOT NULL, stored INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS pending (id INTEGER PRIMARY KEY, readings BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS batch (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, payload BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS gap (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, gap BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS event (sequence INTEGER PRIMARY KEY, event BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS rule_state (alarm TEXT PRIMARY KEY, state BLOB NOT NULL)",
    *spool_ring.TABLES,
    *spool_kept.TABLES,
    spool_clock.TABLE,
    spool_reserve.TABLE,
)
_encoder = msgspec.msgpack.Encoder()
_readings = msgspec.msgpack.Decoder(list[Reading])


@dataclass(slots=True)
class Group:
    """What is committed in one transaction: readings, the events they caused, the rules' states after them.

    `held` is what report policies hold back, `around` what shall be sent of it. `is_kept` once it is in the file.
    """

    readings: list[Reading] = field(default_factory=list)
    events: list[AlarmEvent] = field(default_factory=list)
    states: dict[str, bytes] = field(default_factory=dict)
    held: list[Reading] = field(default_factory=list)
    around: list[Around] = field(default_factory=list)
    is_kept: bool = False

    def __bool__(self) -> bool:
        """Is there anything to commit?"""
        return bool(self.readings or self.events or self.states or self.held)

    @property
    def size(self) -> int:
        """Readings that it takes memory for."""
        return len(self.readings) + len(self.held)

    def extend(
        self,
        readings: Sequence[Reading],
        events: Sequence[AlarmEvent],
        states: Mapping[str, bytes],
        held: Sequence[Reading],
        around: Sequence[Around],
    ) -> None:
        """Take what came later."""
        self.readings.extend(readings)
        self.events.extend(events)
        self.states.update(states)
        self.held.extend(held)
        self.around.extend(around)

    def copy(self) -> "Group":
        """As it is now."""
        return Group(self.readings.copy(), self.events.copy(), self.states.copy(), self.held.copy(), self.around.copy())

    def remove(self, kept: "Group") -> None:
        """Leave what came after the copy `kept` was made."""
        del self.readings[: len(kept.readings)]
        del self.events[: len(kept.events)]
        del self.held[: len(kept.held)]
        del self.around[: len(kept.around)]
        self.states = {alarm: state for alarm, state in self.states.items() if kept.states.get(alarm) is not state}


class SpoolFile(SpoolView):
    """An open spool."""

    def __init__(self, database: sqlite3.Connection, room: Room, boot: str) -> None:
        """`database` has the tables. Use `open_spool`."""
        super().__init__(database)
        self._room, self._boot = room, boot
        self._is_turning = True

    def close(self) -> None:
        """Checkpoint and close."""
        self._database.close()

    def commit(self, group: Group, *, seals: bool, is_synced: bool) -> Gap | None:
        """One transaction; the gap of readings that had to go for it.

        `seals` closes the window into batches; `is_synced` waits for the disk.
        """
        self._database.execute(f"PRAGMA synchronous = {'FULL' if is_synced else 'NORMAL'}")
        with self._transaction():
            gap = self._room.make(self._database, self.depths[Lane.READINGS].stored)
            if group.readings:
                self._database.execute("INSERT INTO pending (readings) VALUES (?)", [_encoder.encode(group.readings)])
            if group.held or group.around:
                spool_ring.hold(self._database, group.held, group.around)
            is_turning = self._is_turning or bool(group.held or group.around)
            readings = self._seal(self._asked(is_turning)) if seals else self.depths[Lane.READINGS]
            alarms = self._number(group.events)
            self._database.executemany("INSERT OR REPLACE INTO rule_state VALUES (?, ?)", group.states.items())
            self._set_depths({Lane.READINGS: readings, Lane.ALARMS: alarms})
            if is_synced:
                # A transaction that changes no page would sync nothing of what was committed before it.
                self._database.execute("UPDATE spool SET syncs = syncs + 1")
        self.depths = {Lane.READINGS: readings, Lane.ALARMS: alarms}
        self._is_turning = is_turning and not (seals and not spool_ring.is_waiting(self._database))
        group.is_kept = True
        return gap

    def _asked(self, is_turning: bool) -> list[Reading]:  # noqa: FBT001
        return spool_ring.turn(self._database, self._room.limits) if is_turning else []

    def trim(self, lane: Lane, through: int) -> None:
        """Take a receipt: what it covers is kept for a while, then it goes.

        An older one says nothing new; one beyond what there is is not believed.
        """
        depth = self.depths[lane]
        if not depth.stored < through <= depth.committed:
            return
        depths = {**self.depths, lane: Depth(depth.committed, through)}
        with self._transaction():
            if lane is Lane.ALARMS:
                spool_kept.hear(self._database, through)
            spool_kept.let_go(self._database, depths[Lane.READINGS].stored, self._room.limits.keep_s)
            if lane is Lane.READINGS:
                forget(self._database, through)
            self._set_depths(depths)
        self.depths = depths

    def begin(self, boot: str) -> None:
        """From now on, times since the boot are since this one."""
        with self._transaction():
            spool_clock.begin(self._database, boot)
        self._boot = boot

    def begin_behind(self, gap: Gap) -> None:
        """A new spool's sequence begins with readings that were given up with the one before."""
        depths = {**self.depths, Lane.READINGS: Depth(gap.last_sequence, 0)}
        with self._transaction():
            row = [gap.first_sequence, gap.last_sequence, _encoder.encode(gap)]
            self._database.execute("INSERT INTO gap VALUES (?, ?, ?)", row)
            self._set_depths(depths)
        self.depths = depths

    def is_unset(self) -> bool:
        """Does anything wait for a time?"""
        return spool_clock.is_waiting(self._database)

    def settle(self, offset_ns: int, *, is_sure: bool) -> bool:
        """As `edge.spool_clock`."""
        with self._transaction():
            return spool_clock.settle(self._database, self._boot, offset_ns, is_sure=is_sure)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            with self._database:
                yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
                # A disk without a byte left has room for us still, where the log began: the next attempt begins there.
                self._database.execute("PRAGMA wal_checkpoint(RESTART)")
            raise

    def _set_depths(self, depths: Mapping[Lane, Depth]) -> None:
        rows = [(depth.committed, depth.stored, lane) for lane, depth in depths.items()]
        self._database.executemany("UPDATE lane SET committed = ?, stored = ? WHERE name = ?", rows)

    def _seal(self, asked: Sequence[Reading]) -> Depth:
        """What is pending becomes batches, behind what was `asked` of the ring; the readings lane after it."""
        rows = self._database.execute("SELECT readings FROM pending ORDER BY id").fetchall()
        readings = [*asked, *(reading for row in rows for reading in _readings.decode(row[0]))]
        depth = self.depths[Lane.READINGS]
        first, firsts = depth.committed + 1, []
        for count, payload in self._sealed(readings, first):
            self._database.execute("INSERT INTO batch VALUES (?, ?, ?)", [first, first + count - 1, payload])
            firsts.append(first)
            first += count
        spool_clock.note_batches(self._database, firsts, readings, self._boot)
        spool_kept.note(self._database, max((reading.time_ns for reading in readings), default=0), firsts)
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
            spool_clock.note_event(self._database, numbered, self._boot)
        return Depth(depth.committed + len(events), depth.stored)


def open_spool(folder: Path, room: Room | None = None, boot: str = "") -> SpoolFile:
    """Open or create the spool of a box that has started as `boot`, and seal what an ended process left pending.

    A file that was not closed is looked through first: what a power cut tore is found before it is
    built upon. Raises Damaged, or another EgretError.
    """
    with explained(folder), ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"{NAME}-wal"
        was_closed = not (log.exists() and log.stat().st_size)
        connection = sqlite3.connect(folder / NAME, isolation_level=None, check_same_thread=False)
        database = stack.enter_context(closing(connection))
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a file that has no tables yet
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        if not was_closed:
            _look_through(database)
        _create(database)
        file = SpoolFile(database, room or Room(folder / NAME), spool_clock.last_boot(database) or boot)
        file.commit(Group(), seals=True, is_synced=True)
        file.begin(boot)
        spool_reserve.claim(database, log)
        stack.pop_all()
    return file


def _look_through(database: sqlite3.Connection) -> None:
    found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _create(database: sqlite3.Connection) -> None:
    """What is missing: all of it in a new file, what came later in an old one."""
    later = "SELECT count(*) FROM sqlite_schema WHERE name IN ('gap', 'around', 'unset', 'heard', 'reserve')"
    if database.execute(later).fetchone()[0] == 5:
        return
    database.execute("BEGIN IMMEDIATE")
    with database:
        for table in _SCHEMA:
            database.execute(table)
        if not database.execute("SELECT count(*) FROM spool").fetchone()[0]:
            database.execute("INSERT INTO spool VALUES (?, 0)", [uuid.uuid4().hex[:12]])
            database.executemany("INSERT INTO lane VALUES (?, 0, 0)", [(lane,) for lane in Lane])
