"""The sensor network's figures over HTTP, on a real store."""

from typing import Any

import assessed_cases
import pytest
import small_city

from cloud.cases.tally import difference
from cloud.compliance.presence import INTERVAL_NS
from cloud.ports import Batch, Column
from cloud.tables import tallies


async def readings(town: Any, sensor: str, box: str, quantity: str, times: tuple[int, ...]) -> None:
    """One value at each time."""
    column = Column(town.inventory.tags(sensor, box), quantity, times, (0.1,) * len(times), (0,) * len(times))
    await town.store.write([Batch(box, f"spool-{sensor}", 1, len(times), (column,))])


async def figures(town: Any, **query: str) -> Any:
    """The answer."""
    answer = await town.client.get("api/v1/evaluation/network", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_figures_are_those_counted_by_hand(town: Any) -> None:
    """17 November has 144 intervals. One sensor of its box had 72, two of another 36 each, 18 of them together."""
    start = assessed_cases.at(17, "00:00")
    slots = [start + n * INTERVAL_NS for n in range(144)]
    await readings(town, "XM-TA-0117-T1", "XM-TA-01", "tilt", tuple(slots[:72]))
    await readings(town, "XM-SM-0001-T1", "XM-SM-01", "tilt", tuple(slots[:36]))
    await readings(town, "XM-SM-0002-T1", "XM-SM-01", "tilt", tuple(slots[18:54]))
    story = assessed_cases.story()
    await town.ledger.database.write(lambda connection: tallies.apply(connection, difference((), story)))
    told = await figures(town, **{"from": "2026-11-17", "to": "2026-11-17"})
    assert (told["sensors"], told["counted_sensors"], told["next"]) == (4, 4, "")
    assert told["completeness"] == {"value": 144 / 576, "numerator": 72 + 36 + 36, "denominator": 4 * 144}
    assert told["online_rate"] == {"value": 126 / 288, "numerator": 72 + 54, "denominator": 2 * 144}
    assert told["alarms_per_sensor_day"] == {"value": 0.0, "numerator": 0, "denominator": 4}
    assert told["alarm_precision"]["value"] is None
    tongan = await figures(town, **{"from": "2026-11-01", "to": "2026-11-18", "district": "tongan"})
    assert tongan["alarm_precision"] == {"value": 0.6, "numerator": 3, "denominator": 5}
    assert tongan["completeness"]["numerator"] == 72


async def test_alarms_are_divided_by_sensors_and_days(town: Any, now_ns: int) -> None:
    """One alarm today, one sensor in Tong'an, 18 days; today's intervals are those that are over."""
    await town.ledger.take_alarms(small_city.lean(1, now_ns))
    told = await figures(town, district="tongan")
    assert told["alarms_per_sensor_day"] == {"value": 1 / 18, "numerator": 1, "denominator": 18}
    assert told["completeness"]["denominator"] == 17 * 144 + 114  # 19:06 today: 19 h are 114 intervals
    assert told["counted_through_ns"] == now_ns - now_ns % INTERVAL_NS


async def test_pages_are_whole_boxes(town: Any) -> None:
    """Behind the first box there is one sensor, behind the last none."""
    assert (await figures(town, after="XM-SM-01"))["counted_sensors"] == 1
    last = await figures(town, after="XM-TA-01")
    assert (last["counted_sensors"], last["completeness"]["value"], last["next"]) == (0, None, "")


@pytest.mark.parametrize(("query", "code"), [("?district=haicang", "E-EVAL-006"), ("?from=2026-10-01", "E-EVAL-007")])
async def test_bad_question_is_refused(town: Any, query: str, code: str) -> None:
    """A district that is not there, and a period of 49 days."""
    answer = await town.client.get(f"api/v1/evaluation/network{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
