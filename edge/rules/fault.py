"""Rule kind `fault`: the sensor itself is in alarm when it is silent or its readings are no good.

    fault:
      kind: fault
      off_delay: 60s
      levels:
        blue: {on_delay: 60s, source: "judgement"}

One alarm for the whole sensor, never one for each quantity. The sensor is faulty from the first
quantity with a faulty quality (NAMUR NE 107: out of span, stuck, failure), or without a value, until
every quantity is good again. A level is raised when that has lasted its on-delay, and rises to a
worse level after that one's; the alarm clears when the sensor has been good for the off-delay.
Warm-up and calibration alone are no fault.

Delays run in the time of the readings; silence is no gap here, it is the fault. A time in the past
(a clock that was set back) begins the running delay again from there, unless the box knows by how much.
"""

import math
from collections.abc import Sequence

import msgspec

from edge.annunciator import Annunciator
from wire.alarm import AlarmEvent, Level
from wire.inventory import RuleConfig, Sensor
from wire.reading import FAULTY, Quality, Reading

_SECOND_NS = 1_000_000_000
_LATER_NS = 2**63 - 1
"""A time after every reading: the delay begins with the next one."""
_SAID = {
    Quality.STALE: "gives no answer",
    Quality.FAILURE: "reports a failure",
    Quality.STUCK: "does not change any more",
    Quality.OUT_OF_SPAN: "is outside what the sensor can measure",
}


class _State(msgspec.Struct, frozen=True, array_like=True):
    announced: Level | None
    faulty: tuple[str, ...]
    since_ns: int


class Rule:
    """The `fault` rule of one sensor; an `edge.ports.Rule`."""

    def __init__(self, sensor: Sensor, config: RuleConfig, config_version: str) -> None:
        self._published = frozenset(sensor.profile.quantities)
        self._levels = config.levels
        self._off_delay_s = config.off_delay_s
        self._faulty: set[str] = set()
        self._since_ns = 0
        self._annunciator = Annunciator(sensor, config, config_version)

    def step(self, reading: Reading) -> Sequence[AlarmEvent]:
        """The change this reading of any quantity causes: at most one."""
        is_normal = not self._faulty and self._annunciator.level is None
        is_quiet = is_normal and not reading.quality and reading.value is not None and math.isfinite(reading.value)
        events = () if is_quiet else self._judge(reading)
        self._annunciator.witness(reading)
        return events

    def move(self, by_ns: int) -> None:
        """The clock was set: a fault has lasted as long as before."""
        self._since_ns = min(self._since_ns + by_ns, _LATER_NS)
        self._annunciator.move(by_ns)

    def state(self) -> bytes:
        """Empty while the sensor is good; otherwise what is faulty, and since when."""
        if not self._faulty and self._annunciator.level is None:
            return b""
        return msgspec.msgpack.encode(_State(self._annunciator.level, tuple(sorted(self._faulty)), self._since_ns))

    def restore(self, state: bytes) -> None:
        """Goes on from `state`; a quantity that the profile no longer has is forgotten, so that the alarm can clear."""
        if not state:
            return
        kept = msgspec.msgpack.decode(state, type=_State)
        self._annunciator.level = kept.announced
        self._faulty = set(kept.faulty) & self._published if self._published else set(kept.faulty)
        is_still = bool(self._faulty) is bool(kept.faulty)
        self._since_ns = kept.since_ns if is_still else _LATER_NS

    def _judge(self, reading: Reading) -> Sequence[AlarmEvent]:
        was_faulty = bool(self._faulty)
        if is_no_good := _is_faulty(reading):
            self._faulty.add(reading.quantity)
        else:
            self._faulty.discard(reading.quantity)
        if bool(self._faulty) is not was_faulty or reading.time_ns < self._since_ns:
            self._since_ns = reading.time_ns
        if self._faulty and not is_no_good:
            return ()  # another quantity is faulty; its own readings speak of it
        level = self._level(reading.time_ns - self._since_ns)
        if level is self._annunciator.level:
            return ()
        return (self._annunciator.announce(level, reading, limit=None, reason=self._reason(reading, level)),)

    def _level(self, held_ns: int) -> Level | None:
        announced = self._annunciator.level
        if not self._faulty:
            return None if held_ns >= self._off_delay_s * _SECOND_NS else announced
        passed = [limit.level for limit in self._levels if held_ns >= limit.on_delay_s * _SECOND_NS]
        standing = [announced] if announced else []  # a fault that lasts does not get milder
        return max(passed + standing, key=_severity, default=None)

    def _reason(self, reading: Reading, level: Level | None) -> str:
        if level is None:
            return f"every quantity has been good for {self._off_delay_s:g} s"
        lasted = next((f" for {limit.on_delay_s:g} s" for limit in self._levels if limit.level is level), "")
        return f"{reading.quantity} {_said(reading)}{lasted}"


def _is_faulty(reading: Reading) -> bool:
    return bool(reading.quality & FAULTY) or reading.value is None or not math.isfinite(reading.value)


def _said(reading: Reading) -> str:
    return next((said for flag, said in _SAID.items() if reading.quality & flag), "has no value")


def _severity(level: Level) -> int:
    return level.severity
