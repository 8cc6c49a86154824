"""One line of a box: the straight path from its source to the spool, and what is said while it is down."""

import asyncio
from collections.abc import Mapping, Sequence

from edge.condition import Conditioner
from edge.decode import decode
from edge.detect import Detector
from edge.ports import Now, Source
from edge.spool import Spool
from wire.inventory import Sensor
from wire.quantities import rounded
from wire.reading import Reading, Sample

_SILENCE_S = 5.0
"""How often a sensor on a line that is down is recorded as silent."""
_MILLISECOND_NS = 1_000_000


class LinePath:
    """Decode, condition, detect, keep: what every sample of a line passes."""

    def __init__(self, sensors: Mapping[str, Sensor], config_version: str, spool: Spool) -> None:
        """Raises ConfigError when a limit set names a rule that there is not."""
        self._sensors, self._spool = sensors, spool
        self._conditioners = {name: Conditioner(sensor) for name, sensor in sensors.items()}
        self._detector = Detector(sensors.values(), config_version)

    def restore(self, states: Mapping[str, bytes]) -> None:
        """Go on where the rules stopped."""
        self._detector.restore(states)

    async def follow(self, source: Source) -> None:
        """Until an open source ends. Raises SourceError when the line is lost."""
        async for sample in source:
            await self.take(sample)

    async def take(self, sample: Sample) -> None:
        """One sample, all the way to the spool."""
        sensor = self._sensors.get(sample.sensor)
        if sensor is None:
            await self._spool.add(_unjudged(sample))
            return
        readings = self._conditioners[sensor.id].readings(decode(sample, sensor))
        detection = self._detector.step(readings)
        await self._spool.add(readings, detection.events, detection.states)

    async def stay_silent(self, reason: str, now: Now) -> None:
        """Record, until cancelled, that no sensor of this line can answer: silence is data."""
        while True:
            time_ns = now() // _MILLISECOND_NS * _MILLISECOND_NS
            for sample in self._silences(reason, time_ns):
                await self.take(sample)
            await asyncio.sleep(_SILENCE_S)

    def _silences(self, reason: str, time_ns: int) -> Sequence[Sample]:
        return [
            Sample(name, time_ns, block=block, fault=reason)
            for name, sensor in self._sensors.items()
            for block in sensor.profile.blocks
        ]


def _unjudged(sample: Sample) -> Sequence[Reading]:
    """The readings of a sensor that the inventory does not know: kept, and judged by no rule."""
    return [Reading(sample.sensor, name, rounded(name, value), sample.time_ns) for name, value in sample.values]
