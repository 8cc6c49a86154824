"""`egret check`: every mistake of the configuration files at once, with its place and its fix."""

import importlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from wire import city_map, line_load, located, places, vector_proof
from wire.city_check import load_checked
from wire.city_map import CityMap
from wire.errors import ConfigError, Mistake
from wire.inventory import Inventory, Line
from wire.limit_sets import OF_THE_SENSOR
from wire.located import Mistakes
from wire.profile_yaml import library_folder, load_library, load_profile
from wire.sensors_yaml import SERIAL, load
from wire.traffic import megabytes

DEFAULTS = ("sensors.yaml", "cloud.yaml", "firmware-configs")


@dataclass(frozen=True, slots=True)
class Report:
    """Of one file: what it holds, or what is wrong with it. A warning is what a person should look at."""

    file: str
    summary: str
    mistakes: tuple[Mistake, ...] = ()
    warnings: tuple[Mistake, ...] = ()

    def lines(self) -> list[str]:
        """As people read them."""
        said = [str(mistake) for mistake in self.mistakes]
        said += [str(replace(warning, what=f"warning: {warning.what}")) for warning in self.warnings]
        return said if self.mistakes or not self.summary else [f"{self.file}: {self.summary}", *said]


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--map", "drawn", type=click.Path(path_type=Path), help="The map; without it, the one of cloud.yaml.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.pass_context
def check(context: click.Context, files: tuple[Path, ...], drawn: Path | None, *, as_json: bool) -> None:
    """Check sensors.yaml, cloud.yaml and device profiles; all mistakes at once, exit code 4 if there are any.

    FILE is one of these files or a folder of profiles; without it, those of the current folder. Where sites
    lie is compared with the map of `egret map build`, if there is one; what is odd is a warning, no mistake.

    Example: egret check sensors.yaml
    """
    found = files or tuple(path for path in map(Path, DEFAULTS) if path.exists())
    if not found:
        what = f"here is none of {', '.join(DEFAULTS)}."
        raise ConfigError([Mistake(str(Path.cwd()), what, "name the files to check", "E-CHECK-001")])
    city, chart = _city_among(found), _chart(drawn, found)
    reports = [_report(path, city, chart.city_map) for path in found] + ([chart.report] if chart.report else [])
    if as_json:
        click.echo(json.dumps({"schema": "egret.check/1", "files": [asdict(report) for report in reports]}))
    else:
        for line in dict.fromkeys(line for report in reports for line in report.lines()):
            click.echo(line)
    if any(report.mistakes for report in reports):
        context.exit(ConfigError.exit_code)


@dataclass(frozen=True, slots=True)
class Chart:
    """The map that sites are compared with, and what is to be said of its file."""

    city_map: CityMap | None = None
    report: Report | None = None


def _chart(named: Path | None, files: tuple[Path, ...]) -> Chart:
    """A map that was named must be good; the cloud's own need not be there, and a broken one is a warning."""
    path = named or _map_of_cloud(files)
    if path is None or not (named or path.exists()):
        return Chart()
    try:
        found = city_map.read(path)
    except ConfigError as error:
        return Chart(report=Report(str(path), "", *((error.mistakes,) if named else ((), error.mistakes))))
    summary = f"{len(found.districts)} districts; {found.source}, {found.approval or 'without 审图号'}"
    return Chart(found, Report(str(path), summary))


def _map_of_cloud(files: tuple[Path, ...]) -> Path | None:
    """Of the cloud.yaml among the files, else of the one that is here."""
    for path in (*files, Path("cloud.yaml")):
        try:
            if path.is_file() and located.load(path, Mistakes()).text("schema", "").startswith("egret.cloud/"):
                found: Path = importlib.import_module("cloud.config").load(path).map
                return found
        except ConfigError:
            continue  # said where the file itself is reported
    return None


def _city_among(files: tuple[Path, ...]) -> Inventory | None:
    """The city that cloud.yaml is checked against, when one of the files is a city without mistakes."""
    for path in files:
        try:
            if path.is_file() and located.load(path, Mistakes()).text("schema", "").startswith("egret.sensors/"):
                return load(path, load_library(library_folder()))
        except ConfigError:
            continue  # said where the file itself is reported
    return None


def _report(path: Path, city: Inventory | None, chart: CityMap | None) -> Report:
    try:
        return _checked(path, city, chart)
    except ConfigError as error:
        return Report(str(path), "", error.mistakes)


def _checked(path: Path, city: Inventory | None, chart: CityMap | None) -> Report:
    """Raises ConfigError."""
    if path.is_dir():
        library = load_library(path)
        wrong = (vector_proof.mistakes_of(one, str(path / one.name / "profile.yaml")) for one in library.values())
        return Report(str(path), f"{len(library)} profiles", tuple(itertools.chain.from_iterable(wrong)))
    if path.name == "profile.yaml":
        profile = load_profile(path.parent)
        summary = f"{profile.title}, {len(profile.vectors)} vectors, evidence {profile.evidence.level}"
        return Report(str(path), summary, vector_proof.mistakes_of(profile, str(path)))
    if located.load(path, Mistakes()).text("schema", "").startswith("egret.cloud/"):
        year = datetime.now(UTC).year
        return Report(str(path), importlib.import_module("cloud.config_check").check(path, city, year))
    inventory = load_checked(path, load_library(library_folder()))
    plans = _plans(inventory)
    summary = _summary(inventory) + "".join(f"; box {name}: {plan}" for name, plan in plans.items())
    warnings = (*places.warnings(inventory, chart, str(path)), *_over_budget(inventory, plans, str(path)))
    return Report(str(path), summary, warnings=warnings)


def _plans(inventory: Inventory) -> dict[str, Any]:
    """What each box with a budget will use, worked out by the box's own stages."""
    boxes = [box for box in inventory.boxes.values() if box.budget]
    return {box.id: importlib.import_module("edge.data_plan").plan(inventory, box) for box in boxes}


def _over_budget(inventory: Inventory, plans: Mapping[str, Any], where: str) -> Iterator[Mistake]:
    for name, plan in plans.items():
        budget = inventory.boxes[name].budget
        if plan.total > budget:
            what = f"box {name} will use {megabytes(plan.total)} a month, its budget is {megabytes(budget)}."
            fix = "report less (`report:`), or raise `budget:`; else its readings will be thinned out"
            yield Mistake(where, what, fix, "W-CITY-006")


def _summary(inventory: Inventory) -> str:
    by_kind = Counter(site.kind for site in inventory.sites.values())
    parts = [
        f"{len(inventory.sites)} sites ({', '.join(f'{count} {kind}' for kind, count in by_kind.most_common())})",
        f"{len(inventory.boxes)} boxes",
        f"{len(inventory.lines)} lines",
        f"{len(inventory.sensors)} sensors",
    ]
    text = ", ".join(parts)
    loads = {f"{line.box}/{line.key}": _load(line, inventory) for line in inventory.lines}
    busiest = max(loads, key=lambda line: loads[line], default="")
    if busiest and loads[busiest]:
        text += f"; busiest line {busiest}, {loads[busiest]:.0%} of its time"
    unwatched = [
        sensor.id for sensor in inventory.sensors.values() if all(rule.kind == OF_THE_SENSOR for rule in sensor.rules)
    ]
    if unwatched:
        text += f"; no limit applies to what these measure: {', '.join(unwatched)}"
    return text


def _load(line: Line, inventory: Inventory) -> float:
    sensors = [inventory.sensors[sensor] for sensor in line.sensors]
    settings = line_load.serial_settings(line, sensors)
    return line_load.utilisation(sensors, min(settings)[0]) if line.source == SERIAL and settings else 0.0
