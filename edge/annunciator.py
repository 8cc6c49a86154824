"""What a rule has announced, and the readings before it: turns a new level into an alarm event.

Every kind of rule announces the same way: raised once, then escalated or lowered, cleared once.
"""

from collections import deque

import msgspec

from wire.alarm import EVIDENCE_MAX, AlarmEvent, Change, Evidence, Level
from wire.inventory import RuleConfig, Sensor
from wire.reading import Quality, Reading

_UNSURE = "the box's clock is not sure"


class Annunciator:
    """The voice of one rule. `level` is what it last announced, None for normal.

    Evidence is not part of a rule's state: after a restart it holds what has been seen since.
    """

    def __init__(self, sensor: Sensor, config: RuleConfig, config_version: str) -> None:
        self.level: Level | None = None
        self._sensor = sensor.id
        self._config = config
        self._config_version = config_version
        self._before: deque[Reading] = deque(maxlen=EVIDENCE_MAX)
        self.witness = self._before.append

    def move(self, by_ns: int) -> None:
        """The clock was set by so much: the evidence was so much later."""
        moved = [msgspec.structs.replace(seen, time_ns=seen.time_ns + by_ns) for seen in self._before]
        self._before.clear()
        self._before.extend(moved)

    def announce(self, level: Level | None, reading: Reading, *, limit: float | None, reason: str) -> AlarmEvent:
        """The event of a change to `level`, which must differ from the last one; None clears the alarm."""
        ended, self.level = self.level, level
        return AlarmEvent(
            alarm=alarm_id(self._sensor, self._config),
            sensor=self._sensor,
            rule=self._config.name,
            quantity=reading.quantity,
            change=_change(ended, level),
            level=level or ended or Level.BLUE,
            value=reading.value,
            limit=limit,
            time_ns=reading.time_ns,
            reason=f"{reason} ({_UNSURE})" if reading.quality & Quality.CLOCK_UNSURE else reason,
            config_version=self._config_version,
            evidence=tuple(
                Evidence(seen.time_ns, seen.value, seen.quality)
                for seen in self._before
                if seen.quantity == reading.quantity
            ),
        )


def alarm_id(sensor: str, config: RuleConfig) -> str:
    """The alarm of one rule of one sensor."""
    return f"{sensor}/{config.name}"


def _change(ended: Level | None, level: Level | None) -> Change:
    if level is None:
        return Change.CLEARED
    if ended is None:
        return Change.RAISED
    return Change.ESCALATED if level.severity > ended.severity else Change.LOWERED
