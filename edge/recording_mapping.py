"""The mapping file of a recording: what the columns of somebody else's CSV mean.

    schema: egret.recording/1
    delimiter: ";"                     # , unless said otherwise
    encoding: latin-1                  # utf-8 unless said otherwise
    time:
      column: Time (-)
      format: "%d.%m.%Y %H:%M:%S.%f"   # as strptime has it, or rfc3339, or ns (since 1970, UTC)
      zone: "+02:00"                   # or UTC, or Europe/Berlin; needed unless the times carry it
    columns:
      "ACC01_z [g]": {sensor: MUC-01-deck, quantity: accel_z, scale: 9.80665}
      "DMS_AS [um/m]": {sensor: MUC-01-deck, quantity: strain, offset: 478.5}

value = cell · scale + offset, in the unit of the quantity. Columns that are not named are left out.
"""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from wire import located
from wire.located import Block, Mistakes, nearest
from wire.quantities import QUANTITIES
from wire.topics import IDENTIFIER

SCHEMA = "egret.recording/1"
RFC3339, NANOSECONDS = "rfc3339", "ns"
_OFFSET = re.compile(r"([+-])([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of values: value = cell · scale + offset."""

    sensor: str
    quantity: str
    scale: float
    offset: float


@dataclass(frozen=True, slots=True)
class RecordingMapping:
    """How to read one form of CSV. `zone` holds for times that carry none; None when all carry their own."""

    delimiter: str
    encoding: str
    time_column: str
    time_format: str
    zone: tzinfo | None
    columns: Mapping[str, Column]


def load(path: Path) -> RecordingMapping:
    """The mapping file, checked. Raises ConfigError with every mistake of the file."""
    mistakes = Mistakes()
    root = located.load(path, mistakes)
    root.choice("schema", [SCHEMA])
    time = root.mapping("time")
    time_format = time.text("format")
    mapping = RecordingMapping(
        delimiter=_delimiter(root),
        encoding=_encoding(root),
        time_column=time.text("column"),
        time_format=_checked_format(time, time_format),
        zone=_zone(time, time_format),
        columns={name: _column(block) for name, block in root.mapping("columns").blocks()},
    )
    if not mapping.columns:
        root.wrong("columns", "no column is named.", "name at least one", "E-REC-010")
    time.done()
    root.done()
    mistakes.raise_any()
    return mapping


def _delimiter(root: Block) -> str:
    delimiter = root.text("delimiter", ",")
    if len(delimiter) != 1:
        root.wrong("delimiter", f"the delimiter {delimiter!r} is not one character.", "write one", "E-REC-011")
        return ","
    return delimiter


def _encoding(root: Block) -> str:
    encoding = root.text("encoding", "utf-8-sig")
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        root.wrong("encoding", f"there is no encoding {encoding!r}.", "write utf-8, latin-1 or gb18030", "E-REC-012")
        return "utf-8-sig"


def _checked_format(time: Block, text: str) -> str:
    if text in (RFC3339, NANOSECONDS):
        return text
    try:
        datetime.strptime(datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC).strftime(text), text).replace(tzinfo=UTC)
    except ValueError as error:
        fix = f"write it as strptime has it ({error}), or {RFC3339}, or {NANOSECONDS}"
        time.wrong("format", f"the time format {text!r} cannot be used.", fix, "E-REC-013")
    return text


def _zone(time: Block, time_format: str) -> tzinfo | None:
    """UTC, a fixed offset, or the name of a zone of the IANA database."""
    if "%z" in time_format or time_format in (RFC3339, NANOSECONDS):
        return None
    text = time.text("zone")
    offset = _OFFSET.fullmatch(text)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3])
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    try:
        return UTC if text in ("UTC", "") else ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        fix = 'write UTC, an offset such as "+08:00", or a zone such as Asia/Shanghai (needs tzdata)'
        time.wrong("zone", f"the time zone {text!r} is not known.", fix, "E-REC-014")
        return UTC


def _column(block: Block) -> Column:
    column = Column(
        block.text("sensor"), block.text("quantity"), block.scale("scale", 1.0), block.number("offset", default=0.0)
    )
    if not IDENTIFIER.fullmatch(column.sensor):
        block.wrong("sensor", f"the id {column.sensor!r} is not allowed.", "use letters, digits, - and _", "E-REC-015")
    if column.quantity not in QUANTITIES:
        fix = nearest(column.quantity, QUANTITIES)
        block.wrong("quantity", f"there is no quantity {column.quantity!r}.", fix, "E-REC-016")
    block.done()
    return column
