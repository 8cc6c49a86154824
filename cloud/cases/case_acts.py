"""What people do to a case, one class an act, each with the case after it.

Those that tie cases together are in `cloud.cases.case_ties`.
"""

from functools import lru_cache
from typing import Annotated, Literal, TypeAlias

import msgspec

from cloud.cases.case_act import OPEN, Act, Name, Text, ended, is_for, word
from cloud.cases.case_flow import Case, CaseKind, Outcome, Stage, logged
from cloud.cases.case_opening import dispatched, filed, routed
from cloud.cases.case_ties import Decide, Dispute, Done, Duplicate, Merge, Split
from cloud.cases.practice import SECOND_NS, STAGE_LIMITS, Practice

_AT_WORK = frozenset({Stage.DISPATCHED, Stage.HANDLING})
_RUNNING = OPEN - {Stage.REPORTED}
_DONE = frozenset({Stage.FED_BACK, Stage.VERIFICATION})
_EXTENDED_MOST_S = 30 * 24 * 3600.0


class File(Act, frozen=True, kw_only=True, tag="file"):
    """立案: it is a case, and its time begins."""

    STAGES = frozenset({Stage.REPORTED})

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:
        """Filed, with the unit that routing gives it."""
        return routed(filed(case, actor, self.note, practice, now_ns), practice, now_ns)


class Dismiss(Act, frozen=True, kw_only=True, tag="dismiss"):
    """不予立案: it is none."""

    STAGES = frozenset({Stage.REPORTED})
    NEEDS_NOTE = True

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:  # noqa: ARG002 - one shape
        """Ended before it began."""
        return ended(case, self.line(actor, Stage.CLOSED, now_ns), Outcome.DISMISSED)


class Dispatch(Act, frozen=True, kw_only=True, tag="dispatch"):
    """派遣 or 改派: this unit is to handle it. Without a person, whoever is on duty."""

    STAGES = frozenset({Stage.FILED, *_AT_WORK})

    unit: Name
    person: Name = ""

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:
        """With the unit. Raises BadAct."""
        practice.require_unit(self.unit, self.person)
        person = self.person or practice.chain(self.unit, now_ns)[0].person
        return dispatched(case, actor, self.unit, person, self.note, practice, now_ns)


class Accept(Act, frozen=True, kw_only=True, tag="accept"):
    """接单: we handle it."""

    STAGES = frozenset({Stage.DISPATCHED})

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:  # noqa: ARG002 - one shape
        """It climbs no more."""
        return _at_work(logged(case, self.line(actor, Stage.HANDLING, now_ns)), now_ns)


class Arrive(Act, frozen=True, kw_only=True, tag="arrive"):
    """到场: we are there. Who arrives has accepted."""

    STAGES = _AT_WORK

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:  # noqa: ARG002 - one shape
        """Being handled, on the spot."""
        return _at_work(logged(case, self.line(actor, Stage.HANDLING, now_ns), arrived_ns=now_ns), now_ns)


class FeedBack(Act, frozen=True, kw_only=True, tag="feed_back"):
    """反馈: it is put right. Who says so has accepted."""

    STAGES = _AT_WORK

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:
        """Waiting for verification."""
        return logged(
            _at_work(case, now_ns),
            self.line(actor, Stage.FED_BACK, now_ns),
            stage=Stage.FED_BACK,
            stage_ns=now_ns,
            fed_back_ns=now_ns,
            verify_due_ns=practice.stage_due_ns("verify", case, now_ns),
        )


class Refuse(Act, frozen=True, kw_only=True, tag="refuse"):
    """退单: not ours; it is dispatched anew."""

    STAGES = _AT_WORK
    NEEDS_NOTE = True

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:
        """Filed, without anybody responsible but the command centre."""
        due_ns = practice.stage_due_ns("dispatch", case, now_ns)
        return logged(
            case,
            self.line(actor, Stage.FILED, now_ns),
            stage=Stage.FILED,
            stage_ns=now_ns,
            unit="",
            person="",
            dispatched_to="",
            dispatched_ns=None,
            asked_ns=None,
            accepted_ns=None,
            arrived_ns=None,
            dispatch_due_ns=due_ns,
            accept_due_ns=None,
            climb_ns=due_ns,
        )


class Verify(Act, frozen=True, kw_only=True, tag="verify"):
    """核查: somebody looks whether it is right."""

    STAGES = frozenset({Stage.FED_BACK})

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:  # noqa: ARG002 - one shape
        """Being verified."""
        line = self.line(actor, Stage.VERIFICATION, now_ns)
        return logged(case, line, stage=Stage.VERIFICATION, stage_ns=now_ns)


class SendBack(Act, frozen=True, kw_only=True, tag="send_back"):
    """返工: it is not right; the unit handles it again."""

    STAGES = _DONE
    NEEDS_NOTE = True

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:
        """With the same unit and person, once more."""
        again = dispatched(case, actor, case.unit, case.person, self.note, practice, now_ns)
        log = (*case.log, self.line(actor, Stage.DISPATCHED, now_ns))
        return msgspec.structs.replace(again, log=log, reworked=case.reworked + 1)


class Close(Act, frozen=True, kw_only=True, tag="close"):
    """结案. `without_sensor`: why a person closes it although its sensors do not say that all is well."""

    KINDS = frozenset(CaseKind)

    finding: Literal["handled", "false_alarm", "nothing_found"] = "handled"
    without_sensor: Text = ""

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:  # noqa: ARG002 - one shape
        """At its end."""
        why = f" [without the sensor: {self.without_sensor}]" if self.without_sensor.strip() else ""
        line = self.line(actor, Stage.CLOSED, now_ns)
        return ended(case, msgspec.structs.replace(line, note=f"{self.note}{why}".strip()), Outcome(self.finding))


class Suspend(Act, frozen=True, kw_only=True, tag="suspend"):
    """挂账: its time stands still."""

    STAGES = _RUNNING
    NEEDS_NOTE = True

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:  # noqa: ARG002 - one shape
        """Suspended: it neither climbs nor is late."""
        line = self.line(actor, case.stage, now_ns)
        return logged(case, line, suspended_ns=now_ns, climb_ns=None, overdue_ns=None)


class Resume(Act, frozen=True, kw_only=True, tag="resume"):
    """Its time runs again, with as much left as there was."""

    IS_FOR_SUSPENDED = True
    IS_FOR_RUNNING = False

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:
        """With later deadlines."""
        since_ns = now_ns if case.suspended_ns is None else case.suspended_ns
        due_ns = practice.resumed_due_ns(case, now_ns)
        return logged(
            _stage_resumed(case, practice, now_ns),
            self.line(actor, case.stage, now_ns),
            suspended_ns=None,
            suspended_for_ns=case.suspended_for_ns + now_ns - since_ns,
            due_ns=due_ns,
            overdue_ns=due_ns,
        )


class Extend(Act, frozen=True, kw_only=True, tag="extend"):
    """延期: more time, in seconds of the clock, at most 30 days at once."""

    STAGES = _RUNNING
    NEEDS_NOTE = True

    seconds: Annotated[float, msgspec.Meta(gt=0, le=_EXTENDED_MOST_S)]

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:  # noqa: ARG002 - one shape
        """With a later deadline."""
        due_ns = None if case.due_ns is None else case.due_ns + round(self.seconds * SECOND_NS)
        line = self.line(actor, case.stage, now_ns)
        return logged(case, line, due_ns=due_ns, overdue_ns=due_ns, extended=case.extended + 1)


class Note(Act, frozen=True, kw_only=True, tag="note"):
    """A note, or photos, and nothing else."""

    KINDS = frozenset(CaseKind)
    IS_FOR_SUSPENDED = True


AnyAct: TypeAlias = (
    File
    | Dismiss
    | Dispatch
    | Accept
    | Arrive
    | FeedBack
    | Refuse
    | Dispute
    | Verify
    | SendBack
    | Close
    | Suspend
    | Resume
    | Extend
    | Merge
    | Split
    | Duplicate
    | Decide
    | Done
    | Note
)
ACTS: tuple[type[Act], ...] = AnyAct.__args__
BY_LINK: tuple[type[Act], ...] = (Accept, Arrive, FeedBack, Note)
"""What a signed link carries, besides a photo."""


def allowed(case: Case) -> tuple[str, ...]:
    """The words of the acts that this case is open for now."""
    return _allowed(case.kind, case.stage, is_suspended=case.suspended_ns is not None) if case.is_open else ()


@lru_cache
def _allowed(kind: CaseKind, stage: Stage, *, is_suspended: bool) -> tuple[str, ...]:
    return tuple(word(act) for act in ACTS if is_for(act, kind, stage, is_suspended=is_suspended))


def _stage_resumed(case: Case, practice: Practice, now_ns: int) -> Case:
    """With as much time left for its stage as there was; one that was late already has all of it to climb again."""
    stage = STAGE_LIMITS.get(case.stage)
    if stage is None:
        return case
    due_ns = practice.resumed_stage_due_ns(stage, case, now_ns)
    if stage == "verify":
        return msgspec.structs.replace(case, verify_due_ns=due_ns)
    climb_ns = due_ns if due_ns and due_ns > now_ns else practice.stage_due_ns(stage, case, now_ns)
    return msgspec.structs.replace(case, **{f"{stage}_due_ns": due_ns}, climb_ns=climb_ns)


def _at_work(case: Case, now_ns: int) -> Case:
    """Somebody has accepted it: it climbs no more."""
    is_new = case.stage is Stage.DISPATCHED
    return msgspec.structs.replace(
        case,
        stage=Stage.HANDLING,
        stage_ns=now_ns if is_new else case.stage_ns,
        accepted_ns=case.accepted_ns or now_ns,
        climb_ns=None,
    )
