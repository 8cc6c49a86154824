"""Gaps: readings that a box had taken and had to let go, so that what is missing is said and never guessed.

A gap has a place in the sequence of its spool and travels with the batch that follows it. See docs/wire.md.
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from wire.bounded import NAME_MAX, TIME_MAX

GAPS_MAX = 8
"""Gaps in front of one batch."""
SENSORS_MAX = 5_000


class Reason(StrEnum):
    """Why readings had to go. A reader takes a word that it does not know."""

    SIZE = "size"
    """The spool had reached the bytes it may have."""
    DISK = "disk"
    """The disk had less free than must stay free."""
    DAMAGE = "damage"
    """The spool before was damaged: its readings without a receipt, of which some may have arrived all the same."""


class Gap(msgspec.Struct, frozen=True, array_like=True):
    """The readings `first_sequence` … `last_sequence` of a spool are gone; they were sampled `first_ns` … `last_ns`.

    `sensors` counts them by sensor; it is empty where they are too many to name. Where a part of a gap
    was stored before it had to go, sequences say exactly what is missing, and `sensors` at most.
    """

    first_sequence: int
    last_sequence: int
    first_ns: int
    last_ns: int
    reason: str
    sensors: dict[str, int]

    @property
    def count(self) -> int:
        """Readings in it."""
        return self.last_sequence - self.first_sequence + 1

    def then(self, later: "Gap") -> "Gap":
        """This gap and the one that follows it, as one; the reason is the later one's."""
        return Gap(
            self.first_sequence,
            later.last_sequence,
            min(self.first_ns, later.first_ns),
            max(self.last_ns, later.last_ns),
            later.reason,
            dict(Counter(self.sensors) + Counter(later.sensors)),
        )


def after(gaps: Sequence[Gap], stored: int) -> tuple[Gap, ...]:
    """What is missing above sequence `stored`: a gap that begins below it is cut there."""
    return tuple(
        msgspec.structs.replace(gap, first_sequence=max(gap.first_sequence, stored + 1))
        for gap in gaps
        if gap.last_sequence > stored
    )


def mistake(gaps: Sequence[Gap], first_sequence: int) -> str:
    """What is wrong with the gaps in front of a batch that begins there; empty when nothing is."""
    if len(gaps) > GAPS_MAX:
        return f"{len(gaps)} gaps, the limit is {GAPS_MAX}"
    follows = first_sequence
    for gap in reversed(gaps):
        if not 1 <= gap.first_sequence <= gap.last_sequence == follows - 1:
            return f"a gap {gap.first_sequence}..{gap.last_sequence} in front of {follows}"
        if not 0 <= gap.first_ns <= gap.last_ns <= TIME_MAX:
            return "a gap with a time outside 1970..2262"
        if len(gap.reason) > NAME_MAX or not gap.reason.isprintable():
            return "a gap whose reason is no word"
        if len(gap.sensors) > SENSORS_MAX or min(gap.sensors.values(), default=1) < 1:
            return "a gap with too many sensors, or with none of a sensor's readings"
        follows = gap.first_sequence
    return ""
