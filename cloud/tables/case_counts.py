"""How many cases there are of what."""

from collections import Counter
from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from cloud.cases.case_flow import Stage
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


class UnitLoad(msgspec.Struct, frozen=True):
    """What a unit is at. `overdue`: past their deadline; `accepted`: handled now; `arrived`: those of them on site."""

    open_cases: int = 0
    overdue: int = 0
    accepted: int = 0
    arrived: int = 0

    def __add__(self, other: "UnitLoad") -> "UnitLoad":
        """Both together."""
        return UnitLoad(
            self.open_cases + other.open_cases,
            self.overdue + other.overdue,
            self.accepted + other.accepted,
            self.arrived + other.arrived,
        )


def by_unit(connection: Connection, wanted: Sequence[ColumnElement[bool]], now_ns: int) -> dict[str, UnitLoad]:
    """Of the open cases that fulfil all conditions, by responsible unit; empty for those that nobody was given."""
    is_late = (cases.c.due_ns < now_ns) & cases.c.suspended_ns.is_(None)
    is_handled = cases.c.stage == Stage.HANDLING.value
    sums = [
        func.sum(case((fits, 1), else_=0))
        for fits in (is_late, is_handled, is_handled & cases.c.arrived_ns.is_not(None))
    ]
    groups = select(cases.c.unit, func.count(), *sums).where(cases.c.closed_ns.is_(None), *wanted)
    return {unit: UnitLoad(*map(int, numbers)) for unit, *numbers in connection.execute(groups.group_by(cases.c.unit))}
