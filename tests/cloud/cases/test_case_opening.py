"""The case that an alarm or a person opens: its name, place and code, its deadlines to the second, and its unit."""

from collections.abc import AsyncIterator
from pathlib import Path

import busy_city
import msgspec
import pytest
import small_city
from busy_city import Town, at, clock

from cloud.alarming.alarm_state import step
from cloud.cases.case_flow import Case, Stage
from cloud.cases.case_opening import filed, opened_by_alarm, routed
from cloud.cases.practice import Practice
from cloud.city import case_codes
from cloud.city.mode import Mode, ModeName
from wire.alarm import AlarmEvent, Level
from wire.profile_yaml import library_folder, load_library
from wire.sensors_yaml import load

NOW = "2026-11-18 10:00"


@pytest.fixture
def practice(tmp_path: Path) -> Practice:
    """A city with units and a rota, in normal times."""
    return busy_city.practice(tmp_path)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """Wednesday, 18 November 2026, 10:00, and nothing has happened."""
    town = busy_city.town(tmp_path, NOW)
    async with town.ledger:
        yield town


def lean(level: Level = Level.RED) -> AlarmEvent:
    """The billboard XM-TA-0117 leans 2.17°."""
    return small_city.lean(1, 1_000, level).events[0]


def fault(sensor: str = "XM-TA-0117-T1") -> AlarmEvent:
    """A sensor gives no answer."""
    return msgspec.structs.replace(
        lean(Level.YELLOW), alarm=f"{sensor}/fault", sensor=sensor, rule="fault", value=None, limit=None
    )


def opened(practice: Practice, event: AlarmEvent, now: str = NOW) -> Case:
    """The case of an event that is new."""
    alarm = step(None, event, practice.inventory.tags(event.sensor, "XM-TA-01"))
    return opened_by_alarm("20261118-00001", alarm, event, practice.at(at(now), practice.modes), at(now))


def typhoon(level: Level, district: str = "") -> Mode:
    """Since a minute before the test, for a day."""
    now_ns = at("2026-09-30 17:00")
    return Mode(
        district=district,
        mode=ModeName.TYPHOON,
        level=level,
        reason="台风 12 号",
        actor="zhao",
        since_ns=now_ns,
        until_ns=now_ns + 24 * busy_city.HOUR_NS,
    )


def test_a_leaning_billboard_opens_a_case_with_name_place_and_code(practice: Practice) -> None:
    """Who reads the case knows what, where and how bad, in both languages."""
    case = opened(practice, lean())
    assert case.title == "环城西路南段落地电子屏：合成倾角超限，2.17°"
    assert case.title_en == "Huancheng Road West: resultant tilt over its limit, 2.17°"
    assert (case.latitude, case.longitude) == (24.7272, 118.1422)
    assert (case.kind, case.code_class, case.code, case.level) == ("event_part", "part", "0390", Level.RED)
    assert (case.source, case.alarm, case.members, case.mode) == ("sensor", small_city.LEAN, 1, "normal")


def test_report_filing_and_dispatch_are_one_moment_and_three_lines(practice: Practice) -> None:
    """Routing dispatches by itself: the case is with Wang, who is on duty on 18 November, in version 3."""
    case = opened(practice, lean())
    assert [(line.act, line.stage, line.note) for line in case.log] == [
        ("raised", Stage.REPORTED, "raised red: tilt 2.17 deg is over 1.5 deg"),
        ("file", Stage.FILED, ""),
        ("dispatch", Stage.DISPATCHED, "→ 同安广告科 王工"),
    ]
    assert (case.version, case.unit, case.person, case.stage) == (3, "tongan-ads", "wang", Stage.DISPATCHED)
    assert case.opened_ns == case.filed_ns == case.dispatched_ns == case.stage_ns == at(NOW)


@pytest.mark.parametrize(("now", "person"), [("2026-11-18 07:59", "chen"), ("2026-11-18 08:00", "wang")])
def test_who_is_on_duty_is_asked(practice: Practice, now: str, person: str) -> None:
    """At 08:00 the turn goes from Chen to Wang, and the case follows the rota."""
    assert opened(practice, lean(), now).person == person


def test_a_rule_by_hand_leaves_the_case_filed_with_its_unit(practice: Practice) -> None:
    """In Siming people dispatch: the unit is named, nobody is asked, and the dispatch deadline runs."""
    event = msgspec.structs.replace(lean(), alarm="XM-SM-0001-T1/lean", sensor="XM-SM-0001-T1")
    case = opened(practice, event)
    assert (case.stage, case.unit, case.person) == (Stage.FILED, "tongan-chengguan", "")
    assert (case.dispatched_ns, case.accept_due_ns) == (None, None)
    assert clock(case.climb_ns) == clock(case.dispatch_due_ns) == "2026-11-18 10:01:00"


def test_what_no_rule_fits_is_the_command_centres(practice: Practice) -> None:
    """A sensor at fault is routed nowhere here: filed, without a unit."""
    case = opened(practice, fault())
    assert (case.stage, case.unit, case.code) == (Stage.FILED, "", case_codes.table()["sensor"].code)
    assert case.title == "环城西路南段落地电子屏：传感器 XM-TA-0117-T1 故障"
    assert case.title_en == "Huancheng Road West: sensor XM-TA-0117-T1 at fault"


def test_an_unregistered_sensor_opens_a_case_without_a_place(practice: Practice) -> None:
    """An alarm of a sensor that nobody registered is an alarm all the same."""
    case = opened(practice, fault("NEW-1"))
    assert (case.site, case.longitude, case.latitude, case.district) == ("_unregistered", None, None, "")
    assert case.title_en == "unregistered sensor NEW-1: sensor NEW-1 at fault"


def test_html_in_a_name_stays_text(tmp_path: Path) -> None:
    """A site's name is carried as it was written, sign by sign; who shows it makes it harmless."""
    path = tmp_path / "sensors.yaml"
    name = '<b onclick=x>屏</b> & \\"一号\\"'
    path.write_text(small_city.SENSORS_YAML.replace("环城西路南段落地电子屏", f'"{name}"'), encoding="utf-8")
    city = Practice(load(path, load_library(library_folder())), busy_city.rules())
    assert opened(city, lean()).title.startswith('<b onclick=x>屏</b> & "一号"：')


@pytest.mark.parametrize(
    ("now", "level", "dispatch", "due"),
    [
        # The last minute before National Day (1 to 7 October): one minute counts, then Thursday the 8th.
        ("2026-09-30 17:59", Level.RED, "2026-09-30 18:00:00", "2026-09-30 21:59:00"),
        ("2026-09-30 17:59", Level.ORANGE, "2026-09-30 18:04:00", "2026-10-01 17:59:00"),
        ("2026-09-30 17:59", Level.YELLOW, "2026-10-08 08:59:00", "2026-10-09 17:59:00"),
        # Saturday the 10th is a make-up day: the five days are the 8th, 9th, 10th, 12th, and most of the 13th.
        ("2026-09-30 17:59", Level.BLUE, "2026-10-08 09:59:00", "2026-10-13 17:59:00"),
        # A Friday: Sunday the 20th is a make-up day, Saturday is none.
        ("2026-09-18 17:59", Level.YELLOW, "2026-09-20 08:59:00", "2026-09-21 17:59:00"),
        ("2026-09-18 18:00", Level.YELLOW, "2026-09-20 09:00:00", "2026-09-21 18:00:00"),
        # An hour that begins before lunch ends after it.
        ("2026-11-18 11:30", Level.YELLOW, "2026-11-18 15:00:00", "2026-11-20 11:30:00"),
        ("2026-10-03 03:00", Level.RED, "2026-10-03 03:01:00", "2026-10-03 07:00:00"),
    ],
)
def test_deadlines_to_the_second(practice: Practice, now: str, level: Level, dispatch: str, due: str) -> None:
    """A billboard has 4 h, 24 h, 2 or 5 working days; dispatch 1 min, 5 min, 1 or 2 working hours."""
    event = msgspec.structs.replace(lean(level), alarm="XM-SM-0001-T1/lean", sensor="XM-SM-0001-T1")
    case = opened(practice, event, now)
    assert (clock(case.dispatch_due_ns), clock(case.due_ns)) == (dispatch, due)
    assert (case.overdue_ns, case.climb_ns) == (case.due_ns, case.dispatch_due_ns)


@pytest.mark.parametrize(
    ("mode", "district", "level", "accept", "due"),
    [
        (Level.ORANGE, "", Level.RED, "2026-09-30 17:59:30", "2026-09-30 19:59:00"),
        (Level.YELLOW, "", Level.RED, "2026-09-30 17:59:45", "2026-09-30 20:59:00"),
        (Level.BLUE, "", Level.RED, "2026-09-30 18:00:00", "2026-09-30 21:59:00"),
        (Level.RED, "tongan", Level.RED, "2026-09-30 17:59:30", "2026-09-30 19:59:00"),
        (Level.RED, "siming", Level.RED, "2026-09-30 18:00:00", "2026-09-30 21:59:00"),
        # Half of two working days: one minute before the holidays and 7 h 29 min after them.
        (Level.ORANGE, "", Level.YELLOW, "2026-10-08 08:29:00", "2026-10-08 17:59:00"),
    ],
)
def test_a_typhoon_shortens_deadlines(
    practice: Practice, mode: Level, district: str, level: Level, accept: str, due: str
) -> None:
    """Red and orange warnings halve them, yellow takes a quarter, in the city or in the district that has the mode."""
    now_ns = at("2026-09-30 17:59")
    stormy = practice.at(now_ns, (typhoon(mode, district),))
    case = opened(stormy, lean(level), "2026-09-30 17:59")
    assert (clock(case.accept_due_ns), clock(case.due_ns), case.mode) == (
        accept,
        due,
        "normal" if district == "siming" else "typhoon",
    )


def test_a_drill_is_marked(practice: Practice) -> None:
    """What opens while a drill stands is a drill."""
    drill = msgspec.structs.replace(typhoon(Level.RED), is_drill=True)
    assert opened(practice.at(at("2026-09-30 17:59"), (drill,)), lean(), "2026-09-30 17:59").is_drill


def test_a_case_filed_at_the_desk_is_routed_like_any_other(practice: Practice) -> None:
    """Filing is an act with its actor and note; routing follows."""
    reported = msgspec.structs.replace(opened(practice, lean()), stage=Stage.REPORTED, version=1, log=(), unit="")
    case = routed(filed(reported, "wu", "核实过", practice, at(NOW)), practice, at(NOW))
    assert [(line.actor, line.act, line.note) for line in case.log] == [
        ("wu", "file", "核实过"),
        ("egret", "dispatch", "→ 同安广告科 王工"),
    ]


async def test_a_worse_level_has_no_more_time_than_a_new_case(town: Town) -> None:
    """A blue case of five working days that turns red after an hour is due 4 h later, and accepted within 60 s."""
    [blue] = await town.says("XM-TA-0117-T1", level=Level.BLUE)
    assert (clock(blue.due_ns), clock(blue.climb_ns)) == ("2026-11-25 10:00:00", "2026-11-18 16:30:00")
    town.pass_s(3_600)
    [red] = await town.says("XM-TA-0117-T1", level=Level.RED)
    assert (clock(red.due_ns), clock(red.overdue_ns)) == ("2026-11-18 15:00:00", "2026-11-18 15:00:00")
    assert (clock(red.accept_due_ns), clock(red.climb_ns)) == ("2026-11-18 11:01:00", "2026-11-18 11:01:00")
    assert [notice.kind for notice in await town.notices()] == ["case.opened", "case.escalated"]


async def test_a_milder_level_gives_no_time_back(town: Town) -> None:
    """A red case that turns yellow is due when it was."""
    [red] = await town.says("XM-TA-0117-T1", level=Level.RED)
    [after] = await town.says("XM-TA-0117-T1", level=Level.YELLOW)
    assert (after.level, after.due_ns, after.climb_ns) == (Level.RED, red.due_ns, red.climb_ns)


async def test_a_worse_level_never_gives_more_time(town: Town) -> None:
    """An orange case that turns red in the last of its 24 hours keeps the earlier of the two ends."""
    [orange] = await town.says("XM-TA-0117-T1", level=Level.ORANGE)
    town.pass_s(23 * 3_600)
    await town.says("XM-TA-0117-T1", level=Level.RED)
    assert (await town.file_of(orange.number)).due_ns == orange.due_ns


def test_a_code_that_the_table_has_lost_leaves_the_case_its_deadline(practice: Practice) -> None:
    """The city renumbers its codes while cases are open: what is left of the deadline is told all the same."""
    lost = msgspec.structs.replace(opened(practice, lean()), code="9999")
    assert practice.limit(lost) is None
    assert practice.remaining_s(lost, at("2026-11-18 13:00")) == 3_600.0
