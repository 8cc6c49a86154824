"""The sums of `cloud.cases.tally` in the ledger's tables."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete

from cloud.cases.tally import FIGURES, Cell, difference
from cloud.database import increase
from cloud.schema.cases import case_tallies
from cloud.tables import cases

_KEYS = Cell._fields[:-1]


def rebuild(connection: Connection) -> None:
    """Sum all cases anew: some ten thousand a second."""
    connection.execute(delete(case_tallies))
    for some in cases.everything(connection):
        apply(connection, difference((), some))


def apply(connection: Connection, changes: Mapping[Cell, int]) -> None:
    """Add what changed."""
    rows: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for cell, amount in changes.items():
        rows[cell[:-1]][cell.figure] += amount
    increase(connection, case_tallies, [_row(key, sums) for key, sums in sorted(rows.items())])


def _row(key: tuple[str, ...], sums: Mapping[str, int]) -> dict[str, Any]:
    return dict(zip(_KEYS, key, strict=True)) | {figure: sums.get(figure, 0) for figure in FIGURES}
