"""The last value of every sensor and quantity, in memory, and a wake-up for whoever is watching.

The board shows live values without asking the store, so a store that is down darkens only its
charts. A watcher is told what is newest, never everything: however slow it reads, it holds at most
one value of each quantity of each sensor.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import suppress

import msgspec

from cloud.ports import Column, Point

EVERY_S = 0.5
"""How often watchers hear of new values; the ledger's events do not wait for it."""


class LiveValue(msgspec.Struct, frozen=True):
    """The newest reading of one quantity of one sensor; `box` is empty until one has come in since the start."""

    sensor: str
    quantity: str
    box: str
    time_ns: int
    value: float | None
    quality: int


class Change(msgspec.Struct, frozen=True):
    """What a watcher has not seen: the newest values, and whether the ledger has new events."""

    values: tuple[LiveValue, ...]
    has_events: bool


class _Watcher:
    """What one watcher has still to be told; bounded by the number of series. A new one has seen nothing."""

    def __init__(self, *, wants_values: bool) -> None:
        self.wants_values = wants_values
        self.values: dict[tuple[str, str], LiveValue] = {}
        self.woken = asyncio.Event()
        self.woken.set()

    def take(self) -> Change:
        change = Change(tuple(self.values.values()), self.woken.is_set())
        self.values = {}
        self.woken.clear()
        return change


class Live:
    """Fed by the ingest, read by the API; lives in one event loop."""

    def __init__(self) -> None:
        """Knows nothing yet."""
        self._latest: defaultdict[str, dict[str, LiveValue]] = defaultdict(dict)
        self.newest_ns = 0
        """The time of the newest reading, 0 for none."""
        self._watchers: set[_Watcher] = set()

    def seed(self, points: Iterable[Point]) -> None:
        """Takes what the store knew when the cloud started."""
        for point in points:
            self._keep(LiveValue(point.sensor, point.quantity, "", point.time_ns, point.value, point.quality))

    def put(self, columns: Sequence[Column]) -> None:
        """Takes readings that were stored. A backlog never replaces a newer value."""
        for column in columns:
            if column.times_ns:
                at = max(range(len(column.times_ns)), key=column.times_ns.__getitem__)
                tags, time_ns = column.tags, column.times_ns[at]
                value, quality = column.values[at], column.qualities[at]
                self._keep(LiveValue(tags.sensor, column.quantity, tags.box, time_ns, value, quality))

    def newest(self, sensor: str, quantity: str) -> LiveValue | None:
        """The newest value of one quantity of one sensor; None when it was never heard of."""
        return self._latest.get(sensor, {}).get(quantity)

    def wake(self) -> None:
        """The ledger has new events: every watcher hears of it at once."""
        for watcher in self._watchers:
            watcher.woken.set()

    def latest(self) -> Sequence[LiveValue]:
        """The newest value of everything that was ever heard of."""
        return tuple(value for values in self._latest.values() for value in values.values())

    def of(self, sensors: Iterable[str]) -> Sequence[LiveValue]:
        """The newest values of some sensors, however many others there are."""
        return tuple(value for sensor in sensors for value in self._latest.get(sensor, {}).values())

    async def watch(self, every_s: float = EVERY_S, *, values: bool = True) -> AsyncGenerator[Change, None]:
        """Now, at once after each `wake`, and otherwise every `every_s` seconds, even when nothing is new.

        Values that came in between are merged into one change: the newest wins. `values`: or none at all.
        """
        watcher = _Watcher(wants_values=values)
        self._watchers.add(watcher)
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(every_s):
                        await watcher.woken.wait()
                yield watcher.take()
        finally:
            self._watchers.discard(watcher)

    def _keep(self, value: LiveValue) -> None:
        values = self._latest[value.sensor]
        known = values.get(value.quantity)
        if known is None or known.time_ns < value.time_ns:
            values[value.quantity] = value
            self.newest_ns = max(self.newest_ns, value.time_ns)
            for watcher in self._watchers:
                if watcher.wants_values:
                    watcher.values[value.sensor, value.quantity] = value
