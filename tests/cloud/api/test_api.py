"""Every route as a program uses it, with real servers behind it."""

import re
from typing import Any

import pytest
import small_city
from small_city import SECOND_NS

from cloud.ports import Column
from wire.alarm import Change, Level
from wire.gap import Gap
from wire.receipt import BoxStatus, Lane

JSON = {"Content-Type": "application/json"}


async def get(town: Any, path: str, **query: Any) -> Any:
    """The JSON of a route that answers."""
    answer = await town.client.get(f"api/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_city_names_places_and_limits(town: Any) -> None:
    """A site comes with its place, its sensors, their box and quantities, and where each limit is from."""
    city = await get(town, "city")
    assert (city["name"], city["is_demonstration"]) == ("小城", True)
    assert city["districts"] == {"siming": "思明区", "tongan": "同安区"}
    site = next(site for site in city["sites"] if site["id"] == "XM-TA-0117")
    assert (site["longitude"], site["latitude"]) == (118.1422, 24.7272)
    [sensor] = site["sensors"]
    make = city["makes"][sensor["make"]]
    assert (sensor["box"], "tilt" in make["quantities"]) == ("XM-TA-01", True)
    red = next(limit for limit in make["limits"] if limit["level"] == "red")
    assert (red["rule"], red["quantity"], red["limit"]) == ("lean", "tilt", 1.5)
    assert red["source"]


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Billboards report a sample and the statistics of each minute."""
    every = "limits: billboard, report: {every: 1min, statistics: true}}"
    monkeypatch.setattr(small_city, "SENSORS_YAML", small_city.SENSORS_YAML.replace("limits: billboard}", every))


@pytest.mark.usefixtures("windows")
async def test_statistics_are_drawn_with_the_limits_they_can_be_held_against(town: Any) -> None:
    """A minute's greatest tilt stands beside the limits of tilt, its deviation beside none; each has its name."""
    city = await get(town, "city")
    make = next(make for make in city["makes"] if "tilt" in make["quantities"])
    assert make["report_s"] == 60
    known = {quantity["name"]: quantity for quantity in city["quantities"]}
    assert set(make["quantities"]) <= set(known)
    drawn = {name: known[name]["drawn_with"] for name in make["quantities"] if name.startswith("tilt_m")}
    assert drawn == {"tilt_min": "tilt", "tilt_mean": "tilt", "tilt_max": "tilt"}
    assert (known["tilt"]["drawn_with"], known["tilt_std"]["drawn_with"]) == ("tilt", "")
    assert (known["tilt_max"]["zh"], known["tilt_max"]["unit"]) == ("合成倾角·最大值", "deg")
    assert "gas_lel_max" not in known


async def test_city_is_sent_once(town: Any) -> None:
    """Sensors with the same profile and limits share them; who has the answer already gets 304 and no body."""
    first = await town.client.get("api/v1/city")
    city = first.json()
    assert len(city["makes"]) == 2 < sum(len(site["sensors"]) for site in city["sites"])
    again = await town.client.get("api/v1/city", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_large_answers_are_compressed_for_those_who_take_it(town: Any) -> None:
    """A program that says nothing of gzip gets plain JSON; the same words either way."""
    for path in ("api/v1/city", "api/v1/state", ""):
        packed = await town.client.get(path, headers={"Accept-Encoding": "gzip"})
        plain = await town.client.get(path, headers={"Accept-Encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.content == plain.content, path


async def test_state_is_everything_at_once(town: Any, now_ns: int) -> None:
    """One request tells a board the active alarms, the open cases, the boxes and the newest values."""
    await town.ledger.take_alarms(small_city.lean(1, now_ns))
    await town.ledger.save_status(BoxStatus("XM-TA-01", online=True, time_ns=now_ns, boot="b", version="0.1.0"))
    town.live.put(small_city.tilt_batch(town.inventory, "XM-TA-0117-T1", now_ns, (2.17,)).columns)
    state = await get(town, "state")
    assert [(alarm["id"], alarm["level"]) for alarm in state["alarms"]] == [(small_city.LEAN, "red")]
    assert [case["alarm"] for case in state["cases"]] == [small_city.LEAN]
    assert [(box["box"], box["online"]) for box in state["boxes"]] == [("XM-TA-01", True)]
    assert [(value["quantity"], value["value"]) for value in state["values"]] == [("tilt", 2.17)]
    assert state["time_ns"] == now_ns
    assert state["newest_ns"] == now_ns
    assert state["last_event_id"] == await town.ledger.last_event_id() > 0
    assert state["cases"][0]["log"] == []
    assert (await get(town, "state", values="false"))["values"] == []


async def test_readings_are_returned_as_stored(town: Any, now_ns: int) -> None:
    """Times are exact to the nanosecond, the end is not included, and the oldest come first."""
    values = (0.05, 0.31, 0.52, 2.17)
    await town.store.write([small_city.tilt_batch(town.inventory, "XM-TA-0117-T1", now_ns + 1, values)])
    where = {"sensor": "XM-TA-0117-T1", "quantity": "tilt"}
    found = await get(town, "readings", **where, start=now_ns + 1, end=now_ns + 1 + 3 * SECOND_NS, limit=2)
    assert [(point["time_ns"], point["value"]) for point in found] == [
        (now_ns + 1, 0.05),
        (now_ns + 1 + SECOND_NS, 0.31),
    ]
    halves = await get(town, "series", **where, start=now_ns, end=now_ns + 4 * SECOND_NS, buckets=2)
    assert [round(point["value"], 3) for point in halves] == [0.18, 1.345]
    counted = await get(town, "count", start=now_ns, end=now_ns + 60 * SECOND_NS)
    assert counted["count"] == 4


async def test_case_is_closed_by_a_person(town: Any, now_ns: int) -> None:
    """Closing needs a name, is written to the log, and is refused a second time; the alarm stays."""
    await town.ledger.take_alarms(small_city.lean(1, now_ns))
    [case] = await get(town, "cases", open="true")
    address = f"api/v1/cases/{case['number']}/acts"
    act = {"act": "close", "note": "已加固", "without_sensor": "人在现场"}
    closed = await town.client.post(address, json=act)
    assert (closed.status_code, closed.json()["stage"]) == (200, "closed")
    assert await get(town, "cases", open="true") == []
    file = await get(town, f"cases/{case['number']}")
    assert (file["log"][-1]["actor"], file["log"][-1]["note"]) == ("demo", "已加固 [without the sensor: 人在现场]")
    assert [alarm["state"] for alarm in await get(town, "alarms")] == ["unacknowledged"]
    again = await town.client.post(address, json=act)
    assert (again.status_code, again.json()["code"]) == (409, "E-CASE-002")


async def test_returned_alarm_is_listed_until_acknowledged(town: Any, now_ns: int) -> None:
    """An alarm that cleared before anybody saw it does not vanish from the list (ISA-18.2)."""
    await town.ledger.take_alarms(small_city.lean(1, now_ns))
    await town.ledger.take_alarms(small_city.lean(2, now_ns + SECOND_NS, Level.RED, Change.CLEARED))
    assert [alarm["state"] for alarm in await get(town, "alarms")] == ["returned_unacknowledged"]


async def test_unregistered_sensors_are_shown(town: Any, now_ns: int) -> None:
    """A sensor that sensors.yaml does not know is listed with its box and last value, never hidden."""
    stranger = Column(town.inventory.tags("XM-XX-T9", "XM-TA-01"), "tilt", (now_ns,), (0.4,), (0,))
    town.live.put([stranger, *small_city.tilt_batch(town.inventory, "XM-TA-0117-T1", now_ns, (0.05,)).columns])
    [found] = await get(town, "unregistered")
    assert (found["sensor"], found["box"], found["value"]) == ("XM-XX-T9", "XM-TA-01", 0.4)


async def test_gaps_are_shown(town: Any, now_ns: int) -> None:
    """What a box had to let go is listed with times, sensors and reason; nobody takes a hole for calm weather."""
    gap = Gap(41, 100, now_ns, now_ns + 59 * SECOND_NS, "size", {"XM-TA-0117-T1": 60})
    await town.ledger.advance_many([("XM-TA-01", "k3v9q2ma", Lane.READINGS, 110)], {("XM-TA-01", "k3v9q2ma"): [gap]})
    [found] = await get(town, "gaps")
    assert (found["box"], found["count"], found["reason"]) == ("XM-TA-01", 60, "size")
    assert (found["last_ns"] - found["first_ns"], found["sensors"]) == (59 * SECOND_NS, {"XM-TA-0117-T1": 60})
    assert await get(town, "gaps", box="XM-TA-01", limit=1) == [found]
    assert await get(town, "gaps", box="XM-SM-01") == []


async def test_store_that_is_down_darkens_only_charts(town: Any, now_ns: int) -> None:
    """Without the store, series is a 503 that says so; state still answers, and health names the trouble."""
    await town.ledger.take_alarms(small_city.lean(1, now_ns))
    await town.store.__aexit__(None, None, None)
    query = {"sensor": "XM-TA-0117-T1", "quantity": "tilt", "start": 0, "end": now_ns}
    answer = await town.client.get("api/v1/series", params=query)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["what"]
    assert problem["fix"]
    assert problem["code"].startswith("E-")
    assert len((await get(town, "state"))["alarms"]) == 1
    assert problem["code"] in (await get(town, "health"))["store"]


@pytest.mark.parametrize(
    ("path", "status", "code", "says"),
    [
        ("readings?sensor=a&quantity=tilt&start=5&end=x", 400, "E-API-005", "end"),
        ("readings?sensor=a&quantity=tilt&start=5", 400, "E-API-005", "end"),
        ("readings?sensor=a&quantity=tilt&start=5&end=5", 400, "E-API-005", "from 5 to 5 is empty"),
        ("readings?sensor=a&quantity=tilt&start=5&end=6&limit=0", 400, "E-API-005", "limit"),
        ("cases/NOPE", 404, "E-CASE-001", "NOPE"),
        ("nothing/here", 404, "E-API-004", "nothing at this address"),
    ],
)
async def test_problems_say_what_to_do(town: Any, path: str, status: int, code: str, says: str) -> None:
    """A refusal is a problem document with what is wrong, how to fix it, and a code to search for."""
    answer = await town.client.get(f"api/v1/{path}")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert says in problem["what"]
    assert problem["fix"]


async def test_openapi_describes_every_route(town: Any) -> None:
    """The document is OpenAPI 3.1 and is the only page about it: nothing is loaded from elsewhere."""
    document = await get(town, "openapi.json")
    assert document["openapi"].startswith("3.1")
    served = {re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path) for route in town.app.routes}
    here = {path for path in served if path.startswith("/api/v1/") and "openapi.json" not in path}
    assert set(document["paths"]) == here
    acts = [act for path in document["paths"].values() for act in path.values()]
    assert all(act["summary"] and act["tags"] for act in acts)
