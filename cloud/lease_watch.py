"""Has a lease's holder died? Seen by this process' own clock: no two machines need agree about the time.

A holder that is slow, a database that is away and a process that was frozen itself all look like a lease that stands
still. So it counts from when the lease was last seen to move, and anew after each while in which nobody looked.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from cloud.share import Duty
from cloud.tables.leases import Lease

BEAT_S = 1.0
"""Between two beats, and two looks at the others'."""
LOST_S = 5.0
"""A lease that stood still so long is taken (judgement: five beats, and half of the 10 s that a share may wait)."""
_SPREAD_S, _SPREAD_MOST_S = 0.5, 2.0
"""Who has much to do already lets others go first."""
_LOOKED_AWAY = 3.0
"""In beats."""


class LeaseSeen(msgspec.Struct, frozen=True):
    """A lane's share and who does it; `holder` is empty for nobody. `still_s`: for how long it has not said a word."""

    lane: str
    share: str
    holder: str
    still_s: float


class LeaseWatch:
    """What one process has seen of all leases. `beat_s` and `lost_s` as the constants of this module."""

    def __init__(self, beat_s: float = BEAT_S, lost_s: float = LOST_S) -> None:
        """Nothing was seen yet."""
        self.beat_s, self.lost_s = beat_s, lost_s
        self._looked_s = 0.0
        self._seen: dict[Duty, tuple[Lease | None, float]] = {}

    def look(self, duties: Iterable[Duty], known: Mapping[Duty, Lease], now_s: float) -> None:
        """`now_s` is of any clock that only goes forward."""
        if now_s - self._looked_s > _LOOKED_AWAY * self.beat_s:
            self._seen.clear()
        self._looked_s = now_s
        for duty in {*duties, *known}:
            lease = known.get(duty)
            if duty not in self._seen or self._seen[duty][0] != lease:
                self._seen[duty] = lease, now_s

    def is_lost(self, duty: Duty, busy_with: int) -> bool:
        """Has nobody done it for so long that a process that has so many of its kind already should?"""
        spread_s = min(_SPREAD_S * busy_with, _SPREAD_MOST_S) * self.lost_s / LOST_S
        return self._looked_s - self._seen[duty][1] >= self.lost_s + spread_s

    def seen(self) -> Sequence[LeaseSeen]:
        """All that the ledger knew at the last look, by lane and share."""
        leases = [(lease, since) for lease, since in self._seen.values() if lease]
        leases.sort(key=lambda seen: (seen[0].duty.part, seen[0].duty.share))
        return [
            LeaseSeen(lease.duty.part, str(lease.duty.share), lease.holder, round(self._looked_s - since, 1))
            for lease, since in leases
        ]
