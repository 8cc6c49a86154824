"""考核评价: the figures that one case adds to, each on the day it belongs to.

The ledger keeps the sums of these over all cases, by day, month and year, unit, district, street, code and
level, and changes them in the transaction that changes a case: by what the case adds after, less what
it added before. So a year of a city is summed from some ten thousand rows, and every sum can be
proved by summing the cases again.

| figure | counts | on the day (in China) |
|---|---|---|
| reported, filed | cases (上报, 立案) | of the report, of the filing |
| dispatched, accepted, handled | cases that came so far (派遣, 接单, 反馈) | of the stage |
| …_on_time | those of them that came so far by the stage's deadline | of the stage |
| sent_back | those handled that were sent back at least once (返工) | of the feedback |
| reworks | how often they were sent back | of the feedback |
| due | cases whose deadline is on the day; dismissed, merged and duplicate ones are never due | of the deadline |
| due_suspended | those of them that are suspended (挂账) | of the deadline |
| due_closed, due_closed_on_time | those of them that are closed, and by the deadline | of the deadline |
| closed | closed cases that were handled or found to be nothing | of the end |
| verified | those of them that had come to the feedback | of the end |
| extended | those closed that were extended (延期) | of the end |
| confirmed, false_alarms | sensor cases with something, with nothing behind them | of the end |
| dispatch_s, accept_s | seconds from filing to dispatch, from the last dispatch to acceptance | of the stage's end |
| handle_s, verify_s | seconds from the last acceptance to the feedback, and on to the end | of the stage's end |
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cloud.cases.case_flow import Case, CaseKind, Outcome
from cloud.city.day import day_of

SECOND_NS = 10**9
FIGURES = (
    "reported",
    "filed",
    "dispatched",
    "dispatched_on_time",
    "accepted",
    "accepted_on_time",
    "handled",
    "handled_on_time",
    "sent_back",
    "reworks",
    "due",
    "due_suspended",
    "due_closed",
    "due_closed_on_time",
    "closed",
    "verified",
    "extended",
    "confirmed",
    "false_alarms",
    "dispatch_s",
    "accept_s",
    "handle_s",
    "verify_s",
)
_NEVER_DUE = frozenset({Outcome.DISMISSED, Outcome.MERGED, Outcome.DUPLICATE})


class Cell(NamedTuple):
    """One sum: `grain` is day, month or year, `period` `20261124`, `202611` or `2026`."""

    grain: str
    period: str
    unit: str
    district: str
    street: str
    code: str
    level: str
    figure: str


def added(case: Case) -> Counter[Cell]:
    """What one case adds to the sums. Drills, coordination matters and special tasks are not assessed."""
    sums: Counter[Cell] = Counter()
    if case.kind is not CaseKind.EVENT_PART or case.is_drill:
        return sums
    facts = (case.unit, case.district, case.street, f"{case.code_class} {case.code}", case.level.value)
    for figure, time_ns, amount in _figures(case):
        if time_ns is not None and amount:
            day = day_of(time_ns)
            sums[Cell("day", day, *facts, figure)] += amount
            sums[Cell("month", day[:6], *facts, figure)] += amount
            sums[Cell("year", day[:4], *facts, figure)] += amount
    return sums


def difference(before: Iterable[Case], after: Iterable[Case]) -> Counter[Cell]:
    """How the sums change when these cases become those; cells that stay are not in it."""
    sums: Counter[Cell] = Counter()
    for case in after:
        sums.update(added(case))
    for case in before:
        sums.subtract(added(case))
    return Counter({cell: amount for cell, amount in sums.items() if amount})


def _figures(case: Case) -> Iterator[tuple[str, int | None, int]]:
    yield "reported", case.opened_ns, 1
    yield "filed", case.filed_ns, 1
    yield from _stage("dispatched", case.dispatched_ns, case.dispatch_due_ns)
    yield from _stage("accepted", case.accepted_ns, case.accept_due_ns)
    yield from _stage("handled", case.fed_back_ns, case.due_ns)
    yield "sent_back", case.fed_back_ns, case.reworked > 0
    yield "reworks", case.fed_back_ns, case.reworked
    yield from _due(case)
    yield from _ended(case)
    yield "dispatch_s", case.dispatched_ns, _seconds(case.filed_ns, case.dispatched_ns)
    yield "accept_s", case.accepted_ns, _seconds(case.asked_ns or case.dispatched_ns, case.accepted_ns)
    yield "handle_s", case.fed_back_ns, _seconds(case.accepted_ns, case.fed_back_ns)


def _stage(figure: str, time_ns: int | None, due_ns: int | None) -> Iterator[tuple[str, int | None, int]]:
    yield figure, time_ns, 1
    yield f"{figure}_on_time", time_ns, time_ns is not None and (due_ns is None or time_ns <= due_ns)


def _due(case: Case) -> Iterator[tuple[str, int | None, int]]:
    if case.due_ns is None or case.outcome in _NEVER_DUE:
        return
    yield "due", case.due_ns, 1
    yield "due_suspended", case.due_ns, case.suspended_ns is not None
    yield "due_closed", case.due_ns, case.closed_ns is not None
    yield "due_closed_on_time", case.due_ns, case.closed_ns is not None and case.closed_ns <= case.due_ns


def _ended(case: Case) -> Iterator[tuple[str, int | None, int]]:
    if case.closed_ns is None or case.outcome in _NEVER_DUE:
        return
    yield "closed", case.closed_ns, 1
    yield "extended", case.closed_ns, case.extended > 0
    if case.source == "sensor":
        yield "confirmed", case.closed_ns, case.outcome is Outcome.HANDLED
        yield "false_alarms", case.closed_ns, case.outcome is not Outcome.HANDLED
    yield "verified", case.closed_ns, case.fed_back_ns is not None
    yield "verify_s", case.closed_ns, _seconds(case.fed_back_ns, case.closed_ns)


def _seconds(start_ns: int | None, end_ns: int | None) -> int:
    if start_ns is None or end_ns is None:
        return 0
    return max(0, end_ns - start_ns) // SECOND_NS
