"""From alarms to cases: one for each, one for a gust, none for what is held or only a test."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import many_boards
import pytest
import small_city
from many_boards import BOX, SECOND_BOX, gust, leans, message, sensor_of
from small_city import LEAN, SECOND_NS

from cloud.alarming import alarmwork
from cloud.alarming.alarm_state import Alarm, AlarmState
from cloud.alarming.alarmwork import Acknowledge, Shelve, Unshelve
from cloud.cases.case_acts import Close
from cloud.cases.case_flow import Case, CaseKind
from cloud.cases.casebook import Casebook
from cloud.cases.modework import Switch
from cloud.city.mode import ModeName
from cloud.ledger import Ledger
from cloud.tables.alarm_history import AlarmHistory
from wire.alarm import Change, Level
from wire.receipt import BoxStatus

START_NS = 1_795_000_000 * SECOND_NS
OFFLINE = f"{BOX}/offline"
FAULT = f"{sensor_of(1)}/fault"
TYPHOON = Switch(mode=ModeName.TYPHOON, district="tongan", level=Level.ORANGE, reason="台风橙色预警")


@dataclass
class Clock:
    """Goes on when a test says so."""

    at_ns: int = START_NS

    def __call__(self) -> int:
        """UTC, ns."""
        return self.at_ns

    def wait(self, seconds: float) -> None:
        """Later."""
        self.at_ns += round(seconds * 1e9)


@dataclass
class House:
    """A ledger of a city with 500 more boards, its clock, and what people do."""

    ledger: Ledger
    clock: Clock = field(default_factory=Clock)

    async def alarm(self, name: str) -> Alarm:
        """One that is not normal."""
        return next(alarm for alarm in await self.ledger.alarms() if alarm.id == name)

    async def cases(self) -> list[Case]:
        """The open ones of alarms, the oldest first."""
        found = await self.ledger.open_cases()
        return [case for case in reversed(found) if case.kind is CaseKind.EVENT_PART]

    async def status(self, *, online: bool, box: str = BOX) -> None:
        """What a box, or the broker in its name, says."""
        await self.ledger.save_status(BoxStatus(box, online=online, time_ns=self.clock(), boot="b", version="0.1.0"))

    async def is_gone(self, seconds: float = 120) -> None:
        """The box XM-TA-01 goes, and has been gone for that long."""
        await self.status(online=True)
        await self.status(online=False)
        self.clock.wait(seconds)
        await self.ledger.tick()

    @property
    def people(self) -> Casebook:
        """What they do."""
        return Casebook(self.ledger)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Nothing has happened."""
    clock = Clock()
    async with Ledger(tmp_path / "ledger.db", clock, many_boards.practice(tmp_path, 500)) as ledger:
        yield House(ledger, clock)


async def test_forty_boards_are_forty_cases_on_a_normal_day(house: House) -> None:
    """Each has its own place and its own way to a crew."""
    await house.ledger.take_alarms(gust(40, START_NS))
    found = await house.cases()
    assert [(case.sensor, case.members) for case in found] == [(sensor_of(number), 1) for number in range(1, 41)]


async def test_boxes_that_are_gone_are_not_one_case(house: House) -> None:
    """In a typhoon, too: each is another place to drive to."""
    await house.people.switch_mode(Switch(mode=ModeName.TYPHOON, level=Level.RED, reason="台风"), small_city.person())
    for box in (BOX, SECOND_BOX):
        await house.status(online=True, box=box)
        await house.status(online=False, box=box)
    house.clock.wait(120)
    await house.ledger.tick()
    assert [(case.alarm, case.members) for case in await house.cases()] == [(OFFLINE, 1), (f"{SECOND_BOX}/offline", 1)]


async def test_one_gust_is_one_case_in_a_typhoon(house: House) -> None:
    """Forty boards of a district within a second: one case with forty members, and each alarm knows it."""
    await house.people.switch_mode(TYPHOON, small_city.person())
    await house.ledger.take_alarms(gust(40, START_NS))
    [case] = await house.cases()
    parts = (await house.ledger.case(case.number)).parts
    assert (case.members, case.mode, case.alarm) == (40, "typhoon", f"{sensor_of(1)}/lean")
    assert {part.member for part in parts} == {f"{sensor_of(number)}/lean" for number in range(1, 41)}
    assert {alarm.case for alarm in await house.ledger.alarms()} == {case.number}


async def test_what_leans_half_an_hour_later_is_another_case(house: House) -> None:
    """In a typhoon 1800 s make a group; another district and another code never join it."""
    await house.people.switch_mode(TYPHOON, small_city.person())
    await house.ledger.take_alarms(gust(2, START_NS))
    house.clock.wait(1_800)
    await house.ledger.take_alarms(message([leans(sensor_of(3), 3, house.clock())]))
    await house.ledger.take_alarms(message([leans(sensor_of(4), 4, house.clock(), rule="fault")]))
    house.clock.wait(1)
    await house.ledger.take_alarms(message([leans(sensor_of(5), 5, house.clock())]))
    siming = leans("XM-SM-0001-T1", 1, house.clock())
    await house.ledger.take_alarms(message([siming], box="XM-SM-01"))
    assert [(case.alarm, case.members) for case in await house.cases()] == [
        (f"{sensor_of(1)}/lean", 3),  # a group that began 1800 s ago still takes what comes at its last instant
        (f"{sensor_of(4)}/fault", 1),
        (f"{sensor_of(5)}/lean", 1),
        ("XM-SM-0001-T1/lean", 1),
    ]


async def test_five_hundred_alarms_are_one_case_within_two_seconds(house: House) -> None:
    """Five messages of a hundred events, as a box sends them: one case with 500 members (issue 4: at most 2 s)."""
    await house.people.switch_mode(TYPHOON, small_city.person())
    began = time.perf_counter()
    for first in range(1, 501, 100):
        await house.ledger.take_alarms(gust(100, START_NS, first))
    assert time.perf_counter() - began < 2
    [case] = await house.cases()
    assert (case.members, len((await house.ledger.case(case.number)).parts)) == (500, 500)


async def test_a_case_in_a_group_gets_no_second_one(house: House) -> None:
    """A member that returns and leans again writes into the log of the case that it is a part of."""
    await house.people.switch_mode(TYPHOON, small_city.person())
    await house.ledger.take_alarms(gust(2, START_NS))
    cleared = leans(sensor_of(2), 3, START_NS + SECOND_NS, change=Change.CLEARED)
    await house.ledger.take_alarms(message([cleared, leans(sensor_of(2), 4, START_NS + 2 * SECOND_NS)]))
    [case] = await house.cases()
    assert case.members == 2
    assert [line.note.partition(":")[0] for line in case.log[-2:]] == [
        f"{sensor_of(2)}/lean cleared red",
        f"{sensor_of(2)}/lean raised red",
    ]


async def test_a_box_that_is_gone_is_one_alarm(house: House) -> None:
    """After 120 s it is yellow, after 1800 s orange, in the district of its sensors; its one case names it."""
    await house.status(online=True)
    await house.status(online=False)
    house.clock.wait(119.9)
    assert not await house.ledger.tick()
    house.clock.wait(0.1)
    assert await house.ledger.tick()
    assert not await house.ledger.tick()
    alarm = await house.alarm(OFFLINE)
    assert (alarm.level, alarm.site, alarm.district, alarm.box) == (Level.YELLOW, "", "tongan", BOX)
    [case] = await house.cases()
    assert (case.title, case.title_en) == ("同安 1 号箱：离线", "box XM-TA-01: offline")
    assert (case.district, case.site, case.longitude) == ("tongan", "", None)
    house.clock.wait(1_680)
    assert await house.ledger.tick()
    [case] = await house.cases()
    assert ((await house.alarm(OFFLINE)).level, case.level, case.members) == (Level.ORANGE, Level.ORANGE, 1)


async def test_a_box_that_nobody_registered_is_named_by_its_id(house: House) -> None:
    """It is no sensor at fault: it is a box, and offline."""
    await house.status(online=False, box="NEW-1")
    house.clock.wait(120)
    await house.ledger.tick()
    [case] = await house.cases()
    assert (case.title, case.title_en, case.district) == (
        "未登记箱子 NEW-1：离线",
        "unregistered box NEW-1: offline",
        "",
    )


async def test_a_gone_box_explains_the_silence_of_its_sensors(house: House) -> None:
    """A fault from before, and one that is told late, are suppressed by design; a board that leans is not."""
    await house.ledger.take_alarms(message([leans(sensor_of(1), 1, START_NS, Level.ORANGE, rule="fault")]))
    await house.is_gone()
    late = [leans(sensor_of(2), 2, START_NS, Level.ORANGE, rule="fault"), leans(sensor_of(3), 3, START_NS)]
    await house.ledger.take_alarms(message(late))
    states = {alarm.id: alarm.state for alarm in await house.ledger.alarms()}
    assert states == {
        FAULT: AlarmState.SUPPRESSED,
        f"{sensor_of(2)}/fault": AlarmState.SUPPRESSED,
        OFFLINE: AlarmState.UNACKNOWLEDGED,
        f"{sensor_of(3)}/lean": AlarmState.UNACKNOWLEDGED,
    }
    assert [case.alarm for case in await house.cases()] == [FAULT, OFFLINE, f"{sensor_of(3)}/lean"]


async def test_a_box_that_is_back_explains_nothing_more(house: House) -> None:
    """A sensor that is still silent gets the case it had none of; one that answers again is normal."""
    await house.is_gone()
    faults = [leans(sensor_of(number), number, START_NS, Level.ORANGE, rule="fault") for number in (1, 2)]
    await house.ledger.take_alarms(message(faults))
    await house.ledger.take_alarms(
        message([leans(sensor_of(2), 3, START_NS + SECOND_NS, Level.ORANGE, Change.CLEARED, rule="fault")])
    )
    assert [case.alarm for case in await house.cases()] == [OFFLINE]
    await house.status(online=True)
    assert await house.ledger.tick()
    assert {alarm.id: alarm.state for alarm in await house.ledger.alarms()} == {
        OFFLINE: AlarmState.RETURNED_UNACKNOWLEDGED,
        FAULT: AlarmState.UNACKNOWLEDGED,
    }
    assert [case.alarm for case in await house.cases()] == [OFFLINE, FAULT]


async def test_silence_that_leaves_the_shelf_is_explained_by_its_box(house: House) -> None:
    """A fault that was shelved before its box went is suppressed when its shelf ends, and opens no case."""
    await house.ledger.take_alarms(message([leans(sensor_of(1), 1, START_NS, Level.ORANGE, rule="fault")]))
    [case] = await house.cases()
    await small_city.act(house.ledger, case.number, seen())
    await house.people.act_on_alarms([FAULT], Shelve(note="battery is ordered", seconds=300), small_city.person())
    await house.is_gone()
    assert (await house.alarm(FAULT)).state is AlarmState.SHELVED
    house.clock.wait(180)
    await house.ledger.tick()
    assert (await house.alarm(FAULT)).state is AlarmState.SUPPRESSED
    assert [case.alarm for case in await house.cases()] == [OFFLINE]


async def test_an_alarm_that_leaves_the_shelf_and_stands_gets_a_case(house: House) -> None:
    """Its old case was closed; it is unacknowledged and somebody must go, however it left the shelf."""
    for number, leave in ((1, "time"), (2, "person")):
        name = f"{sensor_of(number)}/lean"
        await house.ledger.take_alarms(message([leans(sensor_of(number), number, house.clock())]))
        await house.people.act_on_alarms([name], Shelve(note="crane beside it", seconds=60), small_city.person())
        [first, *_] = [case for case in await house.cases() if case.alarm == name]
        await small_city.act(house.ledger, first.number, seen())
        house.clock.wait(60)
        if leave == "time":
            assert await house.ledger.tick()
        else:
            await house.people.act_on_alarms([name], Unshelve(), small_city.person())
        [second] = [case for case in await house.cases() if case.alarm == name]
        alarm = await house.alarm(name)
        assert (alarm.state, alarm.case) == (AlarmState.UNACKNOWLEDGED, second.number)
        assert second.number != first.number


async def test_a_shelved_alarm_that_is_raised_opens_no_case(house: House) -> None:
    """And when it has returned by the end of its shelf, it is normal, and nobody ever hears of it."""
    await house.ledger.take_alarms(message([leans(sensor_of(1), 1, START_NS, change=Change.CLEARED)]))
    name = f"{sensor_of(1)}/lean"
    await house.people.act_on_alarms([name], Shelve(note="it is taken down", seconds=60), small_city.person())
    await house.ledger.take_alarms(message([leans(sensor_of(1), 2, START_NS)]))
    await house.ledger.take_alarms(message([leans(sensor_of(1), 3, START_NS, change=Change.CLEARED)]))
    house.clock.wait(60)
    assert await house.ledger.tick()
    assert (await house.ledger.alarms(), await house.cases()) == ([], [])


async def test_a_box_alarm_that_outgrows_its_shelf_has_one_case(house: House) -> None:
    """It becomes orange in the very tick in which its time on the shelf is over."""
    await house.is_gone()
    [case] = await house.cases()
    await small_city.act(house.ledger, case.number, seen())
    await house.people.act_on_alarms([OFFLINE], Shelve(note="power cut", seconds=1_680), small_city.person())
    house.clock.wait(1_680)
    assert await house.ledger.tick()
    alarm = await house.alarm(OFFLINE)
    assert (alarm.state, alarm.level) == (AlarmState.UNACKNOWLEDGED, Level.ORANGE)
    assert [case.number for case in await house.cases()] == [alarm.case]


async def test_a_test_alarm_opens_no_case(house: House) -> None:
    """Not when it is raised, not when it leaves the shelf; whoever acknowledges it ends it."""
    raised = await house.people.test_alarm(alarmwork.Test(sensor="XM-TA-0117-T1", level=Level.RED), small_city.person())
    await house.people.act_on_alarms([raised.id], Shelve(note="lunch", seconds=60), small_city.person())
    house.clock.wait(60)
    await house.ledger.tick()
    assert (await house.alarm(raised.id)).state is AlarmState.UNACKNOWLEDGED
    [done] = await house.people.act_on_alarms([raised.id], Acknowledge(), small_city.person())
    assert done.alarm is not None
    assert (done.alarm.state, done.alarm.is_active) == (AlarmState.NORMAL, False)
    assert await house.cases() == []


@pytest.mark.parametrize("sensor", ["XM-TA-0117-T1", "XM-TA-0999-T1"])
async def test_a_test_alarm_of_a_box_is_heard_and_opens_no_case(house: House, sensor: str) -> None:
    """Who commissions a sensor sends one, often before the cloud knows the sensor: listed, in the history, no case."""
    raised = leans(sensor, 1, START_NS, rule="test")
    taken = await house.ledger.take_alarms(message([raised]))
    assert taken.stored_through == 1
    assert (await house.alarm(f"{sensor}/test")).state is AlarmState.UNACKNOWLEDGED
    history, _ = await house.ledger.alarm_history(AlarmHistory(), 10, "")
    assert [event.alarm for event in history] == [f"{sensor}/test"]
    assert await house.cases() == []
    house.clock.wait(600)
    await house.ledger.tick()
    assert not await house.ledger.alarms()


async def test_a_test_alarm_that_nobody_acknowledges_ends_after_ten_minutes(house: House) -> None:
    """Its 600 s count from the last test; a real alarm stays, however long."""
    await house.ledger.take_alarms(small_city.lean(1, START_NS))
    asked = alarmwork.Test(sensor="XM-TA-0117-T1", level=Level.BLUE)
    await house.people.test_alarm(asked, small_city.person())
    house.clock.wait(500)
    await house.people.test_alarm(asked, small_city.person())
    house.clock.wait(599)
    await house.ledger.tick()
    assert len(await house.ledger.alarms()) == 2
    house.clock.wait(1)
    assert await house.ledger.tick()
    assert [alarm.id for alarm in await house.ledger.alarms()] == [LEAN]
    assert not await house.ledger.tick()


def seen() -> Close:
    """Somebody has looked, and the case is over, whatever its sensor says."""
    return Close(without_sensor="seen on the spot")
