"""The demonstration's own sensors.yaml and cloud.yaml: the shipped city, with as many billboards as wanted."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import yaml

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
    kept = _kept(boards, billboards)
    boxes = dict(city["boxes"])
    copies = -(-billboards // len(boards)) if boards else 1
    for copy in range(1, copies):
        for name, site in list(boards.items())[: billboards - len(boards) * copy]:
            kept[f"{name}-{copy}"] = _moved(site, copy)
            box = _box(site)
            boxes[f"{box}-{copy}"] = deepcopy(city["boxes"][box])  # shared, it would be dumped as a YAML alias
    used = {_box(site) for site in [*kept.values(), *others.values()]}
    city["sites"] = kept | others
    city["boxes"] = {name: box for name, box in boxes.items() if name in used}
    target.write_text(yaml.safe_dump(city, allow_unicode=True, sort_keys=False, width=120), encoding="utf-8")


def _kept(boards: Mapping[str, dict], billboards: int) -> dict[str, dict]:
    chosen = [STAR, *(name for name in boards if name != STAR)][:billboards]
    return {name: boards[name] for name in boards if name in chosen}


def _box(site: Mapping[str, dict]) -> str:
    return next(iter(site["sensors"].values()))["line"].split("/")[0]


def _moved(site: dict, copy: int) -> dict:
    sensors = {}
    for key, sensor in site["sensors"].items():
        box, line = sensor["line"].split("/")
        sensors[key] = sensor | {"line": f"{box}-{copy}/{line}"}
    latitude, longitude = site["at"]
    return site | {"sensors": sensors, "at": [round(latitude + 0.0007 * copy, 5), round(longitude + 0.0007 * copy, 5)]}
