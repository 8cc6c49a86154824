"""Acts that tie cases together: disputes and who decides them, merging and splitting, duplicates, special tasks.

What such an act does to the other cases is in `cloud.cases.casework`, which commits all of it together.
"""

from typing import Annotated

import msgspec

from cloud.cases.case_act import OPEN, Act, Name, Number, ended
from cloud.cases.case_flow import Case, CaseKind, Outcome, Stage, logged
from cloud.cases.practice import Practice


class Dispute(Act, frozen=True, kw_only=True, tag="dispute"):
    """争议: not ours, and nobody agrees whose; a coordination matter decides, and the case waits for it."""

    STAGES = frozenset({Stage.FILED, Stage.DISPATCHED, Stage.HANDLING})
    NEEDS_NOTE = True

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:  # noqa: ARG002 - one shape
        """Nobody is asked any more until it is decided; its time runs on."""
        return logged(case, self.line(actor, case.stage, now_ns), climb_ns=None)


class Merge(Act, frozen=True, kw_only=True, tag="merge"):
    """并案: its members become members of another open case, which goes on."""

    into: Number

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:  # noqa: ARG002 - one shape
        """Ended; the other case goes on."""
        line = self.line(actor, Stage.CLOSED, now_ns)
        return ended(case, line, Outcome.MERGED, related=self.into, members=0)


class Split(Act, frozen=True, kw_only=True, tag="split"):
    """拆分: some members become a case of their own."""

    STAGES = OPEN - {Stage.REPORTED}

    members: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=130)], ...], msgspec.Meta(min_length=1)]

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:  # noqa: ARG002 - one shape
        """With fewer members."""
        left = case.members - len(set(self.members))
        return logged(case, self.line(actor, case.stage, now_ns), members=left)


class Duplicate(Act, frozen=True, kw_only=True, tag="duplicate"):
    """重复: somebody else reported the same."""

    of: Number

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:  # noqa: ARG002 - one shape
        """Ended; the other case goes on."""
        return ended(case, self.line(actor, Stage.CLOSED, now_ns), Outcome.DUPLICATE, related=self.of)


class Decide(Act, frozen=True, kw_only=True, tag="decide"):
    """裁定: the coordination matter ends, and this unit handles the case it came from."""

    KINDS = frozenset({CaseKind.COORDINATION})
    NEEDS_NOTE = True

    unit: Name

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:
        """Ended. Raises BadAct."""
        practice.require_unit(self.unit, "")
        return ended(case, self.line(actor, Stage.CLOSED, now_ns), Outcome.HANDLED, unit=self.unit)


class Done(Act, frozen=True, kw_only=True, tag="done"):
    """One site of a special task is finished."""

    KINDS = frozenset({CaseKind.SPECIAL_TASK})

    site: Name

    def after(self, case: Case, actor: str, practice: Practice, now_ns: int) -> Case:  # noqa: ARG002 - one shape
        """One further."""
        line = self.line(actor, case.stage, now_ns)
        line = msgspec.structs.replace(line, note=f"{self.site} {self.note}".rstrip())
        return logged(case, line, done=case.done + 1)
