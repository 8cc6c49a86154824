"""What time does to cases: they climb while nobody accepts, each step told once, and are late once."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import busy_city
import pytest
from busy_city import Town, clock

from cloud.cases import reportwork
from cloud.cases.case_acts import Accept, Close, Dispatch, Extend, FeedBack, Refuse, Resume, SendBack, Suspend
from cloud.cases.case_ties import Dispute
from cloud.cases.clockwork import AT_ONCE
from cloud.cases.reportwork import Filing
from cloud.city.mode import ModeName
from wire.alarm import Level

NOW = "2026-11-18 10:00"
LONG_CHAIN = """
units:
  command-centre: {name: 市指挥中心, people: {zhao: {name: 赵主任}, qian: {name: 钱副主任}}}
  bureau: {name: 城管局, people: {su: {name: 苏局}, shi: {name: 施副局}}}
  section: {name: 广告科, supervisor: bureau, people: {he: {name: 何科}}}
  team: {name: 抢修队, supervisor: section, people: {lin: {name: 林工}, chen: {name: 陈工}, wang: {name: 王工}}}
routing:
  - {unit: team}
"""


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """Wednesday, 18 November 2026, 10:00: Wang is on duty, Lin is the deputy."""
    town = busy_city.town(tmp_path, NOW)
    async with town.ledger:
        yield town


async def ticks(town: Town, count: int, every_s: float = 60.0) -> None:
    """A minute goes by, and the clock strikes, again and again."""
    for _ in range(count):
        town.pass_s(every_s)
        await town.ledger.tick()


async def climbs(town: Town, number: str) -> list[str]:
    """The steps in the log."""
    return [line.note.partition("→ ")[2] for line in (await town.file_of(number)).log if line.act == "climb"]


async def told(town: Town, kind: str) -> list[tuple[str, str]]:
    """Unit and person in the notices of a kind."""
    found = [json.loads(notice.body)["data"] for notice in await town.notices() if notice.kind == kind]
    return [(case["unit"], case["person"]) for case in found]


async def test_a_case_climbs_to_the_command_centre_and_stays(town: Town) -> None:
    """On duty, deputy, the supervisor's person on duty, the command centre's: a minute each, and then no more."""
    case = await town.file()
    assert (case.unit, case.person, clock(case.climb_ns)) == ("tongan-ads", "wang", "2026-11-18 10:01:00")
    await ticks(town, 10)
    after = await town.file_of(case.number)
    assert await climbs(town, case.number) == ["同安广告科 林工", "同安区城管局 苏科长", "市指挥中心 赵主任"]
    assert (after.unit, after.person, after.climbed, after.climb_ns) == ("command-centre", "zhao", 3, None)
    assert await told(town, "case.climbed") == [
        ("tongan-ads", "lin"),
        ("tongan-chengguan", "su"),
        ("command-centre", "zhao"),
    ]
    times = [clock(line.time_ns)[11:] for line in after.log if line.act == "climb"]
    assert times == ["10:01:00", "10:02:00", "10:03:00"]
    assert {line.actor for line in after.log if line.act == "climb"} == {"egret"}


async def test_of_each_supervisor_only_the_person_on_duty_is_asked(tmp_path: Path) -> None:
    """Team, its deputy, section, bureau, command centre: five are asked, no deputy of those above."""
    town = busy_city.town(tmp_path, NOW, LONG_CHAIN)
    async with town.ledger:
        case = await town.file()
        await ticks(town, 10)
        assert await climbs(town, case.number) == ["抢修队 陈工", "广告科 何科", "城管局 苏局", "市指挥中心 赵主任"]


async def test_not_a_second_too_early(town: Town) -> None:
    """At 59 s nobody else is asked; at 60 s the deputy is."""
    case = await town.file()
    await ticks(town, 1, 59.0)
    assert await climbs(town, case.number) == []
    await ticks(town, 1, 1.0)
    assert await climbs(town, case.number) == ["同安广告科 林工"]


async def test_accepting_stops_the_climb(town: Town) -> None:
    """After one step somebody accepts: nothing climbs any more, and it is with whoever it climbed to."""
    case = await town.file()
    await ticks(town, 1)
    await town.do(case.number, Accept(), "lin")
    await ticks(town, 10)
    after = await town.file_of(case.number)
    assert (after.climbed, after.person, after.climb_ns) == (1, "lin", None)


async def test_who_accepts_late_has_accepted_late(town: Town) -> None:
    """Wang accepts after 150 s, when the supervisor has it: the log says Wang, and the time is past the deadline."""
    case = await town.file()
    await ticks(town, 2)
    town.pass_s(30)
    after = await town.do(case.number, Accept(), "wang")
    assert (after.log[-1].actor, after.unit, after.stage) == ("wang", "tongan-chengguan", "handling")
    assert (clock(after.accepted_ns), clock(after.accept_due_ns)) == ("2026-11-18 10:02:30", "2026-11-18 10:01:00")


async def test_the_rota_of_the_moment_is_asked(tmp_path: Path) -> None:
    """Opened at 07:59:30 with Chen on duty; at 08:00:30 the turn is Wang's, so Wang is asked and not a deputy."""
    town = busy_city.town(tmp_path, "2026-11-18 07:59:30")
    async with town.ledger:
        case = await town.file()
        assert case.person == "chen"
        await ticks(town, 1)
        assert await climbs(town, case.number) == ["同安广告科 王工"]


async def test_after_a_hand_over_the_deputy_is_still_asked(tmp_path: Path) -> None:
    """Chen's turn ended while he was asked: Wang has it, then Lin as Wang's deputy, and only then the supervisor."""
    town = busy_city.town(tmp_path, "2026-11-18 07:59:30")
    async with town.ledger:
        case = await town.file()
        await ticks(town, 4)
        assert await climbs(town, case.number) == [
            "同安广告科 王工",
            "同安广告科 林工",
            "同安区城管局 苏科长",
            "市指挥中心 赵主任",
        ]


async def test_a_yellow_case_climbs_in_working_hours(tmp_path: Path) -> None:
    """One working hour to accept: dispatched on Friday at 17:30 it climbs on Monday at 08:30, not at night."""
    town = busy_city.town(tmp_path, "2026-11-20 17:30")
    async with town.ledger:
        case = await town.file(Level.YELLOW)
        await ticks(town, 62, 3_600.0)
        assert await climbs(town, case.number) == []
        assert clock(town.now_ns) == "2026-11-23 07:30:00"
        await ticks(town, 1, 3_600.0)
        assert len(await climbs(town, case.number)) == 1


async def test_nobody_dispatches_in_time(town: Town) -> None:
    """A refused case is the command centre's: after a minute its person on duty is told, once."""
    case = await town.file()
    await town.do(case.number, Refuse(note="不是我们的"))
    await ticks(town, 5)
    after = await town.file_of(case.number)
    assert await climbs(town, case.number) == ["市指挥中心 赵主任"]
    assert (after.stage, after.unit, after.climb_ns) == ("filed", "command-centre", None)
    assert await told(town, "case.climbed") == [("command-centre", "zhao")]


async def test_nothing_climbs_while_it_is_suspended_or_disputed(town: Town) -> None:
    """Nobody is asked; after resuming, the rest of the minute runs."""
    held, disputed = await town.file(), await town.file()
    town.pass_s(20)
    await town.do(held.number, Suspend(note="等"))
    await town.do(disputed.number, Dispute(note="不清"))
    await ticks(town, 5)
    assert await climbs(town, held.number) == await climbs(town, disputed.number) == []
    await town.do(held.number, Resume())
    await ticks(town, 1, 39.0)
    assert await climbs(town, held.number) == []
    await ticks(town, 1, 1.0)
    assert await climbs(town, held.number) == ["同安广告科 林工"]


@pytest.mark.parametrize("ways", [(FeedBack(), SendBack(note="x")), (Dispatch(unit="tongan-ads", person="wang"),)])
async def test_each_round_climbs_anew(town: Town, ways: tuple[busy_city.Act, ...]) -> None:
    """After rework or another dispatch the first step is the deputy again."""
    case = await town.file()
    await ticks(town, 1)
    await town.do(case.number, Dispatch(unit="tongan-ads", person="wang"))
    for act in ways:
        await town.do(case.number, act)
    assert (await town.file_of(case.number)).climbed == 0
    await ticks(town, 1)
    assert await climbs(town, case.number) == ["同安广告科 林工", "同安广告科 林工"]


async def test_it_is_late_once(town: Town) -> None:
    """Four hours after filing a line and a notice say so, and a day later there are no more of them."""
    case = await town.file()
    await town.do(case.number, Accept())
    await ticks(town, 1, 4 * 3_600 - 1)
    assert await told(town, "case.overdue") == []
    await ticks(town, 1, 1.0)
    assert await told(town, "case.overdue") == [("tongan-ads", "wang")]
    await ticks(town, 24, 3_600.0)
    assert len(await told(town, "case.overdue")) == 1
    late = [line.note for line in (await town.file_of(case.number)).log if line.act == "overdue"]
    assert late == ["its deadline has passed"]


async def test_after_an_extension_it_can_be_late_again(town: Town) -> None:
    """The new deadline is told when it passes, with a notice of its own."""
    case = await town.file()
    await town.do(case.number, Accept())
    await ticks(town, 1, 5 * 3_600.0)
    await town.do(case.number, Extend(note="等吊车", seconds=7_200))
    await ticks(town, 1, 1_800.0)
    assert len(await told(town, "case.overdue")) == 1
    await ticks(town, 1, 1_800.0)
    overdue = [notice.id for notice in await town.notices() if notice.kind == "case.overdue"]
    assert len(set(overdue)) == 2


async def test_a_closed_case_is_left_alone(town: Town) -> None:
    """Neither a climb nor lateness after the end."""
    case = await town.file()
    closed = await town.do(case.number, Close())
    await ticks(town, 30, 3_600.0)
    assert (await town.file_of(case.number)).version == closed.version


async def test_a_mode_ends_by_itself(town: Town) -> None:
    """After its 2 h the next case has the deadlines of normal times."""
    await town.switch(ModeName.TYPHOON, hours=2.0)
    stormy = await town.file()
    assert clock(stormy.due_ns) == "2026-11-18 12:00:00"
    await ticks(town, 2, 3_600.0)
    calm = await town.file()
    assert (calm.mode, clock(calm.due_ns)) == ("normal", "2026-11-18 16:00:00")


async def test_one_tick_moves_at_most_two_hundred_cases(town: Town) -> None:
    """After a night without the cloud the clock catches up in steps, and each case climbs once a step."""
    asked = Filing(title="屏幕倾斜", level=Level.RED, code="billboard", site="XM-TA-0117")
    await town.work(lambda work: [reportwork.file(work, asked, "wu") for _ in range(AT_ONCE + 5)])
    town.pass_s(60)
    await town.ledger.tick()
    assert len(await told(town, "case.climbed")) == AT_ONCE
    await town.ledger.tick()
    assert len(await told(town, "case.climbed")) == AT_ONCE + 5
    assert not await town.ledger.tick()


async def test_what_nobody_dispatches_climbs_to_who_dispatches(town: Town) -> None:
    """Routing names the unit by hand; a minute after a red board has been filed the command centre is asked, once."""
    [case] = await town.says("XM-SM-0001-T1")
    assert (case.unit, case.person, case.stage) == ("tongan-chengguan", "", "filed")
    await ticks(town, 3)
    after = await town.file_of(case.number)
    assert (after.unit, after.person, after.climbed, after.climb_ns) == ("command-centre", "zhao", 1, None)
    assert await climbs(town, case.number) == ["市指挥中心 赵主任"]
