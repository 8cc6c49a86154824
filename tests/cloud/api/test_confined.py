"""Whoever is confined to a district or a unit sees, hears of and touches nothing else."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import guarded_town
import linked_town
import pytest
import small_city
from gatehouse import CONSOLE, PASSWORD
from guarded_town import Town

from cloud.access.accounts import NewUser
from cloud.access.actor import Role
from cloud.cases.case_acts import Dispatch
from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from cloud.listening import Http
from wire.alarm import AlarmEvent, Level
from wire.alarm_message import AlarmMessage


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """With an operator of Tong'an (lin), and a handler of the unit siming-ads (wei)."""
    async with guarded_town.opened(tmp_path, Http()) as town:
        wei = NewUser(name="wei", role=Role.HANDLER, units=("siming-ads",), password=PASSWORD)
        await town.gate.accounts.add(wei, CONSOLE)
        yield town


async def two_leans(town: Town, folder: Path) -> tuple[str, str]:
    """A board in Siming and one in Tong'an lean; the numbers of their cases."""
    city = small_city.inventory(folder)
    async with Ledger(folder / "ledger.db", town.gate.now, Practice(city)) as ledger:
        event = AlarmEvent(
            alarm="XM-SM-0001-T1/lean",
            sensor="XM-SM-0001-T1",
            rule="lean",
            quantity="tilt",
            change="raised",
            level=Level.RED,
            value=2.2,
            limit=1.5,
            time_ns=town.gate.at_ns,
            sequence=1,
        )
        await ledger.take_alarms(AlarmMessage("XM-SM-01", "spool-1", 0, (event,)))
        await ledger.take_alarms(small_city.lean(1, town.gate.at_ns))
    return "20261118-00001", "20261118-00002"


async def get(town: Town, path: str) -> Any:
    """What somebody who is logged in is answered."""
    return (await town.client.get(f"api/v1/{path}")).json()


async def test_an_operator_of_a_district_sees_that_district(town: Town, tmp_path: Path) -> None:
    """In lists, in the state, by number, and when acting: what is elsewhere is refused whatever number is written."""
    siming, tongan = await two_leans(town, tmp_path)
    await town.log_in("lin")
    assert [case["number"] for case in await get(town, "cases")] == [tongan]
    state = await get(town, "state")
    assert [case["number"] for case in state["cases"]] == [tongan]
    assert [alarm["district"] for alarm in state["alarms"]] == ["tongan"]
    assert [alarm["district"] for alarm in await get(town, "alarms")] == ["tongan"]
    assert {event["alarm"] for event in await get(town, "alarms/events")} == {small_city.LEAN}
    assert (await get(town, "cases/counts"))["total"] == 1
    assert (await get(town, f"alarms/explanation?alarm={small_city.LEAN}"))["case"] == tongan
    assert (await get(town, "alarms/explanation?alarm=XM-SM-0001-T1/lean"))["code"] == "E-ACCESS-002"
    assert (await get(town, f"cases/{siming}"))["code"] == "E-ACCESS-002"
    refused = await town.change("POST", f"cases/{siming}/acts", json={"act": "dispatch", "unit": "command-centre"})
    assert (refused.status_code, refused.json()["code"]) == (403, "E-ACCESS-002")
    said = {"alarms": ["XM-SM-0001-T1/lean"], "act": {"act": "acknowledge"}}
    [tried] = (await town.change("POST", "alarms/acts", json=said)).json()
    assert tried["code"] == "E-ACCESS-002"
    mode = {"mode": "watch", "reason": "wind", "district": "siming"}
    assert (await town.change("POST", "modes", json=mode)).status_code == 403


async def test_a_merge_does_not_reach_into_another_district(town: Town, tmp_path: Path) -> None:
    """Both cases must be theirs."""
    siming, tongan = await two_leans(town, tmp_path)
    await town.log_in("lin")
    refused = await town.change("POST", f"cases/{tongan}/acts", json={"act": "merge", "into": siming})
    assert (refused.status_code, refused.json()["code"]) == (403, "E-ACCESS-002")
    filed = await town.change("POST", "cases", json={"title": "屏幕倾斜", "level": "red", "district": "tongan"})
    twin = await town.change("POST", f"cases/{filed.json()['number']}/acts", json={"act": "duplicate", "of": siming})
    assert (twin.status_code, twin.json()["code"]) == (403, "E-ACCESS-002")


async def test_a_handler_sees_the_cases_of_the_own_unit(town: Town, tmp_path: Path) -> None:
    """A case that nobody was given yet is not theirs; a handler does not close, and does not dispatch."""
    siming, _ = await two_leans(town, tmp_path)
    await town.log_in("wei")
    assert await get(town, "cases") == []
    assert (await get(town, f"cases/{siming}"))["code"] == "E-ACCESS-002"
    close = await town.change("POST", f"cases/{siming}/acts", json={"act": "close", "without_sensor": "x"})
    assert close.status_code == 403


async def test_the_stream_tells_what_is_theirs(town: Town, tmp_path: Path) -> None:
    """Events of other districts are not in it; the next own one has the id that follows all of them."""
    _, tongan = await two_leans(town, tmp_path)
    await town.log_in("lin")
    numbers: list[str] = []
    async with asyncio.timeout(20), town.client.stream("GET", "api/v1/events") as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: ") and '"number"' in line:
                numbers.append(line.partition('"number":"')[2].partition('"')[0])
                break
            assert "XM-SM-0001" not in line
    assert numbers == [tongan]


async def test_a_case_that_becomes_another_units_leaves(tmp_path: Path) -> None:
    """Ma of siming-ads hears of a case once it is given to them, then its number alone as it leaves, and no more."""
    async with linked_town.opened(tmp_path) as town:
        number = await town.lean()
        zhao, ma = await town.person("zhao"), await town.person("ma")
        stream = ma.stream("GET", "/api/v1/events", params={"after": 2**53, "values": "false"})
        async with asyncio.timeout(20), stream as answer:
            lines = (line async for line in answer.aiter_lines() if line.startswith(("event: ", "data: ")))
            [await anext(lines) for _ in range(2)]  # the heartbeat with which it begins
            for unit in ("siming-ads", "tongan-ads", "command-centre", "siming-ads"):
                asked = {"act": "dispatch", "unit": unit}
                (await zhao.post(f"/api/v1/cases/{number}/acts", json=asked)).raise_for_status()
            told = [await anext(lines) for _ in range(6)]
    assert told[::2] == ["event: case", "event: left", "event: case"]
    assert told[3] == f'data: {{"number":"{number}"}}'
    assert '"unit":"siming-ads"' in told[5]


async def test_a_viewer_changes_nothing(town: Town, tmp_path: Path) -> None:
    """Reads everything of the city, and acts on nothing."""
    _, tongan = await two_leans(town, tmp_path)
    await town.log_in("wu")
    assert len(await get(town, "cases")) == 2
    said = Dispatch(unit="command-centre")
    refused = await town.change("POST", f"cases/{tongan}/acts", json={"act": "dispatch", "unit": said.unit})
    assert refused.status_code == 403
    assert (await get(town, f"cases/{tongan}"))["can"] == []


async def test_certificates_are_of_the_own_district(town: Town, tmp_path: Path) -> None:
    """A certificate names the grave open cases of its site, so Lin of Tong'an sees those of Tong'an alone."""
    await two_leans(town, tmp_path)
    await town.log_in("lin")
    assert [one["site"] for one in await get(town, "installations")] == ["XM-TA-0117"]
    assert (await get(town, "installations/XM-SM-0001/compliance"))["code"] == "E-ACCESS-002"
    assert (await get(town, "installations/XM-TA-0117/compliance"))["site"] == "XM-TA-0117"
    await town.log_in("zhao")
    assert len(await get(town, "installations")) == 4
