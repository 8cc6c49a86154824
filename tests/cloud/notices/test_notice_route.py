"""Who is told what, and when."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from cloud.city import city_rules
from cloud.city.city_rules import CityRules
from cloud.config import load
from cloud.notices import notice_route
from cloud.notices.notice_route import EVERYTHING, Facts, Hours, Route, check_districts, facts_of, read
from cloud.ports import Notice
from wire.alarm import Level
from wire.located import Mistakes, parse

CITY = """
units:
  tongan-ads: {name: 同安区城管局广告科, district: tongan}
  command-centre: {name: 市指挥中心}
"""
LEANING = Facts(
    kind="case.opened",
    level=Level.ORANGE,
    district="tongan",
    unit="tongan-ads",
    code_class="part",
    code="0390",
)
DAY_HOURS, NIGHT_HOURS = Hours(8 * 60, 22 * 60), Hours(22 * 60, 6 * 60)
SECOND_NS = 10**9


def rules() -> CityRules:
    """Of a city with two units."""
    return city_rules.read(parse(CITY, "cloud.yaml", Mistakes()))


def told(text: str) -> tuple[Route, list[str]]:
    """The route of a notifier with these keys, and what is wrong with them."""
    mistakes = Mistakes()
    route = read(parse(text or "{}", "cloud.yaml", mistakes), rules())
    return route, [str(mistake) for mistake in mistakes.sorted()]


def xiamen_ns(clock: str, day: int = 24) -> int:
    """A time of day in November 2026."""
    hour, _, minute = clock.partition(":")
    local = datetime(2026, 11, day, int(hour), int(minute), tzinfo=ZoneInfo("Asia/Shanghai"))
    return int(local.timestamp()) * SECOND_NS


def test_nothing_written_means_everything_at_once() -> None:
    """Drills, too; and a list of names alone means the same."""
    assert told("") == (EVERYTHING, [])
    assert notice_route.routes_of(["one"]) == {"one": EVERYTHING}
    assert EVERYTHING.wants(LEANING)
    assert EVERYTHING.wants(msgspec.structs.replace(LEANING, is_drill=True))
    assert EVERYTHING.due_ns(xiamen_ns("03:00"), LEANING) == xiamen_ns("03:00")


def test_every_key_is_read() -> None:
    """As the manual page of the module writes them."""
    text = """
levels: [red, orange]
kinds: [case.opened, case.climbed, alarm.test]
districts: [tongan]
units: [tongan-ads]
codes: [part 0390]
drills: false
hours: "08:00-22:00"
always: [red, orange]
group: 60s
"""
    route, mistakes = told(text)
    assert mistakes == []
    assert route == Route(
        levels=frozenset({Level.RED, Level.ORANGE}),
        kinds=frozenset({"case.opened", "case.climbed", "alarm.test"}),
        districts=frozenset({"tongan"}),
        units=frozenset({"tongan-ads"}),
        codes=frozenset({("part", "0390")}),
        drills=False,
        hours=DAY_HOURS,
        always=frozenset({Level.RED, Level.ORANGE}),
        group_s=60.0,
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("levels: [crimson]", "[E-FILE-014]"),
        ("kinds: [case.open]", "kinds: there is no 'case.open'. fix: write 'case.opened' [E-ROUTE-001]"),
        ("units: [tongan-ad]", "units: there is no 'tongan-ad'. fix: write 'tongan-ads' [E-ROUTE-002]"),
        ("codes: [part 390]", "codes: there is no case code 'part 390'. fix: write 'part 0390' [E-ROUTE-003]"),
        ('hours: "8-22"', "'8-22' is no part of a day."),
        ('hours: "08:00-08:00"', "[E-ROUTE-004]"),
        ("group: 2h", "[E-FILE-013]"),
    ],
)
def test_mistakes_have_a_place_and_a_fix(text: str, said: str) -> None:
    """The line, what is wrong, and the nearest word that is right."""
    [mistake] = told(f"\n\n{text}")[1]
    assert mistake.startswith("cloud.yaml:3")
    assert said in mistake


def test_mistakes_are_told_all_at_once() -> None:
    """Three keys, three mistakes."""
    assert len(told("kinds: [x]\nunits: [y]\ncodes: [z]")[1]) == 3


def test_districts_are_checked_against_the_city() -> None:
    """Those are in sensors.yaml, which is read later."""
    route = told("districts: [tongann]")[0]
    [mistake] = check_districts([route], ["siming", "tongan"]).sorted()
    assert mistake.where == "cloud.yaml:1"
    assert "write 'tongan'" in str(mistake)
    assert not check_districts([EVERYTHING], ["tongan"])


@pytest.mark.parametrize(
    ("key", "fits", "fits_not"),
    [
        ("levels", {Level.ORANGE, Level.RED}, {Level.RED}),
        ("kinds", {"case.opened"}, {"case.closed"}),
        ("districts", {"tongan"}, {"siming"}),
        ("units", {"tongan-ads"}, {"command-centre"}),
        ("codes", {("part", "0390")}, {("event", "0390")}),
    ],
)
def test_a_route_wants_what_fits_all_its_keys(key: str, fits: set[object], fits_not: set[object]) -> None:
    """A key that is not written asks for nothing; one that does not fit is enough."""
    assert replace(EVERYTHING, **{key: frozenset(fits)}).wants(LEANING)  # type: ignore[arg-type]
    assert not replace(EVERYTHING, **{key: frozenset(fits_not)}).wants(LEANING)  # type: ignore[arg-type]


def test_drills_can_be_left_out() -> None:
    """They are marked everywhere, and some receivers want none all the same."""
    assert not Route(drills=False).wants(msgspec.structs.replace(LEANING, is_drill=True))
    assert Route(drills=False).wants(LEANING)


def test_a_test_alarm_reaches_whoever_would_be_told_of_a_real_one() -> None:
    """It has no unit and no code, so it is not asked for them; level and district are asked, and nothing holds it."""
    test = Facts(kind="alarm.test", level=Level.BLUE, district="tongan")
    route = Route(units=frozenset({"tongan-ads"}), codes=frozenset({("part", "0390")}), hours=DAY_HOURS, group_s=60.0)
    assert route.wants(test)
    assert route.due_ns(xiamen_ns("03:00"), test) == xiamen_ns("03:00")
    assert not replace(route, levels=frozenset({Level.RED})).wants(test)
    assert not replace(route, kinds=frozenset({"case.opened"})).wants(test)


@pytest.mark.parametrize(
    ("hours", "now", "due"),
    [
        (DAY_HOURS, "03:00", "08:00"),
        (DAY_HOURS, "08:00", "08:00"),
        (DAY_HOURS, "21:59", "21:59"),
        (NIGHT_HOURS, "23:30", "23:30"),
        (NIGHT_HOURS, "05:59", "05:59"),
        (NIGHT_HOURS, "06:00", "22:00"),
        (Hours(0, 24 * 60), "00:00", "00:00"),
    ],
)
def test_what_falls_outside_waits_until_the_hours_begin(hours: Hours, now: str, due: str) -> None:
    """To the minute, in the calendar's zone, over midnight too; red goes out at 03:00."""
    route = Route(hours=hours)
    assert route.due_ns(xiamen_ns(now), LEANING) == xiamen_ns(due)
    assert route.due_ns(xiamen_ns(now), msgspec.structs.replace(LEANING, level=Level.RED)) == xiamen_ns(now)


def test_the_evening_waits_for_tomorrow() -> None:
    """22:00 is no longer within 08:00-22:00."""
    assert Route(hours=DAY_HOURS).due_ns(xiamen_ns("22:00"), LEANING) == xiamen_ns("08:00", day=25)


def test_hours_follow_the_wall_clock_of_a_zone_that_changes_it() -> None:
    """Berlin, 25 October 2026: the night is an hour longer, and 08:00 is 08:00."""
    berlin = ZoneInfo("Europe/Berlin")
    late = int(datetime(2026, 10, 24, 23, 0, tzinfo=berlin).timestamp()) * SECOND_NS
    begin = int(datetime(2026, 10, 25, 8, 0, tzinfo=berlin).timestamp()) * SECOND_NS
    assert Hours(8 * 60, 22 * 60, "Europe/Berlin").begin_ns(late) == begin
    assert begin - late == 10 * 3600 * SECOND_NS


def test_notices_are_gathered_unless_their_level_is_always_told() -> None:
    """60 s; none for red; what waited for the hours waits no longer."""
    route = Route(group_s=60.0, hours=DAY_HOURS)
    noon_ns = xiamen_ns("12:00")
    assert route.due_ns(noon_ns, LEANING) == noon_ns + 60 * SECOND_NS
    assert route.due_ns(noon_ns, msgspec.structs.replace(LEANING, level=Level.RED)) == noon_ns
    assert route.due_ns(xiamen_ns("03:00"), LEANING) == xiamen_ns("08:00")
    assert Route(group_s=60.0, always=frozenset()).waits(msgspec.structs.replace(LEANING, level=Level.RED))


def test_facts_are_read_from_the_body() -> None:
    """Of a case, of an alarm, and of something that has no level at all."""
    case = b'{"type": "case.opened", "data": {"number": "1", "level": "red", "unit": "a", "is_drill": true}}'
    assert facts_of(Notice("1.opened.red", "case.opened", 0, case)) == Facts(
        kind="case.opened", level=Level.RED, unit="a", is_drill=True
    )
    assert facts_of(Notice("m.1", "mode.changed", 0, b'{"data": {}}')) == Facts(kind="mode.changed")


def test_a_notifier_of_cloud_yaml_has_its_route(tmp_path: Path) -> None:
    """Beside the keys of its kind, in the zone of the calendar; unknown keys are still mistakes."""
    path = tmp_path / "cloud.yaml"
    path.write_text(
        "schema: egret.cloud/1\ncalendar: {zone: Europe/Berlin}\nnotifiers:\n"
        "  - {name: desk, kind: webhook, url: 'https://desk.example', levels: [red], hours: '08:00-22:00'}\n",
        encoding="utf-8",
    )
    [chosen] = load(path).notifiers
    assert chosen.route == Route(levels=frozenset({Level.RED}), hours=Hours(480, 1320, "Europe/Berlin"))
    assert chosen.settings.url == "https://desk.example"
