"""How a case stands in another system, and where that cannot be if we are right."""

import msgspec

from cloud.cases.case_flow import Case, Stage

_ORDER = list(Stage)


class Ref(msgspec.Struct, frozen=True, kw_only=True):
    """One case of another system. `key` is its name for the report, `number` and `state` its own words.

    `time_ns` is that of the newest report taken; `is_returned`: it says that the trouble is gone.
    `stage` is what their state means here, or empty.
    """

    system: str
    key: str
    case: str
    number: str
    state: str
    time_ns: int
    is_returned: bool
    stage: str


def conflict(ref: Ref, case: Case) -> str:
    """Where the other system cannot be right if we are: it is over there and not here, or stages lie far apart."""
    if not ref.stage or ref.stage == case.stage:
        return ""
    theirs = Stage(ref.stage)
    is_over = Stage.CLOSED in {theirs, case.stage}
    is_far = abs(_ORDER.index(theirs) - _ORDER.index(case.stage)) > 1
    return f"{theirs} there, {case.stage} here" if is_over or is_far else ""
