"""One line of a box: the straight path from a sample to the spool, and what is said while the line is down."""

import asyncio
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from edge.clock import BoxClock, Stamp
from edge.condition import Conditioner
from edge.decode import decode
from edge.detect import Detector
from edge.report import Reporter
from edge.spool import Spool
from wire.alarm import AlarmEvent, Frame
from wire.inventory import Sensor
from wire.quantities import rounded
from wire.reading import Quality, Reading, Sample

_log = logging.getLogger(__name__)
_SILENCE_S = 5.0
"""How often the sensors of a line that is down are recorded as silent, at least."""
_REPORT = " report"
"""Ends the name of a reporter's state among those of the rules: no id has a space in it."""


class LinePath:
    """Decode, condition, detect, report, keep: what every sample of a line passes."""

    def __init__(
        self,
        sensors: Mapping[str, Sensor],
        config_version: str,
        spool: Spool,
        is_sparing: Callable[[], bool] | None = None,
    ) -> None:
        """`is_sparing` is asked in a box with a data budget. Raises ConfigError when there is no such rule."""
        self._sensors, self._spool = sensors, spool
        self._conditioners = {name: Conditioner(sensor) for name, sensor in sensors.items()}
        self._detector = Detector(sensors.values(), config_version)
        self._reporters = {
            name: Reporter(one, is_sparing or bool)
            for name, one in sensors.items()
            if is_sparing or not one.report.is_everything
        }
        self._latest: Stamp | None = None

    def restore(self, states: Mapping[str, bytes]) -> None:
        """Go on where rules and reporting stopped; what cannot be read begins anew."""
        for name, state in states.items():
            reporter = self._reporters.get(name.removesuffix(_REPORT))
            try:
                if not name.endswith(_REPORT):
                    self._detector.restore({name: state})
                elif reporter:
                    reporter.restore(state)
            except msgspec.MsgspecError as error:
                _log.warning("the kept state of %s cannot be read, it begins anew: %s", name, error)

    async def take(self, sample: Sample) -> None:
        """One sample, all the way to the spool; with an alarm event in it, until that is safe on disk."""
        sensor = self._sensors.get(sample.sensor)
        if sample.is_past and sensor:
            await self._spool.add(Conditioner(sensor).readings(decode(sample, sensor)))
            return
        self._follow_clock(sample)
        if sensor is None:
            await self._spool.add(_unjudged(sample))
            return
        readings = self._conditioners[sensor.id].readings(decode(sample, sensor))
        detection = self._detector.step(readings)
        events = _with_bytes(detection.events, sample)
        reporter = self._reporters.get(sensor.id)
        if reporter is None:
            await self._spool.add(readings, events, detection.states)
            return
        report = reporter.step(readings, events)
        own = {} if report.state is None else {f"{sensor.id}{_REPORT}": report.state}
        around = () if report.around is None else (report.around,)
        await self._spool.add(report.leaving, events, {**detection.states, **own}, report.held, around)

    async def stay_silent(self, reason: str, for_s: float, clock: BoxClock) -> None:
        """Record for a while, and at its end, that no sensor of this line can answer: silence is data."""
        while for_s > 0:
            pause_s = min(for_s, _SILENCE_S)
            await asyncio.sleep(pause_s)
            for_s -= pause_s
            # Never at the time of a real sample: the store would take one for the other.
            for sample in self._silences(reason, clock.stamp().after(self._latest)):
                await self.take(sample)

    def _follow_clock(self, sample: Sample) -> None:
        """Where the clock was set since the last sample, what the rules remember is moved with it."""
        stamp = Stamp(sample.time_ns, sample.moved_ns, sample.clock_unsure)
        latest = self._latest or stamp
        by_ns = stamp.moved_ns - latest.moved_ns
        if by_ns:
            self._detector.move(by_ns)
            for conditioner in self._conditioners.values():
                conditioner.move(by_ns)
            for reporter in self._reporters.values():
                reporter.move(by_ns)
        self._latest = stamp if by_ns else max(latest, stamp)

    def _silences(self, reason: str, stamp: Stamp) -> Iterator[Sample]:
        for name in self._sensors:
            yield Sample(
                name,
                stamp.time_ns,
                fault=reason,
                clock_unsure=stamp.is_unsure,
                moved_ns=stamp.moved_ns,
            )


def _with_bytes(events: Sequence[AlarmEvent], sample: Sample) -> Sequence[AlarmEvent]:
    """The events with the frames of the sample that caused them, if it came with some."""
    if not events or not sample.reply:
        return events
    frame = Frame(sample.block, sample.request.hex(), sample.reply.hex())
    return tuple(msgspec.structs.replace(event, frame=frame) for event in events)


def _unjudged(sample: Sample) -> Sequence[Reading]:
    """The readings of a sensor that the inventory does not know: kept, and judged by no rule."""
    unsure = int(Quality.CLOCK_UNSURE) if sample.clock_unsure else 0
    return [
        Reading(sample.sensor, name, rounded(name, value), sample.time_ns, unsure)
        if math.isfinite(value)
        else Reading(sample.sensor, name, None, sample.time_ns, unsure | int(Quality.FAILURE))
        for name, value in sample.values
    ]
