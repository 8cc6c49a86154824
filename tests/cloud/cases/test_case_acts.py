"""What people do to a case: the times that each act sets, what suspension keeps, and what rework counts."""

from pathlib import Path

import busy_city
import msgspec
import pytest
import small_city
from busy_city import at, clock

from cloud.alarming.alarm_state import step
from cloud.cases.case_act import Act
from cloud.cases.case_acts import (
    Accept,
    Arrive,
    Close,
    Dismiss,
    Dispatch,
    Extend,
    FeedBack,
    Note,
    Refuse,
    Resume,
    SendBack,
    Suspend,
    Verify,
)
from cloud.cases.case_flow import Case, Stage
from cloud.cases.case_opening import opened_by_alarm
from cloud.cases.practice import Practice
from wire.alarm import Level
from wire.errors import BadAct

NOW = "2026-11-18 10:00"


@pytest.fixture
def practice(tmp_path: Path) -> Practice:
    """A city with units and a rota, in normal times."""
    return busy_city.practice(tmp_path)


def opened(practice: Practice, level: Level = Level.RED, now: str = NOW) -> Case:
    """Dispatched to the billboard unit of Tong'an, to whoever is on duty."""
    [event] = small_city.lean(1, 1_000, level).events
    alarm = step(None, event, practice.inventory.tags(event.sensor, "XM-TA-01"))
    return opened_by_alarm("20261118-00001", alarm, event, practice, at(now))


def after(case: Case, practice: Practice, *acts: tuple[str, Act]) -> Case:
    """The case after these acts, each at its time."""
    for now, act in acts:
        case = act.after(case, "lin", practice, at(now))
    return case


def test_a_case_that_runs_through(practice: Practice) -> None:
    """Accepted after 40 s, there after 12 min, done after 25 min, verified and closed: each has its time."""
    case = after(
        opened(practice),
        practice,
        ("2026-11-18 10:00:40", Accept()),
        ("2026-11-18 10:12", Arrive()),
        ("2026-11-18 10:25", FeedBack(note="已加固", photos=("a" * 64,))),
        ("2026-11-18 10:30", Verify()),
        ("2026-11-18 10:31", Close(note="好了")),
    )
    assert [
        clock(time_ns)[11:] for time_ns in (case.accepted_ns, case.arrived_ns, case.fed_back_ns, case.closed_ns)
    ] == [
        "10:00:40",
        "10:12:00",
        "10:25:00",
        "10:31:00",
    ]
    assert (case.outcome, case.version, case.stage_ns) == ("handled", 8, case.closed_ns)
    assert [line.act for line in case.log[3:]] == ["accept", "arrive", "feed_back", "verify", "close"]
    assert case.log[5].photos == ("a" * 64,)
    assert (case.climb_ns, case.overdue_ns) == (None, None)


@pytest.mark.parametrize("act", [Arrive(), FeedBack()])
def test_who_arrives_or_feeds_back_has_accepted(practice: Practice, act: Act) -> None:
    """Nobody has to press accept first: it is accepted at that moment, and climbs no more."""
    case = after(opened(practice), practice, ("2026-11-18 10:07", act))
    assert (clock(case.accepted_ns), case.climb_ns) == ("2026-11-18 10:07:00", None)


def test_accepting_late_is_accepting_once(practice: Practice) -> None:
    """Arriving after accepting leaves the time of acceptance and of the stage as they were."""
    case = after(opened(practice), practice, ("2026-11-18 10:03", Accept()), ("2026-11-18 10:20", Arrive()))
    assert (clock(case.accepted_ns), clock(case.stage_ns)) == ("2026-11-18 10:03:00", "2026-11-18 10:03:00")


@pytest.mark.parametrize(
    ("level", "verify"),
    [
        (Level.RED, "2026-11-20 18:20:00"),
        (Level.ORANGE, "2026-11-20 19:50:00"),
        (Level.YELLOW, "2026-11-23 11:50:00"),
        (Level.BLUE, "2026-11-23 17:50:00"),
    ],
)
def test_verification_has_its_deadline(practice: Practice, level: Level, verify: str) -> None:
    """30 min, 2 h, four working hours, one working day from the feedback, here on Friday at 17:50."""
    case = after(opened(practice, level), practice, ("2026-11-20 17:50", FeedBack()))
    assert clock(case.verify_due_ns) == verify


def test_refusing_makes_it_filed_again(practice: Practice) -> None:
    """It has not been dispatched, accepted or reached any more, nobody is responsible, and dispatch has a minute."""
    case = after(
        opened(practice), practice, ("2026-11-18 10:01", Arrive()), ("2026-11-18 10:05", Refuse(note="不是我们的牌"))
    )
    assert (case.stage, case.unit, case.person) == (Stage.FILED, "", "")
    assert (case.dispatched_ns, case.accepted_ns, case.arrived_ns, case.accept_due_ns) == (None, None, None, None)
    assert (clock(case.dispatch_due_ns), case.climb_ns) == ("2026-11-18 10:06:00", case.dispatch_due_ns)
    assert case.due_ns == opened(practice).due_ns
    again = after(case, practice, ("2026-11-18 10:20", Dispatch(unit="tongan-chengguan")))
    assert (clock(again.dispatched_ns), again.person) == ("2026-11-18 10:20:00", "su")
    assert again.dispatched_ns is not None
    assert again.dispatch_due_ns is not None
    assert again.dispatched_ns > again.dispatch_due_ns, "dispatched anew, and late"


def test_sending_back_begins_a_round_anew(practice: Practice) -> None:
    """The same unit and person, a new minute to accept, rework counted; the deadline of the whole stays."""
    first = opened(practice)
    case = after(
        first,
        practice,
        ("2026-11-18 10:10", FeedBack()),
        ("2026-11-18 10:20", Verify()),
        ("2026-11-18 10:30", SendBack(note="还在晃")),
    )
    assert (case.stage, case.unit, case.person, case.reworked) == (Stage.DISPATCHED, "tongan-ads", "wang", 1)
    assert (case.accepted_ns, case.arrived_ns, case.fed_back_ns, case.verify_due_ns) == (None, None, None, None)
    assert (clock(case.accept_due_ns), case.climb_ns) == ("2026-11-18 10:31:00", case.accept_due_ns)
    assert (case.due_ns, case.dispatched_ns) == (first.due_ns, first.dispatched_ns)
    assert [line.act for line in case.log[3:]] == ["feed_back", "verify", "send_back"]
    twice = after(case, practice, ("2026-11-18 10:40", FeedBack()), ("2026-11-18 10:41", SendBack(note="还是")))
    assert (twice.reworked, twice.version) == (2, 8)


@pytest.mark.parametrize(
    ("unit", "person", "told"),
    [
        ("tongan-adz", "", "there is no unit 'tongan-adz'.*tongan-ads"),
        ("tongan-ads", "lim", "unit tongan-ads has no person 'lim'.*lin"),
        ("tongan-ads", "su", "unit tongan-ads has no person 'su'"),
    ],
)
def test_an_unknown_unit_or_person_is_refused_with_the_nearest(
    practice: Practice, unit: str, person: str, told: str
) -> None:
    """A slip of the pen is answered with what was probably meant."""
    with pytest.raises(BadAct, match=told) as refused:
        Dispatch(unit=unit, person=person).after(opened(practice), "wu", practice, at(NOW))
    assert refused.value.code == "E-CASE-006"


def test_dispatching_to_somebody_else_starts_the_climb_anew(practice: Practice) -> None:
    """改派: the new one has the whole minute; the first dispatch keeps its time."""
    climbed = msgspec.structs.replace(opened(practice), climbed=2, climb_ns=None)
    case = after(climbed, practice, ("2026-11-18 10:30", Dispatch(unit="tongan-ads", person="lin")))
    assert (case.person, case.climbed, clock(case.climb_ns)) == ("lin", 0, "2026-11-18 10:31:00")
    assert clock(case.dispatched_ns) == "2026-11-18 10:00:00"


def test_suspension_keeps_the_working_time_that_was_left(practice: Practice) -> None:
    """Of two working days 12 h 59 min are left on 8 October at 10:00, and as much on the 12th at 09:00."""
    first = opened(practice, Level.YELLOW, "2026-09-30 17:59")
    held = after(first, practice, ("2026-10-08 10:00", Accept()), ("2026-10-08 10:00", Suspend(note="等配件")))
    assert (held.climb_ns, held.overdue_ns, held.due_ns) == (None, None, first.due_ns)
    assert practice.remaining_s(held, at("2026-10-08 10:00")) == 12 * 3600 + 59 * 60
    case = after(held, practice, ("2026-10-12 09:00", Resume()))
    assert (case.suspended_ns, case.suspended_for_ns) == (None, 95 * busy_city.HOUR_NS)
    assert practice.remaining_s(case, at("2026-10-12 09:00")) == 12 * 3600 + 59 * 60
    assert clock(case.due_ns) == clock(case.overdue_ns) == "2026-10-13 16:59:00"


def test_a_suspension_round_the_clock_moves_the_deadline_by_as_long(practice: Practice) -> None:
    """A red case suspended for 50 minutes is due 50 minutes later; two suspensions add up."""
    case = after(
        opened(practice),
        practice,
        ("2026-11-18 10:00:30", Accept()),
        ("2026-11-18 10:10", Suspend(note="台风眼")),
        ("2026-11-18 11:00", Resume()),
        ("2026-11-18 11:10", Suspend(note="停电")),
        ("2026-11-18 11:20", Resume()),
    )
    assert clock(case.due_ns) == "2026-11-18 15:00:00"
    assert case.suspended_for_ns == 60 * busy_city.MINUTE_NS


def test_suspension_stops_the_clock_of_the_stage_too(practice: Practice) -> None:
    """20 s of 60 are over when it is suspended: an hour later 40 s are left to accept in time."""
    case = after(
        opened(practice), practice, ("2026-11-18 10:00:20", Suspend(note="等")), ("2026-11-18 11:00:20", Resume())
    )
    assert clock(case.accept_due_ns) == clock(case.climb_ns) == "2026-11-18 11:01:00"
    filed = after(
        opened(practice),
        practice,
        ("2026-11-18 10:01", Refuse(note="x")),
        ("2026-11-18 10:01:30", Suspend(note="等")),
        ("2026-11-18 12:00", Resume()),
    )
    assert clock(filed.dispatch_due_ns) == clock(filed.climb_ns) == "2026-11-18 12:00:30"
    fed_back = after(
        opened(practice),
        practice,
        ("2026-11-18 10:10", FeedBack()),
        ("2026-11-18 10:20", Suspend(note="等")),
        ("2026-11-18 12:00", Resume()),
    )
    assert (clock(fed_back.verify_due_ns), fed_back.climb_ns) == ("2026-11-18 12:20:00", None)


def test_suspension_makes_nothing_late_good_again(practice: Practice) -> None:
    """Suspended 10 min after its deadlines have passed, it is as late when it is resumed, and climbs again."""
    case = after(opened(practice), practice, ("2026-11-18 14:10", Suspend(note="等")), ("2026-11-19 09:00", Resume()))
    assert clock(case.due_ns) == "2026-11-19 08:50:00"
    assert clock(case.accept_due_ns) == "2026-11-19 04:51:00"
    assert clock(case.climb_ns) == "2026-11-19 09:01:00"


def test_an_extension_moves_the_deadline_by_the_clock(practice: Practice) -> None:
    """Two hours more, and again two: both are counted, and lateness is told at the new end."""
    case = after(
        opened(practice),
        practice,
        ("2026-11-18 10:01", Extend(note="等吊车", seconds=7_200)),
        ("2026-11-18 10:02", Extend(note="还在等", seconds=7_200)),
    )
    assert (clock(case.due_ns), case.overdue_ns, case.extended) == ("2026-11-18 18:00:00", case.due_ns, 2)


def test_closing_says_what_it_was_and_why_without_the_sensor(practice: Practice) -> None:
    """The finding is the outcome; the reason stands in the log beside the note."""
    close = Close(note="拆除", finding="false_alarm", without_sensor="传感器掉落")
    case = after(opened(practice), practice, ("2026-11-18 10:01", close))
    assert (case.outcome, case.log[-1].note) == ("false_alarm", "拆除 [without the sensor: 传感器掉落]")
    bare = after(opened(practice), practice, ("2026-11-18 10:01", Close(without_sensor="看过")))
    assert bare.log[-1].note == "[without the sensor: 看过]"


def test_dismissing_ends_what_never_began(practice: Practice) -> None:
    """不予立案 has an end and no deadlines."""
    reported = msgspec.structs.replace(opened(practice), stage=Stage.REPORTED)
    case = after(reported, practice, ("2026-11-18 10:01", Dismiss(note="广告")))
    assert (case.stage, case.outcome, case.is_open) == (Stage.CLOSED, "dismissed", False)


def test_a_note_changes_nothing_but_the_log(practice: Practice) -> None:
    """Also while it is suspended."""
    case = after(opened(practice), practice, ("2026-11-18 10:01", Suspend(note="等")))
    noted = after(case, practice, ("2026-11-18 10:02", Note(note="问过厂家")))
    assert msgspec.structs.replace(noted, version=case.version, log=case.log) == case
    assert noted.log[-1].note == "问过厂家"
