"""GET /duty: turns as they are, what the units are at, and who is told a telephone number."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import busy_city
import gatehouse
import httpx
import pytest
import small_city
from busy_city import Town, at
from gatehouse import CONSOLE, PASSWORD

from cloud.access.accounts import NewUser
from cloud.access.actor import Role
from cloud.access.gate import Gate
from cloud.api.app import create_app
from cloud.api.doors import DEMONSTRATION, Doors
from cloud.api.server import serving
from cloud.cases.case_acts import Accept, Arrive, FeedBack, Suspend
from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from cloud.listening import Http
from cloud.live import Live
from cloud.stores import embedded
from wire.alarm import Level

RULES = """
units:
  command-centre: {name: 市指挥中心, people: {zhao: {name: 赵主任, phone: "0592-000-0001"}}}
  tongan-chengguan: {name: 同安区城管局, district: tongan}
  tongan-ads:
    name: 同安广告科
    name_en: Tong'an billboards
    district: tongan
    supervisor: tongan-chengguan
    people:
      lin: {name: 林工, phone: "0592-000-0011", email: lin@tongan.example}
      chen: {name: 陈工}
  siming-ads: {name: 思明广告科, district: siming, people: {wei: {name: 魏工, phone: "0592-000-0021"}}}
  gas: {name: 燃气抢修组}
routing:
  - {code: part 0390, district: tongan, unit: tongan-ads}
  - {code: part 0390, district: siming, unit: siming-ads}
duty:
  tongan-ads:
    {hand_over: "08:00", turn: 1w, from: 2026-11-16, order: [lin, chen], swaps: [{date: 2026-11-19, on: chen}]}
"""
NOW = "2026-11-18 10:00"


@dataclass
class City:
    """A served API over a busy city."""

    town: Town
    client: httpx.AsyncClient

    async def duty(self, **query: object) -> Any:
        """What is answered."""
        answer = await self.client.get("api/v1/duty", params=query)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def unit(self, unit: str) -> Any:
        """One unit of it."""
        return next(one for one in (await self.duty())["units"] if one["id"] == unit)


@asynccontextmanager
async def opened(folder: Path, doors: Doors = DEMONSTRATION, place: Path | str = "") -> AsyncIterator[City]:
    """On Wednesday, 18 November 2026, at 10:00."""
    inventory, held = small_city.inventory(folder), list[Town]()
    practice = Practice(inventory, busy_city.rules(RULES))
    held.append(Town(Ledger(place or folder / "ledger.sqlite", lambda: held[0].now_ns, practice), at(NOW)))
    [town] = held
    async with town.ledger, embedded.open_store(embedded.Config(folder=str(folder))) as store:
        app = create_app(town.ledger, store, Live(), inventory, lambda: town.now_ns, doors=doors)
        async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
            yield City(town, client)


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    """As `opened`, where nobody logs in."""
    async with opened(tmp_path) as found:
        yield found


async def test_a_week_from_today(city: City) -> None:
    """Lin's week began on Monday; Chen has the day from Thursday 08:00; Chen's own week begins on Monday."""
    found = await city.duty()
    assert (found["from"], found["days"]) == ("2026-11-18", 7)
    ads = await city.unit("tongan-ads")
    assert ads["turns"] == [
        {"start_ns": at("2026-11-16 08:00"), "end_ns": at("2026-11-19 08:00"), "person": "lin"},
        {"start_ns": at("2026-11-19 08:00"), "end_ns": at("2026-11-20 08:00"), "person": "chen"},
        {"start_ns": at("2026-11-20 08:00"), "end_ns": at("2026-11-23 08:00"), "person": "lin"},
        {"start_ns": at("2026-11-23 08:00"), "end_ns": at("2026-11-30 08:00"), "person": "chen"},
    ]
    assert ads["now"] == {"person": "lin", "until_ns": at("2026-11-19 08:00")}
    assert [(unit["id"], unit["has_rota"], unit["is_command_centre"]) for unit in found["units"]] == [
        ("command-centre", False, True),
        ("tongan-chengguan", False, False),
        ("tongan-ads", True, False),
        ("siming-ads", False, False),
        ("gas", False, False),
    ]
    assert (ads["name_en"], ads["district"], ads["supervisor"]) == ("Tong'an billboards", "tongan", "tongan-chengguan")


async def test_without_a_rota_people_are_called_in_the_order_of_the_file(city: City) -> None:
    """Nobody has a turn, and a unit may have nobody at all."""
    siming = await city.unit("siming-ads")
    assert (siming["now"], siming["turns"]) == (None, [])
    assert siming["people"] == [{"id": "wei", "name": "魏工", "phone": "0592-000-0021", "email": ""}]
    assert (await city.unit("gas"))["people"] == []


@pytest.mark.parametrize(
    ("first", "persons"),
    [("2026-11-19", ["lin", "chen"]), ("2026-11-20", ["chen", "lin"]), ("2027-01-04", ["lin", "chen"])],
)
async def test_days_are_days_in_china(city: City, first: str, persons: list[str]) -> None:
    """From midnight to midnight: the turn that ends at 08:00 is shown, too, and whole."""
    found = await city.duty(**{"from": first, "days": 1})
    [ads] = [unit for unit in found["units"] if unit["id"] == "tongan-ads"]
    assert [turn["person"] for turn in ads["turns"]] == persons
    assert ads["turns"][0]["start_ns"] < at(f"{first} 00:00") < ads["turns"][0]["end_ns"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"from": "1899-12-31"}, "E-DUTY-001"),
        ({"from": "9999-12-31"}, "E-DUTY-001"),
        ({"from": "tomorrow"}, "E-API-005"),
        ({"days": 0}, "E-API-005"),
        ({"days": 32}, "E-API-005"),
    ],
)
async def test_what_no_rota_knows_is_refused(city: City, query: dict[str, str], code: str) -> None:
    """A century with clocks and calendars as we know them, and a month at most."""
    answer = await city.client.get("api/v1/duty", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def load(unit: Any) -> tuple[int, ...]:
    """Open, overdue, accepted, arrived."""
    return unit["open_cases"], unit["overdue"], unit["accepted"], unit["arrived"]


async def test_what_the_units_are_at(tmp_path: Path, ledger_place: Path | str) -> None:
    """Accepted and on site while it is handled; fed back, only open; suspended, never late."""
    async with opened(tmp_path, place=ledger_place) as city:
        number = (await city.town.file()).number
        await city.town.file(level=Level.BLUE)
        assert load(await city.unit("tongan-ads")) == (2, 0, 0, 0)
        await city.town.do(number, Accept())
        assert load(await city.unit("tongan-ads")) == (2, 0, 1, 0)
        await city.town.do(number, Arrive())
        assert load(await city.unit("tongan-ads")) == (2, 0, 1, 1)
        city.town.pass_s(5 * 3600)
        assert load(await city.unit("tongan-ads")) == (2, 1, 1, 1)
        await city.town.do(number, Suspend(note="waits for a crane"))
        assert load(await city.unit("tongan-ads")) == (2, 0, 1, 1)


async def test_a_case_that_is_fed_back_is_no_longer_in_hand(city: City) -> None:
    """The crew has gone on; the case is open until it is verified."""
    number = (await city.town.file()).number
    for act in (Accept(), Arrive(), FeedBack(note="bolted")):
        await city.town.do(number, act)
    assert load(await city.unit("tongan-ads")) == (1, 0, 0, 0)


async def test_what_nobody_was_given_is_the_command_centre_s(city: City) -> None:
    """Gas has no rule here: the case waits at the command centre, with the special task of a typhoon."""
    await city.town.file(code="gas", site="XM-SM-G01")
    assert load(await city.unit("command-centre")) == (1, 0, 0, 0)
    assert (await city.client.post("api/v1/modes", json={"mode": "typhoon", "reason": "no. 14"})).is_success
    assert load(await city.unit("command-centre")) == (2, 0, 0, 0)


PEOPLE = (
    NewUser(name="wu", role=Role.VIEWER, password=PASSWORD),
    NewUser(name="sun", role=Role.HANDLER, units=("tongan-ads",), password=PASSWORD),
    NewUser(name="wei", role=Role.OPERATOR, districts=("siming",), password=PASSWORD),
    NewUser(name="old", role=Role.HANDLER, units=("gone",), password=PASSWORD),
)


@pytest.mark.parametrize(
    ("name", "units", "phones"),
    [
        ("wu", ["command-centre", "tongan-chengguan", "tongan-ads", "siming-ads", "gas"], []),
        ("sun", ["command-centre", "tongan-chengguan", "tongan-ads"], ["0592-000-0001", "0592-000-0011"]),
        ("wei", ["command-centre", "siming-ads", "gas"], ["0592-000-0001", "0592-000-0021"]),
        ("old", ["command-centre"], ["0592-000-0001"]),
    ],
)
async def test_who_is_told_what(tmp_path: Path, name: str, units: list[str], phones: list[str]) -> None:
    """A viewer sees names, and no numbers; a unit itself and those above it; a district its own, and the city's."""
    (tmp_path / "gate").mkdir()
    async with gatehouse.opened(tmp_path / "gate") as gate:
        for person in PEOPLE:
            await gate.accounts.add(person, CONSOLE)
        doors = Doors(Http(), Gate(gate.database, gate.now, gate.accounts, gate.logins, gate.tokens))
        async with opened(tmp_path, doors) as city:
            await city.town.file()
            assert (await city.client.get("api/v1/duty")).status_code == 401
            await city.client.post("api/v1/session", json={"name": name, "password": PASSWORD})
            found = (await city.duty())["units"]
    assert [unit["id"] for unit in found] == units
    told = {person["phone"] for unit in found for person in unit["people"]} - {""}
    assert sorted(told) == phones
    emails = {person["email"] for unit in found for person in unit["people"]} - {""}
    assert bool(emails) == ("0592-000-0011" in phones)
    seen = {unit["id"]: unit["open_cases"] for unit in found if unit["open_cases"]}
    assert seen == ({"tongan-ads": 1} if "tongan-ads" in units else {})
