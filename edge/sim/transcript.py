"""What was on a simulated line, frame by frame, and which pauses in it were too short or too long."""

import math
from dataclasses import dataclass

from edge.sim.medium import Frame

_PAUSE_INSIDE = 1.5
"""Characters. Source: MODBUS over serial line V1.02, §2.5.1.1; Keller's probes insist on it."""
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Breach:
    """A pause that the standard does not allow: before which frame, and how long it was."""

    frame: Frame
    pause_s: float
    say: str

    def __str__(self) -> str:
        """As people read it."""
        return f"{self.frame.begin:.4f} s, {self.frame.speaker}: {self.say}, it was {1000 * self.pause_s:.2f} ms"


class PauseWatch:
    """Follows a line frame by frame, in the order in which they end, and keeps count."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self.requests = self.replies = 0
        self._before: Frame | None = None

    def step(self, frame: Frame) -> Breach | None:
        """A request with less silence before it than ends a frame, or a pause inside a request; else None."""
        before, self._before = self._before, frame
        if not frame.is_request:
            self.replies += 1
            return None
        is_same = before is not None and before.speaker == frame.speaker
        pause_s = frame.begin - before.end if before else math.inf
        if is_same and pause_s <= _PAUSE_INSIDE * frame.settings.character_s + _ROUNDING_S:
            return None
        self.requests += 1
        if pause_s >= frame.settings.silence_s - _ROUNDING_S:
            return None
        if is_same:
            return Breach(frame, pause_s, f"a pause inside a request is at most {_PAUSE_INSIDE} characters")
        needed_ms = 1000 * frame.settings.silence_s
        return Breach(frame, pause_s, f"a request needs {needed_ms:.2f} ms of silence before it")


def said(frame: Frame) -> str:
    """One line a frame: time, who, bytes."""
    return f"{frame.begin:10.4f} {frame.end:10.4f}  {frame.speaker:<12} {frame.octets.hex(' ').upper()}"
