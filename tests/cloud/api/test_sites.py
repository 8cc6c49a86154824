"""One site as its page shows it: how it is judged, how it is, whom to call, and what people did about it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import approved_site
import guarded_town
import msgspec
import pytest
import small_city

from cloud.cases.case_acts import Close
from cloud.cases.casebook import Asked, Casebook
from cloud.cases.modework import Switch
from cloud.listening import Http
from wire.alarm import Change
from wire.alarm_message import AlarmMessage
from wire.inventory import Inventory

SITE, SENSOR = "XM-TA-0117", "XM-TA-0117-T1"
OTHER = "XM-SM-0001-T1"


async def get(town: Any, path: str, **query: Any) -> Any:
    """The JSON of a route that answers."""
    answer = await town.client.get(f"api/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def slower(folder: Path) -> Inventory:
    """The approved site's city; its line is asked every 2.5 s."""
    city = approved_site.inventory(folder)
    box = city.boxes["XM-TA-01"]
    lines = tuple(replace(line, options={**line.options, "every": "2500ms"}) for line in box.lines)
    return replace(city, boxes={**city.boxes, box.id: replace(box, lines=lines)})


async def test_a_site_with_its_sensors_and_rules(town: Any) -> None:
    """Where each sensor hangs, how it is read and judged, and what it was at commissioning."""
    site = await get(town, f"sites/{SITE}")
    assert (site["name"], site["kind"], site["district_name"]) == ("环城西路南段落地电子屏", "billboard", "同安区")
    assert (site["longitude"], site["latitude"], site["contact"]) == (118.1422, 24.7272, None)
    [sensor] = site["sensors"]
    assert (sensor["id"], sensor["box"], sensor["box_name"], sensor["line"]) == (SENSOR, "XM-TA-01", "同安 1 号箱", "a")
    assert (sensor["profile"], sensor["title"]) == ("witmotion-wt901c-485", "WitMotion WT901C-485 inclinometer")
    assert (sensor["unit"], sensor["every_s"], sensor["zero"]) == (80, 1.0, {"roll": 0.0, "pitch": 0.0})
    lean, fault = sensor["rules"]
    assert (lean["name"], lean["kind"], lean["deadband"], lean["off_delay_s"]) == ("lean", "limit", 0.1, 60.0)
    assert [(one["level"], one["limit"]) for one in lean["levels"]][::3] == [("blue", 0.3), ("red", 1.5)]
    assert (fault["kind"], fault["quantity"], fault["levels"][0]["limit"]) == ("fault", "", None)
    assert (site["values"], site["alarms"], site["cases"]) == ([], [], [])


async def test_a_site_that_is_red(town: Any, now_ns: int) -> None:
    """Its newest values, its alarms, its case; nothing of its neighbours."""
    await town.ledger.take_alarms(small_city.lean(1, now_ns))
    for sensor, value in ((SENSOR, 2.17), (OTHER, 0.1)):
        town.live.put(small_city.tilt_batch(town.inventory, sensor, now_ns, (value,)).columns)
    site = await get(town, f"sites/{SITE}")
    assert [(value["sensor"], value["value"]) for value in site["values"]] == [(SENSOR, 2.17)]
    assert [(alarm["id"], alarm["is_first_out"]) for alarm in site["alarms"]] == [(small_city.LEAN, False)]
    assert [(case["number"], case["closed_ns"]) for case in site["cases"]] == [("20261118-00001", None)]
    other = await get(town, "sites/XM-SM-0001")
    assert (len(other["values"]), other["alarms"], other["cases"]) == (1, [], [])


async def test_open_cases_first_then_the_newest_closed(town: Any, now_ns: int) -> None:
    """Ten at most, however long the history is: one that a person filed long ago, and nine of eleven leans."""
    filed = await town.client.post("api/v1/cases", json={"title": "漏电", "level": "blue", "site": SITE})
    book, close = Casebook(town.ledger), Close(note="re-anchored", without_sensor="seen")
    for turn in range(11):
        await town.ledger.take_alarms(small_city.lean(2 * turn + 1, now_ns))
        await book.act(f"20261118-{turn + 2:05d}", close, small_city.person(), Asked(), {})
        await town.ledger.take_alarms(small_city.lean(2 * turn + 2, now_ns, change=Change.CLEARED))
    found = (await get(town, f"sites/{SITE}"))["cases"]
    assert found[0]["number"] == filed.json()["number"] == "20261118-00001"
    assert [case["number"] for case in found[1:]] == [f"20261118-{number:05d}" for number in range(12, 3, -1)]


async def test_a_case_that_an_alarm_joined_is_the_site_s_case_too(town: Any, now_ns: int) -> None:
    """In a storm one gust is one case: it stands at the first board, and the second is as red."""
    book = Casebook(town.ledger)
    await book.switch_mode(Switch(mode="watch", reason="wind"), small_city.person())
    [event] = small_city.lean(1, now_ns).events
    gust = tuple(
        msgspec.structs.replace(event, alarm=f"{sensor}/lean", sensor=sensor, sequence=at)
        for at, sensor in enumerate((OTHER, "XM-SM-0002-T1"), 1)
    )
    await town.ledger.take_alarms(AlarmMessage("XM-SM-01", "spool-1", 0, gust))
    first, second = [(await get(town, f"sites/{site}"))["cases"] for site in ("XM-SM-0001", "XM-SM-0002")]
    [case] = second
    assert (case["site"], case["members"]) == ("XM-SM-0001", 2)
    assert second == first


async def test_whom_to_call_is_told_to_those_who_may_have_to(tmp_path: Path) -> None:
    """A viewer sees the site without its contact; what is in another district is refused altogether."""
    async with guarded_town.opened(tmp_path, Http(), approved_site.inventory(tmp_path)) as town:
        told = {}
        for name in ("wu", "chen", "lin", "zhao"):
            await town.log_in(name)
            told[name] = (await get(town, f"sites/{SITE}"))["contact"]
        contact = {"name": "陈工", "phone": "0592-000-0101", "email": "", "checked": "2026-09-01"}
        assert told == {"wu": None, "chen": contact, "lin": contact, "zhao": contact}
        await town.log_in("lin")
        refused = await town.client.get("api/v1/sites/XM-SM-0001")
        assert (refused.status_code, refused.json()["code"]) == (403, "E-ACCESS-002")


async def test_papers_and_intervals_are_told(tmp_path: Path) -> None:
    """When the calibration lapses; how often a sensor is asked when its line, and not it, says so."""
    async with guarded_town.opened(tmp_path, Http(), slower(tmp_path)) as other:
        await other.log_in("zhao")
        [sensor] = (await get(other, f"sites/{SITE}"))["sensors"]
    assert (sensor["commissioned"], sensor["calibrated"], sensor["calibration_due"], sensor["serial"]) == (
        *("2026-03-14", "2026-03-14", "2027-03-14", "WT-0117"),
    )
    assert sensor["every_s"] == 2.5


async def test_the_values_of_a_site_or_of_some_sensors(town: Any, now_ns: int) -> None:
    """What a page asks for every second: of these alone, and of a sensor that nobody heard of none."""
    for sensor, value in ((SENSOR, 2.17), (OTHER, 0.1)):
        town.live.put(small_city.tilt_batch(town.inventory, sensor, now_ns, (value,)).columns)
    assert [value["sensor"] for value in await get(town, "values", site=SITE)] == [SENSOR]
    both = await get(town, "values", sensor=[OTHER, SENSOR, "NOBODY"])
    assert [(value["sensor"], value["value"]) for value in both] == [(OTHER, 0.1), (SENSOR, 2.17)]
    assert len(await get(town, "values", site=SITE, sensor=[SENSOR, OTHER])) == 2


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("sites/NOWHERE", 404, "E-SITE-001"),
        ("values?site=NOWHERE", 404, "E-SITE-001"),
        ("values", 400, "E-API-020"),
        ("values?" + "&".join(["sensor=A"] * 101), 400, "E-API-005"),
    ],
)
async def test_what_is_not_there_is_refused_with_a_fix(town: Any, path: str, status: int, code: str) -> None:
    """An unknown site, nothing asked for, and too much at once."""
    refused = await town.client.get(f"api/v1/{path}")
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.json()["fix"]
