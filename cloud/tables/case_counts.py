"""How many cases there are of what."""

from collections import Counter
from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, select

from cloud.schema.cases import cases

_BY = ("stage", "level", "kind", "district", "unit", "code_class", "code")


class CaseCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of cases by word. `by_code` by `part 0390`."""

    total: int
    by_stage: dict[str, int]
    by_level: dict[str, int]
    by_kind: dict[str, int]
    by_district: dict[str, int]
    by_unit: dict[str, int]
    by_code: dict[str, int]


def of(connection: Connection, wanted: Sequence[ColumnElement[bool]]) -> CaseCounts:
    """Of the cases that fulfil all conditions; they should be few, such as the open ones."""
    columns = [cases.c[word] for word in _BY]
    groups = select(*columns, func.count().label("n")).where(and_(True, *wanted)).group_by(*columns)
    found: dict[str, Counter[str]] = {word: Counter() for word in (*_BY, "codes")}
    for row in connection.execute(groups).mappings():
        for word in _BY:
            found[word][row[word]] += row["n"]
        found["codes"][f"{row['code_class']} {row['code']}".strip()] += row["n"]
    return CaseCounts(
        total=found["stage"].total(),
        by_stage=dict(found["stage"]),
        by_level=dict(found["level"]),
        by_kind=dict(found["kind"]),
        by_district=dict(found["district"]),
        by_unit=dict(found["unit"]),
        by_code=dict(found["codes"]),
    )
