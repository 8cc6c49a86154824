"""Leases: a duty has one holder, a dead one's is taken over, and whoever was replaced writes nothing more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
import small_city

from cloud.database import Database
from cloud.holder import holder_name
from cloud.lane import end
from cloud.lease_watch import BEAT_S, LOST_S, LeaseWatch
from cloud.leases import Leases, Tenure
from cloud.ledger import Ledger
from cloud.share import WHOLE, Duty, Part, Role, Share, parse_share
from cloud.tables import leases
from cloud.tables.leases import Lease
from wire.errors import Unavailable
from wire.receipt import Lane

NOW_NS = 1_795_000_000 * small_city.SECOND_NS
READINGS = Duty(Part.READINGS, Share(1, 2))


def lease(beat: int, holder: str = "a") -> dict[Duty, Lease]:
    """What the ledger says."""
    return {READINGS: Lease(READINGS, holder, 1, beat, is_wanted=False)}


def test_a_lease_is_lost_when_it_stands_still() -> None:
    """Not while it beats; five seconds after its last beat, by the clock of whoever looks."""
    watch, now_s = LeaseWatch(), 1000.0
    for beat in range(20):
        now_s += BEAT_S
        watch.look([READINGS], lease(beat), now_s)
        assert not watch.is_lost(READINGS, 0)
    for _ in range(int(LOST_S)):
        assert not watch.is_lost(READINGS, 0)
        now_s += BEAT_S
        watch.look([READINGS], lease(19), now_s)
    assert watch.is_lost(READINGS, 0)
    assert not watch.is_lost(READINGS, 1), "who has a duty already lets others go first"


def test_whoever_looked_away_begins_anew() -> None:
    """A process that was frozen, or could not reach the ledger, has not seen that others were silent."""
    watch = LeaseWatch()
    watch.look([READINGS], lease(7), 0.0)
    watch.look([READINGS], lease(7), 60.0)
    assert not watch.is_lost(READINGS, 0)


class Process:
    """One of several on a ledger, with a beat of 50 ms. `doing` are the duties it does now."""

    def __init__(self, database: Database, name: str, role: Role) -> None:
        self.doing: dict[Duty, Tenure] = {}
        self.retired: list[Duty] = []
        self.may_end = asyncio.Event()
        self.may_end.set()
        watch = LeaseWatch(beat_s=0.05, lost_s=0.4)
        self._leases = Leases(database, name, role, self._work, self._retire, Random(1), watch)
        self._task = asyncio.create_task(self._leases.run())

    async def _work(self, tenure: Tenure) -> None:
        self.doing[tenure.duty] = tenure
        try:
            await asyncio.Event().wait()
        finally:
            await self.may_end.wait()
            del self.doing[tenure.duty]

    async def _retire(self, duty: Duty) -> None:
        self.retired.append(duty)

    async def stop(self) -> None:
        """As SIGTERM does."""
        await end([self._task])

    async def until(self, *shares: str, part: Part = Part.READINGS) -> None:
        """Wait until it does just these."""
        wanted = {Duty(part, parse_share(share)) for share in shares}
        async with asyncio.timeout(30):
            while {duty for duty in self.doing if duty.part is part} != wanted:
                await asyncio.sleep(0.01)


@pytest.fixture
async def database(ledger_place: Path | str) -> AsyncIterator[Database]:
    """A ledger, in SQLite and in PostgreSQL."""
    async with Database(ledger_place) as opened:
        yield opened


@asynccontextmanager
async def process(database: Database, name: str, share: str, *parts: Part) -> AsyncIterator[Process]:
    """While the block runs."""
    running = Process(database, name, Role(frozenset(parts or {Part.READINGS}), parse_share(share)))
    try:
        yield running
    finally:
        await running.stop()


async def test_each_process_takes_its_own_share_and_comes_back_to_it(database: Database) -> None:
    """One that is alone does everything; when the other starts, it gets its share, and lets it go when it stops."""
    async with process(database, "a", "1/2") as first:
        await first.until("1/2", "2/2")
        async with process(database, "b", "2/2") as second:
            await second.until("2/2")
            await first.until("1/2")
        assert not second.doing
        await first.until("1/2", "2/2")


async def test_a_dead_process_is_replaced_and_fenced(database: Database, tmp_path: Path) -> None:
    """It holds its share and is silent. Another takes it; what the first then writes is refused, the watermark too."""
    term = await database.write(lambda connection: leases.take(connection, READINGS, "dead", None))
    frozen = Tenure(READINGS, "dead", term, LOST_S)
    async with Ledger(
        database.url.render_as_string(hide_password=False), lambda: NOW_NS, small_city.practice(tmp_path)
    ) as ledger:
        theirs = ledger.fenced(frozen.require)
        await theirs.advance("XM-SM-01", "s1", Lane.READINGS, 10)
        async with process(database, "a", "1/2") as first:
            await first.until("1/2", "2/2")
            with pytest.raises(Unavailable, match=r"another process does readings 1/2 now.*E-LEDG-006"):
                await theirs.advance("XM-SM-01", "s1", Lane.READINGS, 20)
            await ledger.fenced(first.doing[READINGS].require).advance("XM-SM-01", "s1", Lane.READINGS, 15)
        assert await ledger.watermark("XM-SM-01", "s1", Lane.READINGS) == 15


async def test_a_process_that_is_started_again_need_not_wait_for_itself(database: Database, tmp_path: Path) -> None:
    """Its name is in a file that the dead one has locked no more; a second at the same time has another name."""
    role = Role(frozenset({Part.READINGS}), Share(1, 2))
    with holder_name(tmp_path, role) as before, holder_name(tmp_path, role) as beside:
        assert before != beside
    with holder_name(tmp_path, role) as again:
        assert again == before
    await database.write(lambda connection: leases.take(connection, READINGS, again, None))
    async with process(database, again, "1/2") as restarted:
        async with asyncio.timeout(30):
            while READINGS not in restarted.doing:
                await asyncio.sleep(0.005)
        assert restarted.doing[READINGS].term == 2


async def test_work_that_is_slow_to_end_costs_no_other_lease(database: Database) -> None:
    """A share is asked for, and its lane hangs in a database: meanwhile the process keeps the share of its own."""
    async with process(database, "a", "1/2") as first:
        await first.until("1/2", "2/2")
        first.may_end.clear()
        async with process(database, "b", "2/2") as second:
            await second.until("2/2")
            assert first.doing[READINGS].term == 1
            first.may_end.set()
            await first.until("1/2")
            await second.until("2/2")


async def test_one_process_notifies(database: Database) -> None:
    """Of two that could, one does; the other when the first has stopped."""
    async with process(database, "a", "1/2", Part.NOTIFY) as first:
        await first.until("1/1", part=Part.NOTIFY)
        async with process(database, "b", "2/2", Part.NOTIFY) as second:
            await asyncio.sleep(0.2)
            assert not second.doing
            await first.stop()
            await second.until("1/1", part=Part.NOTIFY)


async def test_boxes_are_divided_one_way_at_a_time(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """With another number of shares two processes would write the same box: the second waits, and says why."""
    async with process(database, "a", "1/1") as alone, process(database, "b", "1/2") as half:
        await alone.until("1/1")
        async with asyncio.timeout(30):
            while "E-CLOUD-025" not in caplog.text:
                await asyncio.sleep(0.01)
        assert not half.doing
        await alone.stop()
        await half.until("1/2", "2/2")
        assert half.retired == [Duty(Part.READINGS, WHOLE)], "its session at the broker is ended"


async def test_two_that_take_at_once_do_not_both_get_it(database: Database) -> None:
    """Both have seen it free; the ledger gives it to one."""
    terms = await asyncio.gather(
        *(database.write(lambda connection, name=name: leases.take(connection, READINGS, name, None)) for name in "ab")
    )
    assert sorted(terms) == [0, 1]
