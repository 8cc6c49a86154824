"""What goes wrong on real lines and in real devices, as settings of the simulated ones."""

from dataclasses import dataclass
from random import Random

Octets = list[int | None]
"""Bytes on the wire, each at its place; None for one that does not arrive."""


@dataclass(frozen=True, slots=True)
class LineFaults:
    """Damage on the wire, per byte and in both directions; probabilities 0..1.

    `noise` turns a byte into another one, `loss` swallows it. `echo`: an adapter that hears itself. `is_swapped`:
    A and B of the client are. `piece`: bytes that the client's adapter gathers; 0 for whole frames.
    """

    noise: float = 0.0
    loss: float = 0.0
    echo: bool = False
    is_swapped: bool = False
    piece: int = 0

    def damaged(self, frame: bytes, rng: Random) -> Octets:
        """What of `frame` arrives."""
        if not (self.noise or self.loss):
            return list(frame)
        return [self._damaged(octet, rng) for octet in frame]

    def _damaged(self, octet: int, rng: Random) -> int | None:
        if rng.random() < self.loss:
            return None
        return octet ^ rng.randrange(1, 256) if rng.random() < self.noise else octet


@dataclass(frozen=True, slots=True)
class DeviceFaults:
    """How a device misbehaves.

    `late_s`: seconds from the request to the begin of the reply, and up to `spread_s` more. `truncate`: bytes of
    the reply that are sent, None for all. `repeats`: how often it sends its reply. `answers_as`: the unit
    identifier in its replies, None for its own. `share`: of its replies, so many are so; the others are as they
    should be. `is_mute`: it stays silent where it should refuse.
    """

    is_silent: bool = False
    is_mute: bool = False
    late_s: float = 0.0
    spread_s: float = 0.0
    truncate: int | None = None
    repeats: int = 1
    answers_as: int | None = None
    share: float = 1.0

    def drawn(self, rng: Random) -> "DeviceFaults":
        """Those of one reply."""
        return self if self.share >= 1 or rng.random() < self.share else DeviceFaults()
