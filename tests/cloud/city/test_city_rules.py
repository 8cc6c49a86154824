"""How a city works its cases, as cloud.yaml writes it: what is not written, what is, and what is wrong."""

from pathlib import Path

import busy_city
import jsonschema_rs
import pytest
import yaml

from cloud.city import city_rules
from cloud.city.city_rules import GOOD_FOR_S, CityRules
from cloud.city.working_time import Calendar
from wire.alarm import Level
from wire.errors import ConfigError

CODES = """
schema: egret.codes/1
codes:
  billboard: {limits: {red: 2h}, source: city order 2026-7}
"""


def mistakes_of(text: str) -> list[str]:
    """What is said of a wrong file."""
    with pytest.raises(ConfigError) as caught:
        busy_city.rules(text)
    return str(caught.value).splitlines()


def test_nothing_must_be_written() -> None:
    """One unit, the command centre; the shipped codes; China's calendar; ten minutes."""
    found = busy_city.rules("{}")
    assert list(found.organisation.units) == ["command-centre"]
    assert (found.routing, found.rotas, found.good_for_s) == ((), {}, 600.0)
    assert found.codes == CityRules().codes
    assert 2026 in found.calendar.years_known


def test_the_plain_value_has_no_holidays() -> None:
    """Only the file's reader knows China's; a value made by hand has the calendar it is given."""
    assert CityRules().calendar == Calendar()
    assert CityRules().good_for_s == GOOD_FOR_S


def test_everything_can_be_written() -> None:
    """Units, routing, a rota, the calendar and how long a sensor must be good, in one file."""
    found = busy_city.rules(busy_city.RULES + "good_for: 3min\ncalendar: {base: none, zone: Asia/Urumqi}\n")
    assert (found.good_for_s, found.calendar.zone, found.calendar.holidays) == (180.0, "Asia/Urumqi", frozenset())
    assert [rule.unit for rule in found.routing] == ["tongan-ads", "tongan-chengguan"]
    assert found.rotas["tongan-ads"].order == ("lin", "chen", "wang")
    assert str(found.rotas["tongan-ads"].zone) == "Asia/Urumqi", "the rota follows the city's clock"


def test_a_city_has_codes_of_its_own(tmp_path: Path) -> None:
    """The file is laid over the shipped table; what it does not say stays."""
    path = tmp_path / "codes.yaml"
    path.write_text(CODES, encoding="utf-8")
    limits = busy_city.rules(f"codes: {path}").codes.by_id("billboard").limits
    assert (str(limits[Level.RED]), str(limits[Level.ORANGE])) == ("2h", "24h")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """In the codes' file, the routing, the rota and the calendar: five places, each with its line."""
    path = tmp_path / "codes.yaml"
    path.write_text(CODES.replace("2h", "soon"), encoding="utf-8")
    text = f"""
codes: {path}
good_for: 2d
calendar: {{zone: Asia/Amoy}}
units:
  command-centre: {{name: 市指挥中心}}
routing:
  - {{unit: nobody}}
duty:
  somebody: {{hand_over: "08:00", turn: 1d, from: 2026-01-05, order: [lin]}}
"""
    told = "\n".join(mistakes_of(text))
    for place in ("codes.yaml:4", "cloud.yaml:3", "cloud.yaml:4", "cloud.yaml:8", "cloud.yaml:10"):
        assert place in told, told


def test_a_file_of_codes_that_is_not_there() -> None:
    """It is told like any other mistake."""
    assert any("nowhere.yaml" in line for line in mistakes_of("codes: /nonexistent/nowhere.yaml"))


@pytest.mark.parametrize("good_for", ["0s", "90min", "600"])
def test_how_long_a_sensor_must_be_good(good_for: str) -> None:
    """Nothing, an hour and a half, or no unit: the reader takes times with their units up to a day."""
    text = f"good_for: {good_for}"
    if good_for == "600":
        assert "good_for" in mistakes_of(text)[0]
    else:
        assert busy_city.rules(text).good_for_s == {"0s": 0.0, "90min": 5_400.0}[good_for]


def test_the_schema_agrees_with_the_reader() -> None:
    """An editor takes the file that the reader takes."""
    schema = {"type": "object", "properties": city_rules.SCHEMA, "additionalProperties": False}
    validator = jsonschema_rs.validator_for(schema)
    written = yaml.load(busy_city.RULES + "good_for: 3min\n", Loader=yaml.BaseLoader)
    assert validator.is_valid(written)
    assert not validator.is_valid({"good_for": "600"})
    assert not validator.is_valid({"good-for": "10min"})
