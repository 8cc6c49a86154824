"""The slice of a city that one box needs to run: cut from sensors.yaml, with its profiles and limit sets.

It means for that box what the whole file means, or it is not given out. Of a site it has what alarms need; who owns
it and whom to call stays in the city: a box can be stolen.
"""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from wire import config_folder, located
from wire.desired import LIMITS, PROFILES, SENSORS, Files
from wire.errors import EgretError
from wire.inventory import Box, Inventory, Line, Sensor
from wire.limit_sets import FOLDER
from wire.located import Mistakes, block_of
from wire.open_profiles import OPEN
from wire.profile_yaml import FILE, load_library
from wire.sensors_yaml import load
from wire.yaml_nodes import Bare, MapNode, Node, bare

_OF_SITE = ("name", "name_en", "kind", "district")
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_WIDTH = 4096


@dataclass(frozen=True, slots=True)
class CityFiles:
    """A city's sensors.yaml, read and as it is written, and its device library."""

    inventory: Inventory
    root: MapNode
    library: Path

    def slice_of(self, box: str) -> Files:
        """The files of one box. Raises EgretError when they would not mean the same."""
        files = {SENSORS: self._sensors_yaml(box)}
        sensors = _sensors(self.inventory, self.inventory.boxes[box])
        for name in sorted({sensor.profile.name for sensor in sensors.values()} | self._named(box, "profile")):
            if name not in OPEN:
                files[f"{PROFILES}/{name}/{FILE}"] = (self.library / name / FILE).read_text(encoding="utf-8")
        for name in self._limit_sets(box):
            path = FOLDER / f"{name}.yaml"
            if path.exists():
                files[f"{LIMITS}/{name}.yaml"] = path.read_text(encoding="utf-8")
        _require_same(files, self.inventory, box)
        return files

    def _sensors_yaml(self, box: str) -> str:
        sites = self._sites(box)
        kinds, districts = ({_text(site, key) for site in sites.values()} for key in ("kind", "district"))
        sets = self._limit_sets(box)
        document: dict[str, Bare] = {
            "schema": self._bare("schema"),
            "crs": self._bare("crs"),
            "city": self._bare("city"),
            "districts": self._chosen("districts", districts),
            "limits": self._chosen("limits", sets),
            "kinds": self._chosen("kinds", kinds),
            "boxes": self._chosen("boxes", {box}),
            "sites": {name: _site(site, box) for name, site in sites.items()},
        }
        if not document["limits"]:
            del document["limits"]
        return yaml.dump(document, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=_WIDTH)

    def _sites(self, box: str) -> dict[str, MapNode]:
        sites = _entries(self.root.entries["sites"])
        return {
            name: site
            for name, site in sites.items()
            if isinstance(site, MapNode) and any(_is_on(sensor, box) for sensor in _entries(site, "sensors").values())
        }

    def _named(self, box: str, key: str) -> set[str]:
        """What the kinds and sensors of a box name as their `profile` or `limits`."""
        sites = self._sites(box).values()
        kinds = _entries(self.root.entries["kinds"])
        said = [kinds[_text(site, "kind")] for site in sites]
        said += [sensor for site in sites for sensor in _entries(site, "sensors").values() if _is_on(sensor, box)]
        return {_text(node, key) for node in said} - {""}

    def _limit_sets(self, box: str) -> list[str]:
        """Those that a box's sensors name, and those that they start from."""
        own = _entries(self.root.entries.get("limits"))
        wanted, waiting = set[str](), self._named(box, "limits")
        while waiting:
            name = waiting.pop()
            wanted.add(name)
            start = _text(own[name], "from") if name in own else ""
            waiting |= {start} - wanted - {""}
        return sorted(wanted)

    def _bare(self, section: str) -> Bare:
        return bare(self.root.entries[section])

    def _chosen(self, section: str, names: Iterable[str]) -> dict[str, Bare]:
        wanted = set(names)
        entries = _entries(self.root.entries.get(section))
        return {name: bare(node) for name, node in entries.items() if name in wanted}


def read_city(path: Path, library: Path) -> CityFiles:
    """Raises ConfigError with all mistakes of the files."""
    inventory = load(path, load_library(library))
    return CityFiles(inventory, located.load(path, Mistakes()).node, library)


def _site(site: MapNode, box: str) -> Bare:
    kept = {key: bare(node) for key, node in site.entries.items() if key in _OF_SITE}
    sensors = {name: bare(node) for name, node in _entries(site, "sensors").items() if _is_on(node, box)}
    return {**kept, "sensors": sensors}


def _entries(node: Node | None, key: str = "") -> Mapping[str, Node]:
    """Of a mapping, or of the one below `key`; none where there is none."""
    if isinstance(node, MapNode):
        return _entries(node.entries.get(key)) if key else node.entries
    return {}


def _text(node: Node, key: str) -> str:
    found = bare(_entries(node)[key]) if key in _entries(node) else ""
    return found if isinstance(found, str) else ""


def _is_on(sensor: Node, box: str) -> bool:
    return _text(sensor, "line").partition("/")[0] == box


def _sensors(inventory: Inventory, box: Box) -> dict[str, Sensor]:
    return {name: inventory.sensors[name] for line in box.lines for name in line.sensors}


def _lines(lines: Sequence[Line]) -> list[tuple[str, str, Bare, frozenset[str]]]:
    return [
        (line.key, line.source, bare(block_of(line.options, line.where, Mistakes()).node), frozenset(line.sensors))
        for line in lines
    ]


def _require_same(files: Files, inventory: Inventory, name: str) -> None:
    """Raises EgretError when a box would not run as the whole file says."""
    with tempfile.TemporaryDirectory(prefix="egret-") as folder:
        config_folder.write(Path(folder), files)
        cut, _ = config_folder.read(Path(folder))
    before, after = inventory.boxes[name], cut.boxes[name]
    is_same = _sensors(inventory, before) == _sensors(cut, after) and _lines(before.lines) == _lines(after.lines)
    if not is_same or replace(before, lines=()) != replace(after, lines=()):
        what = f"the slice of box {name} does not say what the whole file says: this is a defect of Egret."
        raise EgretError(what, where=SENSORS, fix="report it with your sensors.yaml.", code="E-FLEET-013")
