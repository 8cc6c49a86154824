"""Reads the device library: `firmware-configs/<vendor>-<model>/profile.yaml` to profiles, all mistakes at once.

docs/develop/profiles.md describes the file for the people who write it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from wire import located
from wire.acts_yaml import read_identity, read_procedures, read_protected, read_settings
from wire.errors import ConfigError, Mistake
from wire.profile import Evidence, LinkSettings, Profile, Timing
from wire.profile_expressions import names_of, read_checks, read_derived
from wire.profile_points import read_layouts, read_points
from wire.profile_vectors import read_vectors

FILE = "profile.yaml"
LEVELS = ("bench", "vendor-manual", "vendor-code", "third-party", "none")
FRAMES = ("8N1", "8E1", "8O1", "8N2")


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
    derived = read_derived(root, points)
    checks, stuck = read_checks(root, points, derived)
    names = names_of(points, derived)
    protected = read_protected(root)
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
        vectors=read_vectors(root, blocks, points, names),
        identity=read_identity(root),
        settings=read_settings(root, protected),
        procedures=read_procedures(root, protected, names),
        protected=protected,
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
        any_unit=entry.integer("any_unit", 0, 255, default=0),
    )
    entry.done()
    return link


def _timing(entry: located.Block) -> Timing:
    timing = Timing(
        timeout_s=entry.duration("timeout", 0.001, 60.0),
        gap_s=entry.duration("gap", default=0.0),
        late_max_s=entry.duration("late_max"),
        min_poll_s=entry.duration("min_poll", 0.001),
        after_write_s=entry.duration("after_write", default=0.0),
    )
    if timing.late_max_s < timing.timeout_s:
        what = "late_max is shorter than timeout: a late reply would be taken for the next one."
        entry.wrong("late_max", what, "write the longest the device may take to answer", "E-PROFILE-010")
    entry.done()
    return timing


def _check_quantities(root: located.Block, quantities: tuple[str, ...]) -> None:
    for quantity in sorted({name for name in quantities if quantities.count(name) > 1}):
        what = f"{quantity} is published by two values."
        root.wrong("points", what, "keep one `means`", "E-PROFILE-015")
    if not quantities:
        what = "this profile publishes no quantity."
        root.wrong("points", what, "give a point or a derived value `means: tilt_x`", "E-PROFILE-015")
