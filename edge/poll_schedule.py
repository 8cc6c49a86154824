"""Which block of which sensor is read next on a line, and how often a silent one is still asked."""

import math
from collections.abc import Iterable

from wire.errors import AddressShared, EgretError, SourceTimeout
from wire.inventory import Sensor
from wire.messages import MessageShape
from wire.profile import Block

Part = Block | MessageShape
"""What is asked for at once."""
FAILURES_MAX = 3
"""Failures in a row after which a sensor counts as gone."""
BACK_OFF_MIN_S, BACK_OFF_MAX_S = 1.0, 60.0
"""A gone sensor is asked at intervals that double between these: each question blocks the line for a while."""


class Poll:
    """One block or message of one sensor, read every `every_s` seconds. All times are loop times in seconds."""

    def __init__(self, sensor: Sensor, block: Part, every_s: float, start: float) -> None:
        """First due at `start`."""
        self.sensor, self.block, self.every_s = sensor, block, every_s
        self.due = start
        self.asked_at = start - every_s
        """When its last turn ended."""
        self.skipped = 0
        """Turns that fell out because the line had no time for them."""
        self.gone_since: float | None = None
        self._first_failure = start
        self.failures = 0
        self.timeouts = 0
        self.back_off_s = 0.0

    def answered(self, now: float) -> None:
        """Next turn by the clockwork; a line that is more than a turn behind skips whole turns, and counts them."""
        self.asked_at = now
        self.failures = self.timeouts = 0
        self.back_off_s = 0.0
        self.gone_since = None
        self._next_turn(now)

    def failed(self, error: EgretError, now: float) -> None:
        """After three failures in a row the sensor is gone; one that only stays silent is asked less and less.

        A damaged reply does not count as silence: on a noisy line every reply is wanted.
        """
        self.asked_at = now
        if not self.failures:
            self._first_failure = now
        self.failures += 1
        self.timeouts = self.timeouts + 1 if isinstance(error, SourceTimeout | AddressShared) else 0
        if self.failures == FAILURES_MAX:
            self.gone_since = self._first_failure
        if self.timeouts < FAILURES_MAX:
            self._next_turn(now)
            return
        longest = max(BACK_OFF_MAX_S, self.every_s)
        self.back_off_s = min(longest, 2 * max(self.back_off_s, self.every_s, BACK_OFF_MIN_S))
        self.due = now + self.back_off_s

    @property
    def is_silent(self) -> bool:
        """Has it given no answer at all for so long that it is asked less and less?"""
        return self.timeouts >= FAILURES_MAX

    def share_silence(self, of: "Poll") -> None:
        """Another block of the same sensor was asked in vain: this one is not asked before that one is again."""
        self.asked_at, self.due = of.asked_at, of.due
        self.failures, self.timeouts, self.back_off_s = of.failures, of.timeouts, of.back_off_s
        self.gone_since = self.gone_since or of.gone_since

    def wake(self, now: float) -> None:
        """Due at once: another block of the same sensor has just come back."""
        self.due = min(self.due, now)

    def _next_turn(self, now: float) -> None:
        self.due += self.every_s
        behind = max(0, math.floor((now - self.due) / self.every_s))
        self.due += behind * self.every_s
        self.skipped += behind


class PollSchedule:
    """The polls of a line. Of those that are due, the one whose interval since its last turn ends first is next.

    So a fast poll does not wait for slow ones, equals come in turn, and overload starves nobody.
    """

    def __init__(self, polls: Iterable[Poll]) -> None:
        """At least one poll."""
        self.polls = tuple(polls)

    @property
    def skipped(self) -> int:
        """Turns that fell out on this line so far."""
        return sum(poll.skipped for poll in self.polls)

    def next(self, now: float) -> Poll:
        """The poll whose turn it is at `now`, or the first that will be due."""
        due = [poll for poll in self.polls if poll.due <= now]
        if due:
            return min(due, key=lambda poll: poll.asked_at + poll.every_s)
        return min(self.polls, key=lambda poll: poll.due)

    def silenced_by(self, poll: Poll) -> list[Poll]:
        """The other blocks of a sensor that is silent, which are now as `poll` is: one question a turn is enough."""
        if not poll.is_silent:
            return []
        others = [other for other in self.polls if other.sensor is poll.sensor and other is not poll]
        for other in others:
            other.share_silence(poll)
        return others

    def wake(self, sensor: Sensor, now: float) -> None:
        """Asks every block of `sensor` again at once."""
        for poll in self.polls:
            if poll.sensor is sensor:
                poll.wake(now)
