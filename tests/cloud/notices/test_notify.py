"""The notify lane between a real ledger, real receivers and a real store."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import msgspec
import pytest
import small_city
import webhook_receiver
from small_house import house
from webhook_receiver import SECRET, Receiver, answer_of

from cloud.alarming import alarmwork
from cloud.cases.casebook import Casebook
from cloud.ledger import Ledger
from cloud.notices import notify
from cloud.notices.notice_route import Route
from cloud.notifiers import webhook
from cloud.ports import Notifier, Store
from cloud.stores import embedded, influxdb_v1
from wire.alarm import Level
from wire.alarm_message import AlarmMessage

DAY_NS = 86_400 * small_city.SECOND_NS


class Clock:
    """The real clock, and what a test has added to it."""

    ahead_ns = 0

    def __call__(self) -> int:
        """UTC, ns."""
        return time.time_ns() + self.ahead_ns


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, a known secret, and rests of some milliseconds instead of seconds."""
    monkeypatch.setenv("EGRET_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(notify, "REST_FIRST_S", 0.02)
    monkeypatch.setattr(notify, "POLL_S", 0.02)


@pytest.fixture
def clock() -> Clock:
    """Passed in where the product asks for the time."""
    return Clock()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """The embedded store."""
    async with embedded.open_store(embedded.Config(folder=str(tmp_path))) as store:
        yield store


@pytest.fixture
async def ledger(tmp_path: Path, clock: Clock) -> AsyncIterator[Ledger]:
    """With two receivers of notices."""
    async with Ledger(tmp_path / "ledger.sqlite", clock, small_city.practice(tmp_path), ("one", "two")) as ledger:
        yield ledger


def hook(receiver: Receiver, clock: Clock, timeout_s: float = 60.0) -> Notifier:
    """A webhook to a receiver."""
    return webhook.open_notifier(
        webhook.Config(receiver.url, secret_env="EGRET_WEBHOOK_SECRET", timeout_s=timeout_s, allow_private=True),
        house(clock),
    )


async def lean(ledger: Ledger, billboards: int = 1) -> None:
    """So many billboards lean."""
    [event] = small_city.lean(1, 1).events
    events = (
        msgspec.structs.replace(event, sequence=at, alarm=f"XM-TA-0117-T{at}/lean") for at in range(1, billboards + 1)
    )
    await ledger.take_alarms(AlarmMessage("XM-TA-01", "spool-1", 0, tuple(events)))


@asynccontextmanager
async def running(
    ledger: Ledger, store: Store, clock: Clock, notifiers: Mapping[str, Notifier]
) -> AsyncIterator[asyncio.Event]:
    """The lane, and its wake."""
    wake = asyncio.Event()
    lane = asyncio.create_task(
        notify.run(ledger=ledger, notifiers=notifiers, store=store, now=clock, rng=Random(1), wake=wake)
    )
    try:
        yield wake
    finally:
        lane.cancel()
        with pytest.raises(asyncio.CancelledError):
            await lane


async def eventually(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait for the ledger to say so."""
    async with asyncio.timeout(60):
        while not await is_so():
            await asyncio.sleep(0.01)


async def is_empty(ledger: Ledger, target: str) -> bool:
    """Has the outbox nothing more for this target, due or later?"""
    return not await ledger.due(target, 2**62, 1)


async def test_a_case_reaches_the_receiver_signed(ledger: Ledger, store: Store, clock: Clock) -> None:
    """Commit, wake, and the receiver has a notice that its library verifies; then the outbox is empty."""
    async with (
        webhook_receiver.receiving() as receiver,
        running(ledger, store, clock, {"one": hook(receiver, clock)}) as wake,
    ):
        await lean(ledger)
        wake.set()
        await receiver.until(lambda: len(receiver.requests) == 1)
        await eventually(lambda: is_empty(ledger, "one"))
        await eventually(lambda: is_empty(ledger, "store"))
    [request] = receiver.requests
    request.verify()
    assert b"2.17" in request.body, request.body.decode()


async def test_failures_are_tried_again_with_the_same_id(ledger: Ledger, store: Store, clock: Clock) -> None:
    """500, 503, a limit of the rate, then success: one notice, known by its id, each attempt signed anew."""
    async with webhook_receiver.receiving() as receiver:
        receiver.answers += [500, 503, answer_of(429, "retry-after: 0")]
        async with running(ledger, store, clock, {"one": hook(receiver, clock)}):
            await lean(ledger)
            await receiver.until(lambda: len(receiver.requests) == 4)
            await eventually(lambda: is_empty(ledger, "one"))
    assert len({request.id for request in receiver.requests}) == 1
    for request in receiver.requests:
        request.verify()


async def test_a_limit_of_the_rate_is_kept_to(ledger: Ledger, store: Store, clock: Clock) -> None:
    """429 with Retry-After: 30 puts the notice 30 s off, and no other notice goes to that receiver before."""
    async with webhook_receiver.receiving() as receiver:
        receiver.answers += [answer_of(429, "retry-after: 30")]
        await lean(ledger, billboards=3)
        async with running(ledger, store, clock, {"one": hook(receiver, clock)}):
            await receiver.until(lambda: len(receiver.requests) == 1)
            await eventually(lambda: has_failed(ledger))
            before_ns = clock()
            await asyncio.sleep(0.2)
    assert len(receiver.requests) == 1
    [put_off] = [row for row in await ledger.due("one", 2**62, 10) if row.attempts]
    assert 20 * small_city.SECOND_NS < (put_off.due_ns or 0) - before_ns <= 30 * small_city.SECOND_NS


async def test_no_receiver_asks_for_more_than_ten_minutes(
    ledger: Ledger, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """429 with Retry-After of a year: it is asked again after the longest rest, 0.05 s here."""
    assert notify.REST_MOST_S == 600
    monkeypatch.setattr(notify, "REST_MOST_S", 0.05)
    async with webhook_receiver.receiving() as receiver:
        receiver.answers += [answer_of(429, "retry-after: 31536000")]
        async with running(ledger, store, clock, {"one": hook(receiver, clock)}):
            await lean(ledger)
            await receiver.until(lambda: len(receiver.requests) == 2)


async def has_failed(ledger: Ledger) -> bool:
    """Has a notice to "one" failed?"""
    return any(row.attempts for row in await ledger.due("one", 2**62, 10))


async def test_a_dead_and_a_slow_receiver_delay_no_other(
    ledger: Ledger, store: Store, clock: Clock, free_port: int
) -> None:
    """Nobody listens at one; another accepts and says nothing; the third has all its notices."""
    nobody = Receiver(url=f"http://127.0.0.1:{free_port}/")
    async with webhook_receiver.receiving() as slow, webhook_receiver.receiving() as good:
        slow.answers += [None] * 100
        notifiers = {"one": hook(nobody, clock), "slow": hook(slow, clock), "two": hook(good, clock)}
        await lean(ledger, billboards=20)
        async with running(ledger, store, clock, notifiers):
            await good.until(lambda: len(good.requests) == 20)
    assert not await is_empty(ledger, "one")


async def test_a_notice_is_given_up_after_a_day(ledger: Ledger, store: Store, clock: Clock) -> None:
    """It becomes a dead letter with its last error; a younger notice goes on being tried."""
    async with webhook_receiver.receiving() as receiver:
        receiver.answers += [500] * 1_000
        await lean(ledger)
        async with running(ledger, store, clock, {"one": hook(receiver, clock)}):
            await receiver.until(lambda: len(receiver.requests) == 2)
            assert await ledger.dead_letters() == ()
            clock.ahead_ns = DAY_NS
            await eventually(lambda: is_empty(ledger, "one"))
    [dead] = await ledger.dead_letters()
    assert (dead.target, dead.notice.kind) == ("one", "case.opened")
    assert "answered 500" in dead.error


async def test_a_receiver_that_is_gone_gets_each_notice_once(ledger: Ledger, store: Store, clock: Clock) -> None:
    """410: a dead letter at once, in a minute and not in a day; the next notice is tried, for it may be back."""
    async with webhook_receiver.receiving() as receiver:
        receiver.answers += [410]
        await lean(ledger, billboards=2)
        async with running(ledger, store, clock, {"one": hook(receiver, clock)}):
            await eventually(lambda: is_empty(ledger, "one"))
    assert len(receiver.requests) == 2
    [dead] = await ledger.dead_letters()
    assert (dead.target, dead.attempts) == ("one", 1)
    assert "wants no more notices" in dead.error


async def test_a_dead_store_delays_no_case_and_loses_no_point(
    ledger: Ledger, clock: Clock, store: Store, free_port: int
) -> None:
    """However long the store is away, its alarm points wait; receivers hear of the case at once."""
    dead = influxdb_v1.open_store(influxdb_v1.Config(url=f"http://127.0.0.1:{free_port}"))
    clock.ahead_ns = -2 * DAY_NS
    await lean(ledger)
    clock.ahead_ns = 0
    async with webhook_receiver.receiving() as receiver:
        async with running(ledger, dead, clock, {"one": hook(receiver, clock)}):
            await receiver.until(lambda: len(receiver.requests) == 1)
            await eventually(lambda: store_has_failed(ledger))
        assert await ledger.dead_letters() == ()
        async with running(ledger, store, clock, {"one": hook(receiver, clock)}):
            await eventually(lambda: is_empty(ledger, "store"))


async def store_has_failed(ledger: Ledger) -> bool:
    """Was the store tried in vain?"""
    return any(row.attempts for row in await ledger.due("store", 2**62, 10))


async def test_a_test_alarm_is_told_by_route(tmp_path: Path, clock: Clock, store: Store) -> None:
    """To the receiver of that district's alarms, marked as what it is; not to one that is told red only."""
    routes = {
        "tongan": Route(districts=frozenset({"tongan"}), units=frozenset({"tongan-ads"})),
        "red-only": Route(levels=frozenset({Level.RED})),
    }
    async with (
        Ledger(tmp_path / "routed.sqlite", clock, small_city.practice(tmp_path), routes) as ledger,
        webhook_receiver.receiving() as receiver,
    ):
        asked = alarmwork.Test(sensor="XM-TA-0117-T1", level=Level.ORANGE)
        await Casebook(ledger).test_alarm(asked, small_city.person())
        assert await is_empty(ledger, "red-only")
        async with running(ledger, store, clock, {"tongan": hook(receiver, clock)}):
            await receiver.until(lambda: len(receiver.requests) == 1)
    body = json.loads(receiver.requests[0].body)
    assert (body["type"], body["data"]["sensor"], body["data"]["level"]) == ("alarm.test", "XM-TA-0117-T1", "orange")


async def test_a_digest_is_one_signed_request(tmp_path: Path, clock: Clock, store: Store) -> None:
    """Three billboards within 0.2 s, gathered: the receiver verifies one body with three cases and their notices."""
    routes = {"one": Route(group_s=0.2, always=frozenset())}
    async with (
        Ledger(tmp_path / "gathered.sqlite", clock, small_city.practice(tmp_path), routes) as ledger,
        webhook_receiver.receiving() as receiver,
        running(ledger, store, clock, {"one": hook(receiver, clock)}),
    ):
        await lean(ledger, billboards=3)
        await receiver.until(lambda: len(receiver.requests) == 1)
        await eventually(lambda: is_empty(ledger, "one"))
    [request] = receiver.requests
    request.verify()
    body = json.loads(request.body)
    assert body["type"] == "case.digest"
    assert [case["number"] for case in body["data"]["cases"]] == [
        notice["id"].partition(".")[0] for notice in body["data"]["notices"]
    ]
    assert len(body["data"]["cases"]) == 3


def test_pauses_double_to_a_cap_with_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """From one second to ten minutes; between half and the whole of it, so that retries do not fall together."""
    monkeypatch.undo()
    rng = Random(7)
    for failures, whole_s in ((0, 1.0), (1, 2.0), (5, 32.0), (10, 600.0), (10_000, 600.0)):
        pauses = [notify._pause_s(failures, rng) for _ in range(100)]
        assert whole_s / 2 <= min(pauses) < max(pauses) <= whole_s
