"""The DuckDB file of the embedded store. Every call blocks; one thread writes, others may read beside it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from cloud.ports import AlarmPoint, Batch, Column, Point, Refusal
from wire.errors import Unavailable
from wire.inventory import Tags

SeriesKey = tuple[Tags, str]
"""Labels and quantity."""
Spool = tuple[str, str]
"""(box, spool id)."""

Holes = tuple[tuple[int, int], ...]
"""(first, last) of sequences that are not here, in order of the batches behind them."""

_HOLES_MOST = 1_000
"""Of one spool, the newest: each gap that a box had leaves one, for ever."""
_DAY_NS = 86_400 * 1_000_000_000
_THREADS = 2
_LOG_MIB = 2
"""What is written ahead before it goes into the file: until then DuckDB holds it in memory as well, uncompressed. Its
own 16 MiB would take 20 MiB, and stop a write for longer; the file becomes some 7 % larger for it."""
_WRITES_MOST = 2_000
"""Before the file is opened anew: DuckDB 2.0 keeps some 5 KiB of every write until then."""
_GONE = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.FatalException,
    duckdb.ConnectionException,
    OSError,
)
"""A full disk, a file in use or missing, a lack of memory."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, site VARCHAR, sensor VARCHAR, box VARCHAR, kind VARCHAR, district VARCHAR, quantity VARCHAR
);
CREATE TABLE IF NOT EXISTS readings (series INTEGER, time_ns BIGINT, value DOUBLE, quality INTEGER);
CREATE TABLE IF NOT EXISTS watermarks (
    box VARCHAR, spool_id VARCHAR, stored_through BIGINT, PRIMARY KEY (box, spool_id)
);
CREATE TABLE IF NOT EXISTS holes (box VARCHAR, spool_id VARCHAR, first BIGINT, through BIGINT);
CREATE TABLE IF NOT EXISTS alarm (
    site VARCHAR, sensor VARCHAR, rule VARCHAR, level VARCHAR, district VARCHAR, time_ns BIGINT,
    event VARCHAR, value DOUBLE, "limit" DOUBLE, "case" VARCHAR, PRIMARY KEY (sensor, rule, level, time_ns)
);
"""
_LATEST = """
SELECT sensor, quantity, max(time_ns), arg_max_null(value, time_ns), arg_max_null(quality, time_ns)
FROM readings JOIN series ON series.id = readings.series
WHERE time_ns > (SELECT max(time_ns) FROM readings) - ?
GROUP BY sensor, quantity
"""
_ADVANCE = "INSERT OR REPLACE INTO watermarks SELECT unnest(?), unnest(?), unnest(?)"
"""All in one statement: DuckDB takes milliseconds for each, however small."""


class ReadingsFile:
    """Readings, alarm events and watermarks in one file.

    Readings are kept without an index. A batch is stored once because its spool's watermark moves
    in the same transaction. What lies between two batches is a hole, which a later one may fill: a file that was
    restored from a backup lacks what its boxes have a receipt for. The newest reading of each series is held in
    memory as well.
    """

    def __init__(self, path: Path, memory_mib: int) -> None:
        """Nothing is opened yet."""
        self._path, self._memory_mib = path, memory_mib
        self._database: duckdb.DuckDBPyConnection | None = None
        self._writes = 0
        self._series: dict[SeriesKey, int] = {}
        self._watermarks: dict[Spool, int] = {}
        self._holes: dict[Spool, Holes] = {}
        self._latest: dict[tuple[str, str], Point] = {}

    def open(self) -> None:
        """Open the file, or make it. Raises Unavailable."""
        with self._transaction():
            pass

    def close(self) -> None:
        """Write everything into the file and let go of it."""
        database, self._database = self._database, None
        if database is not None:
            database.close()

    @property
    def is_heavy(self) -> bool:
        """Is it time to `reopen`?"""
        return self._writes >= _WRITES_MOST

    def reopen(self) -> None:
        """Free what DuckDB keeps of past writes; nobody may read meanwhile. Raises Unavailable."""
        self.close()
        try:
            self._database = self._connected()
        except _GONE as error:
            raise self._unavailable(error) from error

    def latest(self) -> list[Point]:
        """As `cloud.ports.Store`, from memory."""
        points = list(self._latest.values())
        newest_ns = max((point.time_ns for point in points), default=0)
        return [point for point in points if point.time_ns > newest_ns - _DAY_NS]

    def select(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """Rows as of the last transaction, beside a running writer. Raises Unavailable."""
        try:
            if self._database is None:
                raise duckdb.ConnectionException("it is not open")
            with self._database.cursor() as cursor:
                return cursor.execute(query, values).fetchall()
        except _GONE as error:
            raise self._unavailable(error) from error

    def write(self, batches: Sequence[Batch]) -> list[Refusal]:
        """In one transaction, what is above the watermarks. Raises Unavailable."""
        with self._transaction() as database:
            columns, reached, holes, refusals = self._new(batches)
            if not (reached or holes):
                return refusals
            series = self._numbered(database, columns)
            database.register("incoming", _arrays(columns, series))
            database.execute("INSERT INTO readings SELECT series, time_ns, value, quality FROM incoming")
            database.unregister("incoming")
            if reached:
                boxes, spool_ids = zip(*reached, strict=True)
                database.execute(_ADVANCE, [list(boxes), list(spool_ids), list(reached.values())])
            for spool, left in holes.items():
                _note_holes(database, spool, self._holes.get(spool, ()), left)
        self._series = series
        self._watermarks |= reached
        self._holes |= holes
        for column in columns:
            self._remember(column)
        return refusals

    def write_alarm(self, alarm: AlarmPoint) -> None:
        """In one transaction. Raises Unavailable."""
        tags = alarm.tags
        with self._transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO alarm VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(tags.site, tags.sensor, alarm.rule, alarm.level, tags.district, alarm.time_ns),
                    *(alarm.event, alarm.value, alarm.limit, alarm.case),
                ],
            )

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Commits on leaving. After a failure the file is opened afresh: it knows what was committed."""
        is_committed = False
        try:
            database = self._database or self._known()
            database.begin()
            yield database
            database.commit()
            is_committed = True
            self._writes += 1
        except _GONE as error:
            raise self._unavailable(error) from error
        finally:
            if not is_committed:
                self.close()

    def _connected(self) -> duckdb.DuckDBPyConnection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{self._memory_mib}MiB",
            "threads": _THREADS,
            "checkpoint_threshold": f"{_LOG_MIB}MiB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        self._writes = 0
        return duckdb.connect(str(self._path), config=config)

    def _known(self) -> duckdb.DuckDBPyConnection:
        """The file, opened, and what it holds."""
        self._database = database = self._connected()
        database.execute(_SCHEMA)
        rows = database.execute("SELECT id, site, sensor, box, kind, district, quantity FROM series").fetchall()
        self._series = {(Tags(*tags), quantity): number for number, *tags, quantity in rows}
        rows = database.execute("SELECT box, spool_id, stored_through FROM watermarks").fetchall()
        self._watermarks = {(box, spool_id): through for box, spool_id, through in rows}
        self._holes = {}
        for box, spool_id, *hole in database.execute("SELECT * FROM holes ORDER BY first").fetchall():
            self._holes[box, spool_id] = (*self._holes.get((box, spool_id), ()), (hole[0], hole[1]))
        self._latest = {(row[0], row[1]): Point(*row) for row in database.execute(_LATEST, [_DAY_NS]).fetchall()}
        return database

    def _new(
        self, batches: Iterable[Batch]
    ) -> tuple[list[Column], dict[Spool, int], dict[Spool, Holes], list[Refusal]]:
        """What is not stored yet, the watermarks after it and, where they change, the holes below them."""
        columns: list[Column] = []
        reached: dict[Spool, int] = {}
        changed: dict[Spool, Holes] = {}
        refusals: list[Refusal] = []
        for batch in batches:
            spool, first, last = (batch.box, batch.spool_id), batch.first_sequence, batch.last_sequence
            through = reached.get(spool, self._watermarks.get(spool, 0))
            holes = changed.get(spool, self._holes.get(spool, ()))
            if first > through:
                columns += batch.columns
                reached[spool] = last
                if first > through + 1:
                    changed[spool] = (*holes, (through + 1, first - 1))[-_HOLES_MOST:]
            elif any(begin <= first and last <= end for begin, end in holes):
                columns += batch.columns
                changed[spool] = tuple(part for hole in holes for part in _without(hole, first, last))
            elif last > through:
                said = f"sequences {first}..{last} lie astride {through} [E-STORE-009]"
                refusals.append(Refusal(batch, said))
        return columns, reached, changed, refusals

    def _numbered(self, database: duckdb.DuckDBPyConnection, columns: Iterable[Column]) -> dict[SeriesKey, int]:
        """All series with those of `columns`, new ones inserted."""
        series = dict(self._series)
        for column in columns:
            key = (column.tags, column.quantity)
            if key not in series:
                series[key] = len(series)
                tags = column.tags
                names = [tags.site, tags.sensor, tags.box, tags.kind, tags.district, column.quantity]
                database.execute("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?)", [series[key], *names])
        return series

    def _remember(self, column: Column) -> None:
        last = max(range(len(column.times_ns)), key=column.times_ns.__getitem__)
        key = (column.tags.sensor, column.quantity)
        known = self._latest.get(key)
        if known is None or column.times_ns[last] >= known.time_ns:
            self._latest[key] = Point(*key, column.times_ns[last], column.values[last], column.qualities[last])

    def _unavailable(self, error: Exception) -> Unavailable:
        fix = "see that no other process has the file open, that it may be written, and that the disk is not full."
        return Unavailable(f"cannot use this file: {error}", where=str(self._path), fix=fix, code="E-STORE-008")


def _without(hole: tuple[int, int], first: int, last: int) -> Iterator[tuple[int, int]]:
    """What is left of a hole when sequences that lie in it, or wholly beside it, are there."""
    begin, end = hole
    if last < begin or end < first:
        yield hole
        return
    if begin < first:
        yield begin, first - 1
    if last < end:
        yield last + 1, end


def _note_holes(database: duckdb.DuckDBPyConnection, spool: Spool, before: Holes, after: Holes) -> None:
    for begin, _ in set(before) - set(after):
        database.execute("DELETE FROM holes WHERE box = ? AND spool_id = ? AND first = ?", [*spool, begin])
    for hole in set(after) - set(before):
        database.execute("INSERT INTO holes VALUES (?, ?, ?, ?)", [*spool, *hole])


def _arrays(columns: Sequence[Column], series: dict[SeriesKey, int]) -> dict[str, np.ndarray]:
    """One row a reading; a value of None becomes NaN, which DuckDB takes as NULL."""
    numbers = [series[column.tags, column.quantity] for column in columns]
    lengths = [len(column.times_ns) for column in columns]
    return {
        "series": np.repeat(np.array(numbers, dtype=np.int32), lengths),
        "time_ns": np.fromiter(chain.from_iterable(column.times_ns for column in columns), np.int64),
        "value": np.array(list(chain.from_iterable(column.values for column in columns)), dtype=np.float64),
        "quality": np.fromiter(chain.from_iterable(column.qualities for column in columns), np.int32),
    }
