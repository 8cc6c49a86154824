"""What an act says of itself in the audit log, and the log as files for those who audit."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from cloud.access.actor import Actor
from cloud.tables.audit import AuditLine, KeptLine

COLUMNS = ("id", "time", "actor", "via", "address", "act", "object", "outcome", "detail", "chain")
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet takes for the beginning of a formula, in full width, too. Source: OWASP, CSV Injection."""


def line(actor: Actor, act: str, thing: str, now_ns: int, *, outcome: str = "done", detail: str = "") -> AuditLine:
    """`act` is a word such as `case.dispatch`; `thing` is what it was done to: `case 20261124-00001`."""
    return AuditLine(
        time_ns=now_ns,
        actor=actor.name,
        via=actor.via,
        address=actor.address,
        act=act,
        object=thing,
        outcome=outcome,
        detail=detail,
    )


def as_ndjson(lines: Iterable[KeptLine]) -> bytes:
    """One JSON object a line."""
    return msgspec.json.Encoder().encode_lines(list(lines))


def csv_head() -> bytes:
    """The names of the columns, behind the mark by which a spreadsheet knows UTF-8."""
    return "\ufeff".encode() + _rows([COLUMNS])


def as_csv(lines: Iterable[KeptLine]) -> bytes:
    """One row a line; times are ISO 8601 in UTC, and no field can be a formula."""
    return _rows(
        (
            str(one.id),
            datetime.fromtimestamp(one.time_ns / 1e9, UTC).isoformat(timespec="milliseconds"),
            *(_harmless(getattr(one, name)) for name in COLUMNS[2:]),
        )
        for one in lines
    )


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _rows(rows: Iterable[tuple[str, ...]]) -> bytes:
    target = io.StringIO()
    csv.writer(target).writerows(rows)
    return target.getvalue().encode()
