"""Routing: which unit a case goes to, and which rules are mistakes."""

import textwrap

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cloud.city import routing
from cloud.city.organisation import Organisation, Unit
from cloud.city.routing import Facts, Routed, Rule, check, gap, route
from wire.alarm import Level
from wire.errors import ConfigError
from wire.located import Mistakes, parse

EXAMPLE = textwrap.dedent((routing.__doc__ or "").split("\n\n")[1])
UNITS = Organisation({name: Unit(name, name) for name in ("command-centre", "tongan-ads", "tongan-chengguan", "gas")})
BILLBOARD = Facts(
    code_class="part",
    code="0390",
    role="billboard",
    site="XM-TA-0117",
    district="tongan",
    street="大同街道",
    owner="白鹭传媒",
    level=Level.YELLOW,
)


def read(text: str) -> tuple[Rule, ...]:
    """The text as cloud.yaml, with the units above."""
    mistakes = Mistakes()
    root = parse(textwrap.dedent(text), "cloud.yaml", mistakes)
    found = routing.read(root, UNITS)
    root.done()
    mistakes.raise_any()
    return found


def mistakes_of(text: str) -> list[str]:
    """What is said of a wrong file."""
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value).splitlines()


def changed(facts: Facts, **words: str) -> Facts:
    """The facts with other words."""
    own = {name: getattr(facts, name) for name in facts.__slots__}
    return Facts(**{**own, **words})


def test_the_example_in_the_manual_page_is_right() -> None:
    """Four rules, the last for everything; the schema agrees with the reader."""
    rules = read(EXAMPLE)
    assert [rule.unit for rule in rules] == ["tongan-ads", "tongan-ads", "tongan-chengguan", "command-centre"]
    assert [rule.is_automatic for rule in rules] == [True, True, False, False]
    assert rules[2].levels == {Level.YELLOW, Level.BLUE}
    assert gap(rules) == ""
    assert not check(UNITS, rules, ["tongan"], ["XM-TA-0117"])
    validator = jsonschema_rs.validator_for({"type": "object", "properties": routing.SCHEMA})
    assert validator.is_valid(yaml.safe_load(EXAMPLE))
    assert not validator.is_valid({"routing": [{"unit": "gas", "code": "0390"}]})


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({}, Routed("tongan-ads", is_automatic=True, rule="cloud.yaml:2")),
        ({"site": "XM-TA-0118"}, Routed("tongan-ads", is_automatic=True, rule="cloud.yaml:3")),
        (
            {"site": "XM-HL-0002", "district": "huli"},
            Routed("tongan-chengguan", is_automatic=False, rule="cloud.yaml:4"),
        ),
        (
            {"site": "XM-HL-0002", "district": "huli", "level": Level.RED},
            Routed("command-centre", is_automatic=False, rule="cloud.yaml:5"),
        ),
        (
            {"site": "XM-TA-0200", "code_class": "event", "owner": ""},
            Routed("command-centre", is_automatic=False, rule="cloud.yaml:5"),
        ),
    ],
)
def test_the_first_rule_that_fits_is_taken(words: dict[str, str], expected: Routed) -> None:
    """Site before code and district before owner; event 0390 is not part 0390; red is not among yellow and blue."""
    assert route(read(EXAMPLE), changed(BILLBOARD, **words)) == expected


def test_what_no_rule_fits_is_sent_by_hand() -> None:
    """No unit is named, which `Organisation.unit` reads as the command centre, and people are told of the gap."""
    rules = read("routing:\n  - {role: gas, unit: gas}\n")
    found = route(rules, BILLBOARD)
    assert found == Routed("", is_automatic=False)
    assert UNITS.unit(found.unit).id == "command-centre"
    assert gap(rules).startswith("cases that fit no rule of routing are the command centre's, by hand;")


def test_nothing_written_is_no_gap() -> None:
    """Without rules everything is the command centre's, and there is nothing to complain of."""
    assert read("{}") == ()
    assert gap(()) == ""
    assert route((), BILLBOARD) == Routed("", is_automatic=False)


def test_a_last_rule_with_all_four_levels_leaves_no_gap() -> None:
    """Red, orange, yellow, blue: that is every case."""
    assert gap(read("routing:\n  - {levels: [red, orange, yellow, blue], unit: gas}\n")) == ""
    assert gap(read("routing:\n  - {levels: [red, orange, yellow], unit: gas}\n")) != ""


def test_all_mistakes_are_told_at_once() -> None:
    """Each with its line and what to write instead; which rules are never reached is told once these are mended."""
    assert mistakes_of(
        """\
        routing:
          - {site: XM-TA-0117, unit: tongan-add}
          - {code: "0390", unit: tongan-ads}
          - {distrikt: tongan, role: gas, unit: gas}
          - {owner: 白鹭传媒, levels: [yelow], unit: gas, dispatch: hand}
          - {street: 大同街道}
        """
    ) == [
        "cloud.yaml:2: there is no unit 'tongan-add'. fix: write 'tongan-ads' [E-ORG-003]",
        (
            "cloud.yaml:3: '0390' is no code."
            " fix: write part or event and the four digits, for example part 0390 [E-ORG-010]"
        ),
        "cloud.yaml:4: unknown key 'distrikt'. fix: write 'district' [E-FILE-010]",
        "cloud.yaml:5: 'dispatch' 'hand' is not known. fix: write 'by_hand' [E-FILE-014]",
        "cloud.yaml:5: item 1 of 'levels' 'yelow' is not known. fix: write 'yellow' [E-FILE-014]",
        "cloud.yaml:6: 'unit' is missing. fix: write unit: and a text [E-FILE-011]",
    ]


def test_a_rule_that_is_never_reached_is_a_mistake() -> None:
    """An earlier rule with fewer keys, or with more levels, takes all of its cases."""
    assert mistakes_of(
        """\
        routing:
          - {district: tongan, levels: [red, orange], unit: tongan-chengguan}
          - {district: tongan, levels: [red], code: part 0390, unit: tongan-ads}
          - {district: tongan, code: part 0390, unit: tongan-ads}
          - {unit: command-centre}
          - {role: gas, unit: gas}
        """
    ) == [
        (
            "cloud.yaml:3: this rule is never reached: the one at cloud.yaml:2 fits first."
            " fix: move it above cloud.yaml:2, or remove it [E-ORG-011]"
        ),
        (
            "cloud.yaml:6: this rule is never reached: the one at cloud.yaml:5 fits first."
            " fix: move it above cloud.yaml:5, or remove it [E-ORG-011]"
        ),
    ]


def test_names_of_sensors_yaml_are_checked_apart() -> None:
    """Districts of units and rules, and sites when they are given, each at its line of cloud.yaml."""
    units = Organisation({"command-centre": Unit("command-centre", "中心", district="tongam", where="cloud.yaml:9")})
    rules = read("routing:\n  - {district: hulli, unit: gas}\n  - {site: XM-TA-0171, unit: gas}\n")
    assert list(map(str, check(units, rules, ["huli", "tongan"], ["XM-TA-0117"]).sorted())) == [
        "cloud.yaml:2: sensors.yaml has no district 'hulli'. fix: write 'huli' [E-ORG-004]",
        "cloud.yaml:3: sensors.yaml has no site 'XM-TA-0171'. fix: write 'XM-TA-0117' [E-ORG-012]",
        "cloud.yaml:9: sensors.yaml has no district 'tongam'. fix: write 'tongan' [E-ORG-004]",
    ]
    assert len(check(units, rules, ["huli", "tongan"])) == 2


WORDS = st.sampled_from(["", "a", "b"])
LEVELS = st.frozensets(st.sampled_from(Level))
RULES = st.builds(Rule, unit=st.sampled_from(["gas", "tongan-ads"]), district=WORDS, role=WORDS, levels=LEVELS)
FACTS = st.builds(Facts, district=WORDS, role=WORDS, level=st.sampled_from(Level))


@given(RULES, RULES, FACTS)
def test_a_hidden_rule_never_decides(earlier: Rule, later: Rule, facts: Facts) -> None:
    """Whenever one rule hides another, what fits the second fits the first."""
    if earlier.hides(later) and later.fits(facts):
        assert earlier.fits(facts)


@given(st.lists(RULES), FACTS)
def test_without_a_gap_every_case_has_a_unit(rules: list[Rule], facts: Facts) -> None:
    """`gap` is silent only when no case can be left without a rule."""
    if rules and gap(rules) == "":
        assert route(rules, facts).unit
    assert route([*rules, Rule(unit="command-centre")], facts).unit
