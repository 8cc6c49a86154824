"""Whose case it is: rules that name the responsible unit (责任单位) of a case when it opens.

    routing:
      - {site: XM-TA-0117, unit: tongan-ads}
      - {code: part 0390, district: tongan, unit: tongan-ads}
      - {owner: 白鹭传媒, levels: [yellow, blue], unit: tongan-chengguan, dispatch: by_hand}
      - {unit: command-centre, dispatch: by_hand}

The first rule that fits is taken; all the keys it gives must match: `site`, `code` (`part` or
`event`, and the four digits), `role`, `district`, `street`, `owner`, and `levels`, one of which
must be the case's. With `dispatch: by_hand` a person of the command centre sends the case on; else it
is dispatched at once. What no rule fits is the command centre's, by hand: the last rule says it aloud.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cloud.city import organisation as organisations
from cloud.city.organisation import Organisation
from wire.alarm import Level
from wire.located import Block, Mistakes, nearest

_CODE = re.compile(r"(part|event) (\d{4})")
_WORDS = ("code_class", "code", "role", "site", "district", "street", "owner")
_BY_HAND, _AUTOMATIC = "by_hand", "automatic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a case when it opens; empty for what is not. `role` is a row of the table of codes."""

    code_class: str = ""
    code: str = ""
    role: str = ""
    site: str = ""
    district: str = ""
    street: str = ""
    owner: str = ""
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of `routing:`; what is empty fits everything. `where` is its place in the file."""

    unit: str
    is_automatic: bool = True
    code_class: str = ""
    code: str = ""
    role: str = ""
    site: str = ""
    district: str = ""
    street: str = ""
    owner: str = ""
    levels: frozenset[Level] = frozenset()
    where: str = field(default="", compare=False)

    def fits(self, facts: Facts) -> bool:
        """Do all its keys match?"""
        return _says_no_more(self, facts) and facts.level in (self.levels or Level)

    def hides(self, later: "Rule") -> bool:
        """Does it fit whatever `later` fits, so that a rule after it is never asked?"""
        return _says_no_more(self, later) and set(later.levels or Level) <= set(self.levels or Level)


@dataclass(frozen=True, slots=True)
class Routed:
    """The responsible unit, empty when no rule fits; is it dispatched at once? `rule` is the rule's place."""

    unit: str
    is_automatic: bool
    rule: str = ""


def route(rules: Iterable[Rule], facts: Facts) -> Routed:
    """By the first rule that fits; without one nobody is named, and it is the command centre's to dispatch by hand."""
    for rule in rules:
        if rule.fits(facts):
            return Routed(rule.unit, rule.is_automatic, rule.where)
    return Routed("", is_automatic=False)


def gap(rules: Sequence[Rule]) -> str:
    """What to tell people when some cases fit no rule; empty when each fits one, or nothing is configured."""
    last = Rule(unit="")
    if not rules or any(rule.hides(last) for rule in rules):
        return ""
    return "cases that fit no rule of routing are the command centre's, by hand; a last rule with only `unit` says so"


def read(root: Block, organisation: Organisation) -> tuple[Rule, ...]:
    """`routing` of cloud.yaml; mistakes are collected."""
    before = len(root.mistakes)
    rules = tuple(_rule(block, organisation) for block in root.sequence("routing", optional=True).blocks())
    if len(root.mistakes) == before:
        # A key that could not be read would make its rule look as if it fitted everything.
        _check_reached(rules, root.mistakes)
    return rules


def check(
    organisation: Organisation, rules: Iterable[Rule], districts: Iterable[str], sites: Iterable[str] | None = None
) -> Mistakes:
    """What units and rules name that sensors.yaml does not have; without `sites` those are not looked at."""
    known = list(districts)
    known_sites = None if sites is None else list(sites)
    mistakes = organisations.check_districts(organisation, known)
    for rule in rules:
        if rule.district and rule.district not in known:
            what = f"sensors.yaml has no district {rule.district!r}."
            mistakes.add(rule.where, what, nearest(rule.district, known), "E-ORG-004")
        if rule.site and known_sites is not None and rule.site not in known_sites:
            what = f"sensors.yaml has no site {rule.site!r}."
            mistakes.add(rule.where, what, nearest(rule.site, known_sites), "E-ORG-012")
    return mistakes


def _says_no_more(rule: Rule, other: Facts | Rule) -> bool:
    """Is every word that the rule asks for the other's, too?"""
    return all(not (word := getattr(rule, name)) or word == getattr(other, name) for name in _WORDS)


def _rule(block: Block, organisation: Organisation) -> Rule:
    unit = block.text("unit")
    organisations.check_unit(block, "unit", unit, organisation)
    code_class, code = _code(block)
    rule = Rule(
        unit=unit,
        is_automatic=block.choice("dispatch", [_AUTOMATIC, _BY_HAND], _AUTOMATIC) == _AUTOMATIC,
        code_class=code_class,
        code=code,
        role=block.text("role", ""),
        site=block.text("site", ""),
        district=block.text("district", ""),
        street=block.text("street", ""),
        owner=block.text("owner", ""),
        levels=_levels(block),
        where=block.where,
    )
    block.done()
    return rule


def _code(block: Block) -> tuple[str, str]:
    text = block.text("code", "")
    found = _CODE.fullmatch(text)
    if found:
        return found[1], found[2]
    if text:
        fix = "write part or event and the four digits, for example part 0390"
        block.wrong("code", f"{text!r} is no code.", fix, "E-ORG-010")
    return "", ""


def _levels(block: Block) -> frozenset[Level]:
    items = block.sequence("levels", optional=True)
    words = [level.value for level in Level]
    return frozenset(Level(items.choice(index, words)) for index in range(len(items)))


def _check_reached(rules: Sequence[Rule], mistakes: Mistakes) -> None:
    for index, later in enumerate(rules):
        hiding = [earlier.where for earlier in rules[:index] if earlier.hides(later)]
        if hiding:
            what = f"this rule is never reached: the one at {hiding[0]} fits first."
            mistakes.add(later.where, what, f"move it above {hiding[0]}, or remove it", "E-ORG-011")


_TEXT: dict[str, object] = {"type": "string"}
_RULE: dict[str, object] = {
    "type": "object",
    "properties": {
        "unit": {**_TEXT, "description": "a unit of `units:`"},
        "dispatch": {"enum": [_AUTOMATIC, _BY_HAND], "default": _AUTOMATIC},
        "code": {**_TEXT, "pattern": f"^{_CODE.pattern}$"},
        "role": {**_TEXT, "description": "a row of the table of codes: billboard, gas, …"},
        "site": _TEXT,
        "district": {**_TEXT, "description": "a district of sensors.yaml"},
        "street": _TEXT,
        "owner": _TEXT,
        "levels": {"type": "array", "items": {"enum": [level.value for level in Level]}},
    },
    "required": ["unit"],
    "additionalProperties": False,
}
SCHEMA: dict[str, dict[str, object]] = {"routing": {"type": "array", "items": _RULE}}
"""JSON Schema of the section that `read` reads."""
