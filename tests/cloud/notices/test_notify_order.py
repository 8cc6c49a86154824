"""Every notice reaches every target that wants it exactly once, alone or in a digest, in the order of its case.

The real ledger and the real lane, in virtual time: a clock that the test sets, and rests that move it.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
import small_city

from cloud.cases.case_flow import Case
from cloud.cases.docket import notice
from cloud.ledger import Ledger
from cloud.notices import notify
from cloud.notices.digest import CASES_MOST
from cloud.notices.notice_route import Hours, Route, facts_of
from cloud.ports import Notice
from cloud.tables import outbox
from wire.alarm import Level
from wire.errors import NotifyError, Undeliverable

SECOND_NS = 10**9
EVENING_NS = int(datetime(2026, 11, 24, 21, 50, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * SECOND_NS
MORNING_NS = EVENING_NS + 36_600 * SECOND_NS
"""08:00 of the next day."""
DAY_HOURS = Hours(8 * 60, 22 * 60)
ROUTES = {
    "plain": Route(),
    "gathering": Route(group_s=60.0),
    "by-day": Route(hours=DAY_HOURS, group_s=60.0, kinds=frozenset({"case.opened", "case.escalated", "case.closed"})),
    "one-district": Route(hours=DAY_HOURS, districts=frozenset({"tongan"}), drills=False),
}


@dataclass(slots=True)
class Night:
    """The clock, the ledger and its lanes."""

    ledger: Ledger
    rng: Random
    at_ns: int = EVENING_NS
    posted: list[Notice] = field(default_factory=list)

    def now(self) -> int:
        """UTC, ns."""
        return self.at_ns

    def wait(self, seconds: float) -> None:
        """The clock goes on."""
        self.at_ns += round(seconds * SECOND_NS)

    async def tell(self, what: str, case: Case) -> Notice:
        """A notice, put into the outbox for whoever wants it."""
        told = notice(what, case, self.at_ns)
        self.posted.append(told)
        await self.ledger.database.write(lambda connection: self.ledger._post(connection, [told]))
        return told


@dataclass(slots=True)
class Desk:
    """A receiver that knows notices by their ids; so many of ten attempts fail, half of those after it took them."""

    night: Night
    fails_of_ten: int = 0
    asked: list[str] = field(default_factory=list)
    taken: dict[str, Notice] = field(default_factory=dict)
    taken_ns: dict[str, int] = field(default_factory=dict)

    async def send(self, told: Notice) -> None:
        """Raises NotifyError."""
        self.asked.append(told.id)
        if self.night.rng.randrange(10) >= self.fails_of_ten:
            self._take(told)
            return
        if self.night.rng.random() < 0.5:
            self._take(told)
        raise NotifyError("no answer within 10 s.", code="E-HOOK-004")

    def _take(self, told: Notice) -> None:
        self.taken.setdefault(told.id, told)
        self.taken_ns.setdefault(told.id, self.night.at_ns)

    def told(self) -> list[str]:
        """The ids of the notices in the order in which they were taken, those of digests one by one."""
        return [member for one in self.taken.values() for member in members(one)]


def members(told: Notice) -> list[str]:
    """A digest's notices, or the notice itself."""
    if told.kind != "case.digest":
        return [told.id]
    data = json.loads(told.body)["data"]
    assert 2 <= len(data["cases"]) == len(data["notices"]) <= CASES_MOST
    return [member["id"] for member in data["notices"]]


@pytest.fixture
async def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Night]:
    """21:50 in Xiamen; whoever rests moves the clock."""
    night = Night(None, Random(1))  # type: ignore[arg-type]
    pause = asyncio.sleep

    async def rest(seconds: float) -> None:
        night.wait(seconds)
        await pause(0)

    monkeypatch.setattr(notify.asyncio, "sleep", rest)
    async with Ledger(tmp_path / "ledger.sqlite", night.now, small_city.practice(tmp_path), ROUTES) as ledger:
        night.ledger = ledger
        yield night


def lane(night: Night, name: str, desk: Desk) -> notify._Target:
    """The lane of one target."""
    return notify._Target(name, desk.send, night.ledger, night.now, night.rng)


def case(number: int, level: Level = Level.ORANGE, district: str = "tongan", version: int = 1, **more: bool) -> Case:
    """A case of that evening; `more` is `is_drill`."""
    return Case(
        number=f"20261124-{number:05}",
        version=version,
        level=level,
        title="广告牌倾斜",
        title_en="a billboard leans",
        district=district,
        opened_ns=EVENING_NS,
        stage_ns=EVENING_NS,
        **more,  # type: ignore[arg-type]
    )


async def happenings(night: Night, lanes: dict[str, notify._Target]) -> None:
    """Eight cases open, are dispatched, climb, get worse and close in the course of some twenty minutes."""
    rng = night.rng
    stories = {}
    for number in range(1, 9):
        middle = ["dispatched", *rng.sample(["climbed", "escalated", "overdue"], rng.randrange(4))]
        stories[number] = iter(["opened", *middle, "closed"])
    versions: defaultdict[int, int] = defaultdict(int)
    while stories:
        number = rng.choice(list(stories))
        what = next(stories[number], None)
        if what is None:
            del stories[number]
            continue
        versions[number] += 1
        level = Level.RED if number % 3 == 0 or what == "escalated" else Level.ORANGE
        told = case(number, level, ("siming", "tongan")[number % 2], versions[number], is_drill=number == 5)
        await night.tell(what, told)
        night.wait(rng.choice([0, 0, 5, 40, 90]))
        if rng.random() < 0.5:
            await lanes[rng.choice(list(lanes))]._send_due()


@pytest.mark.parametrize("seed", range(20))
async def test_every_wanted_notice_is_taken_once_and_in_order(
    night: Night, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Whatever fails, and when: some answers are lost after the notice was taken."""
    monkeypatch.setattr(outbox, "ORDER_KEPT_NS", 2**60)
    night.rng = Random(seed)
    desks = {name: Desk(night, night.rng.choice([0, 3, 6])) for name in ROUTES}
    lanes = {name: lane(night, name, desk) for name, desk in desks.items()}
    await happenings(night, lanes)
    for name, one in lanes.items():
        while waiting := await night.ledger.due(name, 2**62, 1):
            night.at_ns = max(night.at_ns, waiting[0].due_ns or 0)
            await one._send_due()
    for name, desk in desks.items():
        wanted = [told.id for told in night.posted if ROUTES[name].wants(facts_of(told))]
        told = desk.told()
        assert sorted(told) == sorted(wanted), name
        for number in {one.partition(".")[0] for one in wanted}:
            assert [one for one in told if one.startswith(number)] == [one for one in wanted if one.startswith(number)]
    assert await night.ledger.dead_letters() == ()


async def test_a_minute_is_one_digest(night: Night) -> None:
    """Four orange cases within 60 s of the first go together when it is over; a red one goes at once, by itself."""
    desk = Desk(night)
    one = lane(night, "gathering", desk)
    for number in range(1, 5):
        await night.tell("opened", case(number))
        night.wait(15)
    red = await night.tell("opened", case(9, Level.RED))
    await one._send_due()
    assert [told.kind for told in desk.taken.values()] == ["case.digest", "case.opened"]
    assert desk.told() == [told.id for told in night.posted]
    assert desk.taken_ns[red.id] == red.time_ns


async def test_a_single_notice_stays_as_it_is(night: Night) -> None:
    """Nothing else happened within its 60 s."""
    desk = Desk(night)
    told = await night.tell("opened", case(1))
    one = lane(night, "gathering", desk)
    night.wait(59)
    await one._send_due()
    assert desk.taken == {}
    night.wait(1)
    await one._send_due()
    assert desk.taken == {told.id: told}


async def test_the_night_waits_and_red_takes_its_case_along(night: Night) -> None:
    """Two orange cases at 22:10 wait for 08:00; one turns red at 22:20 and is told in full, in its order."""
    desk = Desk(night)
    one = lane(night, "by-day", desk)
    night.wait(20 * 60)
    first, second = await night.tell("opened", case(1)), await night.tell("opened", case(2))
    night.wait(10 * 60)
    await one._send_due()
    assert desk.told() == []
    worse = await night.tell("escalated", case(1, Level.RED))
    await one._send_due()
    assert desk.told() == [first.id, worse.id]
    night.at_ns = MORNING_NS
    await one._send_due()
    assert desk.told() == [first.id, worse.id, second.id]


async def test_a_storm_is_digests_of_two_hundred(night: Night) -> None:
    """450 cases in a minute: 200, 200 and 50, in their order."""
    desk = Desk(night)
    for number in range(1, 451):
        await night.tell("opened", case(number))
    night.wait(60)
    await lane(night, "gathering", desk)._send_due()
    assert [len(members(told)) for told in desk.taken.values()] == [200, 200, 50]
    assert desk.told() == [told.id for told in night.posted]


async def test_what_failed_together_is_the_same_digest_again(night: Night) -> None:
    """What happens meanwhile does not join it: by its id the receiver knows whether it has it."""
    desk = Desk(night, fails_of_ten=10)
    one = lane(night, "gathering", desk)
    for number in (1, 2):
        await night.tell("opened", case(number))
    night.wait(60)
    await one._deliver(await night.ledger.due("gathering", night.at_ns, 10))
    desk.fails_of_ten = 0
    await night.tell("opened", case(3))
    night.wait(60)
    await one._send_due()
    digest, again, single = desk.asked
    assert digest == again
    assert single == "20261124-00003.opened.orange"
    assert len(desk.told()) == 3


async def test_a_digest_refused_for_good_is_a_dead_letter_a_notice(night: Night) -> None:
    """Each can be sent again; and then they go together again."""
    desk = Desk(night)
    one = lane(night, "gathering", desk)
    for number in (1, 2):
        await night.tell("opened", case(number))
    night.wait(60)
    await notify._Target("gathering", refusing, night.ledger, night.now, night.rng)._send_due()
    dead = await night.ledger.dead_letters()
    assert [row.notice.id for row in dead] == ["20261124-00002.opened.orange", "20261124-00001.opened.orange"]
    await night.ledger.database.write(lambda connection: outbox.revive(connection, night.at_ns, target="gathering"))
    await one._send_due()
    assert len(desk.taken) == 1
    assert len(desk.told()) == 2


async def refusing(_: Notice) -> None:
    """As a receiver that wants no more."""
    raise Undeliverable("it wants no more notices.", code="E-HOOK-003")


async def test_one_that_is_not_taken_holds_up_its_case_for_five_minutes(night: Night) -> None:
    """A receiver stumbles over one notice: others of its case wait, but what is worse later is told all the same."""
    await night.tell("opened", case(1))
    [row] = await night.ledger.due("plain", night.at_ns, 1)
    await night.ledger.failed([row.id], night.at_ns + 3_600 * SECOND_NS, "answered 500")
    night.wait(1)
    worse = await night.tell("escalated", case(1, Level.RED))
    [waits] = await night.ledger.due("plain", night.at_ns + 600 * SECOND_NS, 10)
    assert (waits.notice.id, waits.due_ns) == (worse.id, worse.time_ns + 300 * SECOND_NS)
