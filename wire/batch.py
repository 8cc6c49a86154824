"""Readings on the wire: columns of scaled integers, msgpack inside zstd, about one byte a value.

    payload = zstd( msgpack [version, box, spool_id, first_sequence, trimmed_through, clocks, series, gaps?] )
    clock   = [first time_ns, unit_ns, second differences …]      one per set of equal time columns
    series  = [sensor, quantity, clock number, decimals, values, quality runs]
              decimals ≥ 0: values are differences of value·10^decimals; decimals -1: plain doubles and nils

Encoding is lossless for every double: a column that would not come back bit for bit is sent plain.
The quantities of one poll share their times, so they share a clock. See docs/wire.md.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import msgspec
import zstandard

from wire import gap
from wire.bounded import QUALITY_MAX, SEQUENCE_MAX, TIME_MAX, UNDECODABLE, Word, in_short, require_words
from wire.errors import WireError
from wire.gap import Gap
from wire.quantities import decimals as decimals_of
from wire.reading import Reading

VERSION = 1
VALUES_MAX = 5_000
"""Readings in one batch."""
UNPACKED_MAX = 1024 * 1024
"""Bytes after decompression; more is a bomb."""
_PLAIN = -1
_MILLISECOND = 1_000_000
_EXACT_MAX = 2**53


class Series(msgspec.Struct, frozen=True):
    """The readings of one quantity of one sensor: three columns of equal length, in order of sampling."""

    sensor: str
    quantity: str
    times_ns: tuple[int, ...]
    values: tuple[float | None, ...]
    qualities: tuple[int, ...]

    def readings(self) -> Iterable[Reading]:
        """As rows."""
        for time_ns, value, quality in zip(self.times_ns, self.values, self.qualities, strict=True):
            yield Reading(self.sensor, self.quantity, value, time_ns, quality)


class Batch(msgspec.Struct, frozen=True):
    """A run of readings of one box: sequences `first_sequence` … `last_sequence` of its spool.

    A batch is sealed once and never cut differently, so a re-sent batch is the same batch.
    `trimmed_through`: the box holds nothing below or at this sequence any more; a cloud that lost
    its watermark continues from here instead of asking for ever. `gaps`: what is gone directly before
    it, in order; behind a gap there may be no readings yet. `again`: the id of the request
    (`wire.receipt.Again`) that it answers; empty for what is new.
    """

    box: str
    spool_id: str
    first_sequence: int
    trimmed_through: int
    series: tuple[Series, ...]
    gaps: tuple[Gap, ...] = ()
    again: str = ""

    @property
    def begins(self) -> int:
        """The first sequence that it accounts for: of its first gap, or of its first reading."""
        return self.gaps[0].first_sequence if self.gaps else self.first_sequence

    @property
    def count(self) -> int:
        """Readings in it."""
        return sum(len(series.values) for series in self.series)

    @property
    def last_sequence(self) -> int:
        """The sequence of its last reading, or of the last one that is gone."""
        return self.first_sequence + self.count - 1


class _Clock(msgspec.Struct, array_like=True):
    first_ns: int
    unit_ns: int
    second_differences: list[int]


class _Column(msgspec.Struct, array_like=True):
    sensor: str
    quantity: str
    clock: int
    decimals: int
    values: list[int | float | None]
    quality_runs: list[int]


class _Frame(msgspec.Struct, array_like=True):
    version: int
    box: str
    spool_id: str
    first_sequence: int
    trimmed_through: int
    clocks: list[_Clock]
    series: list[_Column]


class _FrameWithGaps(_Frame, array_like=True):
    """A frame without gaps ends before them: readers of before they were known pass over what follows `series`."""

    gaps: list[Gap] = []


class _FrameAgain(_FrameWithGaps, array_like=True):
    """One that was asked for, to a cloud that has asked."""

    again: Word = ""


_decoder = msgspec.msgpack.Decoder(_FrameAgain)


def columns(readings: Iterable[Reading]) -> tuple[Series, ...]:
    """Rows to columns, keeping the order within each sensor and quantity."""
    gathered: dict[tuple[str, str], tuple[list[int], list[float | None], list[int]]] = {}
    for reading in readings:
        times, values, qualities = gathered.setdefault((reading.sensor, reading.quantity), ([], [], []))
        times.append(reading.time_ns)
        values.append(reading.value)
        qualities.append(reading.quality)
    return tuple(
        Series(*key, tuple(times), tuple(values), tuple(qualities))
        for key, (times, values, qualities) in gathered.items()
    )


def encode(batch: Batch) -> bytes:
    """The MQTT payload."""
    clocks: dict[tuple[int, ...], int] = {}
    series = [
        _Column(
            column.sensor,
            column.quantity,
            clocks.setdefault(column.times_ns, len(clocks)),
            *_scaled(column),
            _runs(column.qualities),
        )
        for column in batch.series
    ]
    place = (VERSION, batch.box, batch.spool_id, batch.first_sequence, batch.trimmed_through)
    body = ([_clock(times) for times in clocks], series)
    frame = _Frame(*place, *body)
    if batch.again:
        frame = _FrameAgain(*place, *body, list(batch.gaps), batch.again)
    elif batch.gaps:
        frame = _FrameWithGaps(*place, *body, list(batch.gaps))
    return zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(frame))


def decode(payload: bytes) -> Batch:
    """The batch, checked: equal columns, finite values, times within int64, sizes within bounds. Raises WireError."""
    try:
        frame = _decoder.decode(_unpack(payload))
        if frame.version != VERSION:
            raise _unreadable(f"version {frame.version} is not {VERSION}")
        if not 0 <= frame.trimmed_through < frame.first_sequence <= SEQUENCE_MAX:
            raise _unreadable(f"sequence {frame.first_sequence} after {frame.trimmed_through} is impossible")
        if not (0 if frame.gaps else 1) <= sum(len(column.values) for column in frame.series) <= VALUES_MAX:
            raise _unreadable(f"it holds no readings, or more than {VALUES_MAX}")
        if sum(1 + len(clock.second_differences) for clock in frame.clocks) > VALUES_MAX:
            raise _unreadable(f"its clocks have more than {VALUES_MAX} times")
        if wrong := gap.mistake(frame.gaps, frame.first_sequence):
            raise _unreadable(wrong)
        times = [_times(clock) for clock in frame.clocks]
        series = tuple(_series(column, times) for column in frame.series)
    except (*UNDECODABLE, zstandard.ZstdError, OverflowError) as error:
        raise _unreadable(in_short(error)) from error
    place = (frame.box, frame.spool_id, frame.first_sequence, frame.trimmed_through)
    return Batch(*place, series, tuple(frame.gaps), frame.again)


def weight(payload: bytes) -> int:
    """Bytes that a payload says it unpacks to, as far as anybody would unpack them; its own for what is no zstd."""
    try:
        return min(max(zstandard.frame_content_size(payload), len(payload)), UNPACKED_MAX)
    except zstandard.ZstdError:
        return len(payload)


def _unreadable(why: str) -> WireError:
    return WireError(f"this is no batch of readings: {why}", fix="see docs/wire.md", code="E-WIRE-003")


def _unpack(payload: bytes) -> bytes:
    size = zstandard.frame_content_size(payload)
    if not 0 <= size <= UNPACKED_MAX:
        raise _unreadable(f"it unpacks to {size} bytes, the limit is {UNPACKED_MAX}")
    return zstandard.ZstdDecompressor().decompress(payload, max_output_size=UNPACKED_MAX)


def _clock(times_ns: Sequence[int]) -> _Clock:
    first = times_ns[0]
    differences = [later - earlier for earlier, later in pairwise(times_ns)]
    unit = _MILLISECOND if all(difference % _MILLISECOND == 0 for difference in differences) else 1
    steps = [difference // unit for difference in differences]
    return _Clock(first, unit, steps[:1] + [later - earlier for earlier, later in pairwise(steps)])


def _times(clock: _Clock) -> tuple[int, ...]:
    if clock.unit_ns not in (1, _MILLISECOND):
        raise _unreadable(f"clock unit {clock.unit_ns} ns")
    steps = accumulate(clock.second_differences)
    times = tuple(accumulate((step * clock.unit_ns for step in steps), initial=clock.first_ns))
    if min(times) < 0 or max(times) > TIME_MAX:
        raise _unreadable("a time outside 1970..2262")
    return times


def _scaled(series: Series) -> tuple[int, list[int | float | None]]:
    decimals = decimals_of(series.quantity)
    scale = 10**decimals
    whole: list[int] = []
    for value in series.values:
        if value is None or abs(value) * scale >= _EXACT_MAX:
            return _PLAIN, list(series.values)
        scaled = round(value * scale)
        if scaled / scale != value or (scaled == 0 and math.copysign(1.0, value) < 0):
            return _PLAIN, list(series.values)
        whole.append(scaled)
    return decimals, [*whole[:1], *(later - earlier for earlier, later in pairwise(whole))]


def _series(column: _Column, times: Sequence[tuple[int, ...]]) -> Series:
    require_words(column.sensor, column.quantity)
    if not 0 <= column.clock < len(times) or len(times[column.clock]) != len(column.values):
        raise _unreadable(f"{column.sensor} {column.quantity}: times and values differ in number")
    qualities = _qualities(column.quality_runs, len(column.values))
    return Series(column.sensor, column.quantity, times[column.clock], _values(column), qualities)


def _values(column: _Column) -> tuple[float | None, ...]:
    if column.decimals == _PLAIN:
        values = tuple(None if value is None else float(value) for value in column.values)
        if any(value is not None and not math.isfinite(value) for value in values):
            raise _unreadable(f"{column.sensor} {column.quantity}: a value that is no number")
        return values
    if not 0 <= column.decimals <= 9 or not all(isinstance(value, int) for value in column.values):
        raise _unreadable(f"{column.sensor} {column.quantity}: a column of neither integers nor doubles")
    scale = 10**column.decimals
    return tuple(whole / scale for whole in accumulate(int(value) for value in column.values if value is not None))


def _runs(qualities: Sequence[int]) -> list[int]:
    """[quality, length, quality, length …]; empty when all are good."""
    runs: list[int] = []
    for quality in qualities:
        if runs and runs[-2] == quality:
            runs[-1] += 1
        else:
            runs += [quality, 1]
    return [] if runs[::2] == [0] else runs


def _qualities(runs: Sequence[int], count: int) -> tuple[int, ...]:
    if not runs:
        return (0,) * count
    lengths = runs[1::2]
    if min(runs) < 0 or max(runs[::2]) > QUALITY_MAX:
        raise _unreadable(f"a quality outside 0..{QUALITY_MAX}")
    if len(runs) % 2 or min(lengths) < 1 or sum(lengths) != count:
        raise _unreadable("quality runs do not cover the values")
    return tuple(quality for quality, length in zip(runs[::2], lengths, strict=True) for _ in range(length))
