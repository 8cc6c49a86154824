"""Detect: the readings of a line pass the rules of their sensors, and alarm events come out.

Alarms are raised on the box, so they need no network. The rules of a sensor are the files of
`edge/rules/` that its limit set names.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from edge.annunciator import alarm_id
from edge.ports import Rule
from wire import kinds
from wire.alarm import AlarmEvent
from wire.inventory import Sensor
from wire.reading import Reading


@dataclass(frozen=True, slots=True)
class Detection:
    """What some readings led to, to be kept in one transaction with them.

    `events` are in the order of the readings that caused them, unnumbered. `states` holds, by
    alarm id, the rule states that changed; a rule with nothing pending and no alarm has the empty one.
    """

    events: tuple[AlarmEvent, ...]
    states: Mapping[str, bytes]


@dataclass(slots=True)
class _Watch:
    """One rule at work, and its state as last handed out."""

    alarm: str
    rule: Rule
    kept: bytes = field(default=b"")


class Detector:
    """All rules of some sensors. A reading of an unknown sensor meets no rule, and is no mistake here."""

    def __init__(self, sensors: Iterable[Sensor], config_version: str) -> None:
        """Raises ConfigError when a limit set names a kind of rule that there is not."""
        self._watches: dict[str, _Watch] = {}
        self._by_quantity: dict[tuple[str, str], list[_Watch]] = defaultdict(list)
        self._by_sensor: dict[str, list[_Watch]] = defaultdict(list)
        for sensor in sensors:
            for config in sensor.rules:
                rule: Rule = kinds.find("edge.rules", config.kind).Rule(sensor, config, config_version)
                watch = _Watch(alarm_id(sensor.id, config), rule)
                self._watches[watch.alarm] = watch
                if config.quantity:
                    self._by_quantity[sensor.id, config.quantity].append(watch)
                else:
                    self._by_sensor[sensor.id].append(watch)

    def step(self, readings: Sequence[Reading]) -> Detection:
        """What these readings, in order, lead to."""
        events: list[AlarmEvent] = []
        states: dict[str, bytes] = {}
        for reading in readings:
            for watches in (
                self._by_quantity.get((reading.sensor, reading.quantity), ()),
                self._by_sensor.get(reading.sensor, ()),
            ):
                for watch in watches:
                    events.extend(watch.rule.step(reading))
                    state = watch.rule.state()
                    if state != watch.kept:
                        states[watch.alarm] = watch.kept = state
        return Detection(tuple(events), states)

    def move(self, by_ns: int) -> None:
        """The clock was set by so much: what has been seen was so much later."""
        for watch in self._watches.values():
            watch.rule.move(by_ns)

    def restore(self, states: Mapping[str, bytes]) -> None:
        """Goes on where a Detector with these `states` stopped; states of rules that are no more are ignored."""
        for alarm, state in states.items():
            watch = self._watches.get(alarm)
            if watch is not None:
                watch.rule.restore(state)
                watch.kept = state
