"""Why is this red? Bytes → registers → value → rule → limit → baseline → history → case, of one alarm.

It is worked out from the event that gave the alarm its present level, by the configuration of today.
Where the two do not fit any more, `doubt` says so.
"""

from datetime import date

import msgspec

from cloud.alarming.alarm_answer import AlarmAnswer
from cloud.alarming.chain import FrameAnswer, PointAnswer, RegisterAnswer, StepAnswer, chain_of
from cloud.alarming.rule_answer import RuleAnswer, rule_answer
from wire.alarm import OFFLINE_RULE, TEST_RULE, AlarmEvent, Change, Evidence, Level
from wire.inventory import Inventory, RuleConfig, Sensor
from wire.profile import Profile
from wire.quantities import amount


class EventAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The event that gave the alarm its level. `is_current_config`: was it judged by the sensors.yaml of today?"""

    change: Change
    level: Level
    quantity: str
    value: float | None
    limit: float | None
    time_ns: int
    reason: str
    config_version: str
    is_current_config: bool


class NamedNumber(msgspec.Struct, frozen=True):
    """A point and its value at commissioning, or a constant of the site."""

    name: str
    value: float


class ProfileAnswer(msgspec.Struct, frozen=True):
    """The device. `evidence_level`: how far its profile can be trusted (docs/develop/profiles.md)."""

    name: str
    title: str
    vendor: str
    model: str
    evidence_level: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """`rule`, `profile`, `baseline` and `constants` are those of today, null or empty where there are none any more.

    `evidence`: readings before the event, the oldest first. `commissioned` and `calibrated`: days in China. `case`:
    the number of the alarm's latest case, or empty. `doubt`: in words what does not fit, or empty.
    """

    alarm: AlarmAnswer
    event: EventAnswer
    frame: FrameAnswer | None
    registers: tuple[RegisterAnswer, ...]
    points: tuple[PointAnswer, ...]
    steps: tuple[StepAnswer, ...]
    baseline: tuple[NamedNumber, ...]
    constants: tuple[NamedNumber, ...]
    commissioned: date | None
    calibrated: date | None
    rule: RuleAnswer | None
    evidence: tuple[Evidence, ...]
    case: str
    profile: ProfileAnswer | None
    doubt: str


def explain(alarm: AlarmAnswer, event: AlarmEvent, inventory: Inventory) -> Explanation:
    """`event`: the one that gave the alarm its present level."""
    sensor = inventory.sensors.get(alarm.sensor)
    rule = next((one for one in sensor.rules if one.name == alarm.rule), None) if sensor else None
    chain = chain_of(event, sensor)
    outdated = _outdated(event, sensor, rule)
    return Explanation(
        alarm=alarm,
        event=_event(event, inventory),
        frame=chain.frame,
        registers=chain.registers,
        points=chain.points,
        steps=chain.steps,
        baseline=_baseline(sensor) if sensor else (),
        constants=tuple(NamedNumber(*item) for item in sensor.constants.items()) if sensor else (),
        commissioned=sensor.commissioned if sensor else None,
        calibrated=sensor.calibrated if sensor else None,
        rule=rule_answer(rule, event.level) if rule else None,
        evidence=event.evidence,
        case=alarm.case,
        profile=_profile(sensor.profile) if sensor else None,
        doubt=f"{outdated} {chain.doubt}".strip(),
    )


def _event(event: AlarmEvent, inventory: Inventory) -> EventAnswer:
    return EventAnswer(
        change=event.change,
        level=event.level,
        quantity=event.quantity,
        value=event.value,
        limit=event.limit,
        time_ns=event.time_ns,
        reason=event.reason,
        config_version=event.config_version,
        is_current_config=event.config_version == inventory.version,
    )


def _baseline(sensor: Sensor) -> tuple[NamedNumber, ...]:
    """In the order of the points."""
    names = [point.name for point in sensor.profile.points if point.name in sensor.zero]
    return tuple(NamedNumber(name, sensor.zero[name]) for name in names)


def _profile(profile: Profile) -> ProfileAnswer:
    """Its name is `<vendor>-<model>`, but for a recording, which is no device."""
    vendor, _, model = profile.name.partition("-")
    return ProfileAnswer(profile.name, profile.title, vendor if model else "", model, profile.evidence.level)


def _outdated(event: AlarmEvent, sensor: Sensor | None, rule: RuleConfig | None) -> str:
    """What the configuration of today no longer says of it. No sensors.yaml has the rules of the cloud itself."""
    if event.rule in (OFFLINE_RULE, TEST_RULE):
        return ""
    if sensor is None:
        return f"sensors.yaml knows no sensor {event.sensor} today."
    if rule is None:
        return f"the sensor has no rule {event.rule} today."
    return "" if event.limit is None else _other_limit(event, event.limit, rule)


def _other_limit(event: AlarmEvent, then: float, rule: RuleConfig) -> str:
    today = next((one.limit for one in rule.levels if one.level is event.level), None)
    if today is None:
        return f"the rule {rule.name} has no level {event.level} today."
    if today == then:
        return ""
    return (
        f"today the limit of {event.level} is {amount(event.quantity, today)},"
        f" then it was {amount(event.quantity, then)}."
    )
