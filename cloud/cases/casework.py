"""What an act of a person leads to, in one transaction: the case, and the other cases that it ties to."""

from collections.abc import Callable
from functools import singledispatch

import msgspec

from cloud.alarming.alarm_cases import standing
from cloud.cases import case_act
from cloud.cases.case_act import Act
from cloud.cases.case_acts import Close, Dispatch, SendBack
from cloud.cases.case_flow import SYSTEM, Case, CaseKind, LogLine, Member, Stage, logged
from cloud.cases.case_opening import dispatched, filed, opened_by_alarm, titles
from cloud.cases.case_ties import Decide, Dispute, Done, Duplicate, Merge, Split
from cloud.cases.sensor_word import LastSeen, doubts
from cloud.cases.work import Work
from cloud.schema.cases import cases as table
from cloud.tables import cases, photos, refs
from wire.alarm import worst
from wire.errors import BadAct, StaleCase

Permit = Callable[[Case, Act], None]
"""Raises NotAllowed when the actor may not do this to this case."""


def do(
    work: Work, number: str, act: Act, actor: str, permit: Permit, *, version: int | None, last_seen: LastSeen
) -> Case:
    """The case after `actor` did `act`. `version`: the one the actor saw. Raises CaseError and NotAllowed."""
    case = work.case(number)
    permit(case, act)
    if version is not None and version != case.version:
        raise StaleCase(
            f"case {number} has changed since you read it: {case.log[-1].actor} did {case.log[-1].act}.",
            fix="look at it again, and then decide.",
            code="E-CASE-007",
        )
    case_act.require(case, act)
    photos.require(work.connection, number, act.photos)
    _before(act, case, work, last_seen)
    work.docket.change(act.after(case, actor, work.practice, work.now_ns))
    _beside(act, case, work, actor, permit)
    return work.case(number)


@singledispatch
def _before(act: Act, case: Case, work: Work, last_seen: LastSeen) -> None:
    """What must hold beside the case itself. Raises BadAct."""


@_before.register
def _(act: Close, case: Case, work: Work, last_seen: LastSeen) -> None:
    if case.kind is CaseKind.COORDINATION and work.case(case.related).is_open:
        what = f"case {case.related} still waits to hear whose it is."
        raise BadAct(what, where=f"case {case.number}", fix="decide, or close that case first.", code="E-CASE-016")
    if case.kind is CaseKind.SPECIAL_TASK:
        if case.done < case.members and not act.note.strip():
            what = f"{case.members - case.done} of {case.members} sites are not finished."
            raise BadAct(
                what, where=f"case {case.number}", fix="finish them, or say in a note why not.", code="E-CASE-008"
            )
        return
    alarms = [part.member for part in cases.parts(work.connection, case.number) if part.is_alarm and not part.until_ns]
    found = doubts([work.alarm(alarm) for alarm in alarms], last_seen, work.practice.rules.good_for_s, work.now_ns)
    if found and not act.without_sensor.strip():
        raise BadAct(
            f"its sensors do not confirm that all is well: {'; '.join(found)}.",
            where=f"case {case.number}",
            fix="wait until they do, or say in `without_sensor` why it is closed all the same.",
            code="E-CASE-009",
        )


@_before.register
def _(act: Split, case: Case, work: Work, last_seen: LastSeen) -> None:  # noqa: ARG001 - one shape
    here = _open_parts(work, case.number)
    missing = [member for member in act.members if member not in here]
    if missing or set(act.members) >= set(here):
        what = f"{', '.join(missing)} is no open member of it" if missing else "a case keeps at least one member"
        fix = "`egret case show` lists its members."
        raise BadAct(f"{what}.", where=f"case {case.number}", fix=fix, code="E-CASE-010")


@_before.register
def _(act: Done, case: Case, work: Work, last_seen: LastSeen) -> None:  # noqa: ARG001 - one shape
    part = _open_parts(work, case.number).get(act.site)
    if part is None or part.done_ns is not None:
        what = f"site {act.site!r} is finished already" if part else f"site {act.site!r} is not part of it"
        fix = "`egret case show` lists its sites."
        raise BadAct(f"{what}.", where=f"case {case.number}", fix=fix, code="E-CASE-010")


@_before.register
def _(act: Dispute, case: Case, work: Work, last_seen: LastSeen) -> None:  # noqa: ARG001 - one shape
    wanted = [cases.IS_OPEN, table.c.related == case.number, table.c.kind == CaseKind.COORDINATION.value]
    for matter in cases.page(work.connection, wanted, limit=1, before=""):
        what = f"coordination matter {matter.number} decides already whose it is."
        raise BadAct(what, where=f"case {case.number}", fix="add a note there.", code="E-CASE-015")


@_before.register
def _(act: Decide, case: Case, work: Work, last_seen: LastSeen) -> None:  # noqa: ARG001 - one shape
    disputed = work.case(case.related)
    if disputed.is_open:  # a case that somebody has put right since, or suspended, is not taken from them
        case_act.require(disputed, Dispatch(unit=act.unit))


@_before.register
def _(act: Merge, case: Case, work: Work, last_seen: LastSeen) -> None:  # noqa: ARG001 - one shape
    _require_other(work, case, act.into)
    other = work.case(act.into)
    stands = "only reported" if not other.filed_ns else "suspended" if other.suspended_ns else ""
    if case.filed_ns and stands:
        what = f"case {act.into} is {stands}: no deadline would run for this one any more."
        raise BadAct(what, where=f"case {case.number}", fix="file or resume that case first.", code="E-CASE-017")


@_before.register
def _(act: Duplicate, case: Case, work: Work, last_seen: LastSeen) -> None:  # noqa: ARG001 - one shape
    if case.members:
        what = "a case with alarms is merged, so that its alarms keep an open case."
        raise BadAct(what, where=f"case {case.number}", fix="use merge.", code="E-CASE-012")
    _require_other(work, case, act.of)


@singledispatch
def _beside(act: Act, case: Case, work: Work, actor: str, permit: Permit) -> None:
    """What the act does to other cases. Raises NotAllowed."""


@_beside.register(Dispatch)
@_beside.register(SendBack)
def _(act: Act, case: Case, work: Work, actor: str, permit: Permit) -> None:  # noqa: ARG001 - one shape
    work.docket.tell("dispatched", work.case(case.number))


@_beside.register
def _(act: Merge, case: Case, work: Work, actor: str, permit: Permit) -> None:
    into = work.case(act.into)
    permit(into, act)
    parts = list(_open_parts(work, case.number).values())
    work.docket.join(case.number, [msgspec.structs.replace(part, until_ns=work.now_ns) for part in parts])
    moved = [msgspec.structs.replace(part, joined_ns=work.now_ns) for part in parts]
    work.docket.join(into.number, moved)
    _point_alarms(work, parts, into.number)
    _point_refs(work, case.number, into.number)
    line = LogLine(work.now_ns, actor, into.stage, f"← {case.number} {act.note}".rstrip(), "merge")
    level = worst([into.level, case.level])
    work.docket.change(logged(into, line, members=into.members + len(parts), level=level))


@_beside.register
def _(act: Duplicate, case: Case, work: Work, actor: str, permit: Permit) -> None:  # noqa: ARG001 - one shape
    permit(work.case(act.of), act)
    _point_refs(work, case.number, act.of)


@_beside.register
def _(act: Split, case: Case, work: Work, actor: str, permit: Permit) -> None:  # noqa: ARG001 - one shape
    now_ns = work.now_ns
    here = _open_parts(work, case.number)
    parts = [_as_bad_as_now(here[member], work) for member in dict.fromkeys(act.members)]
    apart = _apart(act, case, parts, work, actor)
    work.docket.join(case.number, [msgspec.structs.replace(part, until_ns=now_ns) for part in parts])
    work.docket.open(apart, [msgspec.structs.replace(part, joined_ns=now_ns) for part in parts])
    _point_alarms(work, parts, apart.number)
    if case.alarm in act.members:
        first = next(part for member, part in here.items() if member not in act.members)
        work.docket.change(_about(work.case(case.number), first, work))


def _apart(act: Split, case: Case, parts: list[Member], work: Work, actor: str) -> Case:
    """The case of these parts: as their first alarm would open it now, but reported when the whole was."""
    level = worst(part.level for part in parts)
    alarm = msgspec.structs.replace(work.alarm(parts[0].member), level=level)
    opened = opened_by_alarm(work.docket.next_number(), alarm, standing(alarm), work.practice, work.now_ns)
    line = LogLine(work.now_ns, actor, Stage.REPORTED, f"← {case.number} {act.note}".rstrip(), "split")
    return msgspec.structs.replace(
        opened,
        related=case.number,
        members=len(parts),
        mode=case.mode,
        is_drill=case.is_drill,
        opened_ns=case.opened_ns,
        log=(line, *opened.log),
    )


def _as_bad_as_now(part: Member, work: Work) -> Member:
    """An alarm may have become worse since it joined."""
    level = worst([part.level, work.alarm(part.member).level])
    return msgspec.structs.replace(part, level=level)


def _about(case: Case, first: Member, work: Work) -> Case:
    """The case called after this member, because the one it was called after has left it."""
    site = work.practice.inventory.sites.get(first.site)
    title, title_en = titles(site, standing(work.alarm(first.member)), work.practice.inventory)
    return msgspec.structs.replace(
        case,
        title=title,
        title_en=title_en,
        site=first.site,
        sensor=first.sensor,
        alarm=first.member,
        district=site.district if site else "",
        street=site.street if site else "",
        longitude=site.longitude if site else None,
        latitude=site.latitude if site else None,
    )


@_beside.register
def _(act: Dispute, case: Case, work: Work, actor: str, permit: Permit) -> None:  # noqa: ARG001 - one shape
    now_ns, practice = work.now_ns, work.practice
    line = LogLine(now_ns, actor, Stage.REPORTED, act.note, "dispute")
    whole = cases.file_of(work.connection, case.number).log
    history = tuple(msgspec.structs.replace(old, stage=Stage.REPORTED) for old in whole)
    matter = Case(
        number=work.docket.next_number(),
        version=0,
        kind=CaseKind.COORDINATION,
        code_class=case.code_class,
        code=case.code,
        level=case.level,
        title=f"协调：{case.title}",
        title_en=f"coordination: {case.title_en}",
        source="person",
        related=case.number,
        site=case.site,
        district=case.district,
        street=case.street,
        longitude=case.longitude,
        latitude=case.latitude,
        unit=practice.rules.organisation.command_centre,
        mode=case.mode,
        is_drill=case.is_drill,
        opened_ns=now_ns,
        stage_ns=now_ns,
        log=(*history, line),
    )
    work.docket.open(filed(matter, SYSTEM, "", practice, now_ns), [])


@_beside.register
def _(act: Decide, case: Case, work: Work, actor: str, permit: Permit) -> None:  # noqa: ARG001 - one shape
    disputed = work.case(case.related)
    if not disputed.is_open:
        return
    person = work.practice.chain(act.unit, work.now_ns)[0].person
    note = f"[{case.number}] {act.note}"
    again = dispatched(disputed, actor, act.unit, person, note, work.practice, work.now_ns)
    work.docket.change(again)
    work.docket.tell("dispatched", again)


@_beside.register
def _(act: Done, case: Case, work: Work, actor: str, permit: Permit) -> None:  # noqa: ARG001 - one shape
    part = _open_parts(work, case.number)[act.site]
    finished = msgspec.structs.replace(part, done_ns=work.now_ns, done_by=actor, note=act.note)
    work.docket.join(case.number, [finished])


def _open_parts(work: Work, number: str) -> dict[str, Member]:
    return {part.member: part for part in cases.parts(work.connection, number) if part.until_ns is None}


def _require_other(work: Work, case: Case, number: str) -> None:
    other = work.case(number)
    is_alike = (other.kind, other.is_drill) == (case.kind, case.is_drill)
    if number == case.number or not other.is_open or not is_alike:
        what = f"case {number} is not another open case of its kind, drill or not."
        raise BadAct(what, where=f"case {case.number}", fix="name one that goes on.", code="E-CASE-011")


def _point_alarms(work: Work, parts: list[Member], number: str) -> None:
    for part in parts:
        if part.is_alarm:
            work.docket.alarms[part.member] = msgspec.structs.replace(work.alarm(part.member), case=number)


def _point_refs(work: Work, number: str, to: str) -> None:
    """What other systems report of a case that went into another is of that one from now on."""
    for ref in refs.of(work.connection, number):
        work.remember(msgspec.structs.replace(ref, case=to))
