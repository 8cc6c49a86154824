"""Devices that speak by themselves: of an interval one message stands, and silence is said, never an old value.

Whatever brings the messages (a serial port, Bluetooth, a broker), a `Talker` makes samples of them. Messages of the
past, which bring a time of their own, are none of its: whoever receives them stamps them so.
docs/decisions/0024 says why one message stands for an interval, and why it is one that came.
"""

import logging
import math
from collections import deque
from collections.abc import Iterator

from edge.clock import BoxClock, Stamp
from wire.errors import SourceTimeout
from wire.fields import typical
from wire.inventory import Sensor
from wire.messages import Message, MessageShape, TlvShape
from wire.reading import Sample

CANDIDATES_MOST = 1000
"""Messages of an interval of which the median is taken: the last ones, should there be more."""
SILENCE_S = 5.0
"""How often a silent device is recorded as silent, at least."""
_MILLISECOND_NS = 1_000_000

_log = logging.getLogger(__name__)


class Talker:
    """One device. All times are loop times in seconds."""

    def __init__(
        self, sensor: Sensor, *, every_s: float | None, clock: BoxClock, now: float, fix: str = "check its power."
    ) -> None:
        """It is listened to from `now` on. `every_s` is the line's interval; `fix`: what to do when it is silent."""
        self._sensor, self._clock, self._fix = sensor, clock, fix
        self.dropped = 0
        """Bytes that came so far and were no message; whoever listens counts them."""
        self._dropped_before = 0
        self._gone_at: float | None = None
        read = {point.block for point in sensor.profile.points}
        self._voices = {
            name: _Voice(sensor, shape, every_s, now)
            for name, shape in sensor.profile.messages.items()
            if name in read and not (isinstance(shape, TlvShape) and shape.time_at is not None)
        }

    @property
    def due(self) -> float:
        """When `samples` has something to give, unless something is heard before."""
        return min((voice.due for voice in self._voices.values()), default=math.inf)

    def heard(self, message: Message, now: float) -> None:
        """A whole message; one that no point stands in is passed over."""
        voice = self._voices.get(message.name)
        if voice and message.time_s is None:
            voice.heard(message.octets, now)
            self._dropped_before = self.dropped

    def samples(self, now: float) -> Iterator[Sample]:
        """One for each message whose interval is over, and for each that is silent one that says so."""
        for name, voice in self._voices.items():
            if voice.due > now:
                continue
            if voice.candidates:
                at, octets = voice.chosen(now)
                yield self._sample(name, voice, now - at, reply=octets)
            else:
                fault = self._silence(name, voice.heard_at, now)
                voice.stay_silent(now)
                yield self._sample(name, voice, 0.0, fault=fault)
        self._follow(now)

    def _sample(self, name: str, voice: "_Voice", age_s: float, *, reply: bytes = b"", fault: str = "") -> Sample:
        """Of a message that came `age_s` ago."""
        stamp = self._clock.stamp()
        stamp = stamp._replace(time_ns=stamp.time_ns - round(age_s * 1000) * _MILLISECOND_NS).after(voice.stamp)
        voice.stamp = stamp
        return Sample(
            self._sensor.id,
            stamp.time_ns,
            name,
            fault=fault,
            clock_unsure=stamp.is_unsure,
            moved_ns=stamp.moved_ns,
            reply=reply,
        )

    def _silence(self, name: str, since: float, now: float) -> str:
        spoilt = self.dropped - self._dropped_before
        what = f"nothing but {spoilt} bytes that are no message" if spoilt else f"no message {name}"
        code = "E-TALK-002" if spoilt else "E-TALK-001"
        where = f"sensor {self._sensor.id}"
        error = SourceTimeout(f"{what} for {now - since:.0f} s.", where=where, fix=self._fix, code=code)
        if self._gone_at is None:
            self._gone_at = since
            _log.warning("%s", error)
        return str(error)

    def _follow(self, now: float) -> None:
        """Nothing of it is silent any more: that is said once."""
        if any(voice.is_silent for voice in self._voices.values()):
            return
        if self._gone_at is not None:
            _log.warning("sensor %s is back after %.0f s", self._sensor.id, now - self._gone_at)
            self._gone_at = None


class _Voice:
    """One kind of message of a device."""

    def __init__(self, sensor: Sensor, shape: MessageShape, every_s: float | None, now: float) -> None:
        timing = sensor.profile.timing
        self._profile, self._name = sensor.profile, shape.name
        self._every_s = sensor.interval_s(every_s, shape.every_s)
        if isinstance(shape, TlvShape):
            self._every_s = 0.0  # an uplink is rare and late enough: it waits for no other
        self._patience_s = max(timing.silence_s, shape.every_s, self._every_s)
        self.candidates: deque[tuple[float, bytes]] = deque(maxlen=CANDIDATES_MOST)
        self.heard_at = self._ends_at = now
        self._silent_at = now + self._patience_s
        self.is_silent = False
        self.stamp: Stamp | None = None

    @property
    def due(self) -> float:
        """The end of an interval in which something was said, else of our patience."""
        return self._ends_at if self.candidates else self._silent_at

    def heard(self, octets: bytes, now: float) -> None:
        """Intervals go by the clockwork; one begins with what is said in it."""
        if not self.candidates and self._every_s:
            self._ends_at += math.floor((now - self._ends_at) / self._every_s + 1) * self._every_s
        self.candidates.append((now, octets))
        self.heard_at = now
        self._silent_at = now + self._patience_s
        self.is_silent = False

    def chosen(self, now: float) -> tuple[float, bytes]:
        """The message that stands for the interval, and when it came."""
        chosen = typical(self._profile, self._name, [octets for _, octets in self.candidates])
        at = next((at for at, octets in self.candidates if octets == chosen), now)
        self.candidates.clear()
        return at, chosen

    def stay_silent(self, now: float) -> None:
        """It is recorded as silent; again after a while."""
        self.is_silent = True
        self._silent_at = now + max(SILENCE_S, self._every_s)
