"""How much of the last 30 days a sensor was there: 10-minute intervals with a value, of those there were.

Counted from the store, so what a cut link held back counts as soon as it has arrived: nothing is lost,
and a box that was offline with a full spool was measuring all the same. An interval counts when it has
a value of whatever quality: `Store.span`, which is asked because it costs one query a series and not a
row a reading, leaves the silences (`Quality.STALE`) out and tells no other quality. A sensor that
answers nonsense raises its own fault alarm.

One question took 30 ms on the embedded store with 22 million readings (128 sensors of 4 quantities, one
a minute for 30 days; 2 cores), 10 ms with one such sensor, 137 ms with 133 million (one every 10 s): it
reads the whole table, about 1 ms a million. So answers are kept until the running interval ends: what
arrives late shows after 10 minutes at the latest.
"""

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from cloud.live import LiveValue
from cloud.ports import Store
from wire.errors import StoreError

SECOND_NS = 10**9
INTERVAL_NS = 600 * SECOND_NS
DAY_NS = 86_400 * SECOND_NS
WINDOW_NS = 30 * DAY_NS
TOGETHER = 4
"""Questions to the store at once; the embedded store answers one after the other whatever we do."""


class Series(msgspec.Struct, frozen=True):
    """What to count: a quantity of a sensor from `since_ns` (UTC) on, if that is within the last 30 days."""

    sensor: str
    quantity: str
    since_ns: int = 0


class Presence(msgspec.Struct, frozen=True):
    """`present` of `intervals` intervals with start_ns ≤ time < end_ns (UTC) have a value.

    `newest_ns` is the start of the last that has one, the running interval included, or the time of a value
    that came after; None when there is none.
    """

    sensor: str
    quantity: str
    start_ns: int
    end_ns: int
    intervals: int
    present: int
    newest_ns: int | None


class Attendance:
    """Asks the store, and remembers what it said until the running interval ends."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self._end_ns = 0
        self._known: dict[Series, Presence] = {}

    async def of(self, store: Store, series: Sequence[Series], now_ns: int) -> tuple[Presence, ...]:
        """One answer for each of `series`, in their order. Raises StoreError."""
        end_ns = now_ns - now_ns % INTERVAL_NS
        if end_ns != self._end_ns:
            self._end_ns, self._known = end_ns, {}
        known = self._known
        at_once = asyncio.Semaphore(TOGETHER)

        async def ask(one: Series) -> None:
            async with at_once:
                known[one] = await measure(store, one, now_ns)

        refused: Exception | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for one in dict.fromkeys(series):
                    if one not in known:
                        group.create_task(ask(one))
        except* StoreError as failed:
            refused = failed.exceptions[0]
        if refused:
            raise refused
        return tuple(known[one] for one in series)


async def measure(store: Store, series: Series, now_ns: int) -> Presence:
    """Whole intervals only: neither the running one nor the one that `since_ns` lies in counts. Raises StoreError."""
    end_ns = now_ns - now_ns % INTERVAL_NS
    start_ns = max(end_ns - WINDOW_NS, -(-series.since_ns // INTERVAL_NS) * INTERVAL_NS)
    intervals = max((end_ns - start_ns) // INTERVAL_NS, 0)
    # A sensor commissioned today has no whole interval yet, and may have arrived all the same.
    asked_ns = min(start_ns, end_ns - DAY_NS)
    until_ns = end_ns + INTERVAL_NS
    buckets = (until_ns - asked_ns) // INTERVAL_NS
    points = await store.span(series.sensor, series.quantity, asked_ns, until_ns, buckets)
    return Presence(
        sensor=series.sensor,
        quantity=series.quantity,
        start_ns=min(start_ns, end_ns),
        end_ns=end_ns,
        intervals=intervals,
        present=sum(start_ns <= point.time_ns < end_ns for point in points),
        newest_ns=points[-1].time_ns if points else None,
    )


def with_newest(presence: Sequence[Presence], values: Iterable[LiveValue]) -> tuple[Presence, ...]:
    """With what has come in since the store was asked: a city that was started a minute ago has its first values."""
    newest = {(value.sensor, value.quantity): value.time_ns for value in values if value.value is not None}
    return tuple(
        msgspec.structs.replace(one, newest_ns=at)
        if (at := newest.get((one.sensor, one.quantity), 0)) > (one.newest_ns or 0)
        else one
        for one in presence
    )
