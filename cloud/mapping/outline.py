"""An area as a source has it, in WGS-84, before it becomes a district of ours."""

from collections.abc import Iterable
from dataclasses import dataclass

Point = tuple[float, float]
"""Longitude and latitude, as GeoJSON orders them."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What a source calls `name`. A ring's last point is its first; holes are rings like others (even-odd)."""

    name: str
    rings: tuple[tuple[Point, ...], ...]


def matching(wanted: str, names: Iterable[str]) -> list[str]:
    """The names that may be meant: `思明` is 思明区, and the other way round; the very name alone, if it is there."""
    known = list(dict.fromkeys(names))
    if wanted in known:
        return [wanted]
    return [name for name in known if wanted and name and (name.startswith(wanted) or wanted.startswith(name))]
