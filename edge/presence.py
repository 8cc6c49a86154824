"""Sensors that report when they like: which of them has been silent for longer than it may.

Each is one device, whatever it says: a report of its battery shows that it lives. `edge.talkers` is for devices of
which a message is missed at once.
"""

import logging
from collections.abc import Iterator, Mapping

from wire.errors import SourceTimeout
from wire.inventory import LONGEST_S

_log = logging.getLogger(__name__)
_LEAST_S = 5.0


class Presence:
    """Of the sensors of a line. All times are loop times in seconds."""

    def __init__(self, silences_s: Mapping[str, float], now: float, *, fix: str) -> None:
        """By sensor, how long it may be silent; it is listened to from `now` on. `fix`: what to do when it is."""
        self._silences_s, self._fix = silences_s, fix
        self._heard_at = dict.fromkeys(silences_s, now)
        self._due = {sensor: now + silence_s for sensor, silence_s in silences_s.items()}
        self._gone: set[str] = set()

    @property
    def due(self) -> float:
        """When the next one has been silent for too long, or is to be said so again."""
        return min(self._due.values(), default=float("inf"))

    def heard(self, sensor: str, now: float) -> None:
        """It has reported; that it is back is said once."""
        if sensor in self._gone:
            self._gone.remove(sensor)
            _log.warning("sensor %s is back after %.0f s", sensor, now - self._heard_at[sensor])
        self._heard_at[sensor] = now
        self._due[sensor] = now + self._silences_s[sensor]

    def silent(self, now: float) -> Iterator[tuple[str, str]]:
        """Sensors that are silent, each with what is to be said of it; again after a while."""
        for sensor in [sensor for sensor, due in self._due.items() if due <= now]:
            what = f"no report for {now - self._heard_at[sensor]:.0f} s."
            error = SourceTimeout(what, where=f"sensor {sensor}", fix=self._fix, code="E-TALK-001")
            if sensor not in self._gone:
                self._gone.add(sensor)
                _log.warning("%s", error)
            self._due[sensor] = now + max(_LEAST_S, min(LONGEST_S, self._silences_s[sensor]))
            yield sensor, str(error)
