"""What every act on a case has: the stages it is for, what it must say, the line it leaves in the log."""

from typing import Annotated, ClassVar, TypeAlias

import msgspec

from cloud.cases.case_flow import Case, CaseKind, LogLine, Outcome, Stage, logged
from cloud.cases.practice import Practice
from wire.errors import BadAct, CaseClosed, WrongStage

Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=2_000)]
Name: TypeAlias = Annotated[str, msgspec.Meta(max_length=64)]
Number: TypeAlias = Annotated[str, msgspec.Meta(max_length=20)]

OPEN = frozenset(Stage) - {Stage.CLOSED}


class Act(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", forbid_unknown_fields=True):
    """One act. `photos` are hashes of photos that the case has.

    `STAGES` and `KINDS`: the cases it is for; `IS_FOR_SUSPENDED`: those whose time stands still,
    `IS_FOR_RUNNING`: the others. `NEEDS_NOTE`: it must say why.
    """

    STAGES: ClassVar[frozenset[Stage]] = OPEN
    KINDS: ClassVar[frozenset[CaseKind]] = frozenset({CaseKind.EVENT_PART})
    NEEDS_NOTE: ClassVar[bool] = False
    IS_FOR_SUSPENDED: ClassVar[bool] = False
    IS_FOR_RUNNING: ClassVar[bool] = True

    note: Text = ""
    photos: Annotated[tuple[Name, ...], msgspec.Meta(max_length=20)] = ()

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:  # noqa: ARG002 - acts that need it have it
        """The case after it. Raises BadAct."""
        return logged(case, self.line(actor, case.stage, now_ns))

    def line(self, actor: str, stage: Stage, now_ns: int) -> LogLine:
        """What the log says of it."""
        return LogLine(now_ns, actor, stage, self.note, word(type(self)), self.photos)


def word(kind: type[Act]) -> str:
    """The act's word in the API and the log."""
    return str(kind.__struct_config__.tag)


def is_for(act: type[Act], kind: CaseKind, stage: Stage, *, is_suspended: bool) -> bool:
    """Could the act be done to an open case of this kind in this stage?"""
    is_time = act.IS_FOR_SUSPENDED if is_suspended else act.IS_FOR_RUNNING
    return kind in act.KINDS and stage in act.STAGES and is_time


def require(case: Case, act: Act) -> None:
    """Raises CaseClosed, WrongStage or BadAct when the act cannot be done to this case."""
    where = f"case {case.number}"
    if not case.is_open:
        raise CaseClosed(
            f"case {case.number} was closed before, by {case.log[-1].actor}.",
            fix="nothing is left to do; a new alarm opens a new case.",
            code="E-CASE-002",
        )
    if not is_for(type(act), case.kind, case.stage, is_suspended=case.suspended_ns is not None):
        state = f"{case.stage} and suspended" if case.suspended_ns is not None else str(case.stage)
        raise WrongStage(
            f"{word(type(act))} is not for a {case.kind} case that is {state}.",
            where=where,
            fix="`egret case show` names what can be done now.",
            code="E-CASE-003",
        )
    if act.NEEDS_NOTE and not act.note.strip():
        raise BadAct(f"{word(type(act))} needs a note.", where=where, fix="say why.", code="E-CASE-005")


def ended(case: Case, line: LogLine, outcome: Outcome, **changes: object) -> Case:
    """The case at its end: no deadline runs any more."""
    end = {"stage_ns": line.time_ns, "closed_ns": line.time_ns, "climb_ns": None, "overdue_ns": None}
    return logged(case, line, stage=Stage.CLOSED, outcome=outcome, suspended_ns=None, **(end | changes))
