"""Books: what the boxes committed against what the store and the ledger hold."""

import time
from pathlib import Path

import msgspec
from sqlalchemy import Connection, func, select

from bench.fleet.boxes import BenchBoxes
from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from cloud.ports import Store
from cloud.schema.alarms import alarm_events
from cloud.schema.cases import cases
from wire.inventory import Inventory
from wire.receipt import Lane

LATE_NS = 3 * 10**9


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """`late_s`: from an alarm's reading to its commit in the ledger, the longest; `late`: how many took over 3 s.

    There should be one case a site.
    """

    readings: int
    readings_stored: int
    events: int
    events_taken: int
    sites: int
    cases: int
    late: int
    late_s: float
    late_usual_s: float

    @property
    def lost(self) -> int:
        """Readings, events and cases that are not there."""
        found = (self.readings_stored, self.events_taken, self.cases)
        return sum(max(wanted - there, 0) for wanted, there in zip(self._wanted, found, strict=True))

    @property
    def doubled(self) -> int:
        """Those that are there twice."""
        found = (self.readings_stored, self.events_taken, self.cases)
        return sum(max(there - wanted, 0) for wanted, there in zip(self._wanted, found, strict=True))

    @property
    def _wanted(self) -> tuple[int, int, int]:
        return self.readings, self.events, self.sites


async def balance(boxes: BenchBoxes, store: Store, place: Path | str, inventory: Inventory, began_ns: int) -> Books:
    """Both sides, after the boxes have drained. How late alarms are counts from `began_ns`."""
    async with store, Ledger(place, time.time_ns, Practice(inventory)) as ledger:
        stored = await store.count(0, time.time_ns() + 3600 * 10**9)
        taken, open_cases, late_ns = await ledger.read(lambda connection: _taken(connection, began_ns))
    return Books(
        readings=boxes.committed(Lane.READINGS),
        readings_stored=stored,
        events=boxes.committed(Lane.ALARMS),
        events_taken=taken,
        sites=len(list(boxes)),
        cases=open_cases,
        late=sum(each > LATE_NS for each in late_ns),
        late_s=late_ns[-1] / 1e9,
        late_usual_s=late_ns[len(late_ns) // 2] / 1e9,
    )


def _taken(connection: Connection, began_ns: int) -> tuple[int, int, list[int]]:
    late = select(alarm_events.c.taken_ns - alarm_events.c.time_ns).where(alarm_events.c.time_ns >= began_ns)
    late_ns = sorted(row[0] for row in connection.execute(late))
    taken, opened = (connection.scalar(select(func.count()).select_from(table)) or 0 for table in (alarm_events, cases))
    return taken, opened, late_ns or [0]
