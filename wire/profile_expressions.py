"""The sections `derive` and `checks` of a profile.yaml, and what an expression in it may name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wire import located
from wire.expression import Expression, parse
from wire.profile import Check, Derived, LinkKind, Point, Profile, Stuck
from wire.profile_points import check_name, read_quantity
from wire.reading import Quality

QUALITIES: Mapping[tuple[str, str], Quality] = {
    ("bad", "failure"): Quality.FAILURE,
    ("bad", "function_check"): Quality.CALIBRATING,
    ("bad", "out_of_spec"): Quality.OUT_OF_SPAN,
    ("uncertain", "out_of_spec"): Quality.UNCERTAIN,
    ("uncertain", "maintenance"): Quality.MAINTENANCE,
}
"""`quality` and `why` (NAMUR NE 107) of a check to the flag its readings carry."""


_WEAK = (LinkKind.SERIAL_STREAM, LinkKind.SERIAL_QUERY)
"""Links that protect nothing themselves, unlike Modbus, Bluetooth and LoRaWAN."""


def read_derived(root: located.Block, points: tuple[Point, ...]) -> tuple[Derived, ...]:
    """The section `derive`; it may be absent."""
    section = root.mapping("derive", optional=True)
    found: list[Derived] = []
    for name, entry in section.blocks():
        check_name(section, name)
        if any(name == point.name for point in points):
            section.wrong(name, f"{name} is a point already.", "choose another name", "E-PROFILE-002")
        unit = entry.text("unit", "")
        expression = _expression(entry, "expr", points, found)
        found.append(Derived(name, expression, unit, read_quantity(entry, unit)))
        entry.done()
    return tuple(found)


def read_checks(
    root: located.Block, points: tuple[Point, ...], derived: tuple[Derived, ...]
) -> tuple[tuple[Check, ...], tuple[Stuck, ...]]:
    """The section `checks`; it may be absent."""
    checks: list[Check] = []
    stuck: list[Stuck] = []
    names = names_of(points, derived)
    for entry in root.sequence("checks", optional=True).blocks():
        if "stuck" in entry:
            watched = entry.sequence("stuck")
            stuck.append(Stuck(watched.texts(), entry.duration("for", 1.0)))
            check_known(entry, "stuck", watched.texts(), names)
            _check_one_block(entry, "stuck", watched.texts(), names)
        else:
            checks.append(Check(_expression(entry, "if", points, derived), _quality(entry), entry.text("say")))
        entry.done()
    return tuple(checks), tuple(stuck)


def _quality(entry: located.Block) -> Quality:
    words = entry.text("quality"), entry.text("why")
    if words in QUALITIES:
        return QUALITIES[words]
    what = f"quality {words[0]!r} with why {words[1]!r} is not known."
    pairs = "; ".join(f"quality: {quality}, why: {why}" for quality, why in QUALITIES)
    entry.wrong("quality", what, f"write one of: {pairs}", "E-PROFILE-011")
    return Quality.GOOD


def _expression(entry: located.Block, key: str, points: tuple[Point, ...], derived: Sequence[Derived]) -> Expression:
    text = entry.text(key)
    try:
        expression = parse(text)
    except ValueError as error:
        fix = "see the grammar in docs/develop/profiles.md"
        entry.wrong(key, f"{error}.", fix, "E-PROFILE-013")
        return parse("0")
    known = names_of(points, derived)
    check_known(entry, key, sorted(expression.names), known)
    _check_words(entry, key, expression, points)
    _check_one_block(entry, key, expression.names, known)
    return expression


def check_known(entry: located.Block | located.Items, key: Any, names: Iterable[str], known: Mapping[str, str]) -> None:
    """Collects a mistake for each name that is neither among `known` nor a number of the site."""
    for name in names:
        if name not in known and not name.startswith("site."):
            entry.wrong(key, f"{name!r} is no value of this profile.", located.nearest(name, known), "E-PROFILE-014")


def _check_words(entry: located.Block, key: str, expression: Expression, points: tuple[Point, ...]) -> None:
    codes = [word for point in points for word in point.codes.values()]
    for word in sorted(expression.words):
        if word not in codes:
            entry.wrong(key, f"{word!r} is no code of this profile.", located.nearest(word, codes), "E-PROFILE-017")


def _check_one_block(entry: located.Block, key: str, names: Iterable[str], known: Mapping[str, str]) -> None:
    """Blocks are read at their own times: a value of two of them would be a value of no time."""
    blocks = _blocks_of(names, known)
    if len(blocks) > 1:
        what = f"{key} needs points of the blocks {' and '.join(blocks)}, which are read at different times."
        entry.wrong(key, what, "use points of one block, or read them as one block", "E-PROFILE-016")


def _blocks_of(names: Iterable[str], known: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted({known[name] for name in names if known.get(name)}))


def names_of(points: Iterable[Point], derived: Iterable[Derived]) -> Mapping[str, str]:
    """What an expression may name besides `site.*`, each with the block it comes from (`zero.*`: none)."""
    names: dict[str, str] = {}
    for point in points:
        if point.bits:
            names |= {f"{point.name}.{flag}": point.block for flag in point.bits.values()}
        else:
            names |= {point.name: point.block, f"zero.{point.name}": ""}
    for value in derived:
        names[value.name] = "".join(_blocks_of(value.expression.names, names)[:1])
    return names


def check_weak(root: located.Block, profile: Profile) -> None:
    """A sum of one byte lets one damaged frame in 256 through, no sum all of them: then a range must catch it."""
    if profile.link.kind not in _WEAK:
        return
    published = {point.name for point in profile.points if point.quantity}
    published |= {name for value in profile.derived if value.quantity for name in value.expression.names}
    section = root.mapping("points")
    for point in profile.points:
        if point.name in published and point.span is None and not point.codes:
            what = f"{point.name} has no range, and the checksum of this device is weak."
            section.wrong(point.name, what, "write the range that the sensor can measure", "E-PROFILE-026")
