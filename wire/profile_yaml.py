"""Reads the device library: `firmware-configs/<vendor>-<model>/profile.yaml` to profiles, all mistakes at once.

docs/develop/profiles.md describes the file for the people who write it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from wire import located
from wire.acts_yaml import read_identity, read_procedures, read_protected, read_settings
from wire.errors import ConfigError, Mistake
from wire.link_yaml import read_link, read_timing
from wire.message_yaml import read_messages
from wire.messages import TlvShape, is_asked_for
from wire.profile import Derived, Evidence, LinkKind, Point, Profile
from wire.profile_expressions import check_weak, names_of, read_checks, read_derived
from wire.profile_points import read_layouts, read_points
from wire.profile_vectors import read_vectors

FILE = "profile.yaml"
LEVELS = ("bench", "vendor-manual", "vendor-code", "third-party", "none")


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
    link = read_link(root.mapping("link"))
    timing = read_timing(root.mapping("timing"), link.kind)
    layouts, messages = read_layouts(root, timing.min_poll_s), read_messages(root)
    blocks = {block_name: layout.block for block_name, layout in layouts.items()}
    points = read_points(root, layouts, messages)
    derived = read_derived(root, points)
    checks, stuck = read_checks(root, points, derived)
    names = names_of(points, derived)
    protected = read_protected(root)
    profile = Profile(
        name=name,
        kind=root.text("kind"),
        title=root.text("title"),
        evidence=_evidence(root.mapping("evidence")),
        link=link,
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
        messages=messages,
    )
    _check_parts(root, profile)
    _check_names(root, profile)
    _check_quantities(root, profile)
    check_weak(root, profile)
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


def _check_parts(root: located.Block, profile: Profile) -> None:
    """Registers belong to Modbus, messages to every other link."""
    is_modbus = profile.link.kind is LinkKind.MODBUS_RTU
    wanted, other = ("blocks", profile.messages) if is_modbus else ("frames, lines or tlv", profile.blocks)
    if other or not profile.parts:
        what = f"a device that is reached as {profile.link.kind} is described by {wanted}."
        root.wrong("link", what, f"write the section {wanted}", "E-PROFILE-028")
    if profile.link.kind is LinkKind.SERIAL_QUERY and not any(is_asked_for(one) for one in profile.messages.values()):
        what = "this device answers when it is asked, and no message says with what."
        root.wrong("link", what, 'write its ask: "FF 01 86 {sum8}", or link: {serial: stream}', "E-PROFILE-029")


def _check_names(root: located.Block, profile: Profile) -> None:
    """A median is of a point of its message; a trigger writes no protected register."""
    for shape in profile.messages.values():
        median = "" if isinstance(shape, TlvShape) else shape.median
        known = [point.name for point in profile.points if point.block == shape.name]
        if median and median not in known:
            what = f"the median {median!r} is no point of {shape.name}."
            root.wrong("points", what, located.nearest(median, known), "E-PROFILE-014")
    triggers = [block.before for block in profile.blocks.values() if block.before]
    for held in [profile.protection(one.register, one.value) for one in triggers]:
        if held:
            what = f"what is written before a block is protected: {held.say}."
            root.wrong("blocks", what, "never write it; take it out of here", "E-PROFILE-023")


def _check_quantities(root: located.Block, profile: Profile) -> None:
    """A quantity has one source; what a device sends of the past is of the same quantity as what it sends of now."""
    past = {
        shape.name for shape in profile.messages.values() if isinstance(shape, TlvShape) and shape.time_at is not None
    }
    owners = names_of(profile.points, profile.derived)
    values: list[Point | Derived] = [*profile.points, *profile.derived]
    published = [value.quantity for value in values if owners.get(value.name) not in past]
    for quantity in sorted({name for name in published if name and published.count(name) > 1}):
        what = f"{quantity} is published by two values."
        root.wrong("points", what, "keep one `means`", "E-PROFILE-015")
    if not profile.quantities:
        what = "this profile publishes no quantity."
        root.wrong("points", what, "give a point or a derived value `means: tilt_x`", "E-PROFILE-015")
