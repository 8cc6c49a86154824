"""What other systems and people report: once, in order or not, with words that we know and words that we do not."""

from collections.abc import AsyncIterator
from pathlib import Path

import busy_city
import msgspec
import pytest
from busy_city import MINUTE_NS, Town, at, clock

from cloud.cases import reportwork
from cloud.cases.case_acts import Close, File
from cloud.cases.case_flow import Stage
from cloud.cases.case_ties import Duplicate, Merge
from cloud.cases.elsewhere import Ref, conflict
from cloud.city.case_codes import NoSuchCode
from cloud.reporting.reports import Report, State
from wire.alarm import Level
from wire.errors import BadAct

NOW = "2026-11-18 10:00"
BEGAN_NS = at("2026-11-18 09:30")


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """Wednesday, 18 November 2026, 10:00, and nothing has happened."""
    town = busy_city.town(tmp_path, NOW)
    async with town.ledger:
        yield town


def report(**facts: object) -> Report:
    """A camera sees bicycles on the pavement, 30 min ago."""
    told = {
        "key": "CAM-7-42",
        "state": State.RAISED,
        "time_ns": BEGAN_NS,
        "level": Level.YELLOW,
        "title": "共享单车占道",
        "code": "shared-bicycles",
        "text": "12 辆",
    }
    return msgspec.convert(told | facts, Report)


async def ref(town: Town, number: str) -> Ref:
    """The one word of another system about a case."""
    [found] = await town.refs(number)
    return found


async def test_a_report_waits_to_be_filed(town: Town) -> None:
    """It is reported: no unit, no deadline, nobody is asked; a person files it, and its time begins."""
    case = await town.report(report(site="XM-TA-0117", reporter="路口 7 摄像机"))
    assert (case.stage, case.unit, case.due_ns, case.climb_ns) == (Stage.REPORTED, "", None, None)
    assert (case.source, case.code, case.district, case.latitude) == ("camera", "0490", "tongan", 24.7272)
    assert [(line.actor, line.act, line.note) for line in case.log] == [("路口 7 摄像机", "report", "raised · 12 辆")]
    filed = await town.do(case.number, File())
    assert (filed.stage, clock(filed.due_ns)) == (Stage.FILED, "2026-11-18 16:30:00")


async def test_the_same_report_again_changes_nothing(town: Town) -> None:
    """Neither the case, nor its log, nor what is told to others, however often it comes."""
    case = await town.report(report())
    notices = len(await town.notices())
    for _ in range(3):
        town.pass_s(600)
        assert (await town.report(report())).version == case.version
    assert (len(await town.open_cases()), len(await town.notices())) == (1, notices)
    assert len((await town.file_of(case.number)).log) == 1


async def test_a_key_that_comes_twice_in_one_message_is_one_case(town: Town) -> None:
    """Two reports of one thing in one transaction: one case, two lines."""
    both = (report(), report(state=State.RESOLVED, time_ns=BEGAN_NS + MINUTE_NS))
    first, second = await town.work(lambda work: [reportwork.take(work, "camera", one) for one in both])
    assert first.number == second.number
    assert [line.act for line in second.log] == ["report", "resolved"]


async def test_two_systems_may_use_one_key(town: Town) -> None:
    """Keys are of the system that uses them."""
    first, second = await town.report(report()), await town.report(report(), "hotline")
    assert first.number != second.number


async def test_what_is_over_marks_the_report_and_closes_nothing(town: Town) -> None:
    """`resolved` is a line in the log and a mark; the case is for a person to close."""
    case = await town.report(report())
    after = await town.report(report(state=State.RESOLVED, time_ns=BEGAN_NS + MINUTE_NS))
    assert (after.stage, after.is_open, after.log[-1].act) == (Stage.REPORTED, True, "resolved")
    assert (await ref(town, case.number)).is_returned


async def test_an_older_report_that_comes_late_says_nothing(town: Town) -> None:
    """What began before the newest that was taken is not news, even if it is different or worse."""
    case = await town.report(report(state=State.RESOLVED, time_ns=BEGAN_NS + MINUTE_NS))
    late = await town.report(report(level=Level.RED, external_state="处置中"))
    assert (late.version, late.level) == (case.version, Level.YELLOW)
    assert (await ref(town, case.number)).is_returned


async def test_a_report_that_is_worse_makes_the_case_worse(town: Town) -> None:
    """Yellow, then red under the same key: the case is red and people hear of it; yellow again changes nothing."""
    case = await town.report(report())
    worse = await town.report(report(level=Level.RED, time_ns=BEGAN_NS + MINUTE_NS))
    assert (worse.level, worse.version) == (Level.RED, case.version + 1)
    again = await town.report(report(level=Level.YELLOW, time_ns=BEGAN_NS + 2 * MINUTE_NS))
    assert (again.level, again.version) == (Level.RED, worse.version)
    assert [notice.kind for notice in await town.notices()] == ["case.opened", "case.escalated"]


async def test_their_number_and_state_are_kept(town: Town) -> None:
    """A later report that does not repeat them does not take them away."""
    case = await town.report(report(external_number="HL-2026-17", external_state="处置中", stage=Stage.HANDLING))
    await town.report(report(state=State.RESOLVED, time_ns=BEGAN_NS + MINUTE_NS))
    known = await ref(town, case.number)
    assert (known.number, known.state, known.stage) == ("HL-2026-17", "处置中", "handling")
    assert case.log[0].note == "raised · HL-2026-17 · 处置中 · 12 辆"


@pytest.mark.parametrize(
    ("theirs", "ours", "told"),
    [
        ("", Stage.FILED, ""),
        ("filed", Stage.FILED, ""),
        ("dispatched", Stage.FILED, ""),
        ("handling", Stage.FILED, "handling there, filed here"),
        ("closed", Stage.FILED, "closed there, filed here"),
        ("closed", Stage.VERIFICATION, "closed there, verification here"),
        ("verification", Stage.CLOSED, "verification there, closed here"),
        ("closed", Stage.CLOSED, ""),
    ],
)
async def test_where_two_systems_disagree_it_is_said(town: Town, theirs: str, ours: Stage, told: str) -> None:
    """One stage apart is on its way; further, or over on one side only, is a conflict."""
    case = await town.report(report(external_state="x", stage=theirs or None))
    assert conflict(await ref(town, case.number), msgspec.structs.replace(case, stage=ours)) == told


async def test_a_report_about_a_closed_case_is_remembered(town: Town) -> None:
    """The case stays as it was closed; what they say is kept, and disagrees."""
    case = await town.report(report())
    await town.do(case.number, Close())
    closed = await town.file_of(case.number)
    later = report(external_state="处置中", stage=Stage.HANDLING, level=Level.RED, time_ns=BEGAN_NS + MINUTE_NS)
    await town.report(later)
    assert await town.file_of(case.number) == closed
    assert conflict(await ref(town, case.number), closed) == "handling there, closed here"


@pytest.mark.parametrize("kind", ["merge", "duplicate"])
async def test_a_report_about_a_case_that_went_into_another_is_of_that(town: Town, kind: str) -> None:
    """Two cameras saw the same bicycles: what the first one sees next is written into the case that goes on."""
    first, second = await town.report(report()), await town.report(report(key="CAM-8-1", text="13 辆"))
    tied = Merge(into=second.number) if kind == "merge" else Duplicate(of=second.number)
    await town.do(first.number, tied)
    assert {ref.key for ref in await town.refs(second.number)} == {"CAM-7-42", "CAM-8-1"}
    worse = await town.report(report(level=Level.RED, text="车道堵死", time_ns=BEGAN_NS + MINUTE_NS))
    assert (worse.number, worse.level, worse.log[-1].note) == (second.number, Level.RED, "raised · 车道堵死")


async def test_what_we_do_not_know_is_kept_in_words(town: Town) -> None:
    """An unknown code is filed under `other`, an unknown site has no place; both words stand in the log."""
    case = await town.report(report(code="flying saucer", site="ROSWELL-1", longitude=118.1, latitude=24.5))
    assert (case.code_class, case.code, case.site) == ("event", "0690", "")
    assert (case.longitude, case.latitude) == (118.1, 24.5)
    assert case.log[0].note == "raised · 12 辆 · site ROSWELL-1? · code flying saucer?"


@pytest.mark.parametrize("said", ["tongan", "同安", "同安区"])
async def test_a_district_is_an_id_or_a_name(town: Town, said: str) -> None:
    """As other systems and people say it: it is the district that routing, operators and figures know."""
    assert (await town.report(report(district=said))).district == "tongan"
    assert (await town.file(site="", district=said)).unit == "tongan-ads"


async def test_a_district_that_is_none_of_ours_is_kept_in_words(town: Town) -> None:
    """No district of the figures is made of it; the command centre sees the case, and what was said."""
    case = await town.report(report(district="漳州市"))
    assert case.district == ""
    assert case.log[0].note == "raised · 12 辆 · district 漳州市?"


@pytest.mark.parametrize("place", [{"site": "XM-TA-0171"}, {"site": "", "district": "tong-an"}])
async def test_a_person_who_mistypes_a_place_is_told(town: Town, place: dict[str, str]) -> None:
    """As of a code; nothing is filed."""
    with pytest.raises(BadAct, match="E-CASE-027"):
        await town.file(**place)
    assert not await town.open_cases()


async def test_html_in_a_report_stays_text(town: Town) -> None:
    """Nothing is escaped twice or taken away; whoever shows it makes it harmless."""
    text = "<script>alert('占道')</script> & \"x\""
    case = await town.report(report(title=text, text=text))
    assert (case.title, case.log[0].note) == (text, f"raised · {text}")


async def test_a_person_files_and_it_is_routed(town: Town) -> None:
    """Reported by the person, filed by the person, dispatched by the rules, in one moment."""
    case = await town.file()
    assert [(line.actor, line.act) for line in case.log] == [("wu", "report"), ("wu", "file"), ("egret", "dispatch")]
    assert (case.source, case.unit, case.person, case.members) == ("person", "tongan-ads", "wang", 0)


@pytest.mark.parametrize(("code", "found"), [("event 0593", "0593"), ("flooded-road", "0593"), ("part 0390", "0390")])
async def test_a_code_is_an_id_or_its_digits(town: Town, code: str, found: str) -> None:
    """As people type it, or as the table calls it."""
    assert (await town.file(code=code)).code == found


@pytest.mark.parametrize("code", ["event 0390", "part 9999", "billbord", "road 0593"])
async def test_a_person_who_mistypes_a_code_is_told(town: Town, code: str) -> None:
    """A system's unknown code becomes `other`; a person can look again, and nothing is filed."""
    with pytest.raises(NoSuchCode) as refused:
        await town.file(code=code)
    assert refused.value.code == "E-CODE-008"
    assert not await town.open_cases()


async def test_what_a_person_files_is_plain(town: Town) -> None:
    """As of other systems: no line end, no control of a terminal and no U+202E stands in a title, a list or a mail."""
    case = await town.file(title="灯\r\nBcc: x\x1b[2J\u202e 斜\0", text="a\x1b[1m\nb", site="", street="鹭江\n街道")
    assert (case.title, case.street) == ("灯 Bcc: x[2J 斜", "鹭江 街道")
    assert case.log[0].note == "raised · a[1m\nb"


async def test_a_title_of_nothing_is_refused(town: Town) -> None:
    """A case that a list shows as an empty line."""
    with pytest.raises(BadAct, match="E-CASE-026"):
        await town.file(title=" \u200b\n")
    assert not await town.open_cases()


async def test_a_report_that_is_filed_goes_where_routing_says(town: Town) -> None:
    """立案 of what the hotline reported of a billboard in Tong'an: dispatched at once to whoever is on duty there."""
    reported = await town.report(report(code="billboard", site="XM-TA-0117"))
    assert (reported.stage, reported.unit) == ("reported", "")
    filed = await town.do(reported.number, File())
    assert (filed.stage, filed.unit, filed.person) == ("dispatched", "tongan-ads", "wang")
