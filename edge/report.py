"""Report: what of a sensor's readings leaves the box now, by its policy, and what is held back.

A sample leaves whole, with all its quantities, when any of them has a reason: the first of its interval, a value
that has moved by its deadband, a quality that has changed, an alarm event. When an alarm begins or grows worse, what
was held back before it is asked for, and for a while every sample leaves. So silence lasts an interval at most,
and a bad reading is never the one that is left out. Rules have seen every sample before this stage.

Statistics are of the usable samples of an interval, and leave with the sample that begins the next one, stamped
with the interval's end. Where more than a tenth of it is missing, in samples that cannot be used or in time without
any, they are UNCERTAIN, and their count leaves with them. Time is the readings' own.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from wire.alarm import AlarmEvent, Change
from wire.inventory import LONGEST_S, Sensor
from wire.quantities import Statistic, rounded, statistic_of
from wire.reading import Quality, Reading

_SECOND_NS = 1_000_000_000
_SPARING_NS = round(LONGEST_S * _SECOND_NS)
_MISSING_MOST = 0.1
"""Of an interval, before its statistics are uncertain (judgement)."""
_HOLE_GAPS = 3
"""A time without a sample is a hole when it is this many times their usual distance (judgement)."""


class Around(NamedTuple):
    """The samples of a sensor from `first_ns` to `last_ns`, which an alarm or a person asks for."""

    sensor: str
    first_ns: int
    last_ns: int

    def has(self, reading: Reading) -> bool:
        """Is this one of them?"""
        return reading.sensor == self.sensor and self.first_ns <= reading.time_ns <= self.last_ns


@dataclass(frozen=True, slots=True)
class Report:
    """What of one sample's readings leaves the box, and what does not.

    `state` is the reporter's after them, for a restart; None while it is as before. `around` is what shall now leave
    of what was held back.
    """

    leaving: Sequence[Reading]
    held: Sequence[Reading]
    state: bytes | None
    around: Around | None = None


class _Window(msgspec.Struct, array_like=True):
    """One quantity in one interval: `squares` is the sum of squared distances from the mean (Welford's way)."""

    begin_ns: int
    end_ns: int
    last_ns: int
    longest_ns: int = 0
    count: int = 0
    unusable: int = 0
    low: float = math.inf
    high: float = -math.inf
    mean: float = 0.0
    squares: float = 0.0
    quality: int = 0
    worst: int = 0

    def has(self, time_ns: int) -> bool:
        """Is that within the interval?"""
        return self.begin_ns <= time_ns < self.end_ns

    def take(self, reading: Reading) -> None:
        """One sample more."""
        self.longest_ns = max(self.longest_ns, reading.time_ns - self.last_ns)
        self.last_ns = reading.time_ns
        self.worst |= reading.quality
        if reading.value is None or not reading.is_usable:
            self.unusable += 1
            return
        self.count += 1
        self.quality |= reading.quality
        self.low, self.high = min(self.low, reading.value), max(self.high, reading.value)
        step = reading.value - self.mean
        self.mean += step / self.count
        self.squares += step * (reading.value - self.mean)

    def statistics(self) -> dict[Statistic, float | None]:
        """At the interval's end; the count when it matters."""
        if not self.count:
            return dict.fromkeys((Statistic.MIN, Statistic.MEAN, Statistic.MAX, Statistic.STD), None)
        found: dict[Statistic, float | None] = {
            Statistic.MIN: self.low,
            Statistic.MEAN: self.mean,
            Statistic.MAX: self.high,
            Statistic.STD: math.sqrt(max(0.0, self.squares) / self.count),
        }
        return found | {Statistic.COUNT: float(self.count)} if self.is_thin else found

    @property
    def is_thin(self) -> bool:
        """Is more of the interval missing than can be passed over?"""
        whole_ns = self.end_ns - self.begin_ns
        hole_ns = self.longest_ns if self.longest_ns * self.count > _HOLE_GAPS * whole_ns else 0
        return self.unusable / (self.count + self.unusable) + hole_ns / whole_ns > _MISSING_MOST


class _State(msgspec.Struct, array_like=True):
    """`after`: the time of an alarm, and until when every sample leaves because of it."""

    windows: dict[str, _Window] = {}
    after: tuple[int, int] | None = None


class Reporter:
    """One sensor whose policy holds something back. `restore` before the first step."""

    def __init__(self, sensor: Sensor, is_sparing: Callable[[], bool] = bool) -> None:
        """`is_sparing`: must readings give way just now?"""
        self._policy, self._is_sparing = sensor.report, is_sparing
        self._every_ns = self._usual_ns = round(sensor.report.every_s * _SECOND_NS)
        self._last: dict[str, Reading] = {}
        self._windows: dict[str, _Window] = {}
        self._after: tuple[int, int] | None = None
        self._kept = b""

    def step(self, readings: Sequence[Reading], events: Sequence[AlarmEvent] = ()) -> Report:
        """The readings of one sample, and the alarm events they led to."""
        self._every_ns = _SPARING_NS if self._is_sparing() else self._usual_ns
        statistics = list(self._summed(readings)) if self._policy.has_statistics else []
        around = self._around(events)
        if events or any(self._is_due(reading) for reading in readings):
            self._last.update((reading.quantity, reading) for reading in readings)
            return Report([*statistics, *readings], (), self._state(), around)
        return Report(statistics, readings, self._state())

    def restore(self, state: bytes) -> None:
        """Go on with the intervals that were open, and after an alarm. Raises MsgspecError."""
        kept = msgspec.msgpack.decode(state, type=_State) if state else _State()
        self._windows, self._after, self._kept = kept.windows, kept.after, state
        if not self._policy.has_statistics:
            self._windows = {}

    def move(self, by_ns: int) -> None:
        """The clock was set by so much: what has been seen was so much later. An open interval keeps its length."""
        for window in self._windows.values():
            window.begin_ns, window.end_ns = window.begin_ns + by_ns, window.end_ns + by_ns
            window.last_ns += by_ns
        for quantity, last in self._last.items():
            self._last[quantity] = msgspec.structs.replace(last, time_ns=last.time_ns + by_ns)
        self._after = self._after and (self._after[0] + by_ns, self._after[1] + by_ns)

    def _around(self, events: Sequence[AlarmEvent]) -> Around | None:
        """What an alarm that begins or grows worse asks for; from now on, every sample for a while."""
        times = [event.time_ns for event in events if event.change in {Change.RAISED, Change.ESCALATED}]
        if not times:
            return None
        time_ns = times[0]
        self._after = (time_ns, time_ns + round(self._policy.after_s * _SECOND_NS))
        return Around(events[0].sensor, time_ns - round(self._policy.before_s * _SECOND_NS), time_ns)

    def _state(self) -> bytes | None:
        state = msgspec.msgpack.encode(_State(self._windows, self._after)) if self._windows or self._after else b""
        if state == self._kept:
            return None
        self._kept = state
        return state

    def _is_after_an_alarm(self, time_ns: int) -> bool:
        if self._after and not self._after[0] <= time_ns <= self._after[1]:  # over, or the clock was set back
            self._after = None
        return self._after is not None

    def _is_due(self, reading: Reading) -> bool:
        if self._is_after_an_alarm(reading.time_ns):
            return True
        last = self._last.get(reading.quantity)
        if last is None or reading.quality != last.quality or not self._every_ns:
            return True
        if reading.time_ns // self._every_ns != last.time_ns // self._every_ns:
            return True
        deadband = None if self._every_ns > self._usual_ns else self._policy.deadbands.get(reading.quantity)
        if deadband is None or reading.value is None or last.value is None:
            return False
        return round(abs(reading.value - last.value), 9) >= deadband

    def _summed(self, readings: Sequence[Reading]) -> Iterator[Reading]:
        """Takes the readings into their intervals; the statistics of those that end with them."""
        for reading in readings:
            window = self._windows.get(reading.quantity)
            if window and not window.has(reading.time_ns):
                yield from _ended(window, reading)
            if window is None or not window.has(reading.time_ns):
                begin_ns = reading.time_ns // self._every_ns * self._every_ns
                before_ns = window.last_ns if window and window.end_ns == begin_ns else begin_ns
                window = self._windows[reading.quantity] = _Window(begin_ns, begin_ns + self._every_ns, before_ns)
            window.take(reading)


def _ended(window: _Window, reading: Reading) -> Iterator[Reading]:
    """The statistics of an interval that ends with `reading`, the first beyond it.

    One that a clock set back has cut short ends at its last sample: its own end is still to come.
    """
    window.longest_ns = max(window.longest_ns, window.end_ns - window.last_ns)
    time_ns = window.end_ns if reading.time_ns >= window.end_ns else window.last_ns
    quality = window.quality if window.count else window.worst
    if window.is_thin and window.count:
        quality |= int(Quality.UNCERTAIN)
    for statistic, value in window.statistics().items():
        name = statistic_of(reading.quantity, statistic)
        yield Reading(reading.sensor, name, None if value is None else rounded(name, value), time_ns, quality)
