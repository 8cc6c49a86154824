"""The box's clock: what time it is, how sure that is, and by how much it was ever set.

The wall clock of the system is followed, never steered. Beside it runs the steady clock, which nobody sets: where
the two part, the wall clock was set. Until the time is known, `now` is the time since the box started (`wire.clock`).
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

from wire.clock import ClockState

_log = logging.getLogger(__name__)
_SECOND_NS = 1_000_000_000
_MILLISECOND_NS = 1_000_000
JUMP_NS = _SECOND_NS
"""Less than this is a correction, not a jump."""
_SLEW_MOST = 500e-6
"""The most by which a kernel lets a clock run fast or slow."""
_ASK_NS = _SECOND_NS
WAIT_NS = 300 * _SECOND_NS
"""After its start a box waits so long for a time server before it believes a clock that only looks right: a box
without a battery begins with the time of its last shutdown (judgement: a modem needs two minutes)."""
WRITTEN_NS = 1_793_491_200 * _SECOND_NS
"""1 November 2026: no box runs this program before it was written."""

_UNSET = (
    "the clock is not set: readings wait on the disk until it is, alarms are sent at once. fix: see that the box"
    " reaches a time server (`timedatectl`), or give it a clock with a battery. [E-CLOCK-001]"
)
_UNSURE = (
    "nobody vouches for the clock; readings are marked `clock unsure`. fix: see that the box reaches a time server"
    " (`timedatectl`), or say --clock trust if another keeps its time. [E-CLOCK-002]"
)


class Stamp(NamedTuple):
    """When a sample was taken, UTC. `moved_ns`: by how much the clock had been set since the agent started."""

    time_ns: int
    moved_ns: int
    is_unsure: bool

    def after(self, last: "Stamp | None") -> "Stamp":
        """Later than the last one by a millisecond at least, unless the clock was set between the two."""
        if last is None or last.moved_ns != self.moved_ns:
            return self
        return self._replace(time_ns=max(self.time_ns, last.time_ns + _MILLISECOND_NS))


class BoxClock:
    """One for all lines of a box. It looks at the wall clock whenever it is asked for the time."""

    def __init__(
        self,
        wall: Callable[[], int],
        steady: Callable[[], int],
        is_synced: Callable[[], bool],
        *,
        boot: str = "",
        written_ns: int = WRITTEN_NS,
    ) -> None:
        """`steady` counts from the start of the box, which `boot` names; `is_synced`: does the kernel vouch for `wall`?

        What is before `written_ns` is no time at all.
        """
        self.boot = boot
        self._wall, self._steady, self._ask, self._written_ns = wall, steady, is_synced, written_ns
        self.moved_ns = 0
        """By how much it was set, all in all: what was stamped before is to be moved by the difference."""
        self.offset_ns = 0
        """From the steady clock to the time; 0 while that is not known."""
        self._set_back = 0
        self._seen_ns = self._wall() - self._steady()
        self._looked_ns = self._asked_ns = self._steady()
        self._is_synced = self._ask()
        self.state = ClockState.UNSET
        self.state = self._judged()
        if self.state is not ClockState.UNSET:
            self.offset_ns = self._seen_ns
        if self.state is not ClockState.SURE:
            self._say()

    @classmethod
    def trusted(cls, now: Callable[[], int]) -> Self:
        """A clock that is always right: of a simulation, or of a recording that brings its own times."""
        return cls(now, now, lambda: True, written_ns=0)

    def now(self) -> int:
        """UTC in nanoseconds; since the start of the box while that is not known."""
        self.look()
        return self._steady() + self.offset_ns

    def stamp(self) -> Stamp:
        """In whole milliseconds, and as many nanoseconds as the clock was set back.

        So no time comes twice, though a clock that was set back shows it twice: a store knows readings by their time.
        """
        now_ns = self.now() // _MILLISECOND_NS * _MILLISECOND_NS + self._set_back
        return Stamp(now_ns, self.moved_ns, self.state is not ClockState.SURE)

    def look(self) -> ClockState:
        """See whether the clock was set, or is vouched for now."""
        steady_ns, known = self._steady(), self.state
        seen_ns = self._wall() - steady_ns
        most_ns = JUMP_NS + _SLEW_MOST * (steady_ns - self._looked_ns)
        is_jump = abs(seen_ns - self._seen_ns) > most_ns
        self._seen_ns, self._looked_ns = seen_ns, steady_ns
        if is_jump or steady_ns - self._asked_ns >= _ASK_NS:
            self._is_synced, self._asked_ns = self._ask(), steady_ns
        self.state = self._judged()
        if self._is_time():
            self._follow(seen_ns, most_ns, is_first=known is ClockState.UNSET)
        if self.state is not known:
            self._say()
        return self.state

    def _is_time(self) -> bool:
        """Is what the wall clock shows to be followed?"""
        return self.state is not ClockState.UNSET and self._looked_ns + self._seen_ns >= self._written_ns

    def _judged(self) -> ClockState:
        was_set = self.state is not ClockState.UNSET
        if self._looked_ns + self._seen_ns < self._written_ns:
            return ClockState.UNSURE if was_set else ClockState.UNSET  # once known, the steady clock knows better
        if self._is_synced:
            return ClockState.SURE
        return ClockState.UNSURE if was_set or self._looked_ns >= WAIT_NS else ClockState.UNSET

    def _follow(self, seen_ns: int, most_ns: float, *, is_first: bool) -> None:
        step_ns = seen_ns - self.offset_ns
        self.offset_ns = seen_ns
        if is_first:
            self.moved_ns += step_ns
        elif abs(step_ns) > most_ns:
            self.moved_ns += step_ns
            self._set_back += step_ns < 0
            way = "forward" if step_ns > 0 else "back"
            _log.warning("the clock was set %s by %s; it is %s", way, _span(abs(step_ns)), self.state)

    def _say(self) -> None:
        """Once at each change."""
        if self.state is ClockState.UNSET:
            _log.warning(_UNSET)
        elif self.state is ClockState.UNSURE:
            _log.warning(_UNSURE)
        else:
            _log.warning("the clock is right: %s UTC", datetime.fromtimestamp(self.now() // _SECOND_NS, UTC))


def _span(span_ns: int) -> str:
    return str(timedelta(seconds=round(span_ns / _SECOND_NS)))
