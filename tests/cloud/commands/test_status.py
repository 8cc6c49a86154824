"""What `egret cloud status` says of a box's clock."""

import pytest

from cloud.commands.status import BoxSeen, clock_trouble
from wire.clock import ClockState


@pytest.mark.parametrize(
    ("off_s", "clock", "said"),
    [
        (0, ClockState.SURE, ""),
        (0, None, ""),
        (-3_600, ClockState.SURE, "is off by -3,600 s"),
        (90, ClockState.UNSURE, "is off by +90 s and is kept by no time server"),
        (-1_790_000_000, ClockState.UNSET, "is not set: its readings wait in it"),
    ],
)
def test_a_clock_that_is_wrong(off_s: int, clock: ClockState | None, said: str) -> None:
    """How far it is off, and who keeps it; nothing of a clock that is right, or of a box that does not say."""
    assert clock_trouble(BoxSeen("B1", online=True, time_ns=0, waiting=0, clock_off_s=off_s, clock=clock)) == said
