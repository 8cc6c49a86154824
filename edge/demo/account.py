"""The demonstration's books: what the simulated devices served against what the store holds.

A served reply is decoded with the same profile, giving the values that must be in the store. A box stamps a
reading when it has read the reply, and asks a sensor for nothing before it has: so each stored reading belongs
to the last reply that was served before it. What the store lacks is lost, what it has besides is doubled. Three
things are neither:
a reply that came too late for its poll (the box recorded the silence as a stale reading in its
place), the last replies before a box stopped or was killed, which its spool had not committed (in
flight), and a reply that came even later than its profile says is possible, as of a simulated device on a machine that
has no time for it: no box can tell it from the answer to the next poll, until the next silence (late).
"""

import shutil
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from edge.demo.cloud_view import StoredPoint
from edge.sim.city import Served
from edge.spool_file import open_spool
from edge.spool_view import waiting
from wire.inventory import Inventory, Sensor
from wire.quantities import rounded
from wire.registers import decode_block

Series = tuple[str, str]
"""(sensor, quantity)."""
_LATE_NS = 5 * 10**9
"""After a silence; each reply may be taken for the next poll's as long as the device is behind (judgement)."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A box stopped, or was killed, before `time_ns`; `kept_ns` is the newest reading of each series in its spool."""

    time_ns: int
    kept_ns: Mapping[Series, int]


def ending(spool: Path, workplace: Path, time_ns: int) -> Ending:
    """What the spool of a box that has ended holds; looked up in a copy, which opening changes."""
    with TemporaryDirectory(dir=workplace) as name:
        copy = Path(shutil.copytree(spool, Path(name) / "spool"))
        open_spool(copy).close()
        _, batches = waiting(copy, sys.maxsize)
    kept_ns: dict[Series, int] = {}
    for series in (series for batch in batches for series in batch.series):
        kept_ns[series.sensor, series.quantity] = series.times_ns[-1]
    return Ending(time_ns, kept_ns)


@dataclass(frozen=True, slots=True)
class Balance:
    """Readings: numbers of values. `stale` are recorded silences, which hold no value; `late` are among the stored."""

    sampled: int = 0
    stored: int = 0
    lost: int = 0
    duplicated: int = 0
    in_flight: int = 0
    stale: int = 0
    late: int = 0

    def __add__(self, other: "Balance") -> "Balance":
        """Both together."""
        return Balance(
            self.sampled + other.sampled,
            self.stored + other.stored,
            self.lost + other.lost,
            self.duplicated + other.duplicated,
            self.in_flight + other.in_flight,
            self.stale + other.stale,
            self.late + other.late,
        )


def served_values(served: Iterable[Served], inventory: Inventory) -> Mapping[Series, list[tuple[int, float]]]:
    """Time (ns) and value of every published point, in the order in which the devices served them."""
    series: dict[Series, list[tuple[int, float]]] = defaultdict(list)
    for reply in served:
        sensor = inventory.sensors[reply.sensor]
        values = decode_block(sensor.profile, reply.block, reply.registers)
        for name, quantity in _published(sensor, reply.block):
            value = values[name]
            if isinstance(value, float):
                series[reply.sensor, quantity].append((reply.time_ns, rounded(quantity, value)))
    return series


def balance(
    series: Series, served: Sequence[tuple[int, float]], stored: Sequence[StoredPoint], endings: Sequence[Ending] = ()
) -> Balance:
    """The books of one series; `endings` are those of its box."""
    times = [time_ns for time_ns, _ in served]
    spans = [_in_flight(series, stored, end) for end in endings]
    found: set[int] = set()
    stale = late = 0
    silent_ns = -_LATE_NS
    for point in stored:
        if point.value is None:
            stale, silent_ns = stale + 1, point.time_ns
            continue
        reply = bisect_right(times, point.time_ns) - 1
        may_be_late = point.time_ns - silent_ns < _LATE_NS and reply - 1 not in found
        if reply >= 0 and served[reply][1] == point.value and not (reply in found and may_be_late):
            found.add(reply)
        elif reply >= 1 and served[reply - 1][1] == point.value and may_be_late:
            found.add(reply - 1)
            late += 1
    valued = len(stored) - stale
    missing = [time_ns for reply, time_ns in enumerate(times) if reply not in found]
    in_flight = sum(any(first < time_ns <= last for first, last in spans) for time_ns in missing)
    lost = max(0, len(missing) - in_flight - stale)
    return Balance(len(served), valued, lost, valued - len(found), in_flight, stale, late)


def _in_flight(series: Series, stored: Sequence[StoredPoint], end: Ending) -> tuple[int, int]:
    """After what was committed, up to the ending: what was served then, no spool had."""
    committed_ns = max((point.time_ns for point in stored if point.time_ns <= end.time_ns), default=0)
    return max(committed_ns, end.kept_ns.get(series, 0)), end.time_ns


def _published(sensor: Sensor, block: str) -> Iterable[tuple[str, str]]:
    return ((point.name, point.quantity) for point in sensor.profile.points if point.block == block and point.quantity)
