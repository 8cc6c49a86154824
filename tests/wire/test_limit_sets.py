"""Limit sets: what ships, what a city may change, and that the manual says the same."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from wire.alarm import Level
from wire.inventory import RuleConfig
from wire.limit_sets import OF_THE_SENSOR, read_sets, shipped
from wire.located import Mistakes, parse
from wire.quantities import QUANTITIES

MANUAL = Path(__file__).parents[2] / "docs/operate/limits.md"


def read(text: str) -> tuple[Mapping[str, tuple[RuleConfig, ...]], str]:
    """The sets of a `limits:` section, and what a person is told about it."""
    mistakes = Mistakes()
    sets = read_sets(parse(text, "sensors.yaml", mistakes))
    return sets, "\n".join(str(mistake) for mistake in mistakes.sorted())


def table() -> str:
    """The shipped limits as the manual shows them."""
    rows = ["| set | rule | level | limit | on-delay | source |", "|---|---|---|---|---|---|"]
    for name, rules in shipped().items():
        for rule in rules:
            unit = QUANTITIES[rule.quantity].unit if rule.quantity else ""
            for limit in rule.levels:
                value = f"{rule.quantity} ≥ {limit.limit:g} {unit}" if unit else "no usable reading"
                rows.append(
                    f"| {name} | {rule.name} | {limit.level} | {value} | {limit.on_delay_s:g} s | {limit.source} |"
                )
    return "\n".join(rows)


def test_the_manual_shows_every_shipped_limit_with_its_source() -> None:
    """docs/operate/limits.md holds exactly this table; on failure, paste it."""
    assert table() in MANUAL.read_text(encoding="utf-8"), f"docs/operate/limits.md should hold:\n{table()}"


@pytest.mark.parametrize("name", ["billboard", "gas", "drainage", "bridge", "road"])
def test_every_site_kind_has_a_set_and_watches_its_sensors(name: str) -> None:
    """Limits rise from mild to worst, each has a source, and a silent sensor is an alarm of its own."""
    rules = shipped()[name]
    assert OF_THE_SENSOR in {rule.kind for rule in rules}
    for rule in rules:
        assert all(limit.source for limit in rule.levels)
        severities = [limit.level.severity for limit in rule.levels]
        assert severities == sorted(severities)
        if rule.kind != OF_THE_SENSOR:
            values = [limit.limit for limit in rule.levels]
            assert values == sorted(set(values))


def test_the_billboard_s_red_is_one_and_a_half_degrees_for_two_seconds() -> None:
    """The one number everybody will ask for."""
    lean = shipped()["billboard"][0]
    assert (lean.quantity, lean.deadband, lean.off_delay_s) == ("tilt", 0.1, 60.0)
    assert [(limit.level, limit.limit, limit.on_delay_s) for limit in lean.levels] == [
        (Level.BLUE, 0.3, 5.0),
        (Level.YELLOW, 0.57, 5.0),
        (Level.ORANGE, 0.76, 5.0),
        (Level.RED, 1.5, 2.0),
    ]


def test_a_silent_gas_detector_is_orange_after_20_seconds() -> None:
    """A detector that says nothing protects nobody."""
    fault = {rule.name: rule for rule in shipped()["gas"]}["fault"]
    assert [(limit.level, limit.on_delay_s) for limit in fault.levels] == [(Level.ORANGE, 20.0)]


def test_a_city_s_set_says_only_what_differs() -> None:
    """One level changed, the others and the fault rule as shipped."""
    sets, said = read("""
seaside:
  from: billboard
  rules:
    lean: {levels: {red: {limit: 1.2, source: "judgement: sea wind"}}}
""")
    assert said == ""
    lean, fault = sets["seaside"]
    assert [limit.limit for limit in lean.levels] == [0.3, 0.57, 0.76, 1.2]
    assert lean.levels[3].source == "judgement: sea wind"
    assert lean.levels[3].on_delay_s == 2.0
    assert lean.levels[0] == shipped()["billboard"][0].levels[0]
    assert fault == shipped()["billboard"][1]


def test_a_city_may_write_a_set_of_its_own() -> None:
    """Without `from`, everything must be said."""
    sets, said = read("""
pier:
  rules:
    strain:
      kind: limit
      quantity: strain
      deadband: 5
      off_delay: 10s
      levels: {orange: {limit: 120, on_delay: 1s, source: design file 2024-7}}
""")
    assert said == ""
    assert sets["pier"][0].levels[0].limit == 120.0


def test_a_changed_limit_must_say_why() -> None:
    """The shipped source does not vouch for another number."""
    _, said = read("seaside: {from: billboard, rules: {lean: {levels: {red: {limit: 1.2}}}}}\n")
    assert said == (
        "sensors.yaml:1: the limit of red is changed to 1.2 without saying why."
        ' fix: write source: "standard and clause" or "judgement: reason" [E-LIMIT-007]'
    )


def test_limits_must_rise() -> None:
    """A red below orange would never be seen as an escalation."""
    _, said = read("x: {from: billboard, rules: {lean: {levels: {red: {limit: 0.5, source: judgement}}}}}\n")
    assert (
        said == "sensors.yaml:1: red 0.5 is not above orange 0.76. fix: let limits rise from blue to red [E-LIMIT-006]"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "x: {from: bilboard, rules: {}}",
            "sensors.yaml:1: there is no limit set 'bilboard' to start from. fix: write 'billboard' [E-LIMIT-003]",
        ),
        (
            "gas: {from: billboard, rules: {}}",
            "sensors.yaml:1: the limit set 'gas' exists already. fix: choose another name [E-LIMIT-002]",
        ),
        (
            "a b: {from: billboard, rules: {}}",
            "sensors.yaml:1: the name 'a b' is not allowed. fix: use letters, digits, - and _ [E-LIMIT-001]",
        ),
        (
            "x: {from: billboard, rules: {lean: {quantity: tild}}}",
            "sensors.yaml:1: there is no quantity 'tild'. fix: write 'tilt' [E-LIMIT-004]",
        ),
        (
            "x: {rules: {lean: {kind: limit, quantity: tilt, off_delay: 1s, levels: {}}}}",
            "sensors.yaml:1: the rule has no level. fix: write at least one of blue, yellow, orange, red [E-LIMIT-005]",
        ),
        (
            "x: {from: billboard, rules: {lean: {levels: {purple: {}}}}}",
            "sensors.yaml:1: unknown key 'purple'. fix: use one of: blue, yellow, orange, red [E-FILE-010]",
        ),
        (
            "x: {rules: {test: {kind: fault, off_delay: 1s, levels: {blue: {on_delay: 1s, source: judgement}}}}}",
            "sensors.yaml:1: 'test' marks alarms of another kind. fix: choose another name [E-LIMIT-008]",
        ),
    ],
)
def test_mistakes_in_a_set(text: str, message: str) -> None:
    """What, where, fix and code of each."""
    assert read(text)[1] == message
