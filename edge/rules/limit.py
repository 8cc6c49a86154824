"""Rule kind `limit`: an alarm while a quantity stays at or above one of up to four limits.

    lean:
      kind: limit
      quantity: tilt
      deadband: 0.1            # in the quantity's unit
      off_delay: 60s
      levels:
        blue:   {limit: 0.3,  on_delay: 5s, source: "judgement"}
        yellow: {limit: 0.57, on_delay: 5s, source: "JGJ 125, 1 %"}

Every level is a latch of its own. It sets when the value has been at or above its limit for the
whole on-delay, and resets when the value has been below limit - deadband for the whole off-delay.
The alarm's level is the worst level set; its changes are raised, escalated, lowered and cleared.

Delays run in the time of the readings, and only while somebody looks:

- Between two usable readings in a row the time counts. From the last reading before an unusable
  one (no value, or a quality a structure must not be judged by) to the first usable one after it,
  the delays stand still: they neither run nor begin again.
- A gap longer than three sampling intervals and longer than 30 s begins all running delays again.
  The sampling interval is the sensor's, or the gap itself when the next reading is as late again,
  so that a sensor that reports every ten minutes can raise an alarm too: with its third report.
- A time up to that gap in the past is a late reading: its value is judged, no time counts. A
  time further in the past is a clock that was set back: running delays begin again from there.
- Where the box knows that its clock was set, and by how much, delays run on.
- A second reading at the same time is judged by its value, and no time counts.

After a restart everything goes on as if there had been none: the time the box was down is a gap.
"""

import math
from collections.abc import Sequence

import msgspec

from edge.annunciator import Annunciator
from wire.alarm import AlarmEvent, Level
from wire.inventory import Limit, RuleConfig, Sensor
from wire.quantities import amount
from wire.reading import Reading

_SECOND_NS = 1_000_000_000
GAP_MIN_NS = 30 * _SECOND_NS
GAP_INTERVALS = 3


class _State(msgspec.Struct, frozen=True, array_like=True):
    """`latches`: level → is set, and how long the running delay has been observed, if one runs."""

    announced: Level | None
    latches: dict[Level, tuple[bool, int | None]]
    watch: tuple[int | None, int, bool]


class Rule:
    """One `limit` rule of one sensor; an `edge.ports.Rule`."""

    def __init__(self, sensor: Sensor, config: RuleConfig, config_version: str) -> None:
        self._latches = {limit.level: _Latch(limit, config) for limit in config.levels}
        self._lowest = min(limit.limit for limit in config.levels)
        self._watch = _Watch(_sampling_interval_ns(sensor))
        self._annunciator = Annunciator(sensor, config, config_version)
        self._is_normal = True

    def step(self, reading: Reading) -> Sequence[AlarmEvent]:
        """The change this reading causes: at most one."""
        value = reading.value
        is_quiet = self._is_normal and not reading.quality and value is not None and value < self._lowest
        events = () if is_quiet else self._judge(reading)
        self._annunciator.witness(reading)
        return events

    def move(self, by_ns: int) -> None:
        """The clock was set: delays run on as if it had always been right."""
        self._watch.move(by_ns)
        self._annunciator.move(by_ns)

    def state(self) -> bytes:
        """Empty while everything is normal; it changes while a delay runs, and is at rest while an alarm stands."""
        if self._is_normal:
            return b""
        latches = {level: (latch.is_set, latch.held_ns) for level, latch in self._latches.items()}
        return msgspec.msgpack.encode(_State(self._annunciator.level, latches, self._watch.state()))

    def restore(self, state: bytes) -> None:
        """Goes on from `state`. A level that the limits no longer have ends with the next usable reading."""
        if not state:
            return
        kept = msgspec.msgpack.decode(state, type=_State)
        for level, latch in self._latches.items():
            latch.is_set, latch.held_ns = kept.latches.get(level, (False, None))
        self._annunciator.level = kept.announced
        self._watch.restore(kept.watch)
        self._settle()

    def _judge(self, reading: Reading) -> Sequence[AlarmEvent]:
        if reading.value is None or not math.isfinite(reading.value) or not reading.is_usable:
            self._watch.look_away()
            return ()
        seen_ns = self._watch.look(reading.time_ns)
        for latch in self._latches.values():
            latch.step(reading.value, seen_ns)
        worst = max((level for level, latch in self._latches.items() if latch.is_set), key=_severity, default=None)
        events = () if worst is self._annunciator.level else (self._announce(worst, reading),)
        self._settle()
        return events

    def _announce(self, level: Level | None, reading: Reading) -> AlarmEvent:
        before = self._annunciator.level
        is_worse = level is not None and (before is None or level.severity > before.severity)
        turned = self._latches.get(level if is_worse and level else before or Level.BLUE)
        latch = self._latches.get(level or before or Level.BLUE)
        reason = f"{reading.quantity} is {amount(reading.quantity, reading.value)}, "
        reason += turned.reason(reading.quantity) if turned else "and the limits no longer have the level that stood"
        return self._annunciator.announce(level, reading, limit=latch.limit if latch else None, reason=reason)

    def _settle(self) -> None:
        is_running = any(latch.held_ns is not None for latch in self._latches.values())
        if not is_running:
            self._watch.rest()
        self._is_normal = self._annunciator.level is None and not is_running


class _Latch:
    """One level: sets after its on-delay, resets after the off-delay. `held_ns` is None while no delay runs."""

    def __init__(self, limit: Limit, config: RuleConfig) -> None:
        self.limit = limit.limit
        self.is_set = False
        self.held_ns: int | None = None
        self._reset_below = round(limit.limit - config.deadband, 9)  # 0.3 - 0.1 is to be 0.2
        self._on_delay_s, self._off_delay_s = limit.on_delay_s, config.off_delay_s
        self._source = limit.source

    def step(self, value: float, seen_ns: int | None) -> None:
        """One usable value; `seen_ns` is the time observed before it, None when delays begin again."""
        is_turning = value < self._reset_below if self.is_set else value >= self.limit
        if not is_turning:
            self.held_ns = None
            return
        self.held_ns = 0 if self.held_ns is None or seen_ns is None else self.held_ns + seen_ns
        if self.held_ns >= (self._off_delay_s if self.is_set else self._on_delay_s) * _SECOND_NS:
            self.is_set, self.held_ns = not self.is_set, None

    def reason(self, quantity: str) -> str:
        """Why it has just turned."""
        if self.is_set:
            return f"at or above {amount(quantity, self.limit)} for {self._on_delay_s:g} s ({self._source})"
        return f"below {amount(quantity, self._reset_below)} for {self._off_delay_s:g} s"


class _Watch:
    """How much of the time somebody looked: the clock of the delays of one rule."""

    def __init__(self, interval_ns: int) -> None:
        self._usual_ns = interval_ns
        self.rest()

    def rest(self) -> None:
        """No delay runs: the next reading begins."""
        self._last_ns: int | None = None
        self._interval_ns = self._usual_ns
        self._is_unbroken = True

    def look(self, time_ns: int) -> int | None:
        """A usable reading: the nanoseconds observed before it, or None when running delays begin again."""
        step_ns = 0 if self._last_ns is None else time_ns - self._last_ns
        gap_ns = max(GAP_MIN_NS, GAP_INTERVALS * self._interval_ns)
        if abs(step_ns) > gap_ns:
            self._last_ns, self._interval_ns, self._is_unbroken = time_ns, max(self._usual_ns, step_ns), True
            return None
        if self._last_ns is None or step_ns > 0:
            observed_ns = step_ns if self._is_unbroken else 0
            self._interval_ns = max(self._usual_ns, min(self._interval_ns, step_ns))
            self._last_ns, self._is_unbroken = time_ns, True
            return observed_ns
        return 0

    def look_away(self) -> None:
        """A reading that cannot be judged: the time around it is not observed."""
        self._is_unbroken = self._last_ns is None

    def move(self, by_ns: int) -> None:
        """The clock was set by so much."""
        self._last_ns = None if self._last_ns is None else self._last_ns + by_ns

    def state(self) -> tuple[int | None, int, bool]:
        """For `restore`."""
        return self._last_ns, self._interval_ns, self._is_unbroken

    def restore(self, state: tuple[int | None, int, bool]) -> None:
        """Goes on where `state` was taken."""
        self._last_ns, self._interval_ns, self._is_unbroken = state


def _severity(level: Level) -> int:
    return level.severity


def _sampling_interval_ns(sensor: Sensor) -> int:
    every_s = sensor.every_s or max(sensor.profile.intervals_s, default=0.0)
    return round(every_s * _SECOND_NS)
