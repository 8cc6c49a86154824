"""What all stores that take line protocol share: batches become posts, and what is refused is found.

A server that refuses some lines of a post takes the others and names only the first mistake. The
post is then halved, and the halves are written again, until what remains is exactly what the
server will never take. Writing a line twice changes nothing, so this is safe, and it is rare.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol, Self

from cloud import line_protocol
from cloud.ports import AlarmPoint, Batch, Column, Point, Refusal
from wire.errors import Rejected

LINES_MAX = 10_000
"""Lines in one post: where InfluxDB is fastest."""
_POSTS_AT_ONCE = 2
_DROPPED = re.compile(r"dropped=(\d+)\W*$")


class Poster(Protocol):
    """A connection that takes line protocol. Entering makes the database usable; raises Unavailable."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    async def post(self, lines: bytes) -> str:
        """Empty when all lines are durable, otherwise why the server refuses some. Raises Unavailable."""


class Reader(Protocol):
    """The queries of `cloud.ports.Store`."""

    async def latest(self) -> Sequence[Point]:
        """As `cloud.ports.Store`."""

    async def readings(self, sensor: str, quantity: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Point]:
        """As `cloud.ports.Store`."""

    async def span(self, sensor: str, quantity: str, start_ns: int, end_ns: int, buckets: int) -> Sequence[Point]:
        """As `cloud.ports.Store`."""

    async def count(self, start_ns: int, end_ns: int) -> int:
        """As `cloud.ports.Store`."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Some rows of one column of a batch, with their lines."""

    batch: Batch
    column: Column
    lines: bytes

    @property
    def count(self) -> int:
        return len(self.column.times_ns)

    def halves(self) -> "list[_Part]":
        middle = self.count // 2
        return [_part(self.batch, _cut(self.column, rows)) for rows in (slice(middle), slice(middle, None))]


class LineStore:
    """A store that is written by `poster` and queried by `reader`."""

    def __init__(self, poster: Poster, reader: Reader) -> None:
        """Nothing is connected yet."""
        self._poster, self._reader = poster, reader
        self.latest, self.readings, self.span, self.count = reader.latest, reader.readings, reader.span, reader.count

    async def __aenter__(self) -> Self:
        """Connect. Raises Unavailable."""
        await self._poster.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self._poster.__aexit__(kind, error, trace)

    async def write(self, batches: Sequence[Batch]) -> Sequence[Refusal]:
        """Store all columns; return what was refused, one Refusal a batch. Raises Unavailable."""
        parts, refused = _encoded(batches)
        turn = asyncio.Semaphore(_POSTS_AT_ONCE)

        async def write_one(post: list[_Part]) -> list[tuple[_Part, str]]:
            async with turn:
                return await self._write(post)

        results = await asyncio.gather(*map(write_one, _posts(parts)), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
            refused += result
        return _gathered(refused)

    async def write_alarm(self, alarm: AlarmPoint) -> None:
        """Store one alarm event. Raises Unavailable, Rejected."""
        reason = await self._poster.post(line_protocol.encode_alarm(alarm))
        if reason:
            raise Rejected(f"the store refuses an alarm event: {reason}", where=alarm.tags.sensor, code="E-STORE-002")

    async def _write(self, parts: list[_Part]) -> list[tuple[_Part, str]]:
        reason = await self._poster.post(b"".join(part.lines for part in parts))
        if not reason:
            return []
        lines = sum(part.count for part in parts)
        dropped = _DROPPED.search(reason)
        if lines == 1 or (dropped and int(dropped[1]) == lines):
            return [(part, reason) for part in parts]
        pieces = parts if len(parts) > 1 else parts[0].halves()
        middle = len(pieces) // 2
        return await self._write(pieces[:middle]) + await self._write(pieces[middle:])


def _encoded(batches: Sequence[Batch]) -> tuple[list[_Part], list[tuple[_Part, str]]]:
    """The columns as lines, and those that cannot be written, with the reason."""
    parts, refused = [], []
    for batch in batches:
        for column in batch.columns:
            try:
                parts.append(_part(batch, column))
            except Rejected as error:
                refused.append((_Part(batch, column, b""), str(error)))
    return parts, refused


def _part(batch: Batch, column: Column) -> _Part:
    return _Part(batch, column, line_protocol.encode(column))


def _cut(column: Column, rows: slice) -> Column:
    return replace(column, times_ns=column.times_ns[rows], values=column.values[rows], qualities=column.qualities[rows])


def _posts(parts: Iterable[_Part]) -> Iterator[list[_Part]]:
    """Runs of columns of at most 10 000 lines together."""
    post: list[_Part] = []
    lines = 0
    for part in parts:
        if post and lines + part.count > LINES_MAX:
            yield post
            post, lines = [], 0
        post.append(part)
        lines += part.count
    if post:
        yield post


def _gathered(refused: Iterable[tuple[_Part, str]]) -> list[Refusal]:
    """One Refusal a batch, with the first reason."""
    found: dict[tuple[str, str, int], Refusal] = {}
    for part, reason in refused:
        batch = part.batch
        known = found.setdefault(
            (batch.box, batch.spool_id, batch.first_sequence), Refusal(replace(batch, columns=()), reason)
        )
        whole = replace(batch, columns=(*known.batch.columns, part.column))
        found[batch.box, batch.spool_id, batch.first_sequence] = Refusal(whole, known.reason)
    return list(found.values())
