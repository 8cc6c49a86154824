"""Who works the demonstration's cases: every case has an owner, a person and a deadline, and nobody is real."""

import subprocess
import sys
from pathlib import Path

import small_city
from busy_city import Town, at, clock
from msgspec.structs import replace

from cloud import config
from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from edge.demo import town
from edge.demo.demonstration import ORGANISATION
from wire.alarm import Level
from wire.inventory import Inventory
from wire.profile_yaml import library_folder, load_library
from wire.sensors_yaml import load


def shipped() -> Inventory:
    """The shipped city."""
    return load(town.shipped_city(), load_library(library_folder()))


def test_egret_check_finds_nothing_wrong_with_it() -> None:
    """Beside the city it is for: every unit, district, person and code that it names is there."""
    files = [str(ORGANISATION), str(town.shipped_city())]
    done = subprocess.run([sys.executable, "-m", "wire", "check", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 notifiers, 9 units, 10 routing rules" in done.stdout


def test_nobody_in_it_can_be_reached() -> None:
    """Three people a unit with a word for a name, local numbers that begin with 0, addresses in .example."""
    units = config.load(ORGANISATION).rules.organisation.units
    people = [person for unit in units.values() for person in unit.people.values()]
    assert all("演示" in unit.name and "demonstration" in unit.name_en for unit in units.values())
    assert [person.name for person in people] == ["值班员甲", "值班员乙", "值班员丙"] * 9
    assert all(person.phone.startswith("0592-000-") and person.email.endswith(".example") for person in people)
    assert len({person.phone for person in people}) == len(people)


def test_every_site_is_somebody_s() -> None:
    """Each district's billboards, bridges and roads are its own unit's; gas and water the city's."""
    inventory = shipped()
    practice = Practice(inventory, config.load(ORGANISATION).rules)
    owners = {(site.kind, site.district, practice.unit_of(site, Level.BLUE)) for site in inventory.sites.values()}
    assert {unit for kind, _, unit in owners if kind == "gas"} == {"gas"}
    assert {unit for kind, _, unit in owners if kind == "drainage"} == {"drainage"}
    others = [(district, unit) for kind, district, unit in owners if kind not in ("gas", "drainage")]
    assert all(unit == f"{district}-urban" for district, unit in others)
    assert {district for district, _ in others} == set(inventory.districts)


async def test_a_red_case_has_a_person_and_a_deadline_and_climbs(tmp_path: Path) -> None:
    """On 18 November at 10:00: the third of the crew, after a minute the first, after another the command centre."""
    practice = Practice(shipped(), config.load(ORGANISATION).rules)
    held: list[Town] = []
    async with Ledger(tmp_path / "ledger.db", lambda: held[0].now_ns, practice) as ledger:
        held.append(Town(ledger, at("2026-11-18 10:00")))
        await ledger.take_alarms(replace(small_city.lean(1, held[0].now_ns), box="XM-TA-03"))
        asked = []
        for _ in range(3):
            [case] = await ledger.open_cases()
            asked.append((case.unit, case.person))
            held[0].pass_s(61)
            await ledger.tick()
        assert asked == [("tongan-urban", "bing"), ("tongan-urban", "jia"), ("command-centre", "yi")]
        assert clock(case.due_ns) == "2026-11-18 14:00:00"
