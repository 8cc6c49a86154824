"""A case as the API answers it: with the time that is left, and what the asker can do to it now."""

from typing import Any

import msgspec

from cloud.access.actor import Actor
from cloud.access.permits import RIGHTS, sees
from cloud.cases.case_act import word
from cloud.cases.case_acts import ACTS, allowed
from cloud.cases.case_flow import Case, CaseFile, Member
from cloud.cases.case_photo import CasePhoto
from cloud.cases.elsewhere import Ref, conflict
from cloud.cases.practice import Practice
from wire.alarm import Evidence

_RIGHTS = {word(kind): RIGHTS[kind] for kind in ACTS}


class CaseAnswer(Case, frozen=True, kw_only=True):
    """`remaining_s`: of the kind of time its deadline counts, negative when it is late, None without one.

    `is_working_time`: that kind is working time, which stands still at night. `can`: the words of the acts
    that the asker can do to it now. `unit_name`, `person_name`: for people.
    """

    remaining_s: float | None
    is_working_time: bool
    is_overdue: bool
    can: tuple[str, ...]
    unit_name: str
    person_name: str


class RefAnswer(Ref, frozen=True, kw_only=True):
    """`conflict`: where the other system and we disagree, or empty."""

    conflict: str


class CaseFileAnswer(CaseAnswer, frozen=True, kw_only=True):
    """With its whole log, its parts, its photos, what other systems say, and the readings before it opened."""

    parts: tuple[Member, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    photos: tuple[CasePhoto, ...] = ()
    refs: tuple[RefAnswer, ...] = ()


def answer(case: Case, actor: Actor, practice: Practice, now_ns: int) -> CaseAnswer:
    """For this actor, at this moment."""
    return CaseAnswer(**msgspec.structs.asdict(case), **_beside(case, actor, practice, now_ns))


def file_answer(
    case: CaseFile, photos: tuple[CasePhoto, ...], refs: tuple[Ref, ...], actor: Actor, practice: Practice, now_ns: int
) -> CaseFileAnswer:
    """For this actor, at this moment."""
    said = tuple(RefAnswer(**msgspec.structs.asdict(ref), conflict=conflict(ref, case)) for ref in refs)
    return CaseFileAnswer(
        **msgspec.structs.asdict(case), **_beside(case, actor, practice, now_ns), photos=photos, refs=said
    )


def _beside(case: Case, actor: Actor, practice: Practice, now_ns: int) -> dict[str, Any]:
    unit = practice.rules.organisation.units.get(case.unit)
    person = unit.people.get(case.person) if unit else None
    is_running = case.is_open and case.suspended_ns is None
    remaining_s = practice.remaining_s(case, case.suspended_ns or now_ns) if case.is_open else None
    return {
        "remaining_s": remaining_s,
        "is_working_time": practice.is_working_time(case),
        "is_overdue": is_running and case.due_ns is not None and case.due_ns < now_ns,
        "can": _can(case, actor),
        "unit_name": unit.name if unit else "",
        "person_name": person.name if person else case.person,
    }


def _can(case: Case, actor: Actor) -> tuple[str, ...]:
    if not sees(actor, case.district, case.unit, case.dispatched_to):
        return ()
    rights = actor.rights
    return tuple(act for act in allowed(case) if _RIGHTS[act] in rights)
