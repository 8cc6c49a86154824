"""Which cases somebody asks for, and which of them they may see, as conditions of the database."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement

from cloud.access.actor import Actor
from cloud.day import day_of
from cloud.schema.cases import cases

_WORDS = ("stage", "level", "kind", "outcome", "site", "district", "street", "unit", "person", "source", "related")


class CaseFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Empty asks for any. `code` is `part 0390`. start_ns ≤ opened < end_ns, 0: without end."""

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
    found = [cases.c[word] == value for word in _WORDS if (value := getattr(wanted, word))]
    if wanted.code:
        code_class, _, code = wanted.code.partition(" ")
        found += [cases.c.code_class == code_class, cases.c.code == code]
    if wanted.is_open is not None:
        found.append(cases.c.closed_ns.is_(None) if wanted.is_open else cases.c.closed_ns.is_not(None))
    if wanted.is_overdue:
        found += [cases.c.closed_ns.is_(None), cases.c.suspended_ns.is_(None), cases.c.due_ns < now_ns]
    return [*found, *_opened(wanted), *_theirs(actor)]


def _opened(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    """By the number first, which begins with the day and is what lists are sorted by."""
    found: list[ColumnElement[bool]] = []
    if wanted.start_ns:
        found += [cases.c.number >= day_of(wanted.start_ns), cases.c.opened_ns >= wanted.start_ns]
    if wanted.end_ns:
        found += [cases.c.number <= f"{day_of(wanted.end_ns)}~", cases.c.opened_ns < wanted.end_ns]
    return found


def _theirs(actor: Actor) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if actor.districts:
        found.append(cases.c.district.in_(sorted(actor.districts)))
    if actor.units:
        found.append(cases.c.unit.in_(sorted(actor.units)))
    return found
