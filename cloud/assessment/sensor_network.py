"""How well the sensor network itself works, beside the figures of the cases it opens.

Counted in 10-minute intervals that have a value, from the store (`cloud/compliance/presence.py` says what counts and
what it costs): one question a sensor, so a page counts `SENSORS_MAX` sensors at most, and remembers them
until the running interval ends. Numerators and denominators of several pages may be added up.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import msgspec

from cloud.assessment.evaluation import Period
from cloud.compliance.compliance import watched
from cloud.compliance.installation import main_quantity
from cloud.compliance.presence import DAY_NS, INTERVAL_NS, Series
from cloud.ports import Store
from wire.inventory import Inventory

SENSORS_MAX = 200
NETWORK_DAYS_MAX = 31
KNOWN_MOST = 10_000
"""Answers that are remembered, some 1 KiB each."""


class Ratio(msgspec.Struct, frozen=True):
    """`value` is numerator ÷ denominator, null when that is 0."""

    value: float | None
    numerator: int
    denominator: int


class Counted(msgspec.Struct, frozen=True):
    """One sensor: its intervals with a value, and those there were, a bit each from the period's start on."""

    present: int
    expected: int


@dataclass(frozen=True, slots=True)
class Watch:
    """What is counted of a sensor, and the box it hangs on."""

    box: str
    series: Series


def ratio(numerator: int, denominator: int) -> Ratio:
    """Of two counts."""
    return Ratio(numerator / denominator if denominator else None, numerator, denominator)


def sensors_of(inventory: Inventory, district: str) -> list[Watch]:
    """The sensors of a district, or of the city, with the quantity each is there for, by box."""
    found = []
    for site in inventory.sites.values():
        if district and site.district != district:
            continue
        own = {(one.sensor, one.quantity): one for one in watched(site, inventory)}
        for sensor in (inventory.sensors[name] for name in site.sensors):
            series = own.get((sensor.id, main_quantity(site.kind, sensor)))
            if series:
                found.append(Watch(sensor.box, series))
    return sorted(found, key=lambda one: (one.box, one.series.sensor))


def page_of(watches: Sequence[Watch], after: str) -> list[Watch]:
    """Whole boxes behind the box `after`, with `SENSORS_MAX` sensors at most; one box always."""
    page: list[Watch] = []
    for sensors in _by_box([one for one in watches if one.box > after]).values():
        if page and len(page) + len(sensors) > SENSORS_MAX:
            break
        page += sensors
    return page


def sensor_days(watches: Sequence[Watch], period: Period) -> int:
    """Days of the period on which each sensor was there to measure."""
    starts = [max(one.series.since_ns, period.start_ns) for one in watches]
    return sum(max(0, -(-(period.end_ns - start) // DAY_NS)) for start in starts)


def completeness(counted: Mapping[Watch, Counted]) -> Ratio:
    """完整率: of the intervals of all sensors those with a value."""
    present = sum(one.present.bit_count() for one in counted.values())
    return ratio(present, sum(one.expected.bit_count() for one in counted.values()))


def online(counted: Mapping[Watch, Counted]) -> Ratio:
    """在线率: of the intervals of all boxes those with a value of any sensor."""
    present = expected = 0
    for sensors in _by_box(list(counted)).values():
        present += reduce(or_, (counted[one].present for one in sensors)).bit_count()
        expected += reduce(or_, (counted[one].expected for one in sensors)).bit_count()
    return ratio(present, expected)


class Network:
    """Asks the store, and remembers what it said until the running interval ends."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self._end_ns = 0
        self._known: dict[tuple[Watch, int, int], Counted] = {}
        self._asking = asyncio.Lock()

    async def of(self, store: Store, watches: Sequence[Watch], period: Period) -> dict[Watch, Counted]:
        """What was counted of each, one question after the other. Raises StoreError."""
        end_ns = period.now_ns - period.now_ns % INTERVAL_NS
        found = {}
        async with self._asking:
            if end_ns != self._end_ns or len(self._known) > KNOWN_MOST:
                self._end_ns, self._known = end_ns, {}
            for one in watches:
                key = (one, period.start_ns, min(period.end_ns, end_ns))
                if key not in self._known:
                    self._known[key] = await _count(store, one.series, *key[1:])
                found[one] = self._known[key]
        return found


async def _count(store: Store, series: Series, start_ns: int, end_ns: int) -> Counted:
    """From the first whole interval after `since_ns` on."""
    total = max(0, (end_ns - start_ns) // INTERVAL_NS)
    skipped = min(total, max(0, -(-(series.since_ns - start_ns) // INTERVAL_NS)))
    expected = (1 << total) - (1 << skipped)
    if not expected:
        return Counted(0, 0)
    points = await store.span(series.sensor, series.quantity, start_ns, end_ns, total)
    return Counted(
        reduce(or_, (1 << (point.time_ns - start_ns) // INTERVAL_NS for point in points), 0) & expected, expected
    )


def _by_box(watches: Sequence[Watch]) -> dict[str, list[Watch]]:
    boxes: dict[str, list[Watch]] = {}
    for one in watches:
        boxes.setdefault(one.box, []).append(one)
    return boxes
