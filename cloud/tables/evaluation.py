"""Sums of `cloud.cases.tally` over a period, and the cases that a figure counts, from the ledger's tables.

A figure and its list of cases are two ways to one number; a test proves them equal on random cases.

Cases are listed newest first, in two parts: those opened within the period, by their numbers (which begin
with the day), and then those opened before it, by the index of the figure's own time. So no page walks
through what was closed long before the period or opened after it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal, literal_column, or_, select, true

from cloud.assessment.evaluation import NONE, URGENT, By, Filters, Period, Segment, cover, day_by_day
from cloud.cases.case_flow import Case, CaseKind, Outcome
from cloud.cases.tally import FIGURES
from cloud.schema.cases import case_tallies, cases
from cloud.tables.cases import page
from cloud.tables.unindexed import Unindexed

Condition = ColumnElement[bool]
Groups = dict[str, dict[bool, dict[str, int]]]
"""By the group's key, and by whether they are urgent."""

_DUE_FIGURES = ("due", "due_suspended", "due_closed", "due_closed_on_time")
# Nearly all cases are of this kind, so its index is the wrong one: what is put together with '' has none.
_IS_ASSESSED = and_(cases.c.kind + "" == CaseKind.EVENT_PART.value, cases.c.is_drill.is_(False))
_COUNTS = cases.c.outcome.not_in([Outcome.DISMISSED.value, Outcome.MERGED.value, Outcome.DUPLICATE.value])
_BY_SENSOR = and_(_COUNTS, cases.c.source == "sensor")
_IS_HANDLED = cases.c.outcome == Outcome.HANDLED.value
_FALSE = (Outcome.OPEN, Outcome.FALSE_ALARM, Outcome.NOTHING_FOUND)
_IS_FALSE = cases.c.outcome.in_([literal_column(f"'{word.value}'") for word in _FALSE])
_ZERO: ColumnElement[int] = literal_column("0")
"""Written out: an index of the few cases above it is found by its condition's words."""
_RARE = frozenset({"sent_back", "extended", "due_suspended", "false_alarms"})
"""Figures with an index of their own, of so few cases that all of them may be walked through."""
_WALKED_DAYS = 400
_URGENT = [level.value for level in URGENT]
_CODE = cases.c.code_class + " " + cases.c.code


def _in_time(name: str, due: str) -> Condition:
    return or_(cases.c[due].is_(None), cases.c[name] <= cases.c[due])


_FIGURES: Mapping[str, tuple[str, Condition]] = {
    "reported": ("opened_ns", true()),
    "filed": ("filed_ns", true()),
    "dispatched": ("dispatched_ns", true()),
    "dispatched_on_time": ("dispatched_ns", _in_time("dispatched_ns", "dispatch_due_ns")),
    "accepted": ("accepted_ns", true()),
    "accepted_on_time": ("accepted_ns", _in_time("accepted_ns", "accept_due_ns")),
    "handled": ("fed_back_ns", true()),
    "handled_on_time": ("fed_back_ns", _in_time("fed_back_ns", "due_ns")),
    "sent_back": ("fed_back_ns", cases.c.reworked > _ZERO),
    "due": ("due_ns", _COUNTS),
    "due_suspended": ("due_ns", and_(_COUNTS, cases.c.suspended_ns.is_not(None))),
    "due_unsuspended": ("due_ns", and_(_COUNTS, cases.c.suspended_ns.is_(None))),
    "due_closed": ("due_ns", and_(_COUNTS, cases.c.closed_ns.is_not(None))),
    "due_closed_on_time": ("due_ns", and_(_COUNTS, cases.c.closed_ns <= cases.c.due_ns)),
    "closed": ("closed_ns", _COUNTS),
    "verified": ("closed_ns", and_(_COUNTS, cases.c.fed_back_ns.is_not(None))),
    "extended": ("closed_ns", and_(_COUNTS, cases.c.extended > _ZERO)),
    "confirmed": ("closed_ns", and_(_BY_SENSOR, _IS_HANDLED)),
    "false_alarms": ("closed_ns", and_(_IS_FALSE, cases.c.source == "sensor")),
    "sensor_closed": ("closed_ns", _BY_SENSOR),
}
"""The time whose day a figure is counted on, and what else must hold, as in `cloud.cases.tally`."""


def sums(connection: Connection, period: Period, filters: Filters, by: By) -> Groups:
    """All figures of each group that has any. Deadlines later today are not due yet."""
    found: Groups = defaultdict(lambda: {flag: dict.fromkeys(FIGURES, 0) for flag in (False, True)})
    is_by_day = by == "day"
    first, last = period.first, period.last
    segments = day_by_day(first, last) if is_by_day else cover(first, last, by_month=by == "month")
    for segment in segments:
        # One after the other: sorted by both, a database would carry all figures of each row through the sorting.
        for is_urgent in (False, True):
            for key, *numbers in connection.execute(_summed(segment, filters, by, is_urgent=is_urgent)):
                group = found[key][is_urgent]
                for figure, number in zip(FIGURES, numbers, strict=True):
                    group[figure] += segment.sign * number
    for key, is_urgent, ahead in _ahead(connection, period, filters, by):
        for figure, number in ahead.items():
            found[key][is_urgent][figure] -= number
    return {key: halves for key, halves in found.items() if any(any(half.values()) for half in halves.values())}


def cases_of(figure: str, period: Period, filters: Filters) -> list[Condition]:
    """What holds for the cases that a figure of `cloud.assessment.evaluation.COUNTS` counts, and for no other."""
    return _conditions(figure, period, filters)


def listed(
    connection: Connection, figure: str, period: Period, filters: Filters, *, limit: int, before: str
) -> list[Case]:
    """The newest cases that a figure counts, from below the number `before` unless that is empty."""
    first, last = f"{period.first:%Y%m%d}", f"{period.last + timedelta(days=1):%Y%m%d}"
    number = cases.c.number
    within = _conditions(figure, period, filters, by_number=True)
    below = min(before or last, last)  # of two bounds above, a database walks from the one that it likes
    if figure in _RARE:
        return page(connection, within, limit=limit, before=below)
    found = page(connection, [number >= first, *within], limit=limit, before=below) if below > first else []
    if len(found) == limit or figure == "reported":
        return found
    earlier = [number < min(before or first, first), *_conditions(figure, period, filters, by_number=False)]
    # The number of a row of the index; by itself the database would walk through all numbers for their order.
    key = Unindexed(number).label("key")
    newest = select(key).where(*earlier).order_by(key.desc()).limit(limit - len(found))
    numbers = list(connection.execute(newest).scalars())
    return [*found, *page(connection, [number.in_(numbers)], limit=limit, before="")] if numbers else found


def _summed(segment: Segment, filters: Filters, by: By, *, is_urgent: bool) -> Select[Any]:
    table = case_tallies.c
    key: ColumnElement[Any] = {
        "none": literal(""),
        # A run of days lies within one month, and rows of months lie in their order: nothing is sorted.
        "month": table.period if segment.grain == "month" else literal(segment.first[:6]),
        "day": table.period,
    }.get(by, table[by] if by in table else literal(""))
    wanted = select(key.label("key"), *(func.sum(table[name]) for name in FIGURES))
    wanted = wanted.where(table.grain == segment.grain, table.period.between(segment.first, segment.last))
    wanted = wanted.where(*_chosen(filters, dict(table)))
    wanted = wanted.where(table.level.in_(_URGENT) if is_urgent else table.level.not_in(_URGENT))
    if filters.code:
        wanted = wanted.where(table.code == (" " if filters.code == NONE else filters.code))
    return wanted.group_by("key")


def _ahead(
    connection: Connection, period: Period, filters: Filters, by: By
) -> Iterator[tuple[str, bool, dict[str, int]]]:
    """The figures of deadlines that are on the last day of the period, and still ahead."""
    if period.due_end_ns == period.end_ns:
        return
    day = f"{period.last:%Y%m%d}"
    key: ColumnElement[Any] = {
        "unit": cases.c.unit,
        "district": cases.c.district,
        "street": cases.c.street,
        "level": cases.c.level,
        "code": _CODE,
        "none": literal(""),
        "month": literal(day[:6]),
        "day": literal(day),
    }[by]
    is_urgent = cases.c.level.in_(_URGENT)
    counts = [func.count().filter(_FIGURES[figure][1]) for figure in _DUE_FIGURES]
    wanted = (
        select(key.label("key"), is_urgent.label("is_urgent"), *counts)
        .where(cases.c.due_ns >= max(period.due_end_ns, period.start_ns), cases.c.due_ns < period.end_ns)
        .where(_IS_ASSESSED, *_chosen_cases(filters, indexed=False))
        .group_by("key", "is_urgent")
    )
    for row in connection.execute(wanted):
        yield row[0], bool(row[1]), dict(zip(_DUE_FIGURES, row[2:], strict=True))


def _conditions(figure: str, period: Period, filters: Filters, *, by_number: bool | None = None) -> list[Condition]:
    """`by_number`: keep the database from the index of the time (true) or of the filters (false)."""
    name, condition = _FIGURES[figure]
    end_ns = period.due_end_ns if name == "due_ns" else period.end_ns
    time_ns: ColumnElement[int] = cases.c[name]
    if by_number:
        # PostgreSQL would sort a month rather than walk it by number, unless the time is hidden from it; of
        # many years it must see the time, or it expects next to nothing and reads them all.
        time_ns = time_ns + _ZERO if period.days <= _WALKED_DAYS else Unindexed(cases.c[name])
    chosen = _chosen_cases(filters, indexed=by_number is not False and figure not in _RARE)
    return [time_ns >= period.start_ns, time_ns < end_ns, condition, _IS_ASSESSED, *chosen]


def _chosen_cases(filters: Filters, *, indexed: bool = True) -> list[Condition]:
    names = ("unit", "district", "street", "level", "code_class", "code")
    columns: dict[str, ColumnElement[str]] = {
        name: cases.c[name] if indexed else Unindexed(cases.c[name]) for name in names
    }
    chosen = _chosen(filters, columns)
    if filters.code:
        code_class, _, digits = filters.code.replace(NONE, "").partition(" ")
        chosen += [columns["code_class"] == code_class, columns["code"] == digits]
    return chosen


def _chosen(filters: Filters, columns: Mapping[str, ColumnElement[str]]) -> list[Condition]:
    """All but the code, which the two tables write in two ways."""
    asked = {"unit": filters.unit, "district": filters.district, "street": filters.street}
    chosen = [columns[name] == ("" if value == NONE else value) for name, value in asked.items() if value]
    if filters.level:
        chosen.append(columns["level"] == filters.level)
    if filters.is_urgent:
        chosen.append(columns["level"].in_(_URGENT))
    if filters.districts:
        chosen.append(columns["district"].in_(sorted(filters.districts)))
    if filters.units:
        chosen.append(columns["unit"].in_(sorted(filters.units)))
    return chosen
