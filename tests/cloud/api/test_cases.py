"""Cases over HTTP: filters, pages, conflicts, repetitions, and two operators at once."""

import asyncio
from typing import Any

import pytest
import small_city
from small_city import SECOND_NS

from cloud.cases.case_acts import Dispatch
from cloud.ports import Column
from cloud.tables import audit
from cloud.tables.alarm_history import AlarmHistory
from cloud.tables.audit import Wanted
from wire.alarm import AlarmEvent, Change, Level
from wire.alarm_message import AlarmMessage
from wire.reading import Quality

KEY = {"Idempotency-Key": "9f8d2c"}


async def lean(town: Any, now_ns: int) -> str:
    """A billboard in Tong'an leans; the number of its case."""
    await town.ledger.take_alarms(small_city.lean(1, now_ns))
    [case] = await town.ledger.open_cases()
    return str(case.number)


async def act(town: Any, number: str, said: dict[str, Any], **headers: str) -> Any:
    """The answer to an act."""
    return await town.client.post(f"api/v1/cases/{number}/acts", json=said, headers=headers)


async def file(town: Any, title: str, **more: Any) -> dict[str, Any]:
    """A person files a case."""
    answer = await town.client.post("api/v1/cases", json={"title": title, "level": "yellow", **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def numbers(town: Any, **query: Any) -> list[str]:
    """Of the cases that a query finds."""
    answer = await town.client.get("api/v1/cases", params=query)
    assert answer.status_code == 200, answer.text
    return [case["number"] for case in answer.json()]


async def test_an_answer_says_what_is_left_and_what_can_be_done(town: Any, now_ns: int) -> None:
    """A red billboard has four hours from filing; the command centre may dispatch it, and nobody can accept it yet."""
    number = await lean(town, now_ns)
    case = (await town.client.get(f"api/v1/cases/{number}")).json()
    assert (case["stage"], case["remaining_s"], case["is_overdue"]) == ("filed", 4 * 3600, False)
    assert case["due_ns"] == now_ns + 4 * 3600 * SECOND_NS
    assert "dispatch" in case["can"]
    assert "accept" not in case["can"]
    assert [part["member"] for part in case["parts"]] == [small_city.LEAN]


async def test_a_case_goes_all_the_way(town: Any, now_ns: int) -> None:
    """派遣, 接单, 到场, 反馈, 核查, 结案: each with its time, and the sensor is asked before the end."""
    number = await lean(town, now_ns)
    for said in (
        {"act": "dispatch", "unit": "command-centre"},
        {"act": "accept"},
        {"act": "arrive"},
        {"act": "feed_back", "note": "re-anchored"},
        {"act": "verify"},
    ):
        assert (await act(town, number, said)).status_code == 200
    refused = await act(town, number, {"act": "close", "note": "right again"})
    assert (refused.status_code, refused.json()["code"]) == (422, "E-CASE-009")
    closed = await act(town, number, {"act": "close", "without_sensor": "sensor was replaced", "finding": "handled"})
    assert (closed.json()["stage"], closed.json()["outcome"]) == ("closed", "handled")
    assert closed.json()["can"] == []
    log = (await town.client.get(f"api/v1/cases/{number}")).json()["log"]
    acts = [line["act"] for line in log]
    assert acts == ["raised", "file", "dispatch", "accept", "arrive", "feed_back", "verify", "close"]
    audited = await town.ledger.read(lambda connection: audit.page(connection, Wanted(object=number)))
    assert [line.act for line in audited][:2] == ["case.close", "case.verify"]


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"act": "accept"}, 409, "E-CASE-003"),
        ({"act": "dispatch", "unit": "nobody"}, 422, "E-CASE-006"),
        ({"act": "suspend"}, 422, "E-CASE-005"),
        ({"act": "note", "photos": ["0" * 64]}, 422, "E-CASE-014"),
        ({"act": "merge", "into": "20200101-00001"}, 404, "E-CASE-001"),
        ({"act": "fly"}, 400, "E-API-005"),
        ({"act": "note", "colour": "red"}, 400, "E-API-005"),
    ],
)
async def test_what_cannot_be_done_is_said(
    town: Any, now_ns: int, said: dict[str, Any], status: int, code: str
) -> None:
    """Wrong stage, unknown unit, no reason, a foreign photo: each has its own code, and nothing changes."""
    number = await lean(town, now_ns)
    before = await town.ledger.case(number)
    answer = await act(town, number, said)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await town.ledger.case(number) == before


async def test_two_operators_see_each_other(town: Any, now_ns: int) -> None:
    """Who acts on what has changed since is told so, and decides anew."""
    number = await lean(town, now_ns)
    seen = (await town.client.get(f"api/v1/cases/{number}")).headers["etag"]
    first = await act(town, number, {"act": "dispatch", "unit": "command-centre"}, **{"If-Match": seen})
    second = await act(town, number, {"act": "suspend", "note": "wait"}, **{"If-Match": seen})
    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["code"] == "E-CASE-007"
    assert "demo did dispatch" in second.json()["what"]
    again = await act(town, number, {"act": "suspend", "note": "wait"}, **{"If-Match": first.headers["etag"]})
    assert again.status_code == 200
    refused = await act(town, number, {"act": "resume"}, **{"If-Match": "yesterday"})
    assert (refused.status_code, refused.json()["code"]) == (400, "E-API-014")


async def test_the_same_act_at_once_is_done_once(town: Any, now_ns: int) -> None:
    """Ten clients with one key: one act, ten equal answers; the key is none for another act."""
    number = await lean(town, now_ns)
    said = {"act": "dispatch", "unit": "command-centre"}
    answers = await asyncio.gather(*(act(town, number, said, **KEY) for _ in range(10)))
    assert {(answer.status_code, answer.json()["version"]) for answer in answers} == {(200, 3)}
    assert [line.act for line in (await town.ledger.case(number)).log] == ["raised", "file", "dispatch"]
    other = await act(town, number, {"act": "accept"}, **KEY)
    assert (other.status_code, other.json()["code"]) == (422, "E-API-013")
    bad = await act(town, number, {"act": "accept"}, **{"Idempotency-Key": "two words"})
    assert (bad.status_code, bad.json()["code"]) == (400, "E-API-015")


async def test_an_unchanged_case_is_not_sent_again(town: Any, now_ns: int) -> None:
    """`If-None-Match` with the version that the client has costs no body."""
    number = await lean(town, now_ns)
    etag = (await town.client.get(f"api/v1/cases/{number}")).headers["etag"]
    answer = await town.client.get(f"api/v1/cases/{number}", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


async def test_lists_are_filtered(town: Any, now_ns: int) -> None:
    """By what people ask for: open, stage, level, district, code, source, and when."""
    leaning = await lean(town, now_ns)
    rubbish = (await file(town, "暴露垃圾", code="garbage", district="siming"))["number"]
    assert await numbers(town) == [rubbish, leaning]
    assert await numbers(town, level="red") == [leaning]
    assert await numbers(town, district="siming", open="true") == [rubbish]
    assert await numbers(town, code="part 0390") == [leaning]
    assert await numbers(town, source="sensor") == [leaning]
    assert await numbers(town, open="false") == []
    assert await numbers(town, start_ns=now_ns + 1) == []
    assert await numbers(town, start_ns=now_ns, end_ns=now_ns + 1) == [rubbish, leaning]
    assert await numbers(town, overdue="true") == []
    counted = (await town.client.get("api/v1/cases/counts")).json()
    assert (counted["total"], counted["by_level"]) == (2, {"red": 1, "yellow": 1})
    refused = await town.client.get("api/v1/cases", params={"stage": "lost"})
    assert refused.status_code == 400


async def test_lists_are_paged_to_their_end(town: Any) -> None:
    """`Link` leads from page to page; each case is on one of them."""
    filed = [(await file(town, f"路灯 {at}"))["number"] for at in range(7)]
    found, address = [], "api/v1/cases?limit=3&open=true"
    while address:
        answer = await town.client.get(address)
        found += [case["number"] for case in answer.json()]
        address = answer.links.get("next", {}).get("url", "")
    assert found == filed[::-1]


async def test_a_person_files_a_case(town: Any) -> None:
    """At a site of ours it has the site's place and district; text is text."""
    title = "<b>树倒</b> =cmd|' /C calc'!A1"
    case = await file(town, title, site="XM-SM-0001", code="event 0591", text="行道树压到广告牌")
    assert (case["title"], case["district"], case["stage"]) == (title, "siming", "filed")
    assert (case["code_class"], case["code"], case["longitude"]) == ("event", "0591", 118.078)
    refused = await town.client.post("api/v1/cases", json={"title": "x", "level": "red", "code": "nothing"})
    assert (refused.status_code, refused.json()["code"]) == (422, "E-CODE-008")


async def test_a_page_of_alarm_events_leads_to_the_next(town: Any, now_ns: int) -> None:
    """Newest first, also where events of several boxes have one time."""
    for box in ("XM-TA-01", "XM-SM-01"):
        events = tuple(
            AlarmEvent(
                f"{box}-{at}/lean", f"{box}-{at}", "lean", "tilt", "raised", Level.RED, 2.0, 1.5, now_ns, sequence=at
            )
            for at in range(1, 6)
        )
        await town.ledger.take_alarms(AlarmMessage(box, "spool-1", 0, events))
    found, address = [], "api/v1/alarms/events?limit=4"
    while address:
        answer = await town.client.get(address)
        found += [(event["box"], event["sequence"]) for event in answer.json()]
        address = answer.links.get("next", {}).get("url", "")
    assert found == [(box, at) for box in ("XM-TA-01", "XM-SM-01") for at in (5, 4, 3, 2, 1)]
    bad = await town.client.get("api/v1/alarms/events", params={"after": "%%%"})
    assert (bad.status_code, bad.json()["code"]) == (400, "E-ALARM-007")


async def test_a_test_of_an_unknown_sensor_is_refused(town: Any) -> None:
    """With the sensor that was probably meant."""
    refused = await town.client.post("api/v1/alarms/test", json={"sensor": "XM-TA-0117-T2"})
    assert (refused.status_code, refused.json()["code"]) == (422, "E-ALARM-010")
    assert refused.json()["fix"] == "write 'XM-TA-0117-T1'."


async def test_several_alarms_are_acknowledged_with_one_click(town: Any, now_ns: int) -> None:
    """What can be done is done, what cannot is said, and nothing of a case changes."""
    number = await lean(town, now_ns)
    said = {"alarms": [small_city.LEAN, "NOBODY/lean"], "act": {"act": "acknowledge", "note": "seen"}}
    done, missing = (await town.client.post("api/v1/alarms/acts", json=said)).json()
    assert (done["alarm"]["state"], done["alarm"]["acted_by"]) == ("acknowledged", "demo")
    assert (missing["alarm"], missing["code"]) == (None, "E-ALARM-001")
    assert (await town.ledger.case(number)).stage == "filed"


async def test_the_board_hears_of_the_mode(town: Any) -> None:
    """Switching is answered, listed, in the state, and told."""
    said = {"mode": "rain", "level": "orange", "reason": "暴雨橙色预警", "hours": 6}
    switched = await town.client.post("api/v1/modes", json=said)
    assert switched.status_code == 201, switched.text
    [mode] = (await town.client.get("api/v1/state")).json()["modes"]
    assert (mode["mode"], mode["actor"], mode["district"]) == ("rain", "demo", "")
    events = await town.ledger.events_after(0, 10)
    assert "mode" in [event.kind for event in events]
    refused = await town.client.post("api/v1/modes", json={**said, "district": "atlantis"})
    assert (refused.status_code, refused.json()["code"]) == (422, "E-MODE-001")


async def test_open_cases_of_a_site_are_those_with_its_alarms(town: Any, now_ns: int) -> None:
    """A lean that became a part of a case of another site is found by both sites, and by no third."""
    number = await lean(town, now_ns)
    whole = (await file(town, "两块屏幕", site="XM-SM-0001"))["number"]
    await act(town, number, {"act": "merge", "into": whole})
    found = [await numbers(town, open="true", site=site) for site in ("XM-TA-0117", "XM-SM-0001", "XM-SM-0002")]
    assert found == [[whole], [whole], []]


async def test_a_switch_and_a_test_are_done_once(town: Any) -> None:
    """Sent again with the same key: one mode, one test alarm; another body under the key is refused."""
    said = {"mode": "watch", "reason": "大风"}
    first, again = [await town.client.post("api/v1/modes", json=said, headers=KEY) for _ in range(2)]
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert len((await town.client.get("api/v1/modes")).json()) == 1
    other = await town.client.post("api/v1/modes", json={**said, "level": "red"}, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "E-API-013")
    for _ in range(2):
        headers = {"Idempotency-Key": "test-1"}
        await town.client.post("api/v1/alarms/test", json={"sensor": "XM-TA-0117-T1"}, headers=headers)
    history, _ = await town.ledger.alarm_history(AlarmHistory(), 10, "")
    assert [event.alarm for event in history] == ["XM-TA-0117-T1/test"]


@pytest.mark.parametrize(
    ("quantity", "quality", "told"),
    [
        ("tilt", Quality.GOOD, ""),
        ("tilt", Quality.STUCK, "(tilt) has given no reading"),
        ("temperature", Quality.GOOD, "(tilt) has given no reading"),
    ],
)
async def test_the_live_values_are_the_sensors_word(
    town: Any, now_ns: int, quantity: str, quality: Quality, told: str
) -> None:
    """Cleared ten minutes ago: a good tilt since then lets a person close the case, another quantity does not."""
    at_ns = now_ns - 600 * SECOND_NS
    await town.ledger.take_alarms(small_city.lean(1, at_ns))
    await town.ledger.take_alarms(small_city.lean(2, at_ns, change=Change.CLEARED))
    [case] = await town.ledger.open_cases()
    tags = town.inventory.tags("XM-TA-0117-T1", "XM-TA-01")
    town.live.put([Column(tags, quantity, (now_ns,), (0.1,), (int(quality),))])
    closed = await act(town, case.number, {"act": "close", "note": "已加固"})
    assert closed.status_code == (422 if told else 200)
    assert told in closed.text


async def test_climbing_is_told_in_time(town: Any, now_ns: int) -> None:
    """The clock of this town stands still, so nothing is due; a case that was dispatched waits for its minute."""
    number = await lean(town, now_ns)
    dispatched = await small_city.act(town.ledger, number, Dispatch(unit="command-centre"))
    assert dispatched.climb_ns == now_ns + 60 * SECOND_NS
    assert await town.ledger.tick() is False
