"""The newest values, and how watchers hear of them."""

import asyncio

from cloud.live import Change, Live
from cloud.ports import Column, Point
from wire.inventory import Tags

SECOND_NS = 1_000_000_000
TAGS = Tags("XM-TA-0117", "XM-TA-0117-tilt", "XM-BOX-01", "billboard", "siming")


def column(*readings: tuple[int, float | None]) -> Column:
    """Tilt of one sensor: (s, degrees)."""
    times = tuple(at * SECOND_NS for at, _ in readings)
    return Column(TAGS, "tilt", times, tuple(value for _, value in readings), (0,) * len(readings))


def told(change: Change) -> list[tuple[int, float | None]]:
    """What a change says of the tilt: (s, degrees)."""
    return [(value.time_ns // SECOND_NS, value.value) for value in change.values]


def test_keeps_the_newest() -> None:
    """Of a batch the last reading counts, and a backlog that comes late replaces nothing."""
    live = Live()
    live.put([column((100, 0.05), (101, 0.31))])
    live.put([column((40, 0.02), (41, 0.02))])
    assert [(value.box, value.value) for value in live.latest()] == [("XM-BOX-01", 0.31)]


def test_tells_of_some_sensors_alone() -> None:
    """In the order they are asked for; of one that was never heard of nothing."""
    live = Live()
    for sensor in ("A", "B", "C"):
        live.seed([Point(sensor, quantity, SECOND_NS, 0.05, 0) for quantity in ("tilt", "temperature")])
    found = [(value.sensor, value.quantity) for value in live.of(["C", "D", "A"])]
    assert found == [("C", "tilt"), ("C", "temperature"), ("A", "tilt"), ("A", "temperature")]


def test_one_value_is_asked_for_by_its_name() -> None:
    """Of a sensor and a quantity; what was never heard of is nothing."""
    live = Live()
    live.put([column((100, 0.05), (101, 0.31))])
    newest = live.newest(TAGS.sensor, "tilt")
    assert newest is not None
    assert newest.value == 0.31
    assert live.newest(TAGS.sensor, "temperature") is None


def test_silence_is_the_newest_value() -> None:
    """A sensor that gives no answer shows none: an old value is never repeated."""
    live = Live()
    live.put([column((100, 0.05), (101, None))])
    assert [value.value for value in live.latest()] == [None]


def test_starts_from_the_store() -> None:
    """What the store knew is shown until something newer comes in."""
    live = Live()
    live.put([column((100, 0.31))])
    live.seed(
        [
            Point(TAGS.sensor, "tilt", 90 * SECOND_NS, 0.05, 0),
            Point(TAGS.sensor, "temperature", 90 * SECOND_NS, 24.5, 0),
        ]
    )
    assert {value.quantity: value.value for value in live.latest()} == {"tilt": 0.31, "temperature": 24.5}


async def test_slow_watcher_gets_the_newest_only() -> None:
    """A thousand batches while nobody looked are one change with one value."""
    live = Live()
    watching = live.watch(every_s=0.01)
    await anext(watching)
    for at in range(1, 1001):
        live.put([column((at, at / 1000))])
    assert told(await anext(watching)) == [(1000, 1.0)]
    await watching.aclose()


async def test_wake_is_heard_at_once() -> None:
    """The ledger's events do not wait for the next round of values, which is an hour away here."""
    live = Live()
    watching = live.watch(every_s=3600)
    assert (await anext(watching)).has_events  # a new watcher has seen nothing yet
    hearing = asyncio.create_task(watching.__anext__())
    await asyncio.sleep(0)
    live.put([column((1, 0.4))])
    live.wake()
    change = await asyncio.wait_for(hearing, timeout=10)
    assert change.has_events
    assert told(change) == [(1, 0.4)]
    await watching.aclose()


async def test_quiet_round_says_nothing() -> None:
    """With nothing new a watcher still gets its turn, for a heartbeat."""
    watching = Live().watch(every_s=0.01)
    await anext(watching)
    assert await anext(watching) == Change((), has_events=False)
    await watching.aclose()
