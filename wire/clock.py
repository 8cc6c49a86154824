"""How well a box knows the time, and times that are none yet: nanoseconds since the box started.

A box that has just started may not know the time. It stamps with its uptime then, which lies in the
1970s for anyone who takes it for UTC, and stamps again when its clock is set.
"""

from enum import StrEnum

import msgspec

from wire.alarm import AlarmEvent, Evidence

SINCE_BOOT_MAX_NS = 10 * 366 * 86_400 * 1_000_000_000
"""A time below it counts from the start of the box: none runs for ten years, and nobody measured before 1980."""


class ClockState(StrEnum):
    """What a box thinks of its clock."""

    SURE = "sure"
    """Kept by a time server, or by whatever else tells the kernel the time."""
    UNSURE = "unsure"
    """Plausible, and nobody vouches for it: its readings carry `Quality.CLOCK_UNSURE`."""
    UNSET = "unset"
    """Not the time at all, or not yet: readings wait on the box, alarms do not."""


def is_since_boot(time_ns: int) -> bool:
    """Does this time count from the start of the box?"""
    return time_ns < SINCE_BOOT_MAX_NS


def moved(event: AlarmEvent, by_ns: int) -> AlarmEvent:
    """The event and its evidence, later by so much; what is stamped with a time already stays."""
    evidence = tuple(
        Evidence(one.time_ns + by_ns, one.value, one.quality) if is_since_boot(one.time_ns) else one
        for one in event.evidence
    )
    return msgspec.structs.replace(event, time_ns=event.time_ns + by_ns, evidence=evidence)


def taken_at(event: AlarmEvent, now_ns: int) -> AlarmEvent:
    """An event of a box that does not know the time yet has happened when we hear of it."""
    return moved(event, now_ns - event.time_ns) if is_since_boot(event.time_ns) else event
