"""What a spool's SQLite file holds, to read only: by the agent, or beside it by `egret edge status` and `spool`."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from heapq import merge
from pathlib import Path

import msgspec

from edge import spool_clock, spool_kept, spool_ring
from edge.data_use import used_by
from edge.spool_damage import NAME, explained
from wire import batch as wire_batch
from wire.alarm import AlarmEvent
from wire.batch import Batch
from wire.errors import EgretError
from wire.gap import Gap
from wire.reading import Reading
from wire.receipt import Kept, Lane

_FETCH_VALUES = 10_000
"""Values that one fetch may bring into memory; a fetch brings one batch at least."""
_NEVER = 2**62
_event = msgspec.msgpack.Decoder(AlarmEvent)
_gap = msgspec.msgpack.Decoder(Gap)
_readings = msgspec.msgpack.Decoder(list[Reading])


@dataclass(frozen=True, slots=True)
class Depth:
    """One lane: the last sequence committed, and the last one the cloud has receipted."""

    committed: int
    stored: int

    @property
    def waiting(self) -> int:
        """Without a receipt."""
        return self.committed - self.stored


class SpoolView:
    """A spool's tables. Not thread-safe: its owner makes one call at a time."""

    def __init__(self, database: sqlite3.Connection) -> None:
        """`database` has the tables. Use `peek` beside an agent."""
        self._database = database
        self.id: str = database.execute("SELECT id FROM spool").fetchone()[0]
        rows = database.execute("SELECT name, committed, stored FROM lane").fetchall()
        self.depths: Mapping[Lane, Depth] = {Lane(name): Depth(*counts) for name, *counts in rows}
        """How far each lane has come, as committed."""

    def batches(self, after: int, limit: int) -> tuple[Batch, ...]:
        """Sealed batches without a receipt that hold more than `after`, in order, with the gaps in front of them.

        None that waits until the box knows the time. Their `box` is empty, they trim nothing. A gap that nothing
        follows yet, as in a new spool whose sensors are silent, comes with a batch of no readings.
        """
        stored = self.depths[Lane.READINGS].stored
        gaps = self.gaps(stored)
        found = self._batches(max(after, stored), self.unset_from or _NEVER, limit, gaps)
        if found or not gaps or gaps[-1].last_sequence <= after:
            return found
        return (_with_gaps(Batch("", self.id, gaps[-1].last_sequence + 1, 0, ()), gaps),)

    def again(self, after: int, through: int, since_ns: int, limit: int) -> tuple[Batch, ...]:
        """As `batches`, of what had a receipt and is kept: up to `through`, from the first of `since_ns` or later on.

        They say that there is nothing before the first of them.
        """
        first = spool_kept.first_since(self._database, since_ns)
        if first is None:
            return ()
        end = min(through, self.depths[Lane.READINGS].stored) + 1
        # A cloud that asks from a time on knows what had gone before.
        gaps = self.gaps(first - 1 if since_ns else 0)
        found = self._batches(max(after, first - 1), end, limit, gaps)
        return tuple(
            msgspec.structs.replace(batch, trimmed_through=min(first, batch.first_sequence) - 1) for batch in found
        )

    def kept(self) -> Kept:
        """What of that is still here."""
        return spool_kept.kept(self._database, *(self.depths[lane].stored for lane in (Lane.READINGS, Lane.ALARMS)))

    def _batches(self, after: int, end: int, limit: int, gaps: Sequence[Gap]) -> tuple[Batch, ...]:
        query = "SELECT payload FROM batch WHERE last > ? AND first < ? ORDER BY first LIMIT ?"
        rows = self._database.execute(query, [after, end, limit])
        found: list[Batch] = []
        values = 0
        with closing(rows):
            for (payload,) in rows:
                found.append(_with_gaps(wire_batch.decode(payload), gaps))
                values += found[-1].count
                if values >= _FETCH_VALUES:
                    break
        return tuple(found)

    @property
    def unset_from(self) -> int | None:
        """The sequence of the first reading that waits until the box knows the time."""
        return spool_clock.waiting_from(self._database)

    def events(self, after: int, limit: int) -> tuple[AlarmEvent, ...]:
        """Alarm events above sequence `after`, in order; also those that are kept behind their receipt."""
        found: list[AlarmEvent] = []
        for table in ("heard", "event") if self.has("heard") else ("event",):
            query = f"SELECT event FROM {table} WHERE sequence > ? ORDER BY sequence LIMIT ?"  # noqa: S608 - our names
            rows = self._database.execute(query, [after, limit - len(found)]).fetchall()
            found += [_event.decode(row[0]) for row in rows]
        return tuple(found)

    def states(self) -> Mapping[str, bytes]:
        """The rules' states by alarm id, as last committed."""
        return dict(self._database.execute("SELECT alarm, state FROM rule_state").fetchall())

    def gaps(self, after: int = 0) -> tuple[Gap, ...]:
        """Of readings that had to go, above sequence `after`, oldest first; the newest hundred receipted ones too."""
        if not self.has("gap"):
            return ()
        rows = self._database.execute("SELECT gap FROM gap WHERE last > ? ORDER BY first", [after])
        return tuple(_gap.decode(row[0]) for row in rows.fetchall())

    @contextmanager
    def as_of_now(self) -> Iterator[None]:
        """Whatever an agent commits meanwhile is not seen inside."""
        self._database.execute("BEGIN")
        try:
            yield
        finally:
            self._database.rollback()

    def ring_size(self) -> int:
        """Bytes of what report policies hold back."""
        return spool_ring.size(self._database) if self.has("around") else 0

    def held(self, since_ns: int) -> spool_ring.Held:
        """As `edge.spool_ring.since`."""
        return spool_ring.since(self._database, since_ns)

    def readings(self) -> Iterator[Reading]:
        """Everything that is here, once, in the order in which it was sampled: the ring, what waits, what is open."""
        sent: defaultdict[str, list[spool_ring.Sent]] = defaultdict(list)
        for one in spool_ring.sent(self._database) if self.has("around") else ():
            sent[one.around.sensor].append(one)
        # What went out of the ring may still wait for its receipt; the ring's comes first.
        both: set[tuple[str, str, int]] = set()
        for reading, row in merge(self._held(), self._numbered(), key=_sampled):
            key = (reading.sensor, reading.quantity, reading.time_ns)
            if row and any(one.has(row, reading) for one in sent.get(reading.sensor, ())):
                both.add(key)
            elif key in both:
                continue
            yield reading

    def _held(self) -> Iterator[tuple[Reading, int]]:
        """With the row of the ring in which it is, which for the open window is the next."""
        if not self.has("around"):
            return
        row = 0
        for row, batch in spool_ring.kept(self._database):
            yield from ((reading, row) for reading in _in_order(batch))
        yield from ((reading, row + 1) for reading in spool_ring.held(self._database))

    def _numbered(self) -> Iterator[tuple[Reading, int]]:
        """With a receipt or without, and in no row of the ring."""
        with closing(self._database.execute("SELECT payload FROM batch ORDER BY first")) as rows:
            for (payload,) in rows:
                yield from ((reading, 0) for reading in _in_order(wire_batch.decode(payload)))
        for (pending,) in self._database.execute("SELECT readings FROM pending ORDER BY id").fetchall():
            yield from ((reading, 0) for reading in _readings.decode(pending))

    def has(self, table: str) -> bool:
        """Not in a file of an older version that was not opened since."""
        return bool(self._database.execute("SELECT count(*) FROM sqlite_schema WHERE name = ?", [table]).fetchone()[0])


def _in_order(batch: Batch) -> list[Reading]:
    readings = (reading for series in batch.series for reading in series.readings())
    return sorted(readings, key=lambda reading: (reading.time_ns, reading.sensor))


def _sampled(placed: tuple[Reading, int]) -> tuple[int, str]:
    return placed[0].time_ns, placed[0].sensor


def _with_gaps(batch: Batch, gaps: Sequence[Gap]) -> Batch:
    """`gaps`, in order, are what the cloud has not heard of; a batch has those directly in front of it."""
    before: list[Gap] = []
    for gap in reversed(gaps):
        if gap.last_sequence == (before[0] if before else batch).first_sequence - 1:
            before.insert(0, gap)
    return msgspec.structs.replace(batch, gaps=tuple(before)) if before else batch


@contextmanager
def _beside(folder: Path) -> Iterator[SpoolView]:
    """A spool that an agent may be using, to read only."""
    if not (folder / NAME).exists():
        fix = "give the --data folder of an agent that has run here."
        raise EgretError("there is no spool in this folder.", where=str(folder), fix=fix, code="E-SPOOL-003")
    with (
        explained(folder),
        closing(sqlite3.connect(f"{(folder / NAME).absolute().as_uri()}?mode=ro", uri=True)) as database,
    ):
        yield SpoolView(database)


@dataclass(frozen=True, slots=True)
class Glance:
    """A spool as seen from another process. `size` in bytes on disk, `ring` of them what policies hold back.

    `unset`: readings that wait until the box knows the time.
    `data`: bytes sent and received, by month (`2026-11`).
    `kept`: what has its receipt and can be sent again; None in a file of an older version.
    """

    id: str
    depths: Mapping[Lane, Depth]
    size: int
    gaps: tuple[Gap, ...]
    ring: int
    unset: int
    data: Mapping[str, int]
    kept: Kept | None


def peek(folder: Path) -> Glance:
    """Look at a spool that an agent may be using. Raises EgretError when there is none."""
    with _beside(folder) as view:
        size = sum(path.stat().st_size for path in folder.glob(f"{NAME}*"))
        unset_from, committed = view.unset_from, view.depths[Lane.READINGS].committed
        unset = 0 if unset_from is None else committed + 1 - unset_from
        data, kept = used_by(view.states()), view.kept() if view.has("heard") else None
        return Glance(view.id, view.depths, size, view.gaps(), view.ring_size(), unset, data, kept)


def readings(folder: Path) -> Iterator[Reading]:
    """As `SpoolView.readings`, of a spool that an agent may be using: as of now. Raises EgretError."""
    with _beside(folder) as view, view.as_of_now():
        yield from view.readings()


def held(folder: Path, since_ns: int) -> spool_ring.Held:
    """As `SpoolView.held`, of a spool that an agent has open. Raises EgretError."""
    with _beside(folder) as view:
        return view.held(since_ns)


def waiting(folder: Path, limit: int) -> tuple[tuple[AlarmEvent, ...], tuple[Batch, ...]]:
    """The oldest alarm events and batches without a receipt. Raises EgretError when there is no spool."""
    with _beside(folder) as view:
        found: list[Batch] = []
        while more := view.batches(found[-1].last_sequence if found else 0, limit - len(found)):
            found += more
        if found and not found[-1].count:  # a gap alone
            found.pop()
        return view.events(view.depths[Lane.ALARMS].stored, limit), tuple(found)
