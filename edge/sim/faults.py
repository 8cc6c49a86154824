"""What goes wrong on real lines and in real devices, as settings of the simulated ones."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class LineFaults:
    """Damage on the wire, per byte and in both directions; probabilities 0..1.

    `noise` turns a byte into another one, `loss` swallows it.
    """

    noise: float = 0.0
    loss: float = 0.0

    def damaged(self, frame: bytes, rng: Random) -> bytes:
        """What of `frame` arrives."""
        if not (self.noise or self.loss):
            return frame
        arrived = (byte for byte in frame if rng.random() >= self.loss)
        return bytes(byte ^ rng.randrange(1, 256) if rng.random() < self.noise else byte for byte in arrived)


@dataclass(frozen=True, slots=True)
class DeviceFaults:
    """How a device misbehaves.

    `late_s`: seconds from the request to the begin of the reply. `truncate`: bytes of the reply
    that are sent, None for all. `answers_as`: the unit identifier in its replies, None for its own.
    """

    is_silent: bool = False
    late_s: float = 0.0
    truncate: int | None = None
    answers_as: int | None = None
