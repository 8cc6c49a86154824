"""Units and people: what the file means, who answers to whom, and how its mistakes are told."""

import textwrap

import jsonschema_rs
import pytest
import yaml

from cloud.city import organisation
from cloud.city.organisation import COMMAND_CENTRE, Organisation, Person, Unit, addresses, check_districts, contacts
from wire.errors import ConfigError
from wire.located import Mistakes, parse

EXAMPLE = textwrap.dedent((organisation.__doc__ or "").split("\n\n")[1])


def read(text: str) -> Organisation:
    """The text as cloud.yaml."""
    mistakes = Mistakes()
    root = parse(textwrap.dedent(text), "cloud.yaml", mistakes)
    found = organisation.read(root)
    root.done()
    mistakes.raise_any()
    return found


def mistakes_of(text: str) -> list[str]:
    """What is said of a wrong file."""
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value).splitlines()


def climbed(found: Organisation, unit: str) -> list[str]:
    """The ids of the units that a case of this one climbs."""
    return [above.id for above in found.climb(unit)]


def test_the_example_in_the_manual_page_is_right() -> None:
    """It is what people copy: three units, four people, and the schema agrees with the reader."""
    found = read(EXAMPLE)
    assert list(found.units) == ["command-centre", "tongan-chengguan", "tongan-ads"]
    ads = found.units["tongan-ads"]
    assert (ads.name, ads.district, ads.supervisor) == ("同安区城管局广告科", "tongan", "tongan-chengguan")
    assert ads.people["lin"] == Person(
        "lin", "tongan-ads", "林工", "+86 592 555 0111", "lin@tongan.example", dingtalk="+86-13800001111"
    )
    assert list(ads.people) == ["lin", "chen", "wang"]
    validator = jsonschema_rs.validator_for({"type": "object", "properties": organisation.SCHEMA})
    assert validator.is_valid(yaml.safe_load(EXAMPLE))
    assert not validator.is_valid({"units": {"a": {"name": "甲", "distrikt": "tongan"}}})


@pytest.mark.parametrize("text", ["{}", "command_centre: command-centre"])
def test_with_nothing_written_everything_is_the_command_centres(text: str) -> None:
    """The demonstration on one machine needs no units."""
    found = read(text)
    assert found == Organisation()
    assert found.unit("").name == "市指挥中心"
    assert climbed(found, "tongan-ads") == [COMMAND_CENTRE]
    assert contacts(found, COMMAND_CENTRE, "") == ()


def test_a_case_climbs_to_the_command_centre() -> None:
    """Through every supervisor, and straight there from a unit without one or one that has left the file."""
    found = read(EXAMPLE)
    assert climbed(found, "tongan-ads") == ["tongan-ads", "tongan-chengguan", "command-centre"]
    assert climbed(found, "command-centre") == ["command-centre"]
    assert climbed(found, "huli-ads") == ["command-centre"]


def test_climbing_ends_in_a_loop_that_nobody_checked() -> None:
    """An organisation made by a program may hold a loop: each unit is asked once, then the command centre."""
    units = {name: Unit(name, name, supervisor=above) for name, above in (("a", "b"), ("b", "a"), ("c", ""))}
    assert climbed(Organisation(units, "c"), "a") == ["a", "b", "c"]


def test_contacts_are_the_person_or_everybody() -> None:
    """One of three people by name; all three for the unit, or for somebody who has left; else the command centre."""
    found = read(EXAMPLE)
    assert [person.name for person in contacts(found, "tongan-ads", "chen")] == ["陈工"]
    assert [person.id for person in contacts(found, "tongan-ads", "")] == ["lin", "chen", "wang"]
    assert [person.id for person in contacts(found, "tongan-ads", "liu")] == ["lin", "chen", "wang"]
    assert [person.id for person in contacts(found, "huli-ads", "chen")] == ["zhao"]


def test_addresses_are_of_one_service() -> None:
    """Of three people one has an address in each; who has none cannot be called."""
    found = read(EXAMPLE)
    assert addresses(found, "dingtalk", "tongan-ads", "lin") == ("+86-13800001111",)
    assert addresses(found, "dingtalk", "tongan-ads", "chen") == ()
    assert addresses(found, "wecom", "tongan-ads", "") == ("chen",)


@pytest.mark.parametrize("address", ['dingtalk: "+86 592 555 0111"', 'wecom: "all>"', 'feishu: "all></at>"'])
def test_an_address_that_no_robot_takes_is_a_mistake(address: str) -> None:
    """It would call nobody, or everybody."""
    [told] = mistakes_of(f"units: {{command-centre: {{name: 甲, people: {{lin: {{name: 林工, {address}}}}}}}}}")
    assert "[E-ORG-008]" in told


def test_all_mistakes_are_told_at_once() -> None:
    """Each with its line and what to write instead."""
    assert mistakes_of(
        """\
        units:
          centre:
            name: 市指挥中心
            supervisor: ads
          ads:
            nam: 广告科
            supervisor: chengguan1
            people:
              lin: {name: 林工, email: lin.example, fone: "1"}
              林: {name: 林工}
          chengguan: {name: 城管局}
          市政: {name: 市政}
        command_centre: center
        """
    ) == [
        "cloud.yaml:5: 'name' is missing. fix: write name: and a text [E-FILE-011]",
        "cloud.yaml:6: unknown key 'nam'. fix: write 'name' [E-FILE-010]",
        "cloud.yaml:7: there is no unit 'chengguan1'. fix: write 'chengguan' [E-ORG-003]",
        "cloud.yaml:9: 'lin.example' is no e-mail address. fix: write name@domain [E-ORG-005]",
        ("cloud.yaml:9: unknown key 'fone'. fix: write 'phone' [E-FILE-010]"),
        (
            "cloud.yaml:10: the id '林' is not allowed. fix: use 1 to 64 letters, digits, - and _,"
            " and write the name in `name:` [E-ORG-001]"
        ),
        (
            "cloud.yaml:12: the id '市政' is not allowed. fix: use 1 to 64 letters, digits, - and _,"
            " and write the name in `name:` [E-ORG-001]"
        ),
        "cloud.yaml:13: there is no unit 'center' to be the command centre. fix: write 'centre' [E-ORG-002]",
    ]


def test_units_must_say_which_is_the_command_centre() -> None:
    """Somebody must stay responsible for what nobody accepts."""
    assert mistakes_of("units:\n  ads: {name: 广告科}\n") == [
        "cloud.yaml:1: there is no unit 'command-centre' to be the command centre. fix: use one of: ads [E-ORG-002]"
    ]
    assert mistakes_of("command_centre: desk\n") == [
        ("cloud.yaml:1: there is no unit 'desk' to be the command centre. fix: describe it under `units:` [E-ORG-002]")
    ]


def test_nobody_supervises_himself() -> None:
    """A loop is told once, at its first unit by name; a unit that hangs below the loop is not blamed."""
    assert mistakes_of(
        """\
        units:
          command-centre: {name: 市指挥中心}
          street: {name: 街道, supervisor: bureau}
          office: {name: 科, supervisor: bureau}
          bureau: {name: 局, supervisor: office}
          single: {name: 队, supervisor: single}
        """
    ) == [
        (
            "cloud.yaml:5: these supervise each other: bureau → office → bureau."
            " fix: let one of them answer to the command centre: remove its supervisor [E-ORG-007]"
        ),
        (
            "cloud.yaml:6: these supervise each other: single → single."
            " fix: let one of them answer to the command centre: remove its supervisor [E-ORG-007]"
        ),
    ]


def test_the_command_centre_answers_to_nobody() -> None:
    """The chain ends there."""
    text = "units:\n  command-centre: {name: 市指挥中心, supervisor: mayor}\n  mayor: {name: 市长}\n"
    assert mistakes_of(text) == [
        (
            "cloud.yaml:2: the command centre answers to nobody."
            " fix: remove its supervisor, or name the unit above it as command_centre [E-ORG-006]"
        )
    ]


def test_districts_are_those_of_sensors_yaml() -> None:
    """A misspelt district is told at its line of cloud.yaml."""
    text = "units:\n  command-centre: {name: 市指挥中心}\n  ads:\n    name: 广告科\n    district: tong-an\n"
    told = check_districts(read(text), ["siming", "tongan"]).sorted()
    assert list(map(str, told)) == [
        "cloud.yaml:5: sensors.yaml has no district 'tong-an'. fix: write 'tongan' [E-ORG-004]"
    ]
    assert not check_districts(read(EXAMPLE), ["tongan"])
