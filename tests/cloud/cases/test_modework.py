"""Switching the mode: what it ends, the special task it opens, what it does to alarms, and drills."""

from collections.abc import AsyncIterator
from pathlib import Path

import busy_city
import msgspec
import pytest
import small_city
from busy_city import MINUTE_NS, Town, clock

from cloud.alarming import alarmwork
from cloud.alarming.alarmwork import Shelve
from cloud.cases.case_act import Act
from cloud.cases.case_acts import Close, FeedBack, Suspend
from cloud.cases.case_flow import CaseKind, Stage
from cloud.cases.case_ties import Dispute
from cloud.cases.casebook import Casebook
from cloud.cases.modework import Switch
from cloud.city.mode import Mode, ModeError, ModeName
from cloud.tables import audit, modes
from cloud.tables.audit import Wanted
from wire.alarm import Change, Level

NOW = "2026-11-18 10:00"
SIMING = "XM-SM-0001-T1"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """Wednesday, 18 November 2026, 10:00, and nothing has happened."""
    town = busy_city.town(tmp_path, NOW)
    async with town.ledger:
        yield town


async def standing(town: Town) -> list[Mode]:
    """What nobody and nothing has ended."""
    return list(await town.ledger.read(modes.standing))


async def test_a_typhoon_opens_one_task_for_its_billboards(town: Town) -> None:
    """Three billboards in two districts, the command centre's, filed, without a deadline, and not the gas chamber."""
    mode = await town.switch(ModeName.TYPHOON)
    task = await town.file_of(mode.task)
    assert (task.kind, task.stage, task.unit, task.members) == (
        CaseKind.SPECIAL_TASK,
        Stage.FILED,
        "command-centre",
        3,
    )
    assert (task.title, task.title_en) == ("小城防台风巡查，3 处", "Small City: typhoon round of 3 sites")
    assert [part.member for part in task.parts] == ["XM-SM-0001", "XM-SM-0002", "XM-TA-0117"]
    assert (task.due_ns, task.climb_ns, task.code, task.log[0].note) == (None, None, "", "预警 12 号")


async def test_a_district_has_a_task_of_its_own(town: Town) -> None:
    """Tong'an has one billboard; Siming is left alone."""
    mode = await town.switch(ModeName.TYPHOON, district="tongan", is_drill=True)
    task = await town.file_of(mode.task)
    assert (task.title, task.title_en, task.district, task.members, task.is_drill) == (
        "【演练】同安区防台风巡查，1 处",
        "[DRILL] tongan: typhoon round of 1 sites",
        "tongan",
        1,
        True,
    )


@pytest.mark.parametrize("name", [ModeName.WATCH, ModeName.RAIN, ModeName.NORMAL])
async def test_without_sites_of_its_kinds_there_is_no_task(town: Town, name: ModeName) -> None:
    """Watch opens none, rain has no drain or road in this city, and normal times need none."""
    assert (await town.switch(name)).task == ""
    assert not await town.open_cases()


async def test_the_next_switch_ends_the_one_before(town: Town) -> None:
    """In the same place only; the district's goes on when the city's changes."""
    await town.switch(ModeName.WATCH, district="tongan")
    await town.switch(ModeName.WATCH)
    town.pass_s(60)
    await town.switch(ModeName.TYPHOON, Level.RED)
    assert [(mode.district, mode.mode) for mode in await standing(town)] == [("tongan", "watch"), ("", "typhoon")]
    past = await town.ledger.read(lambda connection: modes.latest(connection, 10))
    [ended] = [mode for mode in past if mode.ended_ns]
    assert (ended.mode, ended.ended_by, ended.ended_ns) == ("watch", "zhao", town.now_ns)


async def test_normal_ends_what_stands_and_stands_itself_no_longer(town: Town) -> None:
    """It is kept as an act with its reason, and the special task stays open for people to close."""
    task = (await town.switch(ModeName.TYPHOON)).task
    normal = await town.switch(ModeName.NORMAL, reason="预警解除")
    assert (normal.reason, normal.ended_ns, normal.actor) == ("预警解除", town.now_ns, "zhao")
    assert await standing(town) == []
    assert (await town.file_of(task)).is_open


async def test_a_mode_ends_at_its_time_by_the_clock(town: Town) -> None:
    """After half an hour, by egret; a second earlier it stands."""
    await town.switch(ModeName.TYPHOON, hours=0.5)
    town.pass_s(1_799)
    await town.ledger.tick()
    assert len(await standing(town)) == 1
    town.pass_s(1)
    assert await town.ledger.tick()
    [mode] = await town.ledger.read(lambda connection: modes.latest(connection, 10))
    assert (mode.ended_by, mode.ended_ns) == ("egret", mode.until_ns)
    assert not await town.ledger.tick()


@pytest.mark.parametrize(("facts", "code"), [({"district": "atlantis"}, "E-MODE-001"), ({"reason": " "}, "E-MODE-002")])
async def test_a_refused_switch_ends_nothing(town: Town, facts: dict[str, str], code: str) -> None:
    """What stood stands, and no task is opened."""
    before = await town.switch(ModeName.WATCH)
    with pytest.raises(ModeError) as refused:
        await town.switch(ModeName.TYPHOON, **facts)
    assert (refused.value.code, await standing(town), await town.open_cases()) == (code, [before], [])


async def test_one_gust_is_one_case(town: Town) -> None:
    """Forty alarms of one district in a typhoon, half of them in one moment: one case with forty members."""
    await town.switch(ModeName.TYPHOON, Level.RED)
    for number in range(40):
        town.pass_s(number >= 20)
        await town.says("XM-TA-0117-T1", rule=f"lean-{number}")
    [case] = [case for case in await town.open_cases() if case.kind is CaseKind.EVENT_PART]
    assert (case.members, clock(case.due_ns)) == (40, "2026-11-18 12:00:00")
    assert len(await town.open_members()) == 40 + 3, "and the three sites of the task"


async def test_one_message_is_one_case_too(town: Town) -> None:
    """Both boards of Siming in one transaction: the second joins the case that the first has just opened."""
    await town.switch(ModeName.TYPHOON, Level.RED)
    await town.says(SIMING, "XM-SM-0002-T1")
    [case] = [case for case in await town.open_cases() if case.kind is CaseKind.EVENT_PART]
    assert (case.members, case.site) == (2, "XM-SM-0001")


async def test_districts_are_not_grouped_with_each_other(town: Town) -> None:
    """Siming's board has its own case, and so has what comes half an hour after the first."""
    await town.switch(ModeName.TYPHOON)
    await town.says("XM-TA-0117-T1", SIMING)
    town.now_ns += 30 * MINUTE_NS
    await town.says("XM-SM-0002-T1")
    town.now_ns += 1
    cases = [case for case in await town.open_cases() if case.kind is CaseKind.EVENT_PART]
    assert [(case.site, case.members) for case in cases] == [("XM-TA-0117", 1), ("XM-SM-0001", 2)]


async def test_what_comes_too_late_for_the_group_has_its_own_case(town: Town) -> None:
    """30 min and 1 s after the first, the next board of the district opens another case."""
    await town.switch(ModeName.TYPHOON)
    await town.says(SIMING)
    town.pass_s(1_801)
    await town.says("XM-SM-0002-T1")
    cases = [case for case in await town.open_cases() if case.kind is CaseKind.EVENT_PART]
    assert [case.members for case in cases] == [1, 1]


@pytest.mark.parametrize("act", [Suspend(note="等"), FeedBack(), Close(without_sensor="看过")])
async def test_nothing_joins_a_case_that_nobody_works_on(town: Town, act: Act) -> None:
    """One that is suspended, said to be put right, or closed is not where the next alarm is looked for."""
    await town.switch(ModeName.TYPHOON)
    await town.says("XM-TA-0117-T1", rule="lean")
    [first] = [case for case in await town.open_cases() if case.kind is CaseKind.EVENT_PART]
    await town.do(first.number, act)
    await town.says("XM-TA-0117-T1", rule="sway")
    last = (await town.open_cases())[-1]
    assert (last.number != first.number, last.members, last.stage) == (True, 1, Stage.DISPATCHED)


async def test_nothing_joins_a_case_that_waits_for_a_decision(town: Town) -> None:
    """Of a disputed case nobody is asked: the next board of the gust has a case of its own, and climbs."""
    await town.switch(ModeName.TYPHOON)
    await town.says(SIMING, level=Level.BLUE)
    [disputed] = [case for case in await town.open_cases() if case.kind is CaseKind.EVENT_PART]
    await town.do(disputed.number, Dispute(note="边界不清"))
    await town.says("XM-SM-0002-T1")
    cases = [case for case in await town.open_cases() if case.kind is CaseKind.EVENT_PART]
    assert [(case.level, case.members, case.climb_ns is None) for case in cases] == [
        (Level.BLUE, 1, True),
        (Level.RED, 1, False),
    ]


@pytest.mark.parametrize("is_first_drill", [True, False])
async def test_a_drill_and_a_storm_are_not_grouped(town: Town, *, is_first_drill: bool) -> None:
    """A real alarm never becomes a member of a drill's case, nor the other way round."""
    await town.switch(ModeName.TYPHOON, is_drill=is_first_drill)
    await town.says(SIMING)
    await town.switch(ModeName.NORMAL)
    await town.switch(ModeName.TYPHOON, is_drill=not is_first_drill)
    await town.says("XM-SM-0002-T1")
    cases = [case for case in await town.open_cases() if case.kind is CaseKind.EVENT_PART]
    assert [(case.members, case.is_drill) for case in cases] == [(1, is_first_drill), (1, not is_first_drill)]


async def test_the_mode_of_its_opening_stays_with_a_case(town: Town) -> None:
    """A case of a drill is a drill after the drill."""
    await town.switch(ModeName.WATCH, is_drill=True)
    [case] = await town.says(SIMING)
    await town.switch(ModeName.NORMAL)
    after = await town.file_of(case.number)
    assert (after.is_drill, after.mode) == (True, "watch")


async def test_a_warning_that_changes_its_colour_goes_on_with_its_round(town: Town) -> None:
    """Orange becomes red: the task that is half done is not opened anew; a round never takes the place of a drill's."""
    drill = await town.switch(ModeName.TYPHOON, is_drill=True)
    orange = await town.switch(ModeName.TYPHOON)
    assert orange.task not in {"", drill.task}
    red = await town.switch(ModeName.TYPHOON, level=Level.RED)
    assert red.task == orange.task
    assert len(await standing(town)) == 1


async def test_a_storm_that_comes_in_a_drill_is_no_drill(town: Town) -> None:
    """The district exercises; the city's typhoon holds there too: its alarm is real and has half the time."""
    await town.switch(ModeName.WATCH, district="tongan", is_drill=True)
    await town.switch(ModeName.TYPHOON, Level.RED)
    await town.says("XM-TA-0117-T1")
    [case] = [case for case in await town.open_cases() if case.kind is CaseKind.EVENT_PART]
    assert (case.is_drill, case.mode, clock(case.due_ns)) == (False, "typhoon", "2026-11-18 12:00:00")


async def test_a_drill_ends_no_storm(town: Town) -> None:
    """It is refused in the city and in a district; what stood stands, and no task opens."""
    storm = await town.switch(ModeName.TYPHOON)
    for district in ("", "tongan"):
        with pytest.raises(ModeError, match="E-MODE-004"):
            await town.switch(ModeName.TYPHOON, district=district, is_drill=True)
    assert await standing(town) == [storm]
    assert len(await town.open_cases()) == 1


async def test_a_district_is_normal_while_the_city_is_not(town: Town) -> None:
    """Tong'an lies inland: its red case has 4 h and Siming's 2 h; it is so until the city's mode ends."""
    storm = await town.switch(ModeName.TYPHOON, Level.RED, hours=6.0)
    normal = await town.switch(ModeName.NORMAL, district="tongan", hours=24.0)
    assert (normal.ended_ns, normal.until_ns) == (None, storm.until_ns)
    await town.says("XM-TA-0117-T1", SIMING)
    found = {case.district: clock(case.due_ns) for case in await town.open_cases() if case.kind is CaseKind.EVENT_PART}
    assert found == {"tongan": "2026-11-18 14:00:00", "siming": "2026-11-18 12:00:00"}
    town.pass_s(6 * 3_600)
    await town.ledger.tick()
    assert await standing(town) == []


@pytest.mark.parametrize("name", [ModeName.TYPHOON, ModeName.NORMAL])
async def test_what_the_city_switches_to_excepts_no_district(town: Town, name: ModeName) -> None:
    """A storm that becomes worse, or ends, ends the exception of a district that was normal, and nothing else of it."""
    await town.switch(ModeName.TYPHOON)
    await town.switch(ModeName.NORMAL, district="tongan")
    await town.switch(ModeName.WATCH, district="siming")
    await town.switch(name, Level.RED)
    assert [mode.district for mode in await standing(town)] == ["siming"] + [""] * (name is ModeName.TYPHOON)


async def test_the_audit_log_says_why_and_for_how_long(town: Town) -> None:
    """Reason, level, end and that it was a drill; of an alarm that is shelved why, which its next act writes over."""
    people = Casebook(town.ledger)
    asked = Switch(mode=ModeName.TYPHOON, level=Level.ORANGE, reason="第 3 次演练", hours=2.0, is_drill=True)
    await people.switch_mode(asked, small_city.person())
    await town.says(SIMING)
    await people.act_on_alarms([f"{SIMING}/lean"], Shelve(note="吊车作业", seconds=600.0), small_city.person())
    told = await town.ledger.read(lambda connection: audit.onward(connection, Wanted()))
    drill, shelf = [line.detail for line in told]
    assert msgspec.json.decode(drill, type=Switch) == asked
    assert shelf == '{"act":"shelve","note":"吊车作业","seconds":600.0}'


async def test_who_follows_hears_of_the_mode_that_ended(town: Town) -> None:
    """The event stream tells of both: the watch that ended, and the typhoon that stands."""
    await town.switch(ModeName.WATCH)
    before = await town.ledger.last_event_id()
    await town.switch(ModeName.TYPHOON)
    told = [event for event in await town.ledger.events_after(before, 10) if event.kind == "mode"]
    assert [msgspec.json.decode(event.data, type=Mode).ended_by for event in told] == ["zhao"]


async def test_what_gets_worse_after_a_drill_has_a_real_case(town: Town) -> None:
    """The drill's case stayed open: the red lean two hours later leaves it, and is told and assessed as its own."""
    await town.switch(ModeName.WATCH, is_drill=True)
    [drill] = await town.says(SIMING, "XM-SM-0002-T1", level=Level.BLUE)
    await town.switch(ModeName.NORMAL)
    town.pass_s(7_200)
    await town.says(SIMING)
    left, real = await town.open_cases()
    assert (left.number, left.is_drill, left.level, left.members, left.alarm) == (drill.number, True, Level.BLUE, 1, "")
    assert (left.log[-1].act, left.log[-1].note) == ("leave", f"{SIMING}/lean is no drill any more")
    assert (real.is_drill, real.level, real.alarm, real.mode) == (False, Level.RED, f"{SIMING}/lean", "normal")
    assert await town.open_members() == [(drill.number, "XM-SM-0002-T1/lean"), (real.number, f"{SIMING}/lean")]
    assert [notice.kind for notice in await town.notices()] == ["case.opened", "case.opened"]


async def test_what_is_raised_again_after_a_drill_has_a_real_case(town: Town) -> None:
    """Cleared when the exercise was over, and raised anew; what only returns to normal stays the drill's."""
    await town.switch(ModeName.WATCH, is_drill=True)
    [drill] = await town.says(SIMING)
    await town.switch(ModeName.NORMAL)
    [same] = await town.says(SIMING, change=Change.CLEARED)
    assert (same.number, same.log[-1].act) == (drill.number, "cleared")
    cases = await town.says(SIMING)
    assert [(case.is_drill, case.members) for case in cases] == [(True, 0), (False, 1)]


async def test_a_shelf_that_ends_after_a_drill_has_a_real_case(town: Town) -> None:
    """Shelved in the exercise: when it stands again it is nobody's exercise."""
    await town.switch(ModeName.WATCH, is_drill=True, hours=0.5)
    await town.says(SIMING)
    shelve = Shelve(note="演练", seconds=3_600)
    await town.work(lambda work: alarmwork.do(work, f"{SIMING}/lean", shelve, "wu", small_city.anybody))
    town.pass_s(3_600)
    await town.ledger.tick()
    assert [case.is_drill for case in await town.open_cases()] == [True, False]
