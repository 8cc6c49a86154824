"""An act in its transaction: what is refused changes nothing, whoever is second is told, and sensors are asked."""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import busy_city
import legal_acts
import msgspec
import pytest
from busy_city import Town, at
from sqlalchemy import select

from cloud.cases import casework
from cloud.cases.case_act import Act, word
from cloud.cases.case_acts import Accept, Close, Dispatch, FeedBack, Note, Resume, SendBack, Suspend, Verify
from cloud.cases.case_flow import Case, Outcome
from cloud.cases.case_ties import Dispute, Merge, Split
from cloud.city.mode import ModeName
from cloud.reporting.reports import Report, State
from cloud.schema.base import metadata
from wire.alarm import Change, Level
from wire.errors import BadAct, CaseError, EgretError, NoSuchCase, StaleCase

NOW = "2026-11-18 10:00"
TONGAN, SIMING = "XM-TA-0117-T1", "XM-SM-0001-T1"
WAYS: dict[str, Sequence[Act]] = {
    "dispatched": (),
    "handling": (Accept(),),
    "fed_back": (FeedBack(),),
    "verification": (FeedBack(), Verify()),
    "closed": (Close(),),
    "dispatched suspended": (Suspend(note="等"),),
    "handling suspended": (Accept(), Suspend(note="等")),
    "fed_back suspended": (FeedBack(), Suspend(note="等")),
    "verification suspended": (FeedBack(), Verify(), Suspend(note="等")),
}
PLACES = ("reported", "filed", "filed suspended", *WAYS, "coordination", "special task")


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """Wednesday, 18 November 2026, 10:00, and nothing has happened."""
    town = busy_city.town(tmp_path, NOW)
    async with town.ledger:
        yield town


def report(**facts: object) -> Report:
    """A camera sees something."""
    told = {"key": "C-1", "state": State.RAISED, "time_ns": at(NOW), "level": Level.RED, "title": "占道"}
    return msgspec.convert(told | facts, Report)


async def brought_to(town: Town, place: str) -> str:
    """The number of a case that stands there."""
    if place == "reported":
        return (await town.report(report())).number
    if place == "special task":
        return (await town.switch(ModeName.TYPHOON)).task
    if place.startswith("filed"):
        case = await town.file(site="XM-SM-0001")
        if "suspended" in place:
            await town.do(case.number, Suspend(note="等"))
        return case.number
    case = await town.file()
    if place == "coordination":
        await town.do(case.number, Dispute(note="x"))
        return (await town.open_cases())[-1].number
    for act in WAYS[place]:
        await town.do(case.number, act)
    return case.number


async def everything(town: Town) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for table in metadata.sorted_tables:
        wanted = select(table)
        read = await town.ledger.read(lambda connection, wanted=wanted: connection.execute(wanted).all())
        found[table.name] = sorted((tuple(row) for row in read), key=repr)
    return found


@pytest.mark.parametrize("place", PLACES)
async def test_what_is_refused_changes_nothing(town: Town, place: str) -> None:
    """Every act that is not legal where a case stands is refused with its code, and no row of any table differs."""
    number = await brought_to(town, place)
    case = await town.file_of(number)
    before = await everything(town)
    refused = 0
    for act in legal_acts.EXAMPLES:
        if word(type(act)) in legal_acts.legal(case):
            continue
        with pytest.raises(CaseError) as error:
            await town.do(number, act)
        assert error.value.code == ("E-CASE-002" if place == "closed" else "E-CASE-003"), act
        refused += 1
    assert refused == len(legal_acts.EXAMPLES) - len(legal_acts.legal(case))
    assert await everything(town) == before


async def test_the_second_of_two_operators_is_told(town: Town) -> None:
    """Both saw version 3; the first dispatches, the second is told who was first, and nothing else happens."""
    case = await town.file()
    await town.do(case.number, Accept(), "lin", version=case.version)
    before = await everything(town)
    with pytest.raises(StaleCase, match=r"has changed since you read it: lin did accept\.") as refused:
        await town.do(case.number, Dispatch(unit="tongan-chengguan"), "chen", version=case.version)
    assert (refused.value.code, await everything(town)) == ("E-CASE-007", before)
    after = await town.do(case.number, Note(note="x"), version=case.version + 1)
    assert after.version == case.version + 2


async def test_what_an_alarm_wrote_makes_it_stale_too(town: Town) -> None:
    """Who closes a case that became worse in the meantime is told first."""
    [case] = await town.says(TONGAN, level=Level.BLUE)
    await town.says(TONGAN, level=Level.RED)
    with pytest.raises(StaleCase, match="egret did raised"):
        await town.do(case.number, Close(without_sensor="看过"), version=case.version)


async def test_there_is_no_such_case(town: Town) -> None:
    """Also as what another is merged into: nothing changes."""
    case = await town.file()
    with pytest.raises(NoSuchCase):
        await town.do("20260101-00001", Accept())
    before = await everything(town)
    with pytest.raises(NoSuchCase):
        await town.do(case.number, Merge(into="20260101-00001"))
    assert await everything(town) == before


async def test_photos_are_those_of_the_case(town: Town) -> None:
    """The hash of a photo that nobody uploaded to this case is refused."""
    case = await town.file()
    with pytest.raises(BadAct, match="not all of these photos") as refused:
        await town.do(case.number, FeedBack(photos=("0" * 64,)))
    assert refused.value.code == "E-CASE-014"


async def test_the_permit_is_asked_for_both_cases_of_a_merge(town: Town) -> None:
    """Who may not touch the other case merges nothing into it."""
    first, second = await town.says(SIMING, TONGAN)

    def only_second(case: Case, act: Act) -> None:
        if case.number != second.number:
            raise EgretError("not yours", code="E-TEST-001")

    before = await everything(town)
    with pytest.raises(EgretError, match="not yours"):
        await town.work(
            lambda work: casework.do(
                work, second.number, Merge(into=first.number), "lin", only_second, version=None, last_seen={}
            )
        )
    assert await everything(town) == before


@pytest.mark.parametrize(
    ("cleared_s_ago", "seen_s_ago", "told"),
    [
        (None, 1, "XM-TA-0117-T1/lean is still red"),
        (180, 1, "XM-TA-0117-T1/lean is good for 180 s of 600 s"),
        (599, 1, "is good for 599 s of 600 s"),
        (900, None, r"XM-TA-0117-T1 \(tilt\) has given no reading"),
        (900, 601, r"XM-TA-0117-T1 \(tilt\) is silent for 601 s"),
        (900, 600, ""),
        (600, 0, ""),
    ],
)
async def test_a_case_is_closed_on_the_sensors_word(
    town: Town, cleared_s_ago: int | None, seen_s_ago: int | None, told: str
) -> None:
    """The alarm must have been normal for 10 min and the sensor must speak, or a person says why not."""
    [case] = await town.says(TONGAN)
    if cleared_s_ago is not None:
        await town.says(TONGAN, change=Change.CLEARED)
        town.pass_s(cleared_s_ago)
    seen = {} if seen_s_ago is None else {(TONGAN, "tilt"): town.now_ns - seen_s_ago * busy_city.SECOND_NS}
    if told:
        for blank in ("", " \n"):
            with pytest.raises(BadAct, match=told) as refused:
                await town.do(case.number, Close(note="好了", without_sensor=blank), last_seen=seen)
            assert refused.value.code == "E-CASE-009"
        assert (await town.file_of(case.number)).is_open
        closed = await town.do(case.number, Close(note="好了", without_sensor="到场看过"), last_seen=seen)
        assert closed.log[-1].note == "好了 [without the sensor: 到场看过]"
    else:
        closed = await town.do(case.number, Close(note="好了"), last_seen=seen)
        assert closed.log[-1].note == "好了"
    assert (closed.outcome, await town.open_members()) == (Outcome.HANDLED, [])


async def test_every_sensor_of_a_case_is_asked(town: Town) -> None:
    """Two boards in one case: the doubts of both are told, and one that was split off is not asked any more."""
    first, second = await town.says(SIMING, TONGAN)
    await town.do(second.number, Merge(into=first.number))
    await town.says(SIMING, change=Change.CLEARED)
    town.pass_s(900)
    with pytest.raises(BadAct, match=rf"{SIMING} \(tilt\) has given no reading; {TONGAN}/lean is still red"):
        await town.do(first.number, Close())
    seen = {(SIMING, "tilt"): town.now_ns}
    await town.do(first.number, Split(members=(f"{TONGAN}/lean",)))
    assert not (await town.do(first.number, Close(), last_seen=seen)).is_open


async def test_an_alarm_that_returns_never_closes_a_case(town: Town) -> None:
    """A day after it cleared the case is as open as before, with one line more."""
    [case] = await town.says(TONGAN)
    [after] = await town.says(TONGAN, change=Change.CLEARED)
    assert (after.stage, after.log[-1].act, after.version) == (case.stage, "cleared", case.version + 1)
    town.pass_s(86_400)
    await town.ledger.tick()
    assert (await town.file_of(case.number)).is_open


async def test_a_case_without_alarms_needs_no_sensor(town: Town) -> None:
    """What a person filed a person closes."""
    case = await town.file()
    assert not (await town.do(case.number, Close())).is_open


async def test_after_the_end_a_new_alarm_opens_a_new_case(town: Town) -> None:
    """Raised again after closing: another number, and the closed one is as it was."""
    [case] = await town.says(TONGAN)
    await town.do(case.number, Close(without_sensor="看过"))
    closed = await town.file_of(case.number)
    await town.says(TONGAN, change=Change.CLEARED)
    town.pass_s(60)
    [fresh] = await town.says(TONGAN)
    assert fresh.number != case.number
    assert await town.file_of(case.number) == closed


async def test_who_is_asked_again_is_told(town: Town) -> None:
    """Dispatch and rework each make a notice of their own, with the case as it is then."""
    case = await town.file()
    await town.do(case.number, FeedBack())
    await town.do(case.number, SendBack(note="还在晃"))
    await town.do(case.number, Dispatch(unit="tongan-chengguan"))
    told = [notice for notice in await town.notices() if notice.kind == "case.dispatched"]
    assert [json.loads(notice.body)["data"]["person"] for notice in told] == ["wang", "su"]
    assert len({notice.id for notice in told}) == 2


async def test_a_suspended_case_hears_its_alarm(town: Town) -> None:
    """Time stands still, the sensor does not: a worse level is written down and told, and nothing climbs."""
    [case] = await town.says(TONGAN, level=Level.BLUE)
    await town.do(case.number, Suspend(note="等"))
    [after] = await town.says(TONGAN, level=Level.RED)
    assert (after.level, after.climb_ns, after.overdue_ns) == (Level.RED, None, None)
    town.pass_s(30 * 86_400)
    await town.ledger.tick()
    assert (await town.file_of(case.number)).version == after.version
    resumed = await town.do(case.number, Resume())
    assert resumed.due_ns == town.now_ns + 4 * busy_city.HOUR_NS


async def test_what_became_worse_while_suspended_has_no_more_time_than_a_new_case(town: Town) -> None:
    """Red after three days of suspension: an hour later 4 h are left when it is resumed, and a minute to accept."""
    [case] = await town.says(TONGAN, level=Level.BLUE)
    await town.do(case.number, Suspend(note="等"))
    town.pass_s(3 * 86_400)
    await town.says(TONGAN, level=Level.RED)
    town.pass_s(3_600)
    resumed = await town.do(case.number, Resume())
    assert resumed.due_ns == town.now_ns + 4 * busy_city.HOUR_NS
    assert resumed.climb_ns == resumed.accept_due_ns == town.now_ns + busy_city.MINUTE_NS


async def test_what_was_late_in_working_time_is_late_after_a_suspension(town: Town) -> None:
    """Yellow, two working days, suspended a week too late and resumed: it is late still, and told so once more."""
    case = await town.file(Level.YELLOW)
    town.pass_s(9 * 86_400)
    await town.do(case.number, Suspend(note="等"))
    town.pass_s(86_400)
    resumed = await town.do(case.number, Resume())
    assert resumed.due_ns is not None
    assert resumed.due_ns < town.now_ns
    assert resumed.overdue_ns == resumed.due_ns
