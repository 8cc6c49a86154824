"""Condition: how far a decoded value can be trusted, as quality flags on its reading.

Time is the sample's own, never the wall, so a recording is judged as the live line was. The state
is small and not persisted: after a restart a stuck sensor is found again after the profile's time.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from edge.decode import Decoded
from wire.expression import ExpressionError
from wire.inventory import Sensor
from wire.profile import Profile, Stuck
from wire.reading import Quality, Reading
from wire.registers import Value

_SECOND_NS = 1_000_000_000
_STALE, _STUCK = int(Quality.STALE), int(Quality.STUCK)
_FAILURE, _OUT_OF_SPAN = int(Quality.FAILURE), int(Quality.OUT_OF_SPAN)


class _Span(NamedTuple):
    name: str
    lowest: float
    highest: float


class Conditioner:
    """Judges the samples of one sensor, in the order they were taken."""

    def __init__(self, sensor: Sensor) -> None:
        self._sensor = sensor.id
        self._checks = sensor.profile.checks
        self._found = [0] * len(self._checks)
        self._stuck = tuple(_StuckWatch(stuck) for stuck in sensor.profile.stuck)
        self._spans = _spans_by_quantity(sensor.profile)

    def readings(self, decoded: Decoded) -> tuple[Reading, ...]:
        """The readings of one sample.

        No answer is STALE, an answer without a value FAILURE, a value outside the span of the point
        it comes from (or of any point it is derived from) OUT_OF_SPAN. A check or a stuck point
        marks all readings of the device; a check over another block keeps its last outcome.
        """
        sample = decoded.sample
        shared = int(Quality.CLOCK_UNSURE) if sample.clock_unsure else 0
        if sample.fault:
            for watch in self._stuck:
                watch.forget()
            shared |= _STALE
            return tuple(
                Reading(self._sensor, quantity, None, sample.time_ns, shared) for quantity, _ in decoded.readings
            )
        shared |= self._checked(decoded.values)
        for watch in self._stuck:
            if watch.is_stuck(decoded.values, sample.time_ns):
                shared |= _STUCK
        return tuple(
            Reading(self._sensor, quantity, value, sample.time_ns, shared | self._own(quantity, value, decoded))
            for quantity, value in decoded.readings
        )

    def move(self, by_ns: int) -> None:
        """The clock was set by so much."""
        for watch in self._stuck:
            watch.move(by_ns)

    def _checked(self, values: Mapping[str, Value]) -> int:
        found = 0
        for index, check in enumerate(self._checks):
            # Without a value here (its points are in another block, or have none now) the last outcome stands.
            with suppress(ExpressionError):
                self._found[index] = int(check.quality) if check.condition(values) is True else 0
            found |= self._found[index]
        return found

    def _own(self, quantity: str, value: float | None, decoded: Decoded) -> int:
        if value is None:
            return _FAILURE
        for name, lowest, highest in self._spans.get(quantity, ()):
            measured = decoded.values.get(name)
            if isinstance(measured, float | int) and not lowest <= measured <= highest:
                return _OUT_OF_SPAN
        return 0


class _StuckWatch:
    """Since when the points of one `stuck` entry have not changed."""

    def __init__(self, stuck: Stuck) -> None:
        self._points = stuck.points
        self._for_ns = round(stuck.for_s * _SECOND_NS)
        self._last: tuple[Value, ...] | None = None
        self._since_ns = 0
        self._is_stuck = False

    def is_stuck(self, values: Mapping[str, Value], time_ns: int) -> bool:
        """With this sample seen; a sample of another block changes nothing."""
        if not all(point in values for point in self._points):
            return self._is_stuck
        seen = tuple(values[point] for point in self._points)
        if seen != self._last or time_ns < self._since_ns:  # a clock that was set back starts the count again
            self._last, self._since_ns = seen, time_ns
        self._is_stuck = time_ns - self._since_ns >= self._for_ns
        return self._is_stuck

    def move(self, by_ns: int) -> None:
        """What has not changed has not changed for as long as before."""
        self._since_ns += by_ns

    def forget(self) -> None:
        """The device did not answer: nobody knows whether it changed meanwhile."""
        self._last, self._is_stuck = None, False


def _spans_by_quantity(profile: Profile) -> Mapping[str, tuple[_Span, ...]]:
    """What must be in span for a quantity to be: its point, or the points it is derived from.

    A recording names its values by quantity, so the point's span is listed under that name too.
    """
    spans: dict[str, tuple[_Span, ...]] = {}
    published: dict[str, tuple[_Span, ...]] = {}
    for point in profile.points:
        if point.span is None:
            continue
        spans[point.name] = (_Span(point.name, *point.span),)
        if point.quantity:
            published[point.quantity] = (*spans[point.name], _Span(point.quantity, *point.span))
    for derived in profile.derived:
        spans[derived.name] = tuple(span for name in sorted(derived.expression.names) for span in spans.get(name, ()))
        if derived.quantity:
            published[derived.quantity] = spans[derived.name]
    return published
