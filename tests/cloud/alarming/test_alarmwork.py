"""What people do to alarms: their words as a program sends them, their permits, and what a person reads of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import small_city
from small_city import LEAN, SECOND_NS

from cloud.access.actor import Actor, NotAllowed, Role
from cloud.alarming import alarmwork
from cloud.alarming.alarm_answer import AlarmDone
from cloud.alarming.alarm_state import AlarmState
from cloud.alarming.alarmwork import Acknowledge, AlarmAct, NoSuchSensor, PutBack, Shelve, TakeOut, Unshelve
from cloud.cases.casebook import Casebook
from cloud.ledger import Ledger
from cloud.tables.alarm_history import AlarmHistory
from wire.alarm import Change, Level

NOW_NS = 1_795_000_000 * SECOND_NS
LIN = Actor("lin", Role.OPERATOR, "session", districts=frozenset({"tongan"}))


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    """The billboard XM-TA-0117 leans."""
    async with Ledger(tmp_path / "ledger.db", lambda: NOW_NS, small_city.practice(tmp_path)) as ledger:
        await ledger.take_alarms(small_city.lean(1, NOW_NS - 5 * SECOND_NS))
        yield ledger


async def act(ledger: Ledger, act: AlarmAct, actor: Actor = LIN, alarm: str = LEAN) -> AlarmDone:
    """Somebody does something to one alarm."""
    [done] = await Casebook(ledger).act_on_alarms([alarm], act, actor)
    return done


async def state(ledger: Ledger) -> AlarmState:
    """Of the one alarm that is not normal."""
    [alarm] = await ledger.alarms()
    return alarm.state


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('{"act":"acknowledge"}', Acknowledge()),
        ('{"act":"shelve","note":"crane","seconds":86400}', Shelve(note="crane", seconds=86_400)),
        ('{"act":"unshelve","note":"gone"}', Unshelve(note="gone")),
        ('{"act":"take_out","note":"cable"}', TakeOut(note="cable")),
        ('{"act":"put_back"}', PutBack()),
    ],
)
def test_acts_as_programs_write_them(written: str, meant: AlarmAct) -> None:
    """The member `act` says which it is."""
    assert msgspec.json.decode(written, type=AlarmAct) == meant


@pytest.mark.parametrize(
    "written",
    [
        '{"act":"close"}',
        '{"act":"shelve","note":"crane"}',
        '{"act":"shelve","note":"crane","seconds":0}',
        '{"act":"shelve","note":"crane","seconds":86401}',
        '{"act":"take_out"}',
        '{"act":"acknowledge","until":1}',
    ],
)
def test_acts_that_nobody_can_mean(written: str) -> None:
    """An unknown act, a shelf without an end or beyond 24 h, a hold without a reason, and words we do not know."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(written, type=AlarmAct)


async def test_acknowledging_closes_no_case(ledger: Ledger) -> None:
    """Seeing is not repairing: the case is as it was, and the alarm says who saw it and when."""
    before = await ledger.open_cases()
    done = await act(ledger, Acknowledge(note="crew is called"))
    assert done.alarm is not None
    assert (done.alarm.state, done.alarm.acted_by, done.alarm.acted_ns) == (AlarmState.ACKNOWLEDGED, "lin", NOW_NS)
    assert await ledger.open_cases() == before


async def test_the_whole_way_of_a_person(ledger: Ledger) -> None:
    """Acknowledged, shelved, back, out of service, back: its one case stays open all the while."""
    steps: list[tuple[AlarmAct, AlarmState]] = [
        (Acknowledge(), AlarmState.ACKNOWLEDGED),
        (Shelve(note="crane beside it", seconds=3_600), AlarmState.SHELVED),
        (Unshelve(), AlarmState.UNACKNOWLEDGED),
        (TakeOut(note="sensor is changed"), AlarmState.OUT_OF_SERVICE),
        (PutBack(), AlarmState.UNACKNOWLEDGED),
    ]
    for wanted, after in steps:
        await act(ledger, wanted)
        assert await state(ledger) is after
    assert [case.alarm for case in await ledger.cases()] == [LEAN]


async def test_a_refusal_changes_nothing_and_holds_up_nobody(ledger: Ledger) -> None:
    """Of three alarms the second is unknown and the third is none of Lin's: each says why, and the first is done."""
    siming = msgspec.structs.replace(
        small_city.lean(1, NOW_NS).events[0], alarm="XM-SM-0001-T1/lean", sensor="XM-SM-0001-T1"
    )
    await ledger.take_alarms(msgspec.structs.replace(small_city.lean(1, NOW_NS), box="XM-SM-01", events=(siming,)))
    asked = [LEAN, "XM-TA-9999-T1/lean", siming.alarm]
    first, second, third = await Casebook(ledger).act_on_alarms(asked, Acknowledge(), LIN)
    assert (first.code, second.code, third.code) == ("", "E-ALARM-001", "E-ACCESS-002")
    assert {alarm.id: alarm.state.value for alarm in await ledger.alarms()} == {
        LEAN: "acknowledged",
        siming.alarm: "unacknowledged",
    }


async def test_the_second_of_two_operators_is_told_who_was_first(ledger: Ledger) -> None:
    """Nothing is acknowledged twice."""
    await act(ledger, Acknowledge())
    again = await act(ledger, Acknowledge(), Actor("chen", Role.OPERATOR, "session"))
    assert (again.code, again.alarm) == ("E-ALARM-002", None)
    assert "is acknowledged, by lin" in again.problem


async def test_a_viewer_acts_on_nothing(ledger: Ledger) -> None:
    """Neither on an alarm nor by a test."""
    viewer = Actor("wu", Role.VIEWER, "session")
    assert (await act(ledger, Acknowledge(), viewer)).code == "E-ACCESS-001"
    with pytest.raises(NotAllowed):
        await Casebook(ledger).test_alarm(alarmwork.Test(sensor="XM-TA-0117-T1"), viewer)


async def test_what_a_person_holds_is_worse_only_for_them(ledger: Ledger) -> None:
    """Escalated from blue while it is out of service: the level is kept, nobody is woken, and put back it is red."""
    await ledger.take_alarms(small_city.lean(2, NOW_NS, Level.BLUE, Change.LOWERED))
    await act(ledger, TakeOut(note="sensor is changed"))
    await ledger.take_alarms(small_city.lean(3, NOW_NS, Level.RED, Change.ESCALATED))
    assert await state(ledger) is AlarmState.OUT_OF_SERVICE
    done = await act(ledger, PutBack())
    assert done.alarm is not None
    assert (done.alarm.level, done.alarm.state) == (Level.RED, AlarmState.UNACKNOWLEDGED)


async def test_a_test_alarm_is_seen_like_any_other(ledger: Ledger) -> None:
    """It has its own id, the sensor's place, the history's line and the store's point, and no case; two are two."""
    people = Casebook(ledger)
    points = len(await ledger.due("store", NOW_NS, 100))
    raised = await people.test_alarm(alarmwork.Test(sensor="XM-TA-0117-T1", level=Level.ORANGE), LIN)
    assert (raised.id, raised.site, raised.district) == ("XM-TA-0117-T1/test", "XM-TA-0117", "tongan")
    assert (raised.state, raised.reason, raised.case) == (AlarmState.UNACKNOWLEDGED, "test by lin", "")
    await people.test_alarm(alarmwork.Test(sensor="XM-SM-0001-T1"), small_city.person())
    history, _ = await ledger.alarm_history(AlarmHistory(start_ns=NOW_NS), 10, "")
    assert [(event.alarm, event.box, event.sequence) for event in history] == [
        ("XM-SM-0001-T1/test", "egret", 2),
        ("XM-TA-0117-T1/test", "egret", 1),
    ]
    assert len(await ledger.due("store", NOW_NS, 100)) == points + 2
    assert [case.alarm for case in await ledger.cases()] == [LEAN]


async def test_nobody_tests_a_sensor_that_is_not_there(ledger: Ledger) -> None:
    """A name with a mistake in it is told with the nearest one; a box may be tested, too."""
    people = Casebook(ledger)
    with pytest.raises(NoSuchSensor, match="write 'XM-TA-0117-T1'") as refused:
        await people.test_alarm(alarmwork.Test(sensor="XM-TA-0117-T11"), small_city.person())
    assert refused.value.code == "E-ALARM-010"
    assert (await people.test_alarm(alarmwork.Test(sensor="XM-TA-01"), LIN)).id == "XM-TA-01/test"
