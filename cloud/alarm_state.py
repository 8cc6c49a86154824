"""The states of an alarm after ISA-18.2, and what an event of a box does to them.

    normal ──raised──> unacknowledged ──acknowledged by a person──> acknowledged
      ^                 │         ^                                   │    │
      │              cleared    raised                           got worse cleared
      │                 v         │                                   │    │
      │            returned_unacknowledged        unacknowledged <────┘    │
      └────────────────────────────────────────────────────────────────────┘

A box that lost its spool raises an alarm that is active here already; it may also escalate, lower or
clear one that a new ledger has never heard of. The event always says how things stand now, so
whatever is not `cleared` makes the alarm active at the event's level.
"""

from enum import StrEnum

import msgspec

from wire.alarm import AlarmEvent, Change, Level


class AlarmState(StrEnum):
    """ISA-18.2, as far as an alarm can get without an operator's shelving or suppression."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED_UNACKNOWLEDGED = "returned_unacknowledged"


ACTIVE = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED})
"""The condition exists now."""


class Alarm(msgspec.Struct, frozen=True):
    """How one alarm stands.

    `id` is `{sensor}/{rule}`. `level` is the present one, or the last one before it returned to
    normal. `since_ns` is when it became active, `changed_ns` when it last changed, both by the
    box's clock. `value` and `limit` are those of the last event, in the unit of `quantity`; a
    sensor at fault has no limit. `case` is the number of its latest case, or empty.
    """

    id: str
    site: str
    sensor: str
    rule: str
    quantity: str
    level: Level
    state: AlarmState
    since_ns: int
    changed_ns: int
    value: float | None
    limit: float | None
    reason: str
    case: str = ""

    @property
    def is_active(self) -> bool:
        """Does the condition exist now?"""
        return self.state in ACTIVE


def step(alarm: Alarm | None, event: AlarmEvent, site: str) -> Alarm:
    """The alarm after `event`; `alarm` is None for one that was never heard of."""
    was_active = alarm is not None and alarm.is_active
    is_active = event.change is not Change.CLEARED
    return Alarm(
        id=event.alarm,
        site=site,
        sensor=event.sensor,
        rule=event.rule,
        quantity=event.quantity,
        level=event.level,
        state=_active(alarm, event.level) if is_active else _returned(alarm),
        since_ns=event.time_ns if alarm is None or (is_active and not was_active) else alarm.since_ns,
        changed_ns=event.time_ns,
        value=event.value,
        limit=event.limit,
        reason=event.reason,
        case=alarm.case if alarm else "",
    )


def got_worse(alarm: Alarm | None, after: Alarm) -> bool:
    """Did an event make the alarm active, or raise the level of an active one?"""
    if not after.is_active:
        return False
    return alarm is None or not alarm.is_active or after.level.severity > alarm.level.severity


def _active(alarm: Alarm | None, level: Level) -> AlarmState:
    """A person's acknowledgement holds until the level rises."""
    is_known = alarm is not None and alarm.state is AlarmState.ACKNOWLEDGED and level.severity <= alarm.level.severity
    return AlarmState.ACKNOWLEDGED if is_known else AlarmState.UNACKNOWLEDGED


def _returned(alarm: Alarm | None) -> AlarmState:
    if alarm is None or alarm.state in {AlarmState.NORMAL, AlarmState.ACKNOWLEDGED}:
        return AlarmState.NORMAL
    return AlarmState.RETURNED_UNACKNOWLEDGED
