"""Sensors that report when they like: which of them has been silent for longer than it may.

Each is one device, whatever it says: a report of its battery shows that it lives. `edge.talkers` is for devices of
which a message is missed at once.
"""

import logging
import math
from collections.abc import Iterable, Iterator, Mapping

from wire.errors import SourceTimeout
from wire.inventory import LONGEST_S

_log = logging.getLogger(__name__)
_LEAST_S = 5.0


class Presence:
    """Of the sensors of a line. All times are loop times in seconds."""

    def __init__(self, silences_s: Mapping[str, float], now: float, *, fix: str) -> None:
        """By sensor, how long it may be silent; it is listened to from `now` on. `fix`: what to do when it is."""
        self._fix = fix
        self._devices = {sensor: _Device(silence_s, now) for sensor, silence_s in silences_s.items()}

    @property
    def due(self) -> float:
        """When the next one has been silent for too long, or is to be said so again."""
        return min((device.due for device in self._devices.values()), default=math.inf)

    def heard(self, sensor: str, things: Iterable[str], now: float) -> None:
        """It has reported these things; that it is back is said once."""
        device = self._devices[sensor]
        if device.is_gone:
            _log.warning("sensor %s is back after %.0f s", sensor, now - device.heard_at)
        device.heard(things, now)

    def silent(self, now: float) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Sensors that are silent, what is to be said of each, and the things that are missed; again after a while."""
        for sensor, device in self._devices.items():
            if device.due > now:
                continue
            what = f"no report for {now - device.heard_at:.0f} s."
            error = SourceTimeout(what, where=f"sensor {sensor}", fix=self._fix, code="E-TALK-001")
            if not device.is_gone:
                _log.warning("%s", error)
            device.miss(now)
            yield sensor, str(error), device.missed


class _Device:
    """One of them."""

    def __init__(self, silence_s: float, now: float) -> None:
        self._silence_s, self.heard_at, self.due = silence_s, now, now + silence_s
        self.is_gone = False
        self._gaps: dict[str, tuple[float, float]] = {}

    @property
    def missed(self) -> tuple[str, ...]:
        """What it says more often than it may be silent. A battery that it reports twice a day is not missed today."""
        return tuple(thing for thing, (_, gap_s) in self._gaps.items() if gap_s <= self._silence_s)

    def heard(self, things: Iterable[str], now: float) -> None:
        self.is_gone, self.heard_at, self.due = False, now, now + self._silence_s
        for thing in things:
            at, _ = self._gaps.get(thing, (now, 0.0))
            self._gaps[thing] = now, now - at

    def miss(self, now: float) -> None:
        self.is_gone, self.due = True, now + max(_LEAST_S, min(LONGEST_S, self._silence_s))
