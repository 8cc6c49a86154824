"""A rule of a sensor as the API answers it: what it judges, how far, and where its numbers come from."""

import msgspec

from wire.alarm import Level
from wire.inventory import RuleConfig


class LevelAnswer(msgspec.Struct, frozen=True):
    """`limit` in the unit of the rule's quantity, null where the rule judges the sensor itself."""

    level: Level
    limit: float | None
    on_delay_s: float
    source: str


class RuleAnswer(msgspec.Struct, frozen=True):
    """`levels` from mild to worst. `on_delay_s`: of the level that is asked about, otherwise of the mildest."""

    name: str
    kind: str
    quantity: str
    deadband: float
    on_delay_s: float
    off_delay_s: float
    levels: tuple[LevelAnswer, ...]


def rule_answer(rule: RuleConfig, level: Level | None = None) -> RuleAnswer:
    """As it is configured now. `level`: the one that is asked about."""
    asked = next((one for one in rule.levels if one.level is level), rule.levels[0])
    return RuleAnswer(
        name=rule.name,
        kind=rule.kind,
        quantity=rule.quantity,
        deadband=rule.deadband,
        on_delay_s=asked.on_delay_s,
        off_delay_s=rule.off_delay_s,
        levels=tuple(
            LevelAnswer(one.level, one.limit if rule.quantity else None, one.on_delay_s, one.source)
            for one in rule.levels
        ),
    )
