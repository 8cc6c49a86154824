"""The table of case codes, its time limits, and what a city may say differently."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from cloud.city import case_codes, time_limit
from cloud.city.case_codes import CodeTable, NoSuchCode
from cloud.city.time_limit import TimeLimit
from cloud.city.working_time import Calendar
from wire.alarm import Level
from wire.errors import ConfigError
from wire.located import Mistakes

SECOND_NS = 10**9
NEW_ROW = "class: part, code: '0391', role: parks, zh: 游乐设施异常, en: playground, source: judgement"
LIMITS = "{red: 4h, orange: 24h, yellow: 2wd, blue: 5wd}"


def at(text: str) -> int:
    """UTC nanoseconds of a Chinese local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * SECOND_NS


def city(tmp_path: Path, text: str) -> CodeTable:
    """The shipped table with this file of a city laid over it; raises all its mistakes."""
    path = tmp_path / "codes.yaml"
    path.write_text("schema: egret.codes/1\n" + text, encoding="utf-8")
    mistakes = Mistakes()
    codes = case_codes.extended(path, mistakes)
    mistakes.raise_any()
    return codes


@pytest.mark.parametrize(
    ("site_kind", "is_fault", "word", "digits", "role"),
    [
        ("billboard", False, "billboard", "0390", "advertising"),
        ("gas", False, "gas", "0590", "gas"),
        ("billboard", True, "sensor", "0590", "iot"),
        ("windmill", False, "other", "0690", "command"),
        ("", False, "other", "0690", "command"),
        ("garbage", False, "other", "0690", "command"),
    ],
)
def test_a_site_kind_leads_to_a_code_and_a_role(
    site_kind: str, word: str, digits: str, role: str, *, is_fault: bool
) -> None:
    """A sensor at fault is for those who look after sensors; a row without `for` is for no site."""
    row = case_codes.code_for(site_kind, is_fault=is_fault)
    assert (row.id, row.code, row.role) == (word, digits, role)


def test_a_code_is_found_by_class_and_digits_and_by_its_word() -> None:
    """0590 is a gas leak among events and a sensor among parts."""
    assert case_codes.code("event", "0590").id == "gas"
    assert case_codes.code("part", "0590").id == "sensor"
    assert case_codes.by_id("box").zh == "监测网关离线"
    with pytest.raises(NoSuchCode, match=r"no case code 'drainge'.*write 'drainage'.*E-CODE-008"):
        case_codes.by_id("drainge")
    with pytest.raises(NoSuchCode, match=r"'0999' of class 'part'"):
        case_codes.code("part", "0999")


def test_other_city_systems_find_the_codes_they_report() -> None:
    """Rubbish, roads, covers, advertising, water, bicycles, lights and the hotline can be filed by hand or hook."""
    words = {row.zh for row in case_codes.table().values()}
    reported = ["暴露垃圾", "道路破损", "井盖缺失", "违规户外广告", "道路积水", "共享单车乱停放", "路灯故障"]
    assert words >= {*reported, "12345热线其他诉求"}


def test_every_row_says_who_how_long_and_why() -> None:
    """Four levels, a role and a source in each; a worse level never has more time."""
    for row in case_codes.table().values():
        assert list(row.limits) == [Level.RED, Level.ORANGE, Level.YELLOW, Level.BLUE], row.id
        assert row.role, row.id
        assert row.source, row.id


def test_a_worse_level_is_due_no_later_in_any_hour_of_a_week() -> None:
    """Also where red runs round the clock and orange in working time: Friday evening is the case that tells."""
    calendar = Calendar()
    stages = case_codes.shipped().stages
    rows = case_codes.table().values()
    limits = [*(row.limits for row in rows), stages.dispatch, stages.accept, stages.verify]
    for hour in range(7 * 24):
        start_ns = at("2026-11-16 00:00") + hour * 3600 * SECOND_NS
        for each in limits:
            due = [each[level].due_ns(start_ns, calendar) for level in Level]
            assert due == sorted(due), (each, hour)


def test_a_red_case_climbs_after_a_minute() -> None:
    """Dispatched at 03:00 and not accepted, it is due at 03:01; a blue one waits for working hours."""
    accept = case_codes.shipped().stages.accept
    night = at("2026-11-18 03:00")
    assert accept[Level.RED].due_ns(night, Calendar()) == at("2026-11-18 03:01")
    assert accept[Level.BLUE].due_ns(night, Calendar()) == at("2026-11-18 12:00")


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("30min", TimeLimit(1800.0)),
        ("4h", TimeLimit(14_400.0)),
        ("24h", TimeLimit(86_400.0)),
        ("90s", TimeLimit(90.0)),
        ("4wh", TimeLimit(14_400.0, is_working=True)),
        ("0.5wh", TimeLimit(1800.0, is_working=True)),
        ("3wd", TimeLimit(0.0, is_working=True, days=3.0)),
    ],
)
def test_a_time_limit_reads_as_it_is_written(text: str, limit: TimeLimit) -> None:
    """Round the clock in h and min, in working time in wh and wd."""
    assert time_limit.parse(text) == limit
    assert str(limit) == text


@pytest.mark.parametrize("text", ["", "4", "4 weeks", "0h", "0wd", "400d", "367wd", "-4h", "wd"])
def test_what_is_no_time_limit_is_refused_with_examples(text: str) -> None:
    """Nothing, nothing's end, and more than a year."""
    with pytest.raises(ValueError, match="30min or 4h round the clock, 4wh or 3wd in working time"):
        time_limit.parse(text)


def test_three_working_days_are_those_of_the_calendar() -> None:
    """Friday 10:00 and 3 x 7.5 h is Wednesday 10:00; in a typhoon, at half the time, it is Monday 16:15."""
    friday = at("2026-11-20 10:00")
    limit = time_limit.parse("3wd")
    assert limit.due_ns(friday, Calendar()) == at("2026-11-25 10:00")
    assert limit.due_ns(friday, Calendar(), 0.5) == at("2026-11-23 16:15")
    assert time_limit.parse("4h").due_ns(friday, Calendar(), 0.5) == at("2026-11-20 12:00")


def test_the_time_left_runs_as_the_limit_does() -> None:
    """On Saturday a limit in working time stands still; afterwards it is overdue by working time, too."""
    calendar = Calendar()
    due = at("2026-11-23 10:00")
    working, clock = time_limit.parse("4wh"), time_limit.parse("4h")
    assert working.remaining_s(at("2026-11-21 12:00"), due, calendar) == 2 * 3600
    assert working.remaining_s(at("2026-11-23 12:30"), due, calendar) == -2 * 3600
    assert clock.remaining_s(at("2026-11-23 09:00"), due, calendar) == 3600
    assert clock.remaining_s(at("2026-11-23 12:30"), due, calendar) == -2.5 * 3600


def test_a_city_adds_a_row_and_changes_another(tmp_path: Path) -> None:
    """What it does not say stays as shipped, and its own row for a kind of site comes first."""
    codes = city(
        tmp_path,
        "stages:\n"
        "  accept: {red: 30s}\n"
        "  source: city order 7\n"
        "codes:\n"
        "  billboard: {limits: {red: 2h}, source: city order 7}\n"
        f"  big-screen: {{{NEW_ROW}, for: billboard, limits: {LIMITS}}}\n",
    )
    assert str(codes.by_id("billboard").limits[Level.RED]) == "2h"
    assert codes.by_id("billboard").limits[Level.BLUE] == case_codes.by_id("billboard").limits[Level.BLUE]
    assert (codes.by_id("billboard").source, codes.by_id("gas").source) == ("city order 7", "judgement")
    assert codes.code_for("billboard", is_fault=False).id == "big-screen"
    assert codes.code("part", "0391").en == "playground"
    assert (codes.stages.accept[Level.RED].seconds, codes.stages.source) == (30.0, "city order 7")
    assert codes.stages.verify == case_codes.shipped().stages.verify
    assert case_codes.code_for("billboard", is_fault=False).id == "billboard"


def test_an_empty_city_file_changes_nothing(tmp_path: Path) -> None:
    """The table is the shipped one."""
    assert city(tmp_path, "") == case_codes.shipped()


@pytest.mark.parametrize(
    ("row", "line", "code", "said"),
    [
        ("billboard: {limits: {red: 2h}}", 3, "E-CODE-006", "changes time limits without saying why"),
        ("billboard: {limits: {red: 5h, orange: 4h}, source: x}", 3, "E-CODE-005", "red 5h is longer than orange 4h"),
        ("billboard: {limits: {blue: 1wd}, source: x}", 3, "E-CODE-005", "yellow 2wd is longer than blue 1wd"),
        ("billboard: {limits: {red: 2 hours}, source: x}", 3, "E-CODE-004", "4wh or 3wd in working time"),
        ("billboard: {code: '39'}", 3, "E-CODE-002", "two digits of class and two of subclass"),
        ("billboard: {code: '0191'}", 3, "E-CODE-003", "'street-light' has the code part 0191, too"),
        ("billboard: {role: 'city ads'}", 3, "E-CODE-001", "'city ads' is not allowed"),
        ("billboard: {class: thing}", 3, "E-FILE-014", "'thing' is not known"),
        ("billboard: {owner: wang}", 3, "E-FILE-010", "unknown key 'owner'"),
        ("big screen: {" + NEW_ROW + ", limits: " + LIMITS + "}", 3, "E-CODE-001", "'big screen' is not allowed"),
        ("park: {" + NEW_ROW + "}", 3, "E-FILE-011", "'limits' is missing"),
        ("gas: {for: x}\n  road: {for: x}", 4, "E-CODE-007", "'gas' is for sites of kind 'x', too"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_code(tmp_path: Path, row: str, line: int, code: str, said: str) -> None:
    """Where it is, what it is, what to write."""
    with pytest.raises(ConfigError) as caught:
        city(tmp_path, f"codes:\n  {row}\n")
    mistakes = caught.value.mistakes
    assert (code, f"codes.yaml:{line}") in {(found.code, Path(found.where).name) for found in mistakes}
    assert said in "\n".join(map(str, mistakes))


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    """Two wrong rows and a wrong stage make three mistakes."""
    text = (
        "stages: {accept: {red: soon}, source: x}\ncodes:\n  gas: {code: x}\n  road: {limits: {red: 0h}, source: x}\n"
    )
    with pytest.raises(ConfigError) as caught:
        city(tmp_path, text)
    assert [found.code for found in caught.value.mistakes] == ["E-CODE-004", "E-CODE-002", "E-CODE-004"]


def test_a_row_goes_to_an_api_as_it_stands_in_the_file() -> None:
    """`class` and `for` by these names, limits by level."""
    row = msgspec.json.decode(msgspec.json.encode(case_codes.by_id("billboard")))
    assert (row["class"], row["for"], row["code"]) == ("part", "billboard", "0390")
    assert row["limits"]["red"] == {"seconds": 14_400.0, "is_working": False, "days": 0.0}
