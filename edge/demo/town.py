"""The demonstration's own sensors.yaml: the shipped city, with as many billboards as wanted."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

Tree = dict[str, Any]
"""A mapping as it stands in the file; it is only cut and copied here, and checked when it is loaded."""

HEALTH = "health"
"""The line of a box that speaks of itself."""
_PACKAGED = Path(__file__).with_name("sensors.yaml")
_IN_CHECKOUT = Path(__file__).parents[2] / "sensors.yaml"
STAR = "XM-TA-0117"
"""The billboard that the terminal suggests to lean; it is in every demonstration."""


def shipped_city() -> Path:
    """The sensors.yaml of this checkout, or the copy inside the installed package."""
    return _IN_CHECKOUT if _IN_CHECKOUT.exists() else _PACKAGED


def write_city(source: Path, billboards: int, target: Path) -> None:
    """Write a city with `billboards` of the source's billboards and all its other sites.

    More than the source has are copies under new ids, on boxes of their own, some metres away.
    """
    city = yaml.safe_load(source.read_text(encoding="utf-8"))
    boards = {name: site for name, site in city["sites"].items() if site["kind"] == "billboard"}
    others = {name: site for name, site in city["sites"].items() if name not in boards}
    kept, boxes = _kept(boards, billboards), dict(city["boxes"])
    for copy in range(1, -(-billboards // len(boards))):
        for name, site in list(boards.items())[: billboards - len(boards) * copy]:
            kept[f"{name}-{copy}"] = _moved(site, copy)
            for box, _ in _lines(site):
                boxes[f"{box}-{copy}"] = city["boxes"][box]
    city["sites"] = kept | others
    used = {place for site in city["sites"].values() for place in _lines(site)}
    lines = {name: {line for place, line in used if place == name} for name in boxes}
    city["boxes"] = {name: _only(box, lines[name]) for name, box in boxes.items() if lines[name]}
    target.write_text(yaml.safe_dump(city, allow_unicode=True, sort_keys=False, width=120), encoding="utf-8")


def _kept(boards: Mapping[str, Tree], billboards: int) -> dict[str, Tree]:
    chosen = [STAR, *(name for name in boards if name != STAR)][:billboards]
    return {name: boards[name] for name in boards if name in chosen}


def _only(box: Tree, lines: set[str]) -> Tree:
    """The box with its own health and these lines; a copy, because a shared part would be dumped as a YAML alias."""
    return deepcopy(box | {"lines": {name: line for name, line in box["lines"].items() if name in lines | {HEALTH}}})


def _lines(site: Tree) -> Iterator[tuple[str, str]]:
    """(box, line) of each sensor."""
    for sensor in site["sensors"].values():
        box, line = sensor["line"].split("/")
        yield box, line


def _moved(original: Tree, copy: int) -> Tree:
    site = deepcopy(original)  # a part or a date that two sites share would be dumped as a YAML alias
    sensors = {}
    for key, sensor in site["sensors"].items():
        box, line = sensor["line"].split("/")
        sensors[key] = sensor | {"line": f"{box}-{copy}/{line}"}
    latitude, longitude = site["at"]
    return site | {"sensors": sensors, "at": [round(latitude + 0.0007 * copy, 5), round(longitude + 0.0007 * copy, 5)]}
