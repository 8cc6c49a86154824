"""Cases that are tied together: merged and split, disputed and decided, duplicates, and the sites of a special task."""

from collections.abc import AsyncIterator
from pathlib import Path

import busy_city
import pytest
from busy_city import Town, clock
from sqlalchemy import select

from cloud.cases.case_acts import Accept, Close, Dispatch, FeedBack, File, Refuse, Resume, Suspend
from cloud.cases.case_flow import Case, CaseKind, Outcome, Stage
from cloud.cases.case_ties import Decide, Dispute, Done, Duplicate, Merge, Split
from cloud.city.mode import ModeName
from cloud.reporting.reports import Report, State
from cloud.schema.alarms import alarms
from wire.alarm import Change, Level
from wire.errors import BadAct, WrongStage

NOW = "2026-11-18 10:00"
BOARDS = tuple(f"XM-TA-0117-T{number}" for number in range(1, 41))
TONGAN, SIMING, SQUARE = "XM-TA-0117-T1", "XM-SM-0001-T1", "XM-SM-0002-T1"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """Wednesday, 18 November 2026, 10:00, and nothing has happened."""
    town = busy_city.town(tmp_path, NOW)
    async with town.ledger:
        yield town


async def case_of(town: Town, alarm: str) -> str:
    """The number that an alarm points to."""
    wanted = select(alarms.c.case).where(alarms.c.id == alarm)
    return str(await town.ledger.read(lambda connection: connection.execute(wanted).scalar_one()))


async def test_forty_cases_become_one_with_forty_members(town: Town) -> None:
    """One gust, forty boards: 39 are merged into the first, and every alarm points to it."""
    first, *others = await town.says(*BOARDS)
    for other in others:
        merged = await town.do(other.number, Merge(into=first.number, note="同一阵风"))
        assert (merged.outcome, merged.related, merged.members) == (Outcome.MERGED, first.number, 0)
    [left] = await town.open_cases()
    file = await town.file_of(first.number)
    assert (left.number, left.members, len(busy_city.members(file))) == (first.number, 40, 40)
    assert await town.open_members() == sorted((first.number, f"{board}/lean") for board in BOARDS)
    assert {await case_of(town, f"{board}/lean") for board in BOARDS} == {first.number}
    assert file.log[-1].note == f"← {others[-1].number} 同一阵风"


async def test_the_next_event_goes_where_the_alarm_went(town: Town) -> None:
    """After a merge the alarm speaks to the case that goes on, and the merged one hears nothing any more."""
    first, second = await town.says(SIMING, TONGAN, level=Level.BLUE)
    await town.do(second.number, Merge(into=first.number))
    before = await town.file_of(second.number)
    [case] = await town.says(TONGAN, level=Level.RED)
    assert (case.number, case.level, case.log[-1].note[:40]) == (
        first.number,
        Level.RED,
        "XM-TA-0117-T1/lean raised red: tilt 2.17",
    )
    assert await town.file_of(second.number) == before


async def test_a_merge_takes_the_worse_level_and_its_time(town: Town) -> None:
    """A red case merged into a blue one: the blue one is red, is due in 4 h, and people hear of it."""
    blue, red = [(await town.says(SIMING, level=Level.BLUE))[-1], (await town.says(TONGAN))[-1]]
    await town.do(red.number, Merge(into=blue.number))
    [case] = await town.open_cases()
    assert (case.level, clock(case.due_ns)) == (Level.RED, "2026-11-18 14:00:00")
    kinds = [notice.kind for notice in await town.notices()]
    assert kinds == ["case.opened", "case.opened", "case.closed", "case.escalated"]


async def test_what_was_merged_can_be_split_again(town: Town) -> None:
    """There and back: the alarm has a case of its own with its own name, place, unit and deadlines, filed anew."""
    first, second = await town.says(SIMING, TONGAN)
    await town.do(second.number, Merge(into=first.number))
    town.pass_s(600)
    await town.do(first.number, Split(members=(f"{TONGAN}/lean",), note="另一块牌"))
    kept, apart = await town.open_cases()
    assert (kept.number, kept.members, kept.title) == (first.number, 1, first.title)
    assert (apart.related, apart.members, apart.title, apart.site) == (
        first.number,
        1,
        second.title,
        "XM-TA-0117",
    )
    assert (apart.unit, apart.stage, apart.district) == ("tongan-ads", Stage.DISPATCHED, "tongan")
    assert (clock(apart.filed_ns), clock(apart.due_ns)) == ("2026-11-18 10:10:00", "2026-11-18 14:10:00")
    assert apart.opened_ns == first.opened_ns
    assert apart.log[0].note == f"← {first.number} 另一块牌"
    assert await case_of(town, f"{TONGAN}/lean") == apart.number
    assert await town.open_members() == [(first.number, f"{SIMING}/lean"), (apart.number, f"{TONGAN}/lean")]
    await town.says(TONGAN, change=Change.CLEARED)
    assert (await town.file_of(apart.number)).log[-1].act == "cleared"
    assert len((await town.file_of(first.number)).log) == len(kept.log)


async def test_a_member_may_come_and_go_and_come(town: Town) -> None:
    """Merged, split off, merged again: it is one open member of the one case."""
    first, second = await town.says(SIMING, TONGAN)
    await town.do(second.number, Merge(into=first.number))
    await town.do(first.number, Split(members=(f"{TONGAN}/lean",)))
    apart = (await town.open_cases())[-1]
    await town.do(apart.number, Merge(into=first.number))
    assert await town.open_members() == [(first.number, f"{SIMING}/lean"), (first.number, f"{TONGAN}/lean")]
    assert (await town.file_of(first.number)).members == 2


async def test_a_case_that_loses_its_first_member_is_called_after_the_next(town: Town) -> None:
    """The site in title, place and alarm is one that still belongs to it: nobody is sent to the other board."""
    first, second = await town.says(SIMING, TONGAN)
    await town.do(second.number, Merge(into=first.number))
    await town.do(first.number, Split(members=(f"{SIMING}/lean",)))
    kept, apart = await town.open_cases()
    assert (kept.number, kept.site, kept.alarm, kept.sensor) == (first.number, "XM-TA-0117", f"{TONGAN}/lean", TONGAN)
    assert (kept.title, kept.district, kept.latitude) == (second.title, "tongan", 24.7272)
    assert (apart.title, apart.site) == (first.title, "XM-SM-0001")


async def test_a_part_is_split_off_with_the_level_it_has_by_now(town: Town) -> None:
    """A blue alarm that turned red inside the case is a red case when it leaves, with 4 h."""
    first, second = await town.says(SIMING, TONGAN, level=Level.BLUE)
    await town.do(second.number, Merge(into=first.number))
    await town.says(TONGAN, level=Level.RED)
    await town.do(first.number, Split(members=(f"{TONGAN}/lean",)))
    apart = (await town.open_cases())[-1]
    assert (apart.level, clock(apart.due_ns)) == (Level.RED, "2026-11-18 14:00:00")


async def test_what_is_split_off_a_drill_is_a_drill(town: Town) -> None:
    """Also after the exercise: nobody is sent out in earnest because a list was put in order."""
    await town.switch(ModeName.WATCH, is_drill=True)
    [case] = await town.says(SIMING, SQUARE)
    await town.switch(ModeName.NORMAL)
    await town.do(case.number, Split(members=(f"{SQUARE}/lean",)))
    assert [(one.is_drill, one.mode) for one in await town.open_cases()] == [(True, "watch"), (True, "watch")]


async def test_a_case_split_in_its_last_stage_begins_at_the_first(town: Town) -> None:
    """What was accepted, fed back, extended or climbed in the whole is not so in the part."""
    first, second = await town.says(TONGAN, SIMING)
    await town.do(second.number, Merge(into=first.number))
    await town.do(first.number, FeedBack())
    await town.do(first.number, Split(members=(f"{SIMING}/lean",)))
    apart = (await town.open_cases())[-1]
    assert (apart.stage, apart.unit) == (Stage.FILED, "tongan-chengguan")
    assert (apart.fed_back_ns, apart.accepted_ns, apart.verify_due_ns, apart.accept_due_ns) == (None,) * 4
    assert (apart.reworked, apart.extended, apart.climbed, apart.suspended_for_ns) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ((f"{TONGAN}/lean",), "keeps at least one member"),
        ((f"{SIMING}/lean",), "XM-SM-0001-T1/lean is no open member"),
        (("nothing", f"{TONGAN}/lean"), "nothing is no open member"),
    ],
)
async def test_what_is_not_in_a_case_is_not_split_off(town: Town, members: tuple[str, ...], told: str) -> None:
    """Nor the last member; and nothing has changed."""
    [case, _] = await town.says(TONGAN, SIMING)
    with pytest.raises(BadAct, match=told) as refused:
        await town.do(case.number, Split(members=members))
    assert refused.value.code == "E-CASE-010"
    assert await town.file_of(case.number) == case


async def test_a_member_named_twice_is_split_off_once(town: Town) -> None:
    """The count of members stays right."""
    first, second = await town.says(SIMING, TONGAN)
    await town.do(second.number, Merge(into=first.number))
    await town.do(first.number, Split(members=(f"{TONGAN}/lean", f"{TONGAN}/lean")))
    assert [case.members for case in await town.open_cases()] == [1, 1]


async def test_what_was_filed_goes_into_no_case_whose_time_stands_still(town: Town) -> None:
    """In a mere report it could be dismissed with its alarm standing; in a suspended case it would be late never."""
    [lean] = await town.says(TONGAN)
    seen = Report(key="C-1", state=State.RAISED, time_ns=town.now_ns, level=Level.BLUE, title="屏幕歪了")
    report = await town.report(seen)
    with pytest.raises(BadAct, match=f"{report.number} is only reported") as refused:
        await town.do(lean.number, Merge(into=report.number))
    assert (refused.value.code, (await town.file_of(lean.number)).is_open) == ("E-CASE-017", True)
    await town.do(report.number, File())
    await town.do(report.number, Suspend(note="等"))
    with pytest.raises(BadAct, match=f"{report.number} is suspended"):
        await town.do(lean.number, Merge(into=report.number))
    await town.do(report.number, Resume())
    assert (await town.do(lean.number, Merge(into=report.number))).outcome is Outcome.MERGED


async def test_merging_needs_another_open_case_of_the_kind(town: Town) -> None:
    """Not itself, not a closed one, not a coordination matter, and no drill with what is none."""
    first, second = await town.says(SIMING, TONGAN)
    await town.do(first.number, Dispute(note="边界不清"))
    matter = (await town.open_cases())[-1]
    closed = await town.file()
    await town.do(closed.number, Close())
    await town.switch(ModeName.WATCH, is_drill=True)
    drill = await town.file()
    for number in (second.number, matter.number, closed.number, drill.number):
        with pytest.raises(BadAct) as refused:
            await town.do(second.number, Merge(into=number))
        assert refused.value.code == "E-CASE-011"
    assert (await town.file_of(second.number)).is_open


async def test_a_duplicate_has_no_alarms(town: Town) -> None:
    """A case that a person filed twice ends as a duplicate; one with alarms is merged instead."""
    [sensor] = await town.says(TONGAN)
    person = await town.file()
    with pytest.raises(BadAct, match="use merge") as refused:
        await town.do(sensor.number, Duplicate(of=person.number))
    assert refused.value.code == "E-CASE-012"
    twin = await town.do(person.number, Duplicate(of=sensor.number, note="市民电话"))
    assert (twin.outcome, twin.related, twin.stage) == (Outcome.DUPLICATE, sensor.number, Stage.CLOSED)
    assert [case.number for case in await town.open_cases()] == [sensor.number]
    assert (await town.file_of(sensor.number)).version == sensor.version


async def disputed(town: Town) -> tuple[Case, Case]:
    """A case and the coordination matter about it."""
    [case] = await town.says(TONGAN)
    await town.do(case.number, Accept(), "lin")
    await town.do(case.number, Dispute(note="属于市政"), "lin")
    kept, matter = await town.open_cases()
    return kept, matter


async def test_a_dispute_opens_a_matter_with_the_history(town: Town) -> None:
    """The command centre gets a coordination matter; it tells what happened so far, and why."""
    case, matter = await disputed(town)
    assert (matter.kind, matter.related, matter.unit, matter.stage) == (
        CaseKind.COORDINATION,
        case.number,
        "command-centre",
        Stage.FILED,
    )
    assert matter.title == f"协调：{case.title}"
    told = [(line.actor, line.act) for line in (await town.file_of(matter.number)).log]
    assert told == [
        ("egret", "raised"),
        ("egret", "file"),
        ("egret", "dispatch"),
        ("lin", "accept"),
        ("lin", "dispute"),
        ("egret", "file"),
    ]
    assert (case.stage, case.climb_ns, clock(case.due_ns)) == (Stage.HANDLING, None, "2026-11-18 14:00:00")
    assert (matter.due_ns, await case_of(town, f"{TONGAN}/lean")) == (None, case.number)


async def test_a_matter_has_all_of_a_long_history(town: Town) -> None:
    """An alarm came and went fifty times: who decides still reads who reported and dispatched it at first."""
    [case] = await town.says(TONGAN)
    for _ in range(25):
        await town.says(TONGAN, change=Change.CLEARED)
        await town.says(TONGAN)
    await town.do(case.number, Dispute(note="不是我们的"))
    told = (await town.file_of((await town.open_cases())[-1].number)).log
    assert ([line.act for line in told][:4], len(told)) == (["raised", "file", "dispatch", "cleared"], 3 + 50 + 2)


async def test_a_dispute_about_a_drill_is_a_drill(town: Town) -> None:
    """Whoever decides it decides in the exercise."""
    await town.switch(ModeName.WATCH, is_drill=True)
    _, matter = await disputed(town)
    await town.switch(ModeName.NORMAL)
    assert (matter.is_drill, matter.mode) == (True, "watch")


async def test_a_decision_dispatches_the_case(town: Town) -> None:
    """The matter ends; the case is with the unit that was named, its person on duty is told, and it climbs again."""
    case, matter = await disputed(town)
    town.pass_s(300)
    decided = await town.do(matter.number, Decide(unit="tongan-chengguan", note="按属地"), "zhao")
    after = await town.file_of(case.number)
    assert (decided.stage, decided.outcome, decided.unit) == (Stage.CLOSED, Outcome.HANDLED, "tongan-chengguan")
    assert (after.stage, after.unit, after.person) == (Stage.DISPATCHED, "tongan-chengguan", "su")
    assert after.log[-1].note == f"→ 同安区城管局 苏科长 [{matter.number}] 按属地"
    assert (after.accepted_ns, clock(after.climb_ns)) == (None, "2026-11-18 10:06:00")
    assert {"case.dispatched", "case.closed"} <= {notice.kind for notice in await town.notices()}


async def test_a_decision_needs_a_unit_that_there_is(town: Town) -> None:
    """A unit nobody knows: the matter stays open, and the case as it was."""
    case, matter = await disputed(town)
    with pytest.raises(BadAct) as refused:
        await town.do(matter.number, Decide(unit="shizheng", note="归市政"))
    assert refused.value.code == "E-CASE-006"
    assert (await town.file_of(matter.number)).is_open
    assert (await town.file_of(case.number)).version == case.version


async def test_one_dispute_at_a_time(town: Town) -> None:
    """While a matter is open a second dispute is refused with its number; after the decision it is not."""
    case, matter = await disputed(town)
    with pytest.raises(BadAct, match=matter.number) as refused:
        await town.do(case.number, Dispute(note="还是不是我们的"))
    assert refused.value.code == "E-CASE-015"
    await town.do(matter.number, Decide(unit="tongan-ads", note="就是你们的"))
    await town.do(case.number, Dispute(note="不服"))
    assert len(await town.open_cases()) == 2


async def test_a_decision_takes_no_work_away(town: Town) -> None:
    """A case that was put right, or suspended, meanwhile is not dispatched; once it is closed the matter just ends."""
    case, matter = await disputed(town)
    await town.do(case.number, FeedBack(), "lin")
    with pytest.raises(WrongStage, match="fed_back") as refused:
        await town.do(matter.number, Decide(unit="tongan-chengguan", note="x"))
    assert refused.value.code == "E-CASE-003"
    await town.do(case.number, Suspend(note="等"))
    with pytest.raises(WrongStage, match="suspended"):
        await town.do(matter.number, Decide(unit="tongan-chengguan", note="x"))
    assert (await town.file_of(case.number)).stage is Stage.FED_BACK
    other = await town.file()
    await town.do(other.number, Dispute(note="x"))
    await town.do(other.number, Close())
    last = (await town.open_cases())[-1]
    await town.do(last.number, Decide(unit="tongan-ads", note="已结案"))
    assert (await town.file_of(other.number)).outcome is Outcome.HANDLED


async def test_a_disputed_case_may_be_dispatched_or_refused_by_hand(town: Town) -> None:
    """The command centre need not wait for the matter."""
    case, _ = await disputed(town)
    assert (await town.do(case.number, Refuse(note="先退"))).stage is Stage.FILED
    assert (await town.do(case.number, Dispatch(unit="tongan-ads"))).climb_ns is not None


async def test_the_sites_of_a_special_task_are_finished_one_by_one(town: Town) -> None:
    """Three billboards in a typhoon: who finished which and when, the count, and closing when all are done."""
    mode = await town.switch(ModeName.TYPHOON)
    task = await town.file_of(mode.task)
    assert (task.members, task.done, task.title) == (3, 0, "小城防台风巡查，3 处")
    town.pass_s(60)
    await town.do(task.number, Done(site="XM-SM-0001", note="牢固"), "chen")
    file = await town.file_of(task.number)
    [finished] = [part for part in file.parts if part.done_ns]
    assert (finished.member, finished.done_by, finished.note, clock(finished.done_ns)) == (
        "XM-SM-0001",
        "chen",
        "牢固",
        "2026-11-18 10:01:00",
    )
    assert (file.done, file.log[-1].note) == (1, "XM-SM-0001 牢固")
    with pytest.raises(BadAct, match="2 of 3 sites are not finished") as refused:
        await town.do(task.number, Close())
    assert refused.value.code == "E-CASE-008"
    for site in ("XM-SM-0002", "XM-TA-0117"):
        await town.do(task.number, Done(site=site))
    assert (await town.do(task.number, Close())).done == 3


@pytest.mark.parametrize(("site", "told"), [("XM-SM-0001", "finished already"), ("XM-SM-G01", "not part of it")])
async def test_a_site_is_finished_once_and_only_if_it_is_meant(town: Town, site: str, told: str) -> None:
    """The gas chamber is not on the round for billboards; the count does not rise."""
    task = (await town.switch(ModeName.TYPHOON)).task
    await town.do(task, Done(site="XM-SM-0001"))
    with pytest.raises(BadAct, match=told) as refused:
        await town.do(task, Done(site=site))
    assert (refused.value.code, (await town.file_of(task)).done) == ("E-CASE-010", 1)


async def test_a_special_task_may_end_unfinished_with_a_reason(town: Town) -> None:
    """The warning was lifted: the note says so."""
    task = (await town.switch(ModeName.TYPHOON)).task
    closed = await town.do(task, Close(note="预警解除"))
    assert (closed.done, closed.members, await town.open_members()) == (0, 3, [])


async def test_a_coordination_matter_ends_with_a_decision(town: Town) -> None:
    """While its case waits to hear whose it is nobody closes the matter; afterwards there is nothing left to decide."""
    case = await town.file()
    await town.do(case.number, Dispute(note="归市政"))
    [matter] = [one for one in await town.open_cases() if one.related == case.number]
    with pytest.raises(BadAct, match=r"still waits to hear whose it is.*E-CASE-016"):
        await town.do(matter.number, Close(note="x"))
    await town.do(case.number, Close(note="路过时已处理", without_sensor="x"))
    assert (await town.do(matter.number, Close(note="不再需要"))).closed_ns
