"""Which cases somebody asks for, and which of them they may see, as conditions of the database."""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import ColumnElement, or_

from cloud.access.actor import Actor
from cloud.city.day import day_of
from cloud.schema.cases import cases
from cloud.tables.cases import open_at
from cloud.tables.unindexed import Unindexed

_WORDS = ("stage", "level", "kind", "outcome", "site", "district", "street", "unit", "person", "source", "related")
_COLUMNS = (*_WORDS, "code_class", "code")


class CaseFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Empty asks for any. `code` is `part 0390`. start_ns ≤ opened < end_ns, 0: without end.

    Of open cases `site` finds those, too, that an alarm of it is a part of.
    """

    is_open: bool | None = None
    is_overdue: bool = False
    stage: str = ""
    level: str = ""
    kind: str = ""
    outcome: str = ""
    code: str = ""
    site: str = ""
    district: str = ""
    street: str = ""
    unit: str = ""
    person: str = ""
    source: str = ""
    related: str = ""
    start_ns: int = 0
    end_ns: int = 0


def conditions(wanted: CaseFilter, actor: Actor, now_ns: int) -> Sequence[ColumnElement[bool]]:
    """What a case must fulfil to be in the list of this actor."""
    # Open cases are few, and have an index of their own.
    is_of_open = wanted.is_open or wanted.is_overdue
    columns = {word: Unindexed(cases.c[word]) if is_of_open else cases.c[word] for word in _COLUMNS}
    asked = {word: value for word in _WORDS if (value := getattr(wanted, word))}
    found = [open_at(asked.pop("site"))] if is_of_open and wanted.site else []
    found += [columns[word] == value for word, value in asked.items()]
    if wanted.code:
        code_class, _, code = wanted.code.partition(" ")
        found += [columns["code_class"] == code_class, columns["code"] == code]
    if wanted.is_open is not None:
        found.append(cases.c.closed_ns.is_(None) if wanted.is_open else cases.c.closed_ns.is_not(None))
    if wanted.is_overdue:
        found += [cases.c.closed_ns.is_(None), cases.c.suspended_ns.is_(None), cases.c.due_ns < now_ns]
    return [*found, *_opened(wanted), *_theirs(actor, columns, with_climbed=bool(is_of_open))]


def _opened(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    """By the number first, which begins with the day and is what lists are sorted by."""
    found: list[ColumnElement[bool]] = []
    if wanted.start_ns:
        found += [cases.c.number >= day_of(wanted.start_ns), cases.c.opened_ns >= wanted.start_ns]
    if wanted.end_ns:
        found += [cases.c.number <= f"{day_of(wanted.end_ns)}~", cases.c.opened_ns < wanted.end_ns]
    return found


def _theirs(
    actor: Actor, columns: Mapping[str, ColumnElement[str]], *, with_climbed: bool
) -> list[ColumnElement[bool]]:
    """`with_climbed`: those that were dispatched to their units and have climbed; only open ones are found fast."""
    found: list[ColumnElement[bool]] = []
    if actor.districts:
        found.append(columns["district"].in_(sorted(actor.districts)))
    if actor.units:
        units = sorted(actor.units)
        mine = columns["unit"].in_(units)
        found.append(or_(mine, cases.c.dispatched_to.in_(units)) if with_climbed else mine)
    return found
