"""A time-series store that is a program of its own: down, slow, or taking what it says it has not taken.

It keeps what the contract of `cloud.ports.Store` asks, as the embedded store does: a watermark a spool and the holes
below it, so that the same batch again changes nothing. What is stored twice all the same can be counted.
"""

import asyncio
import copy
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Self

from bench.simulation.town import NUMBER
from bench.simulation.trace import Trace
from cloud.ports import AlarmPoint, Batch, Point, Refusal
from wire.errors import Unavailable


@dataclass(slots=True)
class SimulatedStore:
    """`stored` counts samples by their number; `tilts` are the values that came with them, by number.

    `rows` counts readings by spool. `seen` are samples that it had at any time, also before it was restored.
    """

    rng: Random
    trace: Trace
    most_s: float = 0.05
    is_down: bool = False
    forgets_answer: float = 0.0
    refuses: float = 0.0
    stored: Counter[int] = field(default_factory=Counter)
    seen: set[int] = field(default_factory=set)
    tilts: dict[int, float] = field(default_factory=dict)
    marks: dict[tuple[str, str], int] = field(default_factory=dict)
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    holes: dict[tuple[str, str], tuple[tuple[int, int], ...]] = field(default_factory=dict)
    refused: int = 0
    wrong: list[str] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        """Raises Unavailable."""
        await self._pause()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """It runs on."""

    def backup(self) -> Callable[[], None]:
        """What it holds now; call it to have it hold that again."""
        held = copy.deepcopy((self.stored, self.tilts, self.marks, self.rows, self.holes))

        def restore() -> None:
            self.stored, self.tilts, self.marks, self.rows, self.holes = held

        return restore

    def heal(self) -> None:
        """As good as new."""
        self.most_s, self.is_down, self.forgets_answer, self.refuses = 0.05, False, 0.0, 0.0

    async def write(self, batches: Sequence[Batch]) -> Sequence[Refusal]:
        """In one transaction. Raises Unavailable, sometimes after it has taken them."""
        await self._pause()
        refusals = [refusal for batch in batches if (refusal := self._take(batch))]
        await asyncio.sleep(self.rng.uniform(0, self.most_s))
        if self.rng.random() < self.forgets_answer:
            raise _away("no answer within 30 s")
        return refusals

    async def write_alarm(self, alarm: AlarmPoint) -> None:
        """Nobody asks for them here."""

    async def latest(self) -> Sequence[Point]:
        """It knows nothing of what was."""
        await self._pause()
        return ()

    async def readings(self, sensor: str, quantity: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Point]:
        """Nobody asks."""
        raise NotImplementedError

    async def span(self, sensor: str, quantity: str, start_ns: int, end_ns: int, buckets: int) -> Sequence[Point]:
        """Nobody asks."""
        raise NotImplementedError

    async def count(self, start_ns: int, end_ns: int) -> int:
        """Nobody asks."""
        raise NotImplementedError

    async def _pause(self) -> None:
        await asyncio.sleep(self.rng.uniform(0, self.most_s))
        if self.is_down:
            raise _away("connection refused")

    def _take(self, batch: Batch) -> Refusal | None:
        spool = (batch.box, batch.spool_id)
        through = self.marks.get(spool, 0)
        holes = self.holes.get(spool, ())
        first, last = batch.first_sequence, batch.last_sequence
        is_hole = any(begin <= first and last <= end for begin, end in holes)
        if last <= through and not is_hole:
            return None
        if self.rng.random() < self.refuses:
            self.refused += 1
            return Refusal(batch, "a field has another type than before")
        if first <= through and not is_hole:
            self.wrong.append(f"sequences {first}..{last} lie astride {through}")
        if first > through + 1:
            holes = (*holes, (through + 1, first - 1))
        parts = [((begin, min(end, first - 1)), (max(begin, last + 1), end)) for begin, end in holes]
        self.holes[spool] = tuple(part for pair in parts for part in dict.fromkeys(pair) if part[0] <= part[1])
        self.marks[spool] = max(through, last)
        self.rows[spool] += sum(len(column.values) for column in batch.columns)
        self.trace.add("stored", f"{batch.box} {batch.spool_id} {batch.first_sequence}..{batch.last_sequence}")
        self._keep(batch)
        return None

    def _keep(self, batch: Batch) -> None:
        columns = {(column.tags.sensor, column.quantity): column for column in batch.columns}
        for (sensor, quantity), column in columns.items():
            if quantity != NUMBER:
                continue
            tilt = columns.get((sensor, "tilt"))
            numbers = [int(number or 0) for number in column.values]
            self.stored.update(numbers)
            self.seen.update(numbers)
            if tilt is not None and tilt.times_ns == column.times_ns:
                self.tilts |= {number: value or 0.0 for number, value in zip(numbers, tilt.values, strict=True)}


def _away(why: str) -> Unavailable:
    return Unavailable(why, where="simulated store", fix="start it.", code="E-STORE-001")
