"""The store for one machine and a one-command start: a DuckDB file, no server.

    store:
      kind: embedded
      folder: /srv/egret
      memory_mib: 128

The file is `readings.duckdb` in `folder`, by default the cloud's `data` folder. One process has it
open at a time: look at it with DuckDB's own command while the cloud is stopped. Within `memory_mib` DuckDB keeps
what it has written or read until that is full. See docs/operate/stores.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from cloud import span
from cloud.ports import AlarmPoint, Batch, Point, Refusal, Store
from cloud.readings_file import ReadingsFile
from wire.blocking import OneAtATime


@dataclass(frozen=True, slots=True)
class Config:
    """Where the file lies (empty: in the cloud's `data` folder), and how much memory DuckDB may take (MiB)."""

    folder: str = ""
    memory_mib: int = 128


def open_store(config: Config) -> Store:
    """The store; does no I/O."""
    return Embedded(ReadingsFile(Path(config.folder) / "readings.duckdb", config.memory_mib))


class Embedded:
    """A file of readings, off the event loop: one writer, and one reader that never waits for it."""

    def __init__(self, file: ReadingsFile) -> None:
        """Nothing is opened yet."""
        self._file, self._writer, self._reader = file, OneAtATime(), OneAtATime()

    async def __aenter__(self) -> Self:
        """Open the file, or make it. Raises Unavailable."""
        await self._writer(self._file.open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        await self._writer(self._file.close)

    async def write(self, batches: Sequence[Batch]) -> Sequence[Refusal]:
        """All in one transaction. Raises Unavailable."""
        refusals = await self._writer(self._file.write, batches)
        if self._file.is_heavy and not self._reader.turn.locked():
            async with self._reader.turn:
                await self._writer(self._file.reopen)
        return refusals

    async def write_alarm(self, alarm: AlarmPoint) -> None:
        """Store one alarm event. Raises Unavailable."""
        await self._writer(self._file.write_alarm, alarm)

    async def latest(self) -> Sequence[Point]:
        """As `cloud.ports.Store`; from memory, at no cost."""
        return self._file.latest()

    async def readings(self, sensor: str, quantity: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Point]:
        """As `cloud.ports.Store`."""
        rows = await self._reader(
            self._file.select,
            "SELECT time_ns, value, quality FROM readings JOIN series ON series.id = readings.series"
            " WHERE sensor = ? AND quantity = ? AND time_ns >= ? AND time_ns < ? ORDER BY time_ns LIMIT ?",
            [sensor, quantity, start_ns, end_ns, limit],
        )
        return [Point(sensor, quantity, *row) for row in rows]

    async def span(self, sensor: str, quantity: str, start_ns: int, end_ns: int, buckets: int) -> Sequence[Point]:
        """As `cloud.ports.Store`."""
        width_ns = span.width_ns(start_ns, end_ns, buckets)
        rows = await self._reader(
            self._file.select,
            "SELECT (time_ns - ?) // ? AS bucket, avg(value) FROM readings JOIN series ON series.id = readings.series"
            " WHERE sensor = ? AND quantity = ? AND time_ns >= ? AND time_ns < ? AND value IS NOT NULL"
            " GROUP BY bucket ORDER BY bucket",
            [start_ns, width_ns, sensor, quantity, start_ns, end_ns],
        )
        return [Point(sensor, quantity, start_ns + bucket * width_ns, mean, 0) for bucket, mean in rows]

    async def count(self, start_ns: int, end_ns: int) -> int:
        """As `cloud.ports.Store`."""
        query = "SELECT count(*) FROM readings WHERE time_ns >= ? AND time_ns < ?"
        rows = await self._reader(self._file.select, query, [start_ns, end_ns])
        return int(rows[0][0])
