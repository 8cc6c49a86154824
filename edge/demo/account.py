"""The demonstration's books: what the simulated devices served against what the store holds.

A served reply is decoded with the same profile, giving the values that must be in the store, in
order. What the store lacks is lost, what it has besides is doubled. Two things are neither:
a reply that came too late for its poll (the box recorded the silence as a stale reading in its
place), and the last replies before a box stopped or was killed, which no spool had committed (in
flight).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from edge.demo.cloud_view import StoredPoint
from edge.sim.city import Served
from wire.inventory import Inventory, Sensor
from wire.quantities import rounded
from wire.registers import decode_block

Series = tuple[str, str]
"""(sensor, quantity)."""

UNCOMMITTED_NS = 400_000_000
"""A killed box may lose what it read in its last 250 ms (the group not committed), and the reply under way."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A box was told to stop, or killed, at `told_ns`, and had ended at `ended_ns`."""

    told_ns: int
    ended_ns: int

    def had_in_flight(self, time_ns: int) -> bool:
        """May a reply served at `time_ns` have been read and not yet committed?"""
        return self.told_ns - UNCOMMITTED_NS <= time_ns <= self.ended_ns


@dataclass(frozen=True, slots=True)
class Balance:
    """Readings: numbers of values. `stale` are recorded silences, which hold no value."""

    sampled: int = 0
    stored: int = 0
    lost: int = 0
    duplicated: int = 0
    in_flight: int = 0
    stale: int = 0

    def __add__(self, other: "Balance") -> "Balance":
        """Both together."""
        return Balance(
            self.sampled + other.sampled,
            self.stored + other.stored,
            self.lost + other.lost,
            self.duplicated + other.duplicated,
            self.in_flight + other.in_flight,
            self.stale + other.stale,
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
    served: Sequence[tuple[int, float]], stored: Sequence[StoredPoint], endings: Sequence[Ending] = ()
) -> Balance:
    """The books of one series; `endings` are those of its box."""
    times = [time_ns for time_ns, _ in served]
    values = [point.value for point in stored if point.value is not None]
    repeated = len(stored) - len({point.time_ns for point in stored})
    stale = len(stored) - len(values)
    surplus, missing = 0, list[int]()
    matcher = SequenceMatcher(None, [value for _, value in served], values, autojunk=False)
    for tag, first, last, stored_first, stored_last in matcher.get_opcodes():
        if tag != "equal":
            missing += times[first:last]
            surplus += stored_last - stored_first
    in_flight = sum(any(ending.had_in_flight(time_ns) for ending in endings) for time_ns in missing)
    lost = max(0, len(missing) - in_flight - stale)
    return Balance(len(served), len(values), lost, max(surplus, repeated), in_flight, stale)


def _published(sensor: Sensor, block: str) -> Iterable[tuple[str, str]]:
    return ((point.name, point.quantity) for point in sensor.profile.points if point.block == block and point.quantity)
