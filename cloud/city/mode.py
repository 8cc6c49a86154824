"""平战结合: the mode of a district or of the whole city, and what it changes here.

A mode is switched by a person with a reason and an end, for the city or one district; the newest that
stands and fits a district holds there, a district's own before the city's, and a real one before a drill. What
each mode does is data
(`cloud/modes/default.yaml`): how much shorter deadlines are, within which time alarms of a district
and a code become one case, and the document of sampling and limits that boxes are given.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import msgspec

from wire.alarm import Level
from wire.errors import EgretError

LONGEST_NS = 7 * 24 * 3600 * 10**9
"""A mode that nobody ends ends by itself; who still needs it switches it again (judgement)."""

_FILE = Path(__file__).parents[1] / "modes" / "default.yaml"


class ModeError(EgretError):
    """A mode that cannot be switched so."""


class ModeName(StrEnum):
    """平时, 关注, 台风, 暴雨."""

    NORMAL = "normal"
    WATCH = "watch"
    TYPHOON = "typhoon"
    RAIN = "rain"


class Mode(msgspec.Struct, frozen=True, kw_only=True):
    """One switch. Empty `district`: the city. `level` is the weather warning's colour. `task` is its special task.

    `ended_ns` is None while it stands; `ended_by` is who ended it, or egret at its end.
    """

    id: int = 0
    district: str
    mode: ModeName
    level: Level
    reason: str
    actor: str
    since_ns: int
    until_ns: int
    ended_ns: int | None = None
    ended_by: str = ""
    is_drill: bool = False
    task: str = ""


class Overlay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What boxes are given while the mode stands: factors on the site kinds that it names.

    `every` multiplies the sampling interval, `on_delay` the on-delays of limits; each is in 0..1.
    """

    kinds: tuple[str, ...] = ()
    every: float = 1.0
    on_delay: float = 1.0


class ModeRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one mode does.

    `deadline`: factor on time limits, by the warning's level. `group_within_s`: 0 groups none.
    """

    zh: str
    en: str
    deadline: dict[str, float]
    group_within_s: float
    opens_task: bool
    overlay: Overlay
    source: str


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="egret.modes/1"):
    modes: dict[ModeName, ModeRules]


@dataclass(frozen=True, slots=True)
class Effects:
    """What holds in one district now."""

    mode: str
    deadline: float
    group_within_s: float
    is_drill: bool


@cache
def document() -> Mapping[ModeName, ModeRules]:
    """What each mode does."""
    return msgspec.yaml.decode(_FILE.read_bytes(), type=_Document).modes


def in_force(modes: Iterable[Mode], district: str, now_ns: int) -> Mode | None:
    """The switch that holds in a district; None is the normal mode. A storm that comes during a drill is no drill."""
    standing = [
        mode for mode in modes if mode.ended_ns is None and mode.until_ns > now_ns and mode.district in ("", district)
    ]
    order = {mode: (not mode.is_drill, mode.district != "", mode.since_ns, mode.id) for mode in standing}
    return max(standing, key=order.__getitem__, default=None)


def effects(modes: Iterable[Mode], district: str, now_ns: int) -> Effects:
    """What holds in a district now."""
    mode = in_force(modes, district, now_ns)
    rules = document()[mode.mode if mode else ModeName.NORMAL]
    factor = rules.deadline.get(mode.level, 1.0) if mode else 1.0
    name = (mode.mode if mode else ModeName.NORMAL).value
    return Effects(name, factor, rules.group_within_s, is_drill=bool(mode and mode.is_drill))


def check(mode: Mode, districts: Iterable[str], standing: Iterable[Mode], now_ns: int) -> None:
    """Raises ModeError when it cannot be switched so, while those modes stand."""
    known = tuple(districts)
    if mode.district and mode.district not in known:
        fix = f"use one of: {', '.join(known)}, or none for the city."
        raise ModeError(f"there is no district {mode.district!r}.", fix=fix, code="E-MODE-001")
    if not mode.reason.strip():
        raise ModeError(
            "a mode is switched only with a reason.", fix="name the warning or the drill.", code="E-MODE-002"
        )
    if not now_ns < mode.until_ns <= now_ns + LONGEST_NS:
        days = LONGEST_NS // (24 * 3600 * 10**9)
        fix = f"choose an end within {days} days; who still needs it then switches it again."
        raise ModeError("the end of a mode lies in the future, and not too far.", fix=fix, code="E-MODE-003")
    holds = in_force(standing, mode.district, now_ns)
    if mode.is_drill and mode.mode is not ModeName.NORMAL and holds and not holds.is_drill:
        what = f"{mode.district or 'the city'} is in mode {holds.mode} in earnest ({holds.reason})."
        fix = "hold the exercise when that has ended, or where it does not hold."
        raise ModeError(what, fix=fix, code="E-MODE-004")
