"""The city of the big ledger: the sites of sensors.yaml, 38 streets, 20 codes, 20 units and who is responsible."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import msgspec

from cloud.city.case_codes import Code, CodeTable, shipped
from cloud.city.city_rules import CityRules
from cloud.city.organisation import COMMAND_CENTRE, Organisation, Person, Unit
from cloud.city.routing import Rule
from wire.inventory import Inventory, Site
from wire.profile_yaml import library_folder, load_library
from wire.sensors_yaml import load

STREETS = 38
_SENSORS = Path(__file__).parents[2] / "sensors.yaml"
_OFFICES = (("chengguan", "城管局"), ("ads", "城管局广告科"), ("works", "市政工程处"))
_MORE_CODES = ("tree", "bench", "graffiti", "noise")
"""Codes of the city's own, until there are twenty."""
CROWDED = "tongan"
"""The district of the sites that raise alarms all at once."""


class Street(NamedTuple):
    """A street and its district."""

    district: str
    name: str


@dataclass(frozen=True)
class Town:
    """Where cases happen, under which codes, and how they are worked."""

    inventory: Inventory
    rules: CityRules

    @cached_property
    def sites(self) -> list[Site]:
        """Those that have sensors in every ledger: what `crowded` adds is not among them."""
        return [site for site in self.inventory.sites.values() if not site.id.startswith(_CROWD)]

    @cached_property
    def streets(self) -> list[Street]:
        """All of them; most have a site."""
        found = dict.fromkeys(Street(site.district, site.street) for site in self.sites)
        districts = list(self.inventory.districts)
        more = (Street(districts[number % len(districts)], f"{number + 1} 号街道") for number in range(STREETS))
        return [*found, *more][:STREETS]

    @cached_property
    def codes(self) -> list[Code]:
        """Twenty."""
        return list(self.rules.codes.rows.values())

    @cached_property
    def units(self) -> list[str]:
        """Twenty."""
        return list(self.rules.organisation.units)


_CROWD = "XM-CROWD-"


def build(crowd: int = 0) -> Town:
    """`crowd` more billboards with one sensor each stand in one district, for alarms that come all at once."""
    inventory = load(_SENSORS, load_library(library_folder()))
    return Town(
        _crowded(inventory, crowd),
        CityRules(codes=_codes(), organisation=_units(inventory), routing=_routing(inventory)),
    )


def crowd_sensor(number: int) -> str:
    """The id of the sensor of one of the billboards that `build` added."""
    return f"{_CROWD}{number:05d}-T1"


def _crowded(inventory: Inventory, crowd: int) -> Inventory:
    site = next(site for site in inventory.sites.values() if (site.district, site.kind) == (CROWDED, "billboard"))
    sensor = inventory.sensors[site.sensors[0]]
    sites, sensors = dict(inventory.sites), dict(inventory.sensors)
    for number in range(crowd):
        site_id, sensor_id = f"{_CROWD}{number:05d}", crowd_sensor(number)
        sites[site_id] = replace(site, id=site_id, sensors=(sensor_id,))
        sensors[sensor_id] = replace(sensor, id=sensor_id, site=site_id)
    return replace(inventory, sites=sites, sensors=sensors)


def _codes() -> CodeTable:
    table = shipped()
    like = table.rows["hotline"]
    more = {
        word: msgspec.structs.replace(like, id=word, code=f"{690 + at:04d}")
        for at, word in enumerate(_MORE_CODES, start=2)
    }
    return CodeTable({**table.rows, **more}, table.stages)


def _units(inventory: Inventory) -> Organisation:
    units = {COMMAND_CENTRE: Unit(COMMAND_CENTRE, "市指挥中心"), "city-iot": Unit("city-iot", "市物联网中心")}
    for district, name in inventory.districts.items():
        for office, words in _OFFICES:
            unit = f"{district}-{office}"
            above = "" if office == "chengguan" else f"{district}-chengguan"
            people = {person: Person(person, unit, person) for person in ("lin", "chen", "wang")}
            units[unit] = Unit(unit, f"{name}{words}", "", district, above, people)
    return Organisation(units)


def _routing(inventory: Inventory) -> tuple[Rule, ...]:
    rules = [Rule(role="iot", unit="city-iot")]
    for district in inventory.districts:
        rules += [
            Rule(role="advertising", district=district, unit=f"{district}-ads"),
            Rule(role="command", district=district, unit=f"{district}-chengguan"),
            Rule(district=district, unit=f"{district}-works"),
        ]
    return (*rules, Rule(unit=COMMAND_CENTRE, is_automatic=False))
