"""How much of a backlog goes out at once: as much as the link carries while an alarm would hardly notice.

Readings and alarms share one connection, and what was handed to it stands in front of whatever is sent next. A burst
whose PUBACKs come quickly is followed by a larger one, one that had to queue by a smaller one. And no box sends more
than a cloud admits of one (`cloud/admission.py`): what is beyond would be let go there, and sent again.
"""

FIRST = 1
"""Message; a burst may be twice the last one."""
QUICK_S, SLOW_S = 0.25, 0.5
"""Queued for less than this, and for more: what a live alarm may wait behind a backlog (judgement)."""

MESSAGES_S, VALUES_S = 80, 80_000
"""A second: below the 100 messages and 512 KiB unpacked that are admitted, of which a value takes two to five bytes."""


class Pace:
    """Of one lane over one connection."""

    def __init__(self, most: int) -> None:
        """`most`: the largest burst, in messages."""
        self._most = most
        self._least_s: float | None = None
        self.burst = min(FIRST, most)
        """Messages that may go out now."""

    @staticmethod
    def rest_s(messages: int, values: int, seconds: float) -> float:
        """How long to wait after a burst of so many that took so long."""
        return max(0.0, messages / MESSAGES_S - seconds, values / VALUES_S - seconds)

    def took(self, messages: int, seconds: float) -> None:
        """A burst of so many had its last PUBACK after so long; how far away the broker is does not count."""
        self._least_s = seconds if self._least_s is None else min(self._least_s, seconds)
        queued_s = seconds - self._least_s
        if queued_s > SLOW_S:
            self.burst = max(1, min(self.burst, messages) // 2)
        elif queued_s < QUICK_S and messages >= self.burst:
            self.burst = min(self._most, self.burst * 2)
