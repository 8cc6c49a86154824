"""GET /ranking on a real ledger: what the values of now, the cases, the routing and the special task add to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import busy_city
import guarded_town
import httpx
import msgspec
import pytest
import small_city
from busy_city import SECOND_NS, Town
from gatehouse import CONSOLE, PASSWORD

from cloud.access.accounts import NewUser
from cloud.access.actor import Role
from cloud.api.app import create_app
from cloud.api.server import serving
from cloud.cases.case_acts import Close
from cloud.cases.case_ties import Done
from cloud.cases.practice import Practice
from cloud.city.mode import ModeName
from cloud.ledger import Ledger
from cloud.listening import Http
from cloud.live import Live
from cloud.ports import Column
from cloud.stores import embedded
from wire.alarm import Change, Level
from wire.inventory import Exposure, Inventory
from wire.reading import Quality

BOARD, SIMING, SEA = "XM-TA-0117", "XM-SM-0001", "XM-SM-0002"


@dataclass
class City:
    """A served API over a busy city, and its newest values."""

    town: Town
    inventory: Inventory
    live: Live
    client: httpx.AsyncClient

    def says(self, site: str, tilt: float | None, age_s: float = 1.0, quality: Quality = Quality.GOOD) -> None:
        """The sensor of a board says so, some seconds ago."""
        tags = self.inventory.tags(f"{site}-T1", "XM-TA-01")
        time_ns = self.town.now_ns - round(age_s * SECOND_NS)
        self.live.put([Column(tags, "tilt", (time_ns,), (tilt,), (quality.value,))])

    async def ranking(self, **query: object) -> Any:
        """What is answered."""
        answer = await self.client.get("api/v1/ranking", params=query)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def site(self, site: str, **query: object) -> Any:
        """One site of it, with its parts by key."""
        found = next(one for one in (await self.ranking(**query))["sites"] if one["site"] == site)
        return found | {part["key"]: part for part in found["parts"]}


def sized(folder: Path) -> Inventory:
    """The small city: a large screen by the sea, a small one in Tong'an, and a board of which nothing is known."""
    city = small_city.inventory(folder, small_city.ONE_BOX_YAML)
    sea = {"height_m": 40.0, "area_m2": 120.0, "exposure": Exposure.A, "inspected": date(2025, 11, 18)}
    small = {"height_m": 6.0, "area_m2": 20.0, "exposure": Exposure.C, "inspected": date(2026, 11, 8)}
    sites = {name: replace(site, **{SEA: sea, BOARD: small}.get(name, {})) for name, site in city.sites.items()}  # type: ignore[arg-type]
    return replace(city, sites=sites)


@asynccontextmanager
async def opened(folder: Path, place: Path | str = "") -> AsyncIterator[City]:
    """At 10:00 on 18 November 2026, with the units and the routing of the busy city."""
    inventory, live, held = sized(folder), Live(), list[Town]()
    practice = Practice(inventory, busy_city.rules())
    ledger = Ledger(place or folder / "ledger.sqlite", lambda: held[0].now_ns, practice, (busy_city.TARGET,))
    held.append(Town(ledger, busy_city.at("2026-11-18 10:00")))
    async with ledger, embedded.open_store(embedded.Config(folder=str(folder))) as store:
        app = create_app(ledger, store, live, inventory, lambda: held[0].now_ns)
        async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
            yield City(held[0], inventory, live, client)


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    """As `opened`; every board says 0.06° now."""
    async with opened(tmp_path) as found:
        for site in (BOARD, SIMING, SEA):
            found.says(site, 0.06)
        yield found


async def test_the_worst_first_with_reasons_whose_points_make_the_score(city: City) -> None:
    """The screen by the sea: 30 + 3 + 0 + 15; the unknown board: 15 + 3 + 0 + 7.5; the small one last."""
    found = await city.ranking()
    assert [(one["site"], one["score"]) for one in found["sites"]] == [(SEA, 48.0), (SIMING, 25.5), (BOARD, 3.7)]
    assert found["ranked"] == 3
    assert [(reason["key"], reason["most"]) for reason in found["reasons"]] == [
        *(("wind", 30), ("margin", 15), ("alarm", 40), ("age", 15), ("drift", 0))
    ]
    for one in found["sites"]:
        assert one["score"] == pytest.approx(sum(part["points"] for part in one["parts"]))
        assert [part["key"] for part in one["parts"]] == [reason["key"] for reason in found["reasons"]]
    assert found["sites"][1]["unknown"] == ["wind", "age", "drift"]
    assert found["sites"][2]["parts"][0] == {
        "key": "wind",
        "points": 0.3,
        "value": 78.0,
        "unit": "m3",
        "text": "20 m² × 6 m × 0.65 (C)",
    }


@pytest.mark.parametrize(
    ("tilt", "age_s", "quality", "is_known"),
    [
        (0.06, 1, Quality.GOOD, True),
        (0.06, 600, Quality.GOOD, True),
        (0.06, 601, Quality.GOOD, False),
        (0.06, 1, Quality.CLOCK_UNSURE, True),
        (0.06, 1, Quality.STUCK, False),
        (None, 1, Quality.STALE, False),
    ],
)
async def test_a_value_that_says_nothing_of_now_is_unknown(
    tmp_path: Path, tilt: float | None, age_s: float, quality: Quality, *, is_known: bool
) -> None:
    """Older than ten minutes, of a quality that no structure is judged by, or none at all: half the points."""
    async with opened(tmp_path) as city:
        city.says(BOARD, tilt, age_s, quality)
        board = await city.site(BOARD)
        assert ("margin" in board["unknown"]) is not is_known
        assert (board["margin"]["value"], board["margin"]["points"]) == ((0.2, 3.0) if is_known else (None, 7.5))


async def test_a_standing_alarm_counts_until_it_has_returned_to_normal(city: City) -> None:
    """Orange, then red by another rule; acknowledging changes nothing, and a return takes the points away."""
    await city.town.says(f"{BOARD}-T1", level=Level.ORANGE)
    assert (await city.site(BOARD))["alarm"]["points"] == 26.7
    await city.town.says(f"{BOARD}-T1", level=Level.RED, rule="swing")
    said = {"alarms": [f"{BOARD}-T1/swing"], "act": {"act": "acknowledge"}}
    assert (await city.client.post("api/v1/alarms/acts", json=said)).is_success
    board = await city.site(BOARD)
    assert (board["alarm"]["points"], board["alarm"]["text"]) == (40.0, "red")
    for rule in ("lean", "swing"):
        await city.town.says(f"{BOARD}-T1", change=Change.CLEARED, rule=rule)
    assert (await city.site(BOARD))["alarm"]["points"] == 0.0


async def test_what_is_wrong_with_a_sensor_is_no_danger_at_the_site(city: City) -> None:
    """A test alarm, one that is out of service, and a sensor that gives no answer add no points."""
    sensor = f"{BOARD}-T1"
    assert (await city.client.post("api/v1/alarms/test", json={"sensor": sensor, "level": "red"})).is_success
    await city.town.says(sensor)
    said = {"alarms": [f"{sensor}/lean"], "act": {"act": "take_out", "note": "sensor is being replaced"}}
    [done] = (await city.client.post("api/v1/alarms/acts", json=said)).json()
    assert done["alarm"]["state"] == "out_of_service"
    [lean] = small_city.lean(2, city.town.now_ns).events
    await city.town.send([msgspec.structs.replace(lean, alarm=f"{sensor}/fault", rule="fault", value=None, limit=None)])
    assert len((await city.client.get("api/v1/alarms")).json()) == 3
    assert (await city.site(BOARD))["alarm"]["points"] == 0.0


async def test_the_open_case_of_a_site_and_whose_it_is(city: City) -> None:
    """Of two the worse, of two alike the older; closed it is gone. Routing names the unit, or the command centre."""
    assert [(one["case"], one["unit"]) for one in (await city.ranking())["sites"]] == [
        ("", "tongan-chengguan"),
        ("", "tongan-chengguan"),
        ("", "tongan-ads"),
    ]
    mild = await city.town.file(level=Level.BLUE)
    assert (await city.site(BOARD))["case"] == mild.number
    [*_, worse] = await city.town.says(f"{BOARD}-T1", level=Level.RED)
    assert (await city.site(BOARD))["case"] == worse.number
    await city.town.file(level=Level.RED)
    assert (await city.site(BOARD))["case"] == worse.number
    [gas] = (await city.ranking(kind="gas"))["sites"]
    assert (gas["case"], gas["unit"]) == ("", "command-centre")


async def test_one_case_of_a_gust_is_that_of_all_its_boards(tmp_path: Path, ledger_place: Path | str) -> None:
    """In typhoon mode the second board of a district joins the case of the first; each of them shows it."""
    async with opened(tmp_path, ledger_place) as city:
        await city.town.switch(ModeName.TYPHOON)
        _, case = await city.town.says(f"{SIMING}-T1", f"{SEA}-T1")
        assert case.members == 2
        assert {(await city.site(site))["case"] for site in (SIMING, SEA)} == {case.number}
        assert {(await city.site(site))["alarm"]["text"] for site in (SIMING, SEA)} == {"red"}


async def test_what_is_finished_of_the_special_task(city: City) -> None:
    """Null without a task, where the district is normal, and when it is over; of two modes the district's counts.

    So it is the district's task that a site is done in, and not whichever was begun last.
    """
    assert (await city.site(BOARD))["is_done"] is None
    assert (await city.site(BOARD))["task"] == ""
    whole = await city.town.switch(ModeName.TYPHOON)
    await city.town.do(whole.task, Done(site=SEA))
    assert {one["site"]: one["is_done"] for one in (await city.ranking())["sites"]} == {
        SEA: True,
        SIMING: False,
        BOARD: False,
    }
    assert [one["is_done"] for one in (await city.ranking(kind="gas"))["sites"]] == [None]
    own = await city.town.switch(ModeName.TYPHOON, district="tongan")
    assert (await city.site(BOARD))["task"] == own.task
    assert (await city.site(SEA))["task"] == whole.task
    await city.town.do(own.task, Done(site=BOARD))
    assert (await city.site(BOARD))["is_done"] is True
    await city.town.switch(ModeName.NORMAL, district="tongan")
    assert (await city.site(BOARD))["is_done"] is None
    await city.town.do(whole.task, Close(finding="handled", note="all clear"))
    assert (await city.site(SEA))["is_done"] is None


async def test_a_district_has_the_points_of_the_city(city: City) -> None:
    """The small screen is not the largest of its district: 0.3 of 30 points, whoever asks for what."""
    found = await city.ranking(district="tongan")
    assert (found["ranked"], [one["site"] for one in found["sites"]]) == (1, [BOARD])
    assert found["sites"][0]["parts"][0]["points"] == 0.3
    assert (await city.ranking(district="nowhere"))["sites"] == []
    assert (await city.ranking(kind="bridge"))["ranked"] == 0


async def test_page_after_page(city: City) -> None:
    """Each begins behind the last site of the one before; a site that is not ranked is told."""
    first = await city.client.get("api/v1/ranking", params={"limit": 2})
    assert (first.json()["ranked"], [one["site"] for one in first.json()["sites"]]) == (3, [SEA, SIMING])
    second = await city.client.get(first.links["next"]["url"].removeprefix("/"))
    assert [one["site"] for one in second.json()["sites"]] == [BOARD]
    assert "next" not in second.links
    refused = await city.client.get("api/v1/ranking", params={"after": "XM-SM-G01"})
    assert (refused.status_code, refused.json()["code"]) == (400, "E-RANK-001")


async def test_whoever_is_confined_sees_their_districts_and_their_cases(tmp_path: Path) -> None:
    """Lin of Tong'an ranks Tong'an's board; Wei of another unit sees all boards, and no case of others."""
    async with guarded_town.opened(tmp_path, Http()) as town:
        wei = NewUser(name="wei", role=Role.HANDLER, units=("siming-ads",), password=PASSWORD)
        await town.gate.accounts.add(wei, CONSOLE)
        async with Ledger(tmp_path / "ledger.db", town.gate.now, Practice(small_city.inventory(tmp_path))) as ledger:
            await ledger.take_alarms(small_city.lean(1, town.gate.at_ns))
        shown = {}
        for name in ("lin", "wei", "wu"):
            await town.log_in(name)
            found = (await town.client.get("api/v1/ranking")).json()
            shown[name] = {one["site"]: one["case"] for one in found["sites"]}
    assert shown == {
        "lin": {BOARD: "20261118-00001"},
        "wei": {BOARD: "", SIMING: "", SEA: ""},
        "wu": {BOARD: "20261118-00001", SIMING: "", SEA: ""},
    }
