"""Whether an actor may do an act to a case or an alarm: the act's right, and whether the thing is theirs."""

from collections.abc import Callable, Mapping

from cloud.access.actor import Actor, Right, may_see, require, require_sight
from cloud.alarming.alarm_state import Alarm
from cloud.cases.case_act import Act
from cloud.cases.case_acts import (
    Accept,
    Arrive,
    Close,
    Dismiss,
    Dispatch,
    Extend,
    FeedBack,
    File,
    Note,
    Refuse,
    Resume,
    SendBack,
    Suspend,
    Verify,
)
from cloud.cases.case_flow import Case
from cloud.cases.case_ties import Decide, Dispute, Done, Duplicate, Merge, Split

RIGHTS: Mapping[type[Act], Right] = {
    File: Right.FILE_CASES,
    Dismiss: Right.DISPATCH,
    Dispatch: Right.DISPATCH,
    Accept: Right.HANDLE,
    Arrive: Right.HANDLE,
    FeedBack: Right.HANDLE,
    Refuse: Right.HANDLE,
    Dispute: Right.HANDLE,
    Done: Right.HANDLE,
    Note: Right.FILE_CASES,
    Verify: Right.VERIFY,
    SendBack: Right.VERIFY,
    Close: Right.CLOSE,
    Suspend: Right.DISPATCH,
    Resume: Right.DISPATCH,
    Extend: Right.DISPATCH,
    Merge: Right.DISPATCH,
    Split: Right.DISPATCH,
    Duplicate: Right.DISPATCH,
    Decide: Right.DISPATCH,
}
"""What each act needs."""


def for_cases(actor: Actor) -> Callable[[Case, Act], None]:
    """Raises NotAllowed for a case that is not theirs, or an act that they have no right to."""

    def permit(case: Case, act: Act) -> None:
        see(actor, case)
        require(actor, RIGHTS[type(act)], f"case {case.number}")

    return permit


def see(actor: Actor, case: Case) -> None:
    """Raises NotAllowed for a case that is not theirs."""
    require(actor, Right.READ, f"case {case.number}")
    if not sees(actor, case.district, case.unit, case.dispatched_to):
        require_sight(actor, case.district, case.unit, f"case {case.number}")


def sees(actor: Actor, district: str, unit: str, dispatched_to: str) -> bool:
    """Is a case theirs? One that climbed because nobody accepted it is still that of the unit it was given to."""
    return may_see(actor, district, unit) or (bool(dispatched_to) and may_see(actor, district, dispatched_to))


def sees_district(actor: Actor, district: str) -> bool:
    """Does the actor see what happens in a district? A unit's people see the alarms around their cases."""
    return not actor.districts or district in actor.districts


def for_alarms(actor: Actor) -> Callable[[Alarm], None]:
    """Raises NotAllowed for an alarm of another district, or without the right to act on alarms."""

    def permit(alarm: Alarm) -> None:
        require(actor, Right.ACT_ON_ALARMS, f"alarm {alarm.id}")
        require_sight(actor, alarm.district, "", f"alarm {alarm.id}")

    return permit
