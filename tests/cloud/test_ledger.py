"""The ledger: one transaction for an alarm, its case, its notices and its watermark."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
import small_city
from sqlalchemy import Connection

from cloud.cases.case_acts import Close
from cloud.cases.case_flow import Case
from cloud.cases.practice import Practice
from cloud.ledger import Ledger, Taken
from cloud.ports import AlarmPoint
from cloud.tables import cases, events
from wire.alarm import AlarmEvent, Change, Evidence, Level
from wire.alarm_message import AlarmMessage
from wire.clock import ClockState
from wire.errors import CaseClosed, NoSuchCase, Unavailable
from wire.receipt import BoxStatus, Lane

NOW_NS = 1_795_000_000 * small_city.SECOND_NS
"""18 November 2026, 11:06:40 UTC: the evening of the same day in Xiamen."""
BOX, SPOOL = "XM-TA-01", "spool-1"

OpenLedger = Callable[[], Ledger]


@pytest.fixture
def open_ledger(ledger_place: Path | str, tmp_path: Path) -> OpenLedger:
    """Opens the ledger of this test, again and again."""
    city = small_city.inventory(tmp_path)
    return lambda: Ledger(ledger_place, lambda: NOW_NS, Practice(city), ("command-centre",))


@pytest.fixture
async def ledger(open_ledger: OpenLedger) -> AsyncIterator[Ledger]:
    """A ledger in which nothing has happened yet."""
    async with open_ledger() as ledger:
        yield ledger


def event(sequence: int, change: Change = Change.RAISED, level: Level = Level.RED, number: int = 1) -> AlarmEvent:
    """A billboard leans."""
    [lean] = small_city.lean(sequence, NOW_NS - 5 * small_city.SECOND_NS, level, change).events
    evidence = (Evidence(1, 0.031), Evidence(2, None, 4))
    sensor = f"XM-TA-0117-T{number}"
    return msgspec.structs.replace(lean, alarm=f"{sensor}/lean", sensor=sensor, evidence=evidence)


def message(*events: AlarmEvent, trimmed_through: int = 0, spool_id: str = SPOOL) -> AlarmMessage:
    """Of the box XM-TA-01."""
    return AlarmMessage(BOX, spool_id, trimmed_through, events)


def said(case: Case) -> list[str]:
    """What the box said, by the case's log."""
    return [line.note.partition(":")[0] for line in case.log if line.act in set(Change)]


async def close(ledger: Ledger, number: str, actor: str, note: str) -> Case:
    """A person closes a case, whatever its sensor says."""
    act = Close(note=note, without_sensor="seen on the spot")
    return await small_city.act(ledger, number, act, actor)


async def test_a_raised_alarm_opens_one_case(ledger: Ledger) -> None:
    """The alarm, the case with its evidence, the notice and the point for the store are there together."""
    taken = await ledger.take_alarms(message(event(1)))
    [alarm], [case] = await ledger.alarms(), await ledger.open_cases()
    assert taken == Taken(1, (alarm, case))
    assert (case.number, alarm.case, case.alarm) == ("20261118-00001", "20261118-00001", small_city.LEAN)
    assert (await ledger.case(case.number)).evidence == (Evidence(1, 0.031), Evidence(2, None, 4))
    [notice] = await ledger.due("command-centre", NOW_NS, 10)
    assert (notice.notice.id, notice.notice.kind) == ("20261118-00001.opened.red", "case.opened")
    assert json.loads(notice.notice.body)["data"]["alarm"] == small_city.LEAN
    [row] = await ledger.due("store", NOW_NS, 10)
    point = msgspec.json.decode(row.notice.body, type=AlarmPoint)
    assert (point.tags.district, point.event, point.case) == ("tongan", "raised", case.number)


async def test_a_message_again_changes_nothing(ledger: Ledger) -> None:
    """The broker repeats, and a box without a receipt repeats: the receipt is the same, and nothing else happens."""
    await ledger.take_alarms(message(event(1)))
    before = await ledger.last_event_id()
    assert await ledger.take_alarms(message(event(1))) == Taken(1, ())
    assert await ledger.last_event_id() == before


async def test_of_a_message_half_known_the_rest_is_taken(ledger: Ledger) -> None:
    """A box that re-sends from its last receipt sends old and new together."""
    await ledger.take_alarms(message(event(1, level=Level.BLUE)))
    taken = await ledger.take_alarms(message(event(1, level=Level.BLUE), event(2, Change.ESCALATED)))
    assert taken.stored_through == 2
    [case] = await ledger.cases()
    assert said(case) == ["raised blue", "escalated red"]


async def test_beyond_a_hole_nothing_is_taken(ledger: Ledger) -> None:
    """Event 3 without event 2 waits: the receipt for 1 makes the box send both."""
    await ledger.take_alarms(message(event(1)))
    assert await ledger.take_alarms(message(event(3, Change.CLEARED))) == Taken(1, ())
    await ledger.take_alarms(message(event(2, Change.LOWERED, Level.BLUE), event(3, Change.CLEARED)))
    assert [alarm.state.value for alarm in await ledger.alarms()] == ["returned_unacknowledged"]


async def test_a_lost_ledger_goes_on_where_the_box_was_trimmed(ledger: Ledger) -> None:
    """A new ledger cannot ask for what the box has dropped on an old receipt."""
    taken = await ledger.take_alarms(message(event(42, Change.ESCALATED), trimmed_through=41))
    assert taken.stored_through == 42
    assert len(await ledger.open_cases()) == 1


async def test_a_new_spool_counts_from_one_again(ledger: Ledger) -> None:
    """A box that lost its spool raises what still stands; the case stays the one it is."""
    await ledger.take_alarms(message(event(1)))
    await ledger.take_alarms(message(event(1), spool_id="spool-2"))
    [case] = await ledger.cases()
    assert said(case) == ["raised red", "raised red"]


async def test_an_alarm_that_clears_never_closes_its_case(ledger: Ledger) -> None:
    """It is raised again into the same open case; after a person has closed that, into a new one."""
    await ledger.take_alarms(message(event(1), event(2, Change.CLEARED), event(3)))
    [case] = await ledger.open_cases()
    await close(ledger, case.number, "wang", "re-anchored")
    assert await ledger.open_cases() == []
    await ledger.take_alarms(message(event(4, Change.CLEARED), event(5)))
    assert [case.number for case in await ledger.open_cases()] == ["20261118-00002"]


async def test_worse_than_a_person_closed_it_opens_a_new_case(ledger: Ledger) -> None:
    """Who closed a blue case has not seen the red: the danger must not stay without a case. Milder is no news."""
    await ledger.take_alarms(message(event(1, level=Level.ORANGE)))
    await close(ledger, "20261118-00001", "wang", "seen")
    await ledger.take_alarms(message(event(2, Change.LOWERED, Level.BLUE)))
    assert await ledger.open_cases() == []
    await ledger.take_alarms(message(event(3, Change.ESCALATED, Level.RED)))
    [case] = await ledger.open_cases()
    assert (case.number, case.level) == ("20261118-00002", Level.RED)


async def test_receivers_hear_of_opening_escalation_and_closing(ledger: Ledger) -> None:
    """Each once, with an id of its own; a lower level is not worth a message."""
    changes = [(Change.RAISED, Level.BLUE), (Change.ESCALATED, Level.RED), (Change.LOWERED, Level.BLUE)]
    await ledger.take_alarms(message(*(event(at, *change) for at, change in enumerate(changes, 1))))
    await close(ledger, "20261118-00001", "wang", "")
    assert [row.notice.id for row in await ledger.due("command-centre", NOW_NS, 10)] == [
        "20261118-00001.opened.blue",
        "20261118-00001.escalated.red",
        "20261118-00001.closed.red",
    ]


async def test_a_hundred_alarms_in_one_message(ledger: Ledger) -> None:
    """A gust leans a hundred billboards: a hundred cases with different numbers."""
    taken = await ledger.take_alarms(message(*(event(at, number=at) for at in range(1, 101))))
    assert (taken.stored_through, len(taken.changes)) == (100, 200)
    assert len({case.number for case in await ledger.open_cases()}) == 100


async def test_alarms_are_listed_worst_first(ledger: Ledger) -> None:
    """And of a level the longest standing."""
    levels = [Level.BLUE, Level.RED, Level.ORANGE]
    await ledger.take_alarms(message(*(event(at, level=level, number=at) for at, level in enumerate(levels, 1))))
    assert [alarm.level for alarm in await ledger.alarms()] == [Level.RED, Level.ORANGE, Level.BLUE]


async def test_cases_are_paged_by_their_numbers(ledger: Ledger) -> None:
    """The newest first; the next page begins below the last number."""
    await ledger.take_alarms(message(*(event(at, number=at) for at in range(1, 6))))
    first = await ledger.cases(limit=2)
    second = await ledger.cases(limit=2, after=first[-1].number)
    assert [case.number[-1] for case in [*first, *second]] == ["5", "4", "3", "2"]


async def test_lists_show_the_end_of_a_long_log(ledger: Ledger) -> None:
    """An alarm that chatters for a week makes no list heavy; the case itself has every line."""
    lines = cases.LOG_TAIL + 10
    changes = [Change.RAISED, Change.CLEARED] * (lines // 2)
    await ledger.take_alarms(message(*(event(at, change) for at, change in enumerate(changes, 1))))
    [case] = await ledger.cases()
    assert (len(case.log), case.log[-1].note[:7]) == (cases.LOG_TAIL, "cleared")
    assert len(said(await ledger.case(case.number))) == lines


async def test_two_operators_close_one_case(ledger: Ledger) -> None:
    """One does; the other is told who did."""
    await ledger.take_alarms(message(event(1)))
    closing = (close(ledger, "20261118-00001", actor, "") for actor in ("wang", "li"))
    done, refused = sorted(
        await asyncio.gather(*closing, return_exceptions=True), key=lambda one: isinstance(one, Case), reverse=True
    )
    assert isinstance(done, Case)
    assert isinstance(refused, CaseClosed)
    assert [line.act for line in (await ledger.case("20261118-00001")).log] == ["raised", "file", "close"]


async def test_an_unknown_number_is_said(ledger: Ledger) -> None:
    """Shown or closed, a number that nobody gave is the caller's mistake."""
    with pytest.raises(NoSuchCase, match=r"no case 'NOPE'.*egret case list.*E-CASE-001"):
        await ledger.case("NOPE")
    with pytest.raises(NoSuchCase):
        await close(ledger, "NOPE", "wang", "")


async def test_watermarks_never_fall(ledger: Ledger) -> None:
    """Lanes and spools are apart; a late, smaller mark changes nothing."""
    await ledger.advance(BOX, SPOOL, Lane.READINGS, 500)
    await ledger.advance_many([(BOX, SPOOL, Lane.READINGS, 400), (BOX, "spool-2", Lane.READINGS, 7)])
    await ledger.advance_many([])
    assert await ledger.watermark(BOX, SPOOL, Lane.READINGS) == 500
    assert await ledger.watermark(BOX, "spool-2", Lane.READINGS) == 7
    assert await ledger.watermark(BOX, SPOOL, Lane.ALARMS) == 0


async def test_what_boxes_say_of_themselves(ledger: Ledger) -> None:
    """The last word counts; followers hear of it unless only its time is new."""
    said = BoxStatus(BOX, online=True, time_ns=NOW_NS, boot="b7e1", version="0.1.0", spool_id=SPOOL, waiting=3)
    await ledger.save_status(said)
    await ledger.save_status(msgspec.structs.replace(said, time_ns=NOW_NS + 1))
    await ledger.save_status(msgspec.structs.replace(said, online=False))
    [box] = await ledger.boxes()
    assert (box.box, box.online, box.waiting) == (BOX, False, 3)
    assert [json.loads(bytes(told.data))["online"] for told in await ledger.events_after(0, 10)] == [True, False]


async def test_what_a_box_has_used_of_its_data(ledger: Ledger) -> None:
    """It is heard of with the status, and still holds when the box is gone."""
    said = BoxStatus(BOX, online=True, time_ns=NOW_NS, boot="b", version="0.1.0", data_used_mb=61, data_budget_mb=200)
    await ledger.save_status(msgspec.structs.replace(said, is_sparing=True))
    await ledger.save_status(BoxStatus(BOX, online=False, time_ns=0, boot="b", version="0.1.0"))
    [box] = await ledger.boxes()
    assert (box.data_used_mb, box.data_budget_mb, box.is_sparing) == (61, 200, True)


async def test_a_clock_that_is_wrong_is_seen(ledger: Ledger) -> None:
    """What a box says now has its clock's time: 90 s ahead is seen, a second is not; what the broker kept is old."""
    said = BoxStatus(BOX, online=True, time_ns=NOW_NS, boot="b7e1", version="0.1.0", spool_id=SPOOL)
    offs = []
    for ahead_s, is_fresh in ((1, True), (90, True), (-7200, False), (0, True)):
        ahead = msgspec.structs.replace(said, time_ns=NOW_NS + ahead_s * 10**9)
        await ledger.save_status(ahead, is_fresh=is_fresh)
        offs.append((await ledger.boxes())[0].clock_off_s)
    assert offs == [0, 90, 90, 0]


async def test_how_sure_a_box_is_of_its_clock(ledger: Ledger) -> None:
    """Its last word holds while it is away; its will knows nothing of it."""
    said = BoxStatus(BOX, online=True, time_ns=NOW_NS, boot="b7e1", version="0.1.0", clock=ClockState.UNSURE)
    await ledger.save_status(said)
    await ledger.save_status(msgspec.structs.replace(said, online=False, clock=None))
    assert [box.clock for box in await ledger.boxes()] == [ClockState.UNSURE]


async def test_an_event_of_a_box_without_the_time(ledger: Ledger) -> None:
    """It counts from the start of its box: it has happened when we hear of it, and its evidence just before."""
    raised = msgspec.structs.replace(event(1), time_ns=90 * 10**9, evidence=(Evidence(89 * 10**9, 1.9),))
    await ledger.take_alarms(message(raised))
    [alarm] = await ledger.alarms()
    assert alarm.since_ns == NOW_NS
    assert [one.time_ns for one in (await ledger.case(alarm.case)).evidence] == [NOW_NS - 10**9]


async def test_a_lost_box_is_gone_since_we_heard_of_it(ledger: Ledger) -> None:
    """The will was written at connect: its time means nothing, and what the box last said of its spool still holds."""
    said = BoxStatus(BOX, online=True, time_ns=NOW_NS, boot="b7e1", version="0.1.0", spool_id=SPOOL, waiting=3)
    will = BoxStatus(BOX, online=False, time_ns=0, boot="b7e1", version="0.1.0")
    await ledger.save_status(said)
    await ledger.save_status(will)
    [box] = await ledger.boxes()
    assert (box.online, box.time_ns, box.spool_id, box.waiting) == (False, NOW_NS, SPOOL, 3)


async def test_followers_go_on_where_they_were(ledger: Ledger) -> None:
    """Ids rise over restarts of the follower; the data are the alarm and the case as they became."""
    await ledger.take_alarms(message(event(1, level=Level.BLUE)))
    seen = await ledger.last_event_id()
    await ledger.take_alarms(message(event(2, Change.ESCALATED)))
    alarm, case = await ledger.events_after(seen, 10)
    assert (alarm.kind, case.kind, alarm.id) == ("alarm", "case", seen + 1)
    assert msgspec.json.decode(case.data, type=Case) == (await ledger.cases())[0]


async def test_the_event_log_is_bounded(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old events go, ids go on rising."""
    monkeypatch.setattr(events, "KEPT", 20)
    monkeypatch.setattr(events, "PRUNE_EVERY", 10)
    for at in range(1, 101):
        await ledger.take_alarms(message(event(at, Change.RAISED if at % 2 else Change.CLEARED)))
    assert await ledger.last_event_id() == 200  # the alarm and its case, each time
    kept = await ledger.events_after(0, 10_000)
    assert 150 < kept[0].id <= 190
    assert kept[-1].id == 200


async def test_everything_is_there_after_a_restart(open_ledger: OpenLedger) -> None:
    """Alarms, cases, watermarks and the outbox are on disk, and what was known stays known."""
    async with open_ledger() as ledger:
        await ledger.take_alarms(message(event(1)))
        before = (await ledger.alarms(), await ledger.cases(), await ledger.due("store", NOW_NS, 9))
    async with open_ledger() as ledger:
        assert (await ledger.alarms(), await ledger.cases(), await ledger.due("store", NOW_NS, 9)) == before
        assert await ledger.take_alarms(message(event(1))) == Taken(1, ())


async def test_a_locked_ledger_says_so_and_takes_the_message_later(
    open_ledger: OpenLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process is writing and does not end: the alarm waits, nothing is half done."""
    monkeypatch.setattr("cloud.engine.PATIENCE_MS", 10)
    async with open_ledger() as ledger, open_ledger() as other:
        is_locked, may_end = threading.Event(), threading.Event()

        def hold(_: Connection) -> None:
            is_locked.set()
            may_end.wait(60)

        holding = asyncio.create_task(other.database.write(hold))
        await asyncio.to_thread(is_locked.wait, 60)
        with pytest.raises(Unavailable, match=r": the ledger cannot be used now: .*lock.*E-LEDG-001"):
            await ledger.take_alarms(message(event(1)))
        may_end.set()
        await holding
        assert (await ledger.take_alarms(message(event(1)))).stored_through == 1


async def test_words_with_a_nul_are_taken(ledger: Ledger) -> None:
    """What a broken sensor's text has in it must not keep its alarm out, whatever the database holds."""
    await ledger.take_alarms(message(msgspec.structs.replace(event(1), reason="lean\0ing")))
    [alarm] = await ledger.alarms()
    assert alarm.reason in ("lean\0ing", "lean\ufffding")


async def test_the_outbox_gives_back_what_failed(ledger: Ledger) -> None:
    """A row comes when it is due, is gone when sent, and stays as a dead letter when given up."""
    await ledger.take_alarms(message(event(1), event(2, number=2)))
    first, second = await ledger.due("command-centre", NOW_NS, 10)
    await ledger.failed([first.id], NOW_NS + 60, "answered 500")
    await ledger.failed([second.id], None, "given up")
    assert await ledger.due("command-centre", NOW_NS, 10) == ()
    [again] = await ledger.due("command-centre", NOW_NS + 60, 10)
    assert (again.id, again.attempts, again.error, again.notice) == (first.id, 1, "answered 500", first.notice)
    await ledger.sent([first.id])
    assert await ledger.due("command-centre", NOW_NS + 60, 10) == ()
    assert [(row.id, row.error) for row in await ledger.dead_letters()] == [(second.id, "given up")]
