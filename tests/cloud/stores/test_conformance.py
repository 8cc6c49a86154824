"""Every store does the same: the embedded file, InfluxDB 1.6, and VictoriaMetrics by the official client."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
import servers

from cloud.ports import AlarmPoint, Batch, Column, Point, Store
from cloud.stores import embedded, influxdb_v1, influxdb_v2
from wire.inventory import UNREGISTERED, Tags
from wire.reading import Quality

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
START = 1_790_000_000 * SECOND
TAGS = Tags("XM-0042", "XM-0042-tilt", "TA-0113", "billboard", "siming")


@dataclass(frozen=True)
class Kind:
    """How to open a store of one kind, and how to wait until what was written is seen by queries."""

    open: Callable[[], Store]
    settle: Callable[[], Awaitable[None]]


async def at_once() -> None:
    """Written is visible."""


@pytest.fixture(params=["embedded", "influxdb_v1", "influxdb_v2"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kind]:
    """Each kind on a real server or file of its own, empty."""
    if request.param == "embedded":
        yield Kind(lambda: embedded.open_store(embedded.Config(str(tmp_path / "data"))), at_once)
    elif request.param == "influxdb_v1":
        url = request.getfixturevalue("influxd_url")
        config = influxdb_v1.Config(url, database=f"test {uuid.uuid4()}")
        yield Kind(lambda: influxdb_v1.open_store(config), at_once)
    else:
        with servers.victoria_metrics(tmp_path) as server:

            async def flush() -> None:
                async with httpx.AsyncClient() as client:
                    (await client.get(f"{server.url}/internal/force_flush")).raise_for_status()

            settings = influxdb_v2.Config(server.url, reads="metricsql")
            yield Kind(lambda: influxdb_v2.open_store(settings), flush)


@pytest.fixture
async def store(kind: Kind) -> AsyncIterator[Store]:
    """An open, empty store."""
    async with kind.open() as opened:
        yield opened


def column(
    sensor: str, quantity: str, values: list[float | None], *, start_ns: int = START, qualities: list[int] | None = None
) -> Column:
    """Readings one second apart."""
    times = tuple(start_ns + second * SECOND for second in range(len(values)))
    return Column(replace(TAGS, sensor=sensor), quantity, times, tuple(values), tuple(qualities or [0] * len(values)))


def batch(*columns: Column, first: int = 1, box: str = "TA-0113") -> Batch:
    """The columns as one batch of a spool."""
    return Batch(box, "a1b2", first, first + sum(len(column.values) for column in columns) - 1, columns)


async def stored(store: Store, sensor: str, quantity: str = "tilt") -> list[tuple[float, float | None, int]]:
    """All readings as (seconds after START, value, quality)."""
    points = await store.readings(sensor, quantity, START - DAY, START + DAY, 10_000)
    assert {(point.sensor, point.quantity) for point in points} <= {(sensor, quantity)}
    return [((point.time_ns - START) / SECOND, point.value, point.quality) for point in points]


async def test_what_is_written_is_read_back(store: Store, kind: Kind) -> None:
    """Values bit for bit at the resolution we keep, qualities, and the times in order."""
    tilt = column("a", "tilt", [0.57, -0.001, 1e-05, 12345.6789], qualities=[0, Quality.UNCERTAIN, 0, 0])
    gas = column("a", "gas_lel", [3.0])
    assert await store.write([batch(tilt, gas)]) == []
    await kind.settle()
    assert await stored(store, "a") == [(0, 0.57, 0), (1, -0.001, 128), (2, 1e-05, 0), (3, 12345.6789, 0)]
    assert await stored(store, "a", "gas_lel") == [(0, 3.0, 0)]
    assert await stored(store, "b") == []


async def test_an_interval_has_its_start_and_not_its_end(store: Store, kind: Kind) -> None:
    """And at most `limit` readings, the oldest first."""
    await store.write([batch(column("a", "tilt", [0.0, 1.0, 2.0, 3.0, 4.0]))])
    await kind.settle()
    points = await store.readings("a", "tilt", START + SECOND, START + 4 * SECOND, 10)
    assert [point.value for point in points] == [1.0, 2.0, 3.0]
    points = await store.readings("a", "tilt", START + SECOND, START + 4 * SECOND, 2)
    assert points == [Point("a", "tilt", START + SECOND, 1.0, 0), Point("a", "tilt", START + 2 * SECOND, 2.0, 0)]


async def test_writing_again_changes_nothing(store: Store, kind: Kind) -> None:
    """A batch that is sent again, alone or beside a new one, is stored once."""
    first = batch(column("a", "tilt", [0.5, None], qualities=[0, Quality.STALE]))
    second = batch(column("a", "tilt", [0.7], start_ns=START + 2 * SECOND), first=3)
    for written in ([first], [first], [first, second], [second], [first]):
        assert await store.write(written) == []
        await kind.settle()
    assert await stored(store, "a") == [(0, 0.5, 0), (1, None, 4), (2, 0.7, 0)]
    assert await store.count(START - DAY, START + DAY) == 3


async def test_silence_is_stored_as_its_quality_alone(store: Store, kind: Kind) -> None:
    """A sensor that never gave a value is there all the same, and is counted."""
    quiet = column("a", "tilt", [None, None], qualities=[Quality.STALE, Quality.STALE | Quality.CLOCK_UNSURE])
    await store.write([batch(quiet)])
    await kind.settle()
    assert await stored(store, "a") == [(0, None, 4), (1, None, 12)]
    assert await store.count(START, START + 2 * SECOND) == 2
    assert await store.latest() == [Point("a", "tilt", START + SECOND, None, 12)]


@pytest.mark.parametrize(
    "name",
    [
        "厦门-倾角",
        "a b",
        "a,site=evil",
        "a=b",
        'say "hi"',
        "it's",
        "x value=9 1",
        "#1",
        "a' OR '1'='1",
        "{a}",
        "$a",
        "🐦",
    ],
)
async def test_names_mean_nothing_but_themselves(store: Store, kind: Kind, name: str) -> None:
    """No name of a sensor or a quantity escapes into a write or a query."""
    other = column("other", "tilt", [9.0])
    mine = [column(name, "tilt", [1.0]), column("plain", f"q{name}", [2.0])]
    assert await store.write([batch(other, *mine)]) == []
    await kind.settle()
    assert await stored(store, name) == [(0, 1.0, 0)]
    assert await stored(store, "plain", f"q{name}") == [(0, 2.0, 0)]
    assert await store.span(name, "tilt", START, START + SECOND, 1) == [Point(name, "tilt", START, 1.0, 0)]
    assert {(point.sensor, point.quantity) for point in await store.latest()} == {
        *(("other", "tilt"), (name, "tilt"), ("plain", f"q{name}"))
    }
    assert await store.count(START, START + SECOND) == 3


async def test_count_takes_every_reading_of_every_sensor(store: Store, kind: Kind) -> None:
    """With a value, without, and with a value of doubtful quality; start ≤ time < end."""
    tilt = column("a", "tilt", [0.1, None, 0.3, 0.4], qualities=[0, Quality.STALE, Quality.OUT_OF_SPAN, 0])
    gas = column("b", "gas_lel", [1.0, 2.0])
    await store.write([batch(tilt, gas)])
    await kind.settle()
    assert await store.count(START, START + 4 * SECOND) == 6
    assert await store.count(START + SECOND, START + 3 * SECOND) == 3
    assert await store.count(START + 4 * SECOND, START + 5 * SECOND) == 0


async def test_a_span_is_the_mean_of_each_interval_with_values(store: Store, kind: Kind) -> None:
    """Stamped at the interval's start; empty intervals are left out, silence is not a value."""
    values: list[float | None] = [1.0, 2.0, 3.0, 4.0, None, None, 7.0, 9.0, 10.0]
    qualities = [Quality.STALE if value is None else 0 for value in values]
    await store.write([batch(column("a", "tilt", values, qualities=list(qualities)))])
    await kind.settle()
    points = await store.span("a", "tilt", START, START + 10 * SECOND, 5)
    assert [((point.time_ns - START) / SECOND, point.value) for point in points] == [
        (0, 1.5),
        (2, 3.5),
        (6, 8),
        (8, 10),
    ]
    points = await store.span("a", "tilt", START + SECOND, START + 8 * SECOND, 2)
    assert [((point.time_ns - START) / SECOND, point.value) for point in points] == [(1, 3.0), (4.5, 8.0)]


async def test_latest_is_the_newest_reading_of_each_series_of_the_last_day(store: Store, kind: Kind) -> None:
    """Also after the store was opened again; a day counts back from the newest reading there is."""
    assert list(await store.latest()) == []
    batches = [
        batch(column("old", "tilt", [1.0], start_ns=START - 2 * DAY)),
        batch(column("a", "tilt", [1.0, 2.0]), column("a", "gas_lel", [3.0], qualities=[Quality.UNCERTAIN]), first=2),
        batch(column("a", "tilt", [7.0], start_ns=START - 60 * SECOND), first=5),
        batch(column("b", "tilt", [0.5, None], qualities=[0, Quality.STALE]), first=6),
    ]
    expected = {
        Point("a", "tilt", START + SECOND, 2.0, 0),
        Point("a", "gas_lel", START, 3.0, 128),
        Point("b", "tilt", START + SECOND, None, 4),
    }
    await store.write(batches)
    await kind.settle()
    assert set(await store.latest()) == expected
    await store.__aexit__(None, None, None)
    await store.__aenter__()
    assert set(await store.latest()) == expected


async def test_a_sensor_that_the_inventory_does_not_know_is_stored(store: Store, kind: Kind) -> None:
    """Under the site `_unregistered`, with empty labels where there is nothing to say."""
    tags = Tags(UNREGISTERED, "stranger", "TA-0113", "unknown", "")
    await store.write([batch(Column(tags, "tilt", (START,), (1.25,), (0,)))])
    await kind.settle()
    assert await stored(store, "stranger") == [(0, 1.25, 0)]


async def test_a_sensor_may_move_to_another_box_and_site(store: Store, kind: Kind) -> None:
    """Its readings before and after are one history."""
    before = column("a", "tilt", [1.0])
    moved = Tags("XM-0043", "a", "TA-0200", "bridge", "huli")
    after = Column(moved, "tilt", (START + SECOND,), (2.0,), (0,))
    await store.write([batch(before), batch(after, box="TA-0200")])
    await kind.settle()
    assert await stored(store, "a") == [(0, 1.0, 0), (1, 2.0, 0)]
    assert await store.latest() == [Point("a", "tilt", START + SECOND, 2.0, 0)]


async def test_alarm_events_are_stored_beside_the_readings(store: Store, kind: Kind) -> None:
    """Once however often they are written; they are no readings, also where they carry a value."""
    alarm = AlarmPoint(TAGS, "lean", "red", START, "raised", 2.1, 2.0, 'case "7", 厦门')
    for event in (alarm, alarm, replace(alarm, time_ns=START + SECOND, event="cleared", value=None, limit=None)):
        await store.write_alarm(event)
    await store.write([batch(column("a", "tilt", [1.0]))])
    await kind.settle()
    assert await store.count(START, START + DAY) == 1
    assert await store.latest() == [Point("a", "tilt", START, 1.0, 0)]


async def test_the_largest_batches_of_many_boxes_go_in_one_write(store: Store, kind: Kind) -> None:
    """Three batches of 5 000 readings, the wire's limit: more than one post holds."""
    batches = [
        batch(
            *(column(f"{box}-{number}", "tilt", [float(second) for second in range(1000)]) for number in range(5)),
            box=box,
        )
        for box in ("A", "B", "C")
    ]
    assert await store.write(batches) == []
    await kind.settle()
    assert await store.count(START, START + 1000 * SECOND) == 15_000
    assert [value for _, value, _ in await stored(store, "C-4")] == [float(second) for second in range(1000)]
    assert len(await store.latest()) == 15


async def test_readings_alarms_and_queries_may_come_at_the_same_time(store: Store, kind: Kind) -> None:
    """The lanes and the board do not wait for one another's turn by hand."""
    alarm = AlarmPoint(TAGS, "lean", "red", START, "raised", 2.1, 2.0, "")
    writes = [store.write([batch(column("a", "tilt", [1.0]), box=f"B{number}")]) for number in range(5)]
    writes += [store.write([batch(column(f"s{number}", "tilt", [1.0]), box=f"C{number}")]) for number in range(5)]
    async with asyncio.TaskGroup() as tasks:
        for write in writes:
            tasks.create_task(write)
        tasks.create_task(store.write_alarm(alarm))
        reads = [tasks.create_task(store.count(START, START + DAY)) for _ in range(5)]
    assert all(0 <= read.result() <= 10 for read in reads)
    await kind.settle()
    assert len(await store.latest()) == 6


async def test_nothing_to_write_is_nothing_written(store: Store) -> None:
    """An empty write succeeds."""
    assert list(await store.write([])) == []
    assert await store.count(START - DAY, START + DAY) == 0
