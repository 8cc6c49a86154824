"""Recordings: readings in a CSV or Parquet file, read row by row as samples.

The form of the project has the columns time, sensor, quantity, value and, if wanted, quality; any
other CSV is read with a mapping file (`edge.recording_mapping`). docs/operate/recordings.md
describes both for the people who make such files.
"""

import csv
import gzip
import importlib
import math
import zlib
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from edge.recording_mapping import NANOSECONDS, RFC3339, Column, RecordingMapping
from wire.errors import ConfigError, Mistake
from wire.quantities import QUANTITIES
from wire.reading import UNUSABLE, Quality, Sample
from wire.topics import IDENTIFIER

COLUMNS = ("time", "sensor", "quantity", "value")
QUALITY = "quality"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MILLISECOND_NS = 1_000_000
_TIME_MAX = 2**63 - 1


class _Row(NamedTuple):
    """`where` is file:line, or the row's number in a Parquet file; `cells` are text, or numbers from Parquet."""

    where: str
    cells: Sequence[Any]


class _Value(NamedTuple):
    """One row of the project's form. `value` is NaN where the recording has none that can be used."""

    time_ns: int
    sensor: str
    clock_unsure: bool
    quantity: str
    value: float


def samples(path: Path, mapping: RecordingMapping | None = None) -> Generator[Sample]:
    """The recording, in the order of the file; values of one time and sensor that stand together are one sample.

    Raises ConfigError, with file:line, at the first row that cannot be read.
    """
    rows = _parquet_rows(path) if path.suffix == ".parquet" else _csv_rows(path, mapping)
    header = next(rows, None)
    if header is None:
        raise _wrong(str(path), "the file is empty.", "record something", "E-REC-001")
    names = [str(cell).strip() for cell in header.cells]
    if mapping:
        yield from _mapped(rows, _places(header.where, names, [mapping.time_column, *mapping.columns]), mapping)
    elif set(COLUMNS) <= set(names):
        yield from _together(_long(rows, {name: names.index(name) for name in (*COLUMNS, QUALITY) if name in names}))
    else:
        what = f"the columns are {', '.join(names[:8])}."
        fix = f"write {', '.join(COLUMNS)}, or give a mapping file (see docs/operate/recordings.md)"
        raise _wrong(header.where, what, fix, "E-REC-002")


def _csv_rows(path: Path, mapping: RecordingMapping | None) -> Iterator[_Row]:
    encoding, delimiter = (mapping.encoding, mapping.delimiter) if mapping else ("utf-8-sig", ",")
    line = 0
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding=encoding, newline="") as file:
            reader = csv.reader(file, delimiter=delimiter)
            for cells in reader:
                line = reader.line_num
                if cells:
                    yield _Row(f"{path}:{line}", cells)
    except UnicodeDecodeError as error:
        raise _wrong(f"{path}:{line + 1}", f"this is not {encoding}.", "name its encoding", "E-REC-003") from error
    except (csv.Error, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _wrong(
            f"{path}:{line + 1}", f"the file is damaged: {error}.", "repair or replace the file", "E-REC-004"
        ) from error
    except OSError as error:
        fix = "check its name and permissions"
        raise _wrong(str(path), f"cannot read this file: {error.strerror}.", fix, "E-REC-001") from error


def _parquet_rows(path: Path) -> Iterator[_Row]:
    try:
        arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        fix = "pip install 'egret-city[parquet]'"
        raise _wrong(str(path), "reading Parquet needs pyarrow, which is not installed.", fix, "E-REC-005") from error
    try:
        with parquet.ParquetFile(path) as file:
            yield _Row(str(path), file.schema_arrow.names)
            number = 0
            for batch in file.iter_batches():
                columns = [_plain(arrow, column).to_pylist() for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    number += 1
                    yield _Row(f"{path}, row {number}", cells)
    except (arrow.ArrowException, OSError) as error:
        raise _wrong(
            str(path), f"cannot read this file: {error}.", "repair or replace the file", "E-REC-004"
        ) from error


def _plain(arrow: Any, column: Any) -> Any:
    """Times as nanoseconds since 1970."""
    if arrow.types.is_timestamp(column.type):
        return column.cast(arrow.timestamp("ns", column.type.tz)).cast(arrow.int64())
    return column


def _long(rows: Iterable[_Row], places: dict[str, int]) -> Iterator[_Value]:
    """Rows of the project's form."""
    time, sensor, quantity, value = (places[name] for name in COLUMNS)
    widest = max(places.values())
    ids: set[str] = set()
    for row in rows:
        cells = row.cells
        _check_width(row, widest)
        if cells[sensor] not in ids:
            _check_names(row.where, cells[sensor], cells[quantity])
            ids.add(cells[sensor])
        if cells[quantity] not in QUANTITIES:
            _check_names(row.where, cells[sensor], cells[quantity])
        quality = _quality(row, places)
        number = math.nan if quality & UNUSABLE else _number(row, cells[value])
        time_ns = _exactly(row.where, cells[time], _time_ns)
        yield _Value(time_ns, cells[sensor], bool(quality & Quality.CLOCK_UNSURE), cells[quantity], number)


def _together(values: Iterable[_Value]) -> Iterator[Sample]:
    group: list[_Value] = []
    try:
        for value in values:
            if group and value[:3] != group[0][:3]:
                yield _sample(group)
                group = []
            group.append(value)
    except ConfigError:
        if group:  # what stands before a row that cannot be read is not lost with it
            yield _sample(group)
        raise
    if group:
        yield _sample(group)


def _sample(group: list[_Value]) -> Sample:
    first = group[0]
    pairs = tuple((value.quantity, value.value) for value in group)
    return Sample(first.sensor, first.time_ns, values=pairs, clock_unsure=first.clock_unsure)


def _mapped(rows: Iterable[_Row], places: list[int], mapping: RecordingMapping) -> Iterator[Sample]:
    """Rows of another form: one sample for each sensor of the row; an empty cell is no value at this time."""
    by_sensor: dict[str, list[tuple[int, Column]]] = defaultdict(list)
    for place, column in zip(places[1:], mapping.columns.values(), strict=True):
        by_sensor[column.sensor].append((place, column))
    parse = _time_parser(mapping)
    for row in rows:
        _check_width(row, max(places))
        time_ns = _exactly(row.where, row.cells[places[0]], parse)
        for sensor, columns in by_sensor.items():
            pairs = tuple(
                (column.quantity, _number(row, row.cells[place]) * column.scale + column.offset)
                for place, column in columns
                if row.cells[place] not in ("", None)
            )
            if pairs:
                yield Sample(sensor, time_ns, values=pairs)


def _places(where: str, names: list[str], wanted: list[str]) -> list[int]:
    missing = [name for name in wanted if name not in names]
    if missing:
        what = f"there is no column {', '.join(map(repr, missing))}; there are {', '.join(map(repr, names[:12]))}."
        raise _wrong(where, what, "write the column names in the mapping file as in the recording", "E-REC-002")
    return [names.index(name) for name in wanted]


def _time_parser(mapping: RecordingMapping) -> Callable[[Any], int]:
    if mapping.time_format in (RFC3339, NANOSECONDS):
        return _time_ns

    def parse(cell: Any) -> int:
        if isinstance(cell, int):
            return _time_ns(cell)
        moment = datetime.strptime(cell.strip(), mapping.time_format)  # noqa: DTZ007 - the mapping names the zone
        return _since_epoch(moment.replace(tzinfo=mapping.zone) if mapping.zone else moment)

    return parse


def _time_ns(cell: Any) -> int:
    """RFC 3339 with its offset, or whole nanoseconds since 1970; in whole milliseconds. Raises ValueError."""
    text = str(cell).strip()
    if text.removeprefix("-").isdecimal():
        return int(text) // _MILLISECOND_NS * _MILLISECOND_NS
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset from UTC: end it with Z")
    return _since_epoch(moment)


def _since_epoch(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND * _MILLISECOND_NS


def _exactly(where: str, cell: Any, parse: Callable[[Any], int]) -> int:
    try:
        time_ns = parse(cell)
    except (ValueError, AttributeError, OverflowError) as error:
        fix = "write 2026-11-23T08:00:00.000Z, whole nanoseconds since 1970, or what the mapping file says"
        raise _wrong(where, f"the time {cell!r} cannot be read ({error}).", fix, "E-REC-006") from error
    if not 0 <= time_ns <= _TIME_MAX:
        raise _wrong(where, f"the time {cell!r} is outside 1970..2262.", "correct the clock", "E-REC-006")
    return time_ns


def _number(row: _Row, cell: Any) -> float:
    if cell in ("", None):
        return math.nan
    try:
        return float(cell)
    except (ValueError, TypeError) as error:
        fix = "write a number such as 0.31, or nothing"
        raise _wrong(row.where, f"the value {cell!r} is not a number.", fix, "E-REC-007") from error


def _quality(row: _Row, places: dict[str, int]) -> int:
    cell = row.cells[places[QUALITY]] if QUALITY in places else 0
    try:
        return int(cell or 0)
    except (ValueError, TypeError) as error:
        fix = "write the sum of its flags (see docs/wire.md), 0 for good"
        raise _wrong(row.where, f"the quality {cell!r} is not a whole number.", fix, "E-REC-007") from error


def _check_width(row: _Row, widest: int) -> None:
    if len(row.cells) <= widest:
        what = f"the row has {len(row.cells)} cells, at least {widest + 1} are needed."
        raise _wrong(row.where, what, "complete or remove it", "E-REC-008")


def _check_names(where: str, sensor: Any, quantity: Any) -> None:
    for word in (sensor, quantity):
        if not IDENTIFIER.fullmatch(str(word)):
            raise _wrong(where, f"the name {word!r} is not allowed.", "use letters, digits, - and _", "E-REC-009")


def _wrong(where: str, what: str, fix: str, code: str) -> ConfigError:
    return ConfigError([Mistake(where, what, fix, code)])
