"""GET /alarms/load as a program asks for it."""

from pathlib import Path
from typing import Any

import guarded_town
import pytest
import small_city
from many_boards import leans, message, sensor_of
from small_city import LEAN, SECOND_NS

from cloud.alarming import alarmwork
from cloud.cases.casebook import Casebook
from cloud.listening import Http
from wire.alarm import Level

TEN_NS = 600 * SECOND_NS


async def load(town: Any, **query: Any) -> Any:
    """The figures."""
    answer = await town.client.get("api/v1/alarms/load", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_load_of_the_last_day(town: Any, now_ns: int) -> None:
    """Twelve alarms in the present ten minutes are a flood of 1 of 144 intervals; a test is no alarm."""
    start_ns = now_ns // TEN_NS * TEN_NS
    boards = [leans(sensor_of(number), number, now_ns - number, Level.BLUE) for number in range(1, 12)]
    await town.ledger.take_alarms(message([*boards, leans("XM-TA-0117-T1", 12, now_ns - 100)]))
    await Casebook(town.ledger).test_alarm(alarmwork.Test(sensor="XM-TA-0117-T1"), small_city.person())
    found = await load(town, operators=2)
    assert (found["start_ns"], found["end_ns"]) == (start_ns - 143 * TEN_NS, start_ns + TEN_NS)
    assert found["rate"] == {
        "raised": 12,
        "mean": 12 / 144,
        "per_operator": 6 / 144,
        "target_per_operator": 1.0,
        "peak": 12,
        "peak_start_ns": start_ns,
        "flood_intervals": 1,
        "flood_share": 1 / 144,
    }
    [flood] = found["floods"]
    assert flood == {
        "start_ns": start_ns,
        "end_ns": start_ns + TEN_NS,
        "raised": 12,
        "peak": 12,
        "first_out": LEAN,
    }
    assert found["levels"]["red"] == {"raised": 1, "share": 1 / 12, "recommended": 0.01}
    assert found["levels"]["blue"] == {"raised": 11, "share": 11 / 12, "recommended": 0.8}
    assert (len(found["top"]), found["top"][0]["times"], found["top"][0]["share"]) == (10, 1, 1 / 12)
    assert found["held"] == {"shelved": 0, "suppressed": 0, "out_of_service": 0}
    assert (found["chattering"], found["fleeting"], found["standing"]) == ([], [], [])


async def test_load_of_a_district_and_a_period(town: Any, now_ns: int) -> None:
    """Whole intervals that the period touches, and only what was raised in the district."""
    await town.ledger.take_alarms(small_city.lean(1, now_ns))
    query = {"from": now_ns - 1, "to": now_ns + 1}
    assert (await load(town, **query, district="tongan"))["rate"]["raised"] == 1
    siming = await load(town, **query, district="siming")
    assert (siming["rate"]["raised"], siming["district"]) == (0, "siming")
    assert siming["end_ns"] - siming["start_ns"] == TEN_NS
    assert (await load(town, **query, district="unknown"))["rate"]["raised"] == 0


@pytest.mark.parametrize(
    ("query", "status", "code", "says"),
    [
        ("district=tongam", 404, "E-ALARM-008", "write 'tongan'"),
        ("from=5", 400, "E-ALARM-009", "give both"),
        ("to=5", 400, "E-ALARM-009", "give both"),
        ("from=5&to=5", 400, "E-ALARM-009", "give both"),
        ("from=0&to=2678400000000000", 200, "", ""),
        ("from=0&to=2678400000000001", 400, "E-ALARM-009", "give both"),
        ("hours=0", 400, "E-API-005", "openapi"),
        ("hours=745", 400, "E-API-005", "openapi"),
        ("operators=0", 400, "E-API-005", "openapi"),
    ],
)
async def test_periods_that_are_none(town: Any, query: str, status: int, code: str, says: str) -> None:
    """At most 31 days, with both ends, of a district that there is."""
    answer = await town.client.get(f"api/v1/alarms/load?{query}")
    assert (answer.status_code, answer.json().get("code", "")) == (status, code)
    assert says in answer.json().get("fix", "")


async def test_an_operator_sees_the_load_of_their_district(tmp_path: Path) -> None:
    """Lin is of Tong'an: neither the city's figures nor another district's are hers."""
    async with guarded_town.opened(tmp_path, Http()) as town:
        assert (await town.client.get("api/v1/alarms/load")).status_code == 401
        await town.log_in("lin")
        statuses = [
            (await town.client.get("api/v1/alarms/load", params={"district": district})).status_code
            for district in ("tongan", "siming", "")
        ]
        assert statuses == [200, 403, 403]
