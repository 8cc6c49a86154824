"""Two processes on one ledger: what one writes, those who watch the other see, in order and once."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx
import pytest
import servers
import small_city

from cloud.api.app import create_app
from cloud.api.server import serving
from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from cloud.ledger_news import LedgerNews
from cloud.live import Live
from cloud.stores import embedded
from wire.alarm import Change, Level
from wire.alarm_message import AlarmMessage
from wire.receipt import Lane

NOW_NS = 1_795_000_000 * small_city.SECOND_NS


@dataclass(frozen=True, slots=True)
class Process:
    """One of several clouds on the same ledger: nothing else is shared."""

    ledger: Ledger
    client: httpx.AsyncClient


@asynccontextmanager
async def process(place: Path | str, folder: Path) -> AsyncIterator[Process]:
    """Ledger, live values, API and news, as `cloud.app` wires them."""
    folder.mkdir()
    inventory, live = small_city.inventory(folder), Live()
    async with (
        Ledger(place, lambda: NOW_NS, Practice(inventory)) as ledger,
        embedded.open_store(embedded.Config(folder=str(folder))) as store,
        serving(create_app(ledger, store, live, inventory, lambda: NOW_NS)) as url,
        httpx.AsyncClient(base_url=url, timeout=30) as client,
        watching(LedgerNews(ledger.database, live.wake, Random(1))),
    ):
        yield Process(ledger, client)


@asynccontextmanager
async def watching(news: LedgerNews) -> AsyncIterator[None]:
    """While the block runs."""
    task = asyncio.create_task(news.watch())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def listen(client: httpx.AsyncClient, last_event_id: int) -> AsyncGenerator[tuple[int, float]]:
    """The id of each event, and when it came by the loop's clock."""
    clock = asyncio.get_running_loop().time
    headers = {"Last-Event-ID": str(last_event_id)}
    async with client.stream("GET", "api/v1/events", headers=headers) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("id: "):
                yield int(line.removeprefix("id: ")), clock()


async def first(count: int, events: AsyncGenerator[tuple[int, float]]) -> list[tuple[int, float]]:
    """So many events."""
    found: list[tuple[int, float]] = []
    async with asyncio.timeout(30), aclosing(events):
        async for event in events:
            found.append(event)
            if len(found) == count:
                break
    return found


async def lean(ledger: Ledger, sequence: int) -> None:
    """An alarm message: two events, of the alarm and of its case."""
    change = Change.RAISED if sequence % 2 else Change.CLEARED
    await ledger.take_alarms(small_city.lean(sequence, NOW_NS + sequence, Level.RED, change))


async def test_one_process_tells_what_the_other_writes(ledger_place: Path | str, tmp_path: Path) -> None:
    """A browser on B hears of an alarm that came in at A within a second, not at B's next heartbeat."""
    clock = asyncio.get_running_loop().time
    async with process(ledger_place, tmp_path / "a") as a, process(ledger_place, tmp_path / "b") as b:
        hearing = asyncio.create_task(first(2, listen(b.client, 0)))
        await asyncio.sleep(1.0)  # past the first heartbeat
        written_at = clock()
        await lean(a.ledger, 1)
        heard = await hearing
    assert [number for number, _ in heard] == [1, 2]
    assert all(at - written_at < 1.0 for _, at in heard)


async def test_two_processes_that_write_agree_on_the_order(ledger_place: Path | str, tmp_path: Path) -> None:
    """Whoever writes, browsers on both hear 40 events by rising ids, none twice, none missing; over a change, too."""
    async with process(ledger_place, tmp_path / "a") as a, process(ledger_place, tmp_path / "b") as b:
        hearing = [asyncio.create_task(first(40, listen(one.client, 0))) for one in (a, b)]
        moving = asyncio.create_task(first(11, listen(a.client, 0)))
        for sequence in range(1, 21):
            await lean((a, b)[sequence % 2].ledger, sequence)
        for heard in await asyncio.gather(*hearing):
            assert [number for number, _ in heard] == list(range(1, 41))
        moved = await moving
        rest = await first(29, listen(b.client, moved[-1][0]))
    assert [number for number, _ in moved + rest] == list(range(1, 41))


async def test_writers_at_once_hide_nothing_from_a_follower(ledger_place: Path | str, tmp_path: Path) -> None:
    """An id that is seen has no smaller one that becomes visible after it, however the commits fall."""
    city = Practice(small_city.inventory(tmp_path))
    async with (
        Ledger(ledger_place, lambda: NOW_NS, city) as a,
        Ledger(ledger_place, lambda: NOW_NS, city) as b,
        Ledger(ledger_place, lambda: NOW_NS, city) as reader,
    ):

        async def write(ledger: Ledger, box: str) -> None:
            for sequence in range(1, 16):
                message = small_city.lean(sequence, NOW_NS + sequence)
                await ledger.take_alarms(AlarmMessage(box, "spool-1", 0, message.events))

        writing = asyncio.gather(write(a, "XM-TA-01"), write(b, "XM-SM-01"))
        followed: list[int] = []
        while not writing.done():
            followed += [event.id for event in await reader.events_after(followed[-1] if followed else 0, 500)]
        await writing
        followed += [event.id for event in await reader.events_after(followed[-1], 500)]
        assert followed == [event.id for event in await reader.events_after(0, 500)]
        assert len(followed) == 60


async def test_news_survive_a_restart_of_the_server(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What was written while nobody could listen is heard when the server is back; the log says gone and back."""
    caplog.set_level(logging.WARNING)
    woken = asyncio.Event()
    with servers.postgresql(tmp_path) as server:
        url, city = server.new_database(), small_city.practice(tmp_path)
        async with (
            Ledger(url, lambda: NOW_NS, city) as ledger,
            watching(LedgerNews(ledger.database, woken.set, Random(1))),
            asyncio.timeout(30),
        ):
            await woken.wait()
            server.stop()
            while not caplog.records:
                await asyncio.sleep(0.02)
            woken.clear()
            server.start()
            await woken.wait()
            woken.clear()
            await lean(ledger, 1)
            await woken.wait()
    said = [record.getMessage() for record in caplog.records if record.name == "cloud.outage"]
    assert len(said) == 2
    assert "news of the ledger must wait" in said[0]
    assert "E-LEDG-001" in said[0]
    assert "need wait no longer" in said[1]


async def test_watermarks_are_no_news(tmp_path: Path) -> None:
    """SQLite's file changes with every receipt: watchers are woken for events only."""
    woken = 0

    def wake() -> None:
        nonlocal woken
        woken += 1

    place, city = tmp_path / "ledger.sqlite", small_city.practice(tmp_path)
    async with Ledger(place, lambda: NOW_NS, city) as ledger, watching(LedgerNews(ledger.database, wake, Random(1))):
        await asyncio.sleep(0.3)
        before = woken
        for through in range(1, 10):
            await ledger.advance("XM-TA-01", "spool-1", Lane.READINGS, through)
            await asyncio.sleep(0.05)
        assert woken == before
        await lean(ledger, 1)
        await asyncio.sleep(0.5)
        assert woken == before + 1
