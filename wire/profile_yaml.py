"""Reads the device library: `firmware-configs/<vendor>-<model>/profile.yaml` to profiles, all mistakes at once.

docs/develop/profiles.md describes the file for the people who write it.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from wire import located
from wire.errors import ConfigError, Mistake
from wire.expression import Expression, parse
from wire.profile import (
    Block,
    Check,
    Derived,
    Evidence,
    LinkSettings,
    Point,
    Profile,
    Stuck,
    Timing,
    Vector,
)
from wire.profile_points import check_name, read_layouts, read_points, read_quantity
from wire.reading import Quality

FILE = "profile.yaml"
LEVELS = ("bench", "vendor-manual", "vendor-code", "third-party", "none")
FRAMES = ("8N1", "8E1", "8O1", "8N2")
QUALITIES: Mapping[tuple[str, str], Quality] = {
    ("bad", "failure"): Quality.FAILURE,
    ("bad", "function_check"): Quality.CALIBRATING,
    ("bad", "out_of_spec"): Quality.OUT_OF_SPAN,
    ("uncertain", "out_of_spec"): Quality.UNCERTAIN,
    ("uncertain", "maintenance"): Quality.MAINTENANCE,
}
"""`quality` and `why` (NAMUR NE 107) of a check to the flag its readings carry."""


def library_folder() -> Path:
    """Where the profiles are: EGRET_DEVICES, else the repository's firmware-configs, else the installed copy."""
    named = os.environ.get("EGRET_DEVICES")
    if named:
        return Path(named)
    package = Path(__file__).parent
    beside = package.parent / "firmware-configs"
    return beside if beside.is_dir() else package / "firmware-configs"


def load_library(root: Path) -> Mapping[str, Profile]:
    """Every profile of a library by its folder's name. Raises ConfigError with the mistakes of all files."""
    if not root.is_dir():
        fix = "set EGRET_DEVICES to the folder of device profiles"
        raise ConfigError([Mistake(str(root), "there is no device library here.", fix, "E-PROFILE-001")])
    mistakes = located.Mistakes()
    library: dict[str, Profile] = {}
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")):
        try:
            library[folder.name] = load_profile(folder)
        except ConfigError as error:
            mistakes.extend(error.mistakes)
    mistakes.raise_any()
    return library


def load_profile(folder: Path) -> Profile:
    """The profile in `folder`. Raises ConfigError with every mistake of the file."""
    mistakes = located.Mistakes()
    root = located.load(folder / FILE, mistakes)
    profile = _profile(root, folder.resolve().name)
    mistakes.raise_any()
    return profile


def _profile(root: located.Block, name: str) -> Profile:
    if root.text("profile") != name:
        what = f"this profile stands in the folder {name!r}."
        root.wrong("profile", what, f"write profile: {name}, or rename the folder", "E-PROFILE-001")
    timing = _timing(root.mapping("timing"))
    layouts = read_layouts(root, timing.min_poll_s)
    blocks = {block_name: layout.block for block_name, layout in layouts.items()}
    points = read_points(root, layouts)
    derived = _derived(root, points)
    checks, stuck = _checks(root, points, derived)
    profile = Profile(
        name=name,
        kind=root.text("kind"),
        title=root.text("title"),
        evidence=_evidence(root.mapping("evidence")),
        link=_link(root.mapping("link")),
        timing=timing,
        blocks=blocks,
        points=points,
        derived=derived,
        checks=checks,
        stuck=stuck,
        vectors=_vectors(root, blocks, points, derived),
    )
    _check_quantities(root, profile.quantities)
    root.done()
    return profile


def _evidence(entry: located.Block) -> Evidence:
    evidence = Evidence(
        level=entry.choice("level", LEVELS),
        source=entry.text("source"),
        open=entry.sequence("open", optional=True).texts(),
    )
    entry.done()
    return evidence


def _link(entry: located.Block) -> LinkSettings:
    entry.choice("modbus", ("rtu",))
    link = LinkSettings(
        baud=entry.integer("baud", 300, 921_600),
        frame=entry.choice("frame", FRAMES),
        unit=entry.integer("unit", 1, 247),
    )
    entry.done()
    return link


def _timing(entry: located.Block) -> Timing:
    timing = Timing(
        timeout_s=entry.duration("timeout", 0.001, 60.0),
        gap_s=entry.duration("gap", default=0.0),
        late_max_s=entry.duration("late_max"),
        min_poll_s=entry.duration("min_poll", 0.001),
    )
    if timing.late_max_s < timing.timeout_s:
        what = "late_max is shorter than timeout: a late reply would be taken for the next one."
        entry.wrong("late_max", what, "write the longest the device may take to answer", "E-PROFILE-010")
    entry.done()
    return timing


def _derived(root: located.Block, points: tuple[Point, ...]) -> tuple[Derived, ...]:
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


def _checks(
    root: located.Block, points: tuple[Point, ...], derived: tuple[Derived, ...]
) -> tuple[tuple[Check, ...], tuple[Stuck, ...]]:
    checks: list[Check] = []
    stuck: list[Stuck] = []
    names = _names(points, derived)
    for entry in root.sequence("checks", optional=True).blocks():
        if "stuck" in entry:
            watched = entry.sequence("stuck")
            stuck.append(Stuck(watched.texts(), entry.duration("for", 1.0)))
            _check_known(entry, "stuck", watched.texts(), names)
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


def _vectors(
    root: located.Block, blocks: Mapping[str, Block], points: tuple[Point, ...], derived: tuple[Derived, ...]
) -> tuple[Vector, ...]:
    found: list[Vector] = []
    names = _names(points, derived)
    for entry in root.sequence("vectors").blocks():
        block = entry.choice("block", tuple(blocks)) if blocks else ""
        given = entry.mapping("given", optional=True)
        want = entry.mapping("want")
        found.append(
            Vector(
                block=block,
                registers=_registers(entry, blocks[block].count if blocks else 0),
                given={name: given.number(name) for name in given},
                want={name: _wanted(want, name, points) for name in want},
                source=entry.text("source"),
            )
        )
        for section in (given, want):
            for name in section:
                _check_known(section, name, (name,), names)
        entry.done()
    return tuple(found)


def _registers(entry: located.Block, count: int) -> tuple[int, ...]:
    digits = entry.text("hex").replace(" ", "")
    try:
        octets = bytes.fromhex(digits)
    except ValueError:
        octets = b""
    if len(octets) == 2 * count:
        return tuple(int.from_bytes(octets[place : place + 2], "big") for place in range(0, len(octets), 2))
    what = f"hex is {len(digits)} characters, not {count} registers of four hexadecimal digits."
    entry.wrong("hex", what, "write the registers as the line carries them: 0800 016C", "E-PROFILE-012")
    return ()


def _wanted(want: located.Block, name: str, points: tuple[Point, ...]) -> float | str | bool:
    """A flag for a bit, a word for a code, a number for anything else."""
    owner = next((point for point in points if point.name == name.partition(".")[0]), None)
    if owner and owner.bits:
        return want.flag(name)
    return want.text(name) if owner and owner.codes else want.number(name)


def _expression(entry: located.Block, key: str, points: tuple[Point, ...], derived: Sequence[Derived]) -> Expression:
    text = entry.text(key)
    try:
        expression = parse(text)
    except ValueError as error:
        fix = "see the grammar in docs/develop/profiles.md"
        entry.wrong(key, f"{error}.", fix, "E-PROFILE-013")
        return parse("0")
    known = _names(points, derived)
    _check_known(entry, key, sorted(expression.names), known)
    _check_words(entry, key, expression, points)
    _check_one_block(entry, key, expression.names, known)
    return expression


def _check_known(entry: located.Block, key: str, names: Iterable[str], known: Mapping[str, str]) -> None:
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


def _names(points: Iterable[Point], derived: Iterable[Derived]) -> Mapping[str, str]:
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


def _check_quantities(root: located.Block, quantities: tuple[str, ...]) -> None:
    for quantity in sorted({name for name in quantities if quantities.count(name) > 1}):
        what = f"{quantity} is published by two values."
        root.wrong("points", what, "keep one `means`", "E-PROFILE-015")
    if not quantities:
        what = "this profile publishes no quantity."
        root.wrong("points", what, "give a point or a derived value `means: tilt_x`", "E-PROFILE-015")
