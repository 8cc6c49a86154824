"""Counting intervals on a real store."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import small_city
from approved_site import BOX, END_NS, NOW_NS, SENSOR

from cloud.compliance.presence import INTERVAL_NS, WINDOW_NS, Attendance, Presence, Series, measure
from cloud.ports import Batch, Column, Point, Store
from cloud.stores import embedded
from wire.errors import Unavailable
from wire.inventory import Inventory
from wire.reading import Quality

TILT = Series(SENSOR, "tilt")


@pytest.fixture
def city(tmp_path: Path) -> Inventory:
    """Four sites."""
    return small_city.inventory(tmp_path)


def batch(city: Inventory, sequence: int, times: Sequence[int], value: float | None = 0.1, quality: int = 0) -> Batch:
    """Readings of tilt at `times`."""
    count = len(times)
    column = Column(city.tags(SENSOR, BOX), "tilt", tuple(times), (value,) * count, (quality,) * count)
    return Batch(BOX, "spool-1", sequence, sequence + count - 1, (column,))


def store_in(folder: Path) -> Store:
    """The embedded store."""
    return embedded.open_store(embedded.Config(folder=str(folder)))


async def test_intervals_with_a_value_are_counted(city: Inventory, tmp_path: Path) -> None:
    """Two readings in one interval count once; a silence, the running interval and 31 days ago do not."""
    times = [END_NS - INTERVAL_NS, END_NS - 1, END_NS - WINDOW_NS, END_NS - WINDOW_NS - 1, END_NS + 1]
    async with store_in(tmp_path) as store:
        await store.write([batch(city, 1, sorted(times))])
        await store.write([batch(city, 6, [END_NS - 3 * INTERVAL_NS], None, int(Quality.STALE))])
        found = await measure(store, TILT, NOW_NS)
    assert found == Presence(SENSOR, "tilt", END_NS - WINDOW_NS, END_NS, 4_320, 2, END_NS)


async def test_late_data_count(city: Inventory, tmp_path: Path) -> None:
    """A link cut for 2 h holds back 12 intervals; once the spool is emptied they were never missing."""
    minutes = [END_NS - at * INTERVAL_NS for at in range(36, 0, -1)]
    async with store_in(tmp_path) as store:
        await store.write([batch(city, 1, minutes[:24])])
        assert (await measure(store, TILT, NOW_NS)).present == 24
        await store.write([batch(city, 25, minutes[24:])])
        assert (await measure(store, TILT, NOW_NS)).present == 36


async def test_counting_begins_at_the_first_whole_interval(city: Inventory, tmp_path: Path) -> None:
    """Commissioned 25 min before: two whole intervals, and the part of one before them is not counted."""
    since_ns = END_NS - 25 * 60 * small_city.SECOND_NS
    async with store_in(tmp_path) as store:
        await store.write([batch(city, 1, [since_ns + 1, END_NS - INTERVAL_NS])])
        found = await measure(store, Series(SENSOR, "tilt", since_ns), NOW_NS)
        tomorrow = await measure(store, Series(SENSOR, "tilt", NOW_NS + WINDOW_NS), NOW_NS)
    assert (found.intervals, found.present, found.newest_ns) == (2, 1, END_NS - INTERVAL_NS)
    assert (tomorrow.intervals, tomorrow.present, tomorrow.newest_ns) == (0, 0, END_NS - INTERVAL_NS)


class Counting:
    """A store of nothing that counts the questions, or is down."""

    def __init__(self, *, is_down: bool = False) -> None:
        self.asked, self._is_down = 0, is_down

    async def span(self, *_: object) -> Sequence[Point]:
        """Nothing, or Unavailable."""
        self.asked += 1
        if self._is_down:
            raise Unavailable("the disk is full.", fix="make room.", code="E-STORE-008")
        return ()


async def test_answers_are_kept_until_the_interval_ends() -> None:
    """The same question within 10 min is asked once, a new one by itself, and all again afterwards."""
    store, attendance = Counting(), Attendance()
    other = Series(SENSOR, "temperature")
    assert len(await attendance.of(store, [TILT, TILT, other], NOW_NS)) == 3
    await attendance.of(store, [other, TILT], NOW_NS + 1)
    assert store.asked == 2
    await attendance.of(store, [TILT], NOW_NS + INTERVAL_NS)
    assert store.asked == 3


async def test_store_that_is_down_is_said_and_not_remembered() -> None:
    """The error that the API turns into a 503 comes out bare, and the next question is asked again."""
    store, attendance = Counting(is_down=True), Attendance()
    with pytest.raises(Unavailable):
        await attendance.of(store, [TILT], NOW_NS)
    with pytest.raises(Unavailable):
        await attendance.of(store, [TILT], NOW_NS)
    assert store.asked == 2
