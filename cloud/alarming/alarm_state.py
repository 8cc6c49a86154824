"""The states of an alarm after ISA-18.2, what an event of a box does to them, and what a person may do.

    normal ──raised──> unacknowledged ──acknowledged by a person──> acknowledged
      ^                 │         ^                                   │    │
      │              cleared    raised                           got worse cleared
      │                 v         │                                   │    │
      │            returned_unacknowledged        unacknowledged <────┘    │
      │                        acknowledged by a person                    │
      └────────────────────────────┴────────────────────────────────────────┘

    any of these ──a person, with a reason──> shelved ──unshelved, or its time is over──> normal or unacknowledged
    any of these ──its box is offline──────> suppressed ──its box is back──────────────> normal or unacknowledged
    any of these ──a person, with a reason──> out_of_service ──returned to service─────> normal or unacknowledged

Whatever holds an alarm, the events of its box go on changing its level and whether it is active: on
release it is unacknowledged when it is active, and normal otherwise. Shelving is for an alarm that
people know: one that gets worse than it was when it was shelved is shelved no longer.

A box that lost its spool raises an alarm that is active here already; it may also escalate, lower or
clear one that a new ledger has never heard of. The event always says how things stand now, so
whatever is not `cleared` makes the alarm active at the event's level.

Source: ISA-18.2 / IEC 62682, alarm state transition diagram [M]. What a shelved alarm does when it
gets worse, and for how long one may be shelved, is judgement.
"""

from enum import StrEnum

import msgspec

from wire.alarm import TEST_RULE, AlarmEvent, Change, Level
from wire.errors import AlarmError
from wire.inventory import Tags

SHELVED_MOST_NS = 24 * 3600 * 10**9
"""Longest time between two people who look at an alarm that is shelved (judgement)."""

TEST_NS = 600 * 10**9
"""How long a test alarm waits to be acknowledged (judgement: whoever raised it is looking)."""


class AlarmState(StrEnum):
    """ISA-18.2."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED_UNACKNOWLEDGED = "returned_unacknowledged"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"


HELD = frozenset({AlarmState.SHELVED, AlarmState.SUPPRESSED, AlarmState.OUT_OF_SERVICE})
"""It is not annunciated, and opens no case."""


class Alarm(msgspec.Struct, frozen=True):
    """How one alarm stands.

    `id` is `{sensor}/{rule}`. `level` is the present one, or the last one before it returned to
    normal. `since_ns` is when it became active, `changed_ns` when it last changed, both by the
    box's clock. `value` and `limit` are those of the last event, in the unit of `quantity`; a
    sensor at fault has no limit. `case` is the number of its latest case, or empty. `raised` counts
    how often it became active. `acted_by`, `acted_ns` and `note` are of the last person who
    acknowledged, held or released it, by the cloud's clock. `shelved_until_ns` and `shelved_level`
    are set while it is shelved.
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
    is_active: bool = False
    district: str = ""
    box: str = ""
    raised: int = 0
    acted_by: str = ""
    acted_ns: int | None = None
    note: str = ""
    shelved_until_ns: int | None = None
    shelved_level: Level | None = None

    @property
    def is_held(self) -> bool:
        """Is it shelved, suppressed by design or out of service?"""
        return self.state in HELD


def step(alarm: Alarm | None, event: AlarmEvent, tags: Tags) -> Alarm:
    """The alarm after `event`; `alarm` is None for one that was never heard of."""
    is_active = event.change is not Change.CLEARED
    begins = is_active and not (alarm and alarm.is_active)
    before = alarm or _unknown(event)
    after = msgspec.structs.replace(
        before,
        site=tags.site,
        district=tags.district,
        box=tags.box,
        quantity=event.quantity,
        level=event.level,
        state=_state(alarm, event.level, is_active=is_active),
        since_ns=event.time_ns if begins else before.since_ns,
        changed_ns=event.time_ns,
        value=event.value,
        limit=event.limit,
        reason=event.reason,
        is_active=is_active,
        raised=before.raised + begins,
    )
    if after.state is AlarmState.SHELVED:
        return after
    return msgspec.structs.replace(after, shelved_until_ns=None, shelved_level=None)


def got_worse(alarm: Alarm | None, after: Alarm) -> bool:
    """Did an event make the alarm active, or raise the level of an active one, for people to see?"""
    if not after.is_active or after.is_held:
        return False
    return alarm is None or not alarm.is_active or alarm.is_held or after.level.severity > alarm.level.severity


def acknowledged(alarm: Alarm, actor: str, note: str, now_ns: int) -> Alarm:
    """A person has seen it. Raises AlarmError when there is nothing to acknowledge."""
    after = {
        AlarmState.UNACKNOWLEDGED: AlarmState.ACKNOWLEDGED,
        AlarmState.RETURNED_UNACKNOWLEDGED: AlarmState.NORMAL,
    }
    if alarm.state not in after:
        who = f", by {alarm.acted_by}" if alarm.acted_by else ""
        raise AlarmError(
            f"alarm {alarm.id} is {alarm.state}{who}: there is nothing to acknowledge.",
            fix="`egret alarm list` shows how it stands.",
            code="E-ALARM-002",
        )
    if alarm.rule == TEST_RULE:  # it was to be seen, and it was
        return ended(alarm, actor, note, now_ns)
    return _acted(alarm, after[alarm.state], actor, note, now_ns)


def shelved(alarm: Alarm, actor: str, reason: str, until_ns: int, now_ns: int) -> Alarm:
    """A person takes it off the list until `until_ns`. Raises AlarmError."""
    _require_free(alarm)
    _require_reason(reason)
    if not now_ns < until_ns <= now_ns + SHELVED_MOST_NS:
        raise AlarmError(
            f"an alarm is shelved for at most {SHELVED_MOST_NS // 3600 // 10**9} h, and its end lies in the future.",
            where=alarm.id,
            fix="choose an end within that time; who is still sure then shelves it again.",
            code="E-ALARM-005",
        )
    held = _acted(alarm, AlarmState.SHELVED, actor, reason, now_ns)
    return msgspec.structs.replace(held, shelved_until_ns=until_ns, shelved_level=alarm.level)


def taken_out(alarm: Alarm, actor: str, reason: str, now_ns: int) -> Alarm:
    """A person takes it out of service, for maintenance. Raises AlarmError."""
    _require_free(alarm)
    _require_reason(reason)
    return _acted(alarm, AlarmState.OUT_OF_SERVICE, actor, reason, now_ns)


def suppressed(alarm: Alarm, actor: str, reason: str, now_ns: int) -> Alarm:
    """Another alarm explains it. Raises AlarmError when something holds it already."""
    _require_free(alarm)
    return _acted(alarm, AlarmState.SUPPRESSED, actor, reason, now_ns)


def released(alarm: Alarm, actor: str, note: str, now_ns: int, *, held_as: AlarmState) -> Alarm:
    """It is no longer held as `held_as`. Raises AlarmError when it was not."""
    if alarm.state is not held_as:
        raise AlarmError(
            f"alarm {alarm.id} is {alarm.state}, not {held_as}.",
            fix="`egret alarm list` shows how it stands.",
            code="E-ALARM-004",
        )
    state = AlarmState.UNACKNOWLEDGED if alarm.is_active else AlarmState.NORMAL
    return msgspec.structs.replace(_acted(alarm, state, actor, note, now_ns), shelved_until_ns=None, shelved_level=None)


def ended(alarm: Alarm, actor: str, note: str, now_ns: int) -> Alarm:
    """A test alarm that is over, however it stood: no box will ever clear it."""
    over = _acted(alarm, AlarmState.NORMAL, actor, note, now_ns)
    return msgspec.structs.replace(over, is_active=False, shelved_until_ns=None, shelved_level=None)


def _unknown(event: AlarmEvent) -> Alarm:
    return Alarm(
        id=event.alarm,
        site="",
        sensor=event.sensor,
        rule=event.rule,
        quantity=event.quantity,
        level=event.level,
        state=AlarmState.NORMAL,
        since_ns=event.time_ns,
        changed_ns=event.time_ns,
        value=event.value,
        limit=event.limit,
        reason=event.reason,
    )


def _state(alarm: Alarm | None, level: Level, *, is_active: bool) -> AlarmState:
    if alarm and alarm.is_held and not _outgrew_shelf(alarm, level, is_active=is_active):
        return alarm.state
    if is_active:
        return _active(alarm, level)
    return _returned(alarm)


def _outgrew_shelf(alarm: Alarm, level: Level, *, is_active: bool) -> bool:
    known = alarm.shelved_level
    return alarm.state is AlarmState.SHELVED and is_active and known is not None and level.severity > known.severity


def _active(alarm: Alarm | None, level: Level) -> AlarmState:
    """A person's acknowledgement holds until the level rises."""
    is_known = alarm is not None and alarm.state is AlarmState.ACKNOWLEDGED and level.severity <= alarm.level.severity
    return AlarmState.ACKNOWLEDGED if is_known else AlarmState.UNACKNOWLEDGED


def _returned(alarm: Alarm | None) -> AlarmState:
    if alarm is None or alarm.state in {AlarmState.NORMAL, AlarmState.ACKNOWLEDGED}:
        return AlarmState.NORMAL
    return AlarmState.RETURNED_UNACKNOWLEDGED


def _acted(alarm: Alarm, state: AlarmState, actor: str, note: str, now_ns: int) -> Alarm:
    return msgspec.structs.replace(alarm, state=state, acted_by=actor, acted_ns=now_ns, note=note)


def _require_free(alarm: Alarm) -> None:
    if alarm.is_held:
        raise AlarmError(
            f"alarm {alarm.id} is {alarm.state} already, by {alarm.acted_by}: {alarm.note}",
            fix="release it first.",
            code="E-ALARM-003",
        )


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise AlarmError(
            "an alarm is held only with a reason.", fix="say why, for those who come after you.", code="E-ALARM-006"
        )
