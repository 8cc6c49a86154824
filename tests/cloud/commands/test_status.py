"""What `egret cloud status` says of a box's clock, and of the shares."""

import pytest

from cloud.commands.status import BoxSeen, clock_trouble, lease_rows
from cloud.lease_watch import LeaseSeen, LeaseWatch
from cloud.share import Duty, Part, Share
from cloud.tables.leases import Lease
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


def test_who_does_which_share() -> None:
    """A line for each process; what stands still and what nobody does is said, and a process that never was is not."""
    watch, duties = LeaseWatch(), [Duty(Part.READINGS, Share(number, 3)) for number in (1, 2, 3)]
    known = {duty: Lease(duty, f"host-{duty.share.number % 3}", 1, 7, is_wanted=False) for duty in duties}
    known[duties[2]] = Lease(duties[2], "", 1, 7, is_wanted=False)
    known[Duty(Part.NOTIFY)] = Lease(Duty(Part.NOTIFY), "host-1", 1, 7, is_wanted=False)
    for second in range(8):
        beating = {duty: Lease(one.duty, one.holder, 1, second, is_wanted=False) for duty, one in known.items()}
        watch.look(duties, {**beating, duties[1]: known[duties[1]]}, float(second))
    assert lease_rows(watch.seen()) == [
        "notify, readings 1/3 by host-1",
        "readings 2/3 of host-2 has been silent for 7 s",
        "readings 3/3 is done by nobody",
    ]
    assert watch.seen()[0] == LeaseSeen("notify", "1/1", "host-1", 0.0)
    assert lease_rows(LeaseWatch().seen()) == []
