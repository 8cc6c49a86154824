"""Limit sets: the shipped ones in `wire/limits/*.yaml`, and a city's own that start from them.

    limits:
      billboard-seaside:
        from: billboard
        rules:
          lean:
            levels:
              red: {limit: 1.2, source: "judgement: sea wind, 2026 review"}

A set that starts from another one says only what differs. A changed limit brings its own source:
a limit for people's safety never comes from nowhere.
"""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from wire.alarm import OWN_RULES, Level
from wire.inventory import Limit, RuleConfig
from wire.located import Block, Mistakes, load, nearest
from wire.quantities import QUANTITIES
from wire.topics import IDENTIFIER

SCHEMA = "egret.limits/1"
OF_THE_SENSOR = "fault"
"""The rule kind that judges the sensor itself: all its quantities, against no limit."""
Rules = tuple[RuleConfig, ...]

FOLDER = Path(__file__).parent / "limits"
"""The sets that come with Egret."""
_LEVELS = sorted(Level, key=lambda level: level.severity)


def shipped(folder: Path = FOLDER) -> Mapping[str, Rules]:
    """Every set that comes with Egret, or with a box's configuration, by name. Raises ConfigError."""
    mistakes = Mistakes()
    sets = {}
    for path in sorted(folder.glob("*.yaml")):
        root = load(path, mistakes)
        root.choice("schema", [SCHEMA])
        sets[path.stem] = _rules(root, ())
        root.done()
    mistakes.raise_any()
    return sets


def read_sets(block: Block, folder: Path = FOLDER) -> dict[str, Rules]:
    """The shipped sets and those of a city's `limits:` section; mistakes go to the block's."""
    sets = dict(shipped(folder))
    for name, entry in block.blocks():
        if not IDENTIFIER.fullmatch(name):
            block.wrong(name, f"the name {name!r} is not allowed.", "use letters, digits, - and _", "E-LIMIT-001")
        if name in sets:
            block.wrong(name, f"the limit set {name!r} exists already.", "choose another name", "E-LIMIT-002")
        start = entry.text("from", "")
        if start and start not in sets:
            fix = nearest(start, sets)
            entry.wrong("from", f"there is no limit set {start!r} to start from.", fix, "E-LIMIT-003")
            sets[name] = ()
        else:
            sets[name] = _rules(entry, sets.get(start, ()))
            entry.done()
    return sets


def _rules(entry: Block, base: Rules) -> Rules:
    """The rules of a set: those of `base`, each changed where the file says so, then new ones."""
    block = entry.mapping("rules")
    known = {rule.name: rule for rule in base}
    for name, rule in block.blocks():
        if not IDENTIFIER.fullmatch(name):
            block.wrong(name, f"the name {name!r} is not allowed.", "use letters, digits, - and _", "E-LIMIT-001")
        if name in OWN_RULES:
            what = f"{name!r} marks alarms of another kind."
            block.wrong(name, what, "choose another name", "E-LIMIT-008")
        known[name] = _rule(name, rule, known.get(name))
        rule.done()
    return tuple(known.values())


def _rule(name: str, block: Block, base: RuleConfig | None) -> RuleConfig:
    kind = block.text("kind", base.kind if base else None)
    quantity = "" if kind == OF_THE_SENSOR else block.text("quantity", base.quantity if base else None)
    if quantity and quantity not in QUANTITIES:
        fix = nearest(quantity, QUANTITIES)
        block.wrong("quantity", f"there is no quantity {quantity!r}.", fix, "E-LIMIT-004")
    return RuleConfig(
        name=name,
        kind=kind,
        quantity=quantity,
        deadband=block.number("deadband", 0, default=base.deadband if base else 0.0),
        off_delay_s=block.duration("off_delay", default=base.off_delay_s if base else None),
        levels=_levels(block, base.levels if base else (), has_limits=kind != OF_THE_SENSOR),
    )


def _levels(block: Block, base: tuple[Limit, ...], *, has_limits: bool) -> tuple[Limit, ...]:
    """From mild to worst."""
    entries = block.mapping("levels", optional=bool(base))
    before = {limit.level: limit for limit in base}
    levels = [
        _level(level, entries.mapping(level, optional=True), before.get(level), has_limits=has_limits)
        for level in _LEVELS
        if level in entries or level in before
    ]
    entries.done()
    if not levels:
        block.wrong(
            "levels", "the rule has no level.", "write at least one of blue, yellow, orange, red", "E-LIMIT-005"
        )
    for milder, worse in pairwise(levels):
        if has_limits and milder.limit >= worse.limit:
            what = f"{worse.level} {worse.limit:g} is not above {milder.level} {milder.limit:g}."
            entries.wrong(worse.level, what, "let limits rise from blue to red", "E-LIMIT-006")
    return tuple(levels)


def _level(level: Level, block: Block, base: Limit | None, *, has_limits: bool) -> Limit:
    limit = 0.0
    if has_limits:
        limit = block.number("limit", default=base.limit if base else None)
    is_changed = base is not None and limit != base.limit
    if is_changed and "source" not in block:
        what = f"the limit of {level} is changed to {limit:g} without saying why."
        block.wrong("limit", what, 'write source: "standard and clause" or "judgement: reason"', "E-LIMIT-007")
    source = block.text("source", base.source if base else None)
    on_delay_s = block.duration("on_delay", default=base.on_delay_s if base else None)
    block.done()
    return Limit(level, limit, on_delay_s, source)
