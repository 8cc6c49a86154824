"""Check B: a dashboard's file against the types that Grafana publishes, and against the grid that panels lie in.

The schema is made by `scripts/grafana_schema.py` from the npm package @grafana/schema. Each part is held against
its own type, so that a mistake is said where it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec

from cloud.grafana.model import Json
from wire.errors import ConfigError, EgretError, Mistake

_WIDTH = 24
_FIX = "see the panel in Grafana's JSON view, or build the dashboards anew."
_SAID_MOST = 3
"""Mistakes of one part that are said; a wrong part often breaks many rules at once."""


class _Box(msgspec.Struct, frozen=True):
    h: int = 0
    w: int = 0
    x: int = 0
    y: int = 0


class _Placed(msgspec.Struct, frozen=True, rename="camel"):
    title: str = ""
    id: int | None = None
    grid_pos: _Box = _Box()


@dataclass(frozen=True, slots=True)
class Schema:
    """Validators by the part they are for. A `Json` here is what stands in the file, not yet believed."""

    document: Mapping[str, Any]

    def of(self, *path: str) -> "jsonschema_rs.Draft7Validator":
        """For the part of the schema at `path`."""
        part: Any = self.document
        for step in path:
            part = part["properties"][step]
        return jsonschema_rs.Draft7Validator(part)

    @property
    def panels(self) -> Mapping[str, Any]:
        """What each known kind of panel has of its own."""
        found: Mapping[str, Any] = self.document["properties"]["panels"]["properties"]
        return found

    def panel(self, *, is_row: bool) -> dict[str, Any]:
        """Of a panel, or of a row of panels."""
        kinds: Sequence[dict[str, Any]] = self.document["properties"]["dashboard"]["properties"]["panels"]["items"][
            "anyOf"
        ]
        return next(kind for kind in kinds if ("const" in kind["properties"]["type"]) == is_row)


def load(path: Path) -> Schema:
    """Raises EgretError when it was not made yet."""
    try:
        return Schema(msgspec.json.decode(path.read_bytes()))
    except (OSError, msgspec.MsgspecError) as error:
        fix = "make it with `python scripts/grafana_schema.py` in a checkout, and name it with --schema."
        what = "the schema of Grafana's dashboards is not there"
        raise EgretError(f"{what}: {error}.", where=str(path), fix=fix, code="E-GRAF-003") from error


def check(content: bytes, where: str, schema: Schema) -> list[Mistake]:
    """Everything that is wrong in a file. Raises ConfigError when it is no JSON object."""
    try:
        document = msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ConfigError([Mistake(where, f"this is no dashboard: {error}.", _FIX, "E-GRAF-001")]) from error
    panels = document.get("panels", [])
    annotations = _listed(document.get("annotations"))
    bare = {**document, "panels": [], "annotations": {"list": [_without(one, "target") for one in annotations]}}
    mistakes = list(_held(bare, schema.of("dashboard"), where))
    for one in annotations:
        if _is_influx(one, None):
            place = f"{where}: annotation {_text(one, 'name')!r}"
            mistakes += _held(_get(one, "target"), schema.of("mark"), place)
    if not isinstance(panels, list):
        return [*mistakes, Mistake(where, "its panels are no list.", _FIX, "E-GRAF-004")]
    every = [panel for one in panels for panel in (one, *_inner(one))]
    for panel in every:
        mistakes += _panel(panel, f"{where}: panel {_text(panel, 'title')!r}", schema)
    return mistakes or [*_twice(every, where), *_overlapping(panels, where)]


def _panel(panel: Json, place: str, schema: Schema) -> Iterator[Mistake]:
    kind = _text(panel, "type")
    if kind == "row":
        bare = {**panel, "panels": []} if isinstance(panel, Mapping) else panel
        yield from _held(bare, jsonschema_rs.Draft7Validator(schema.panel(is_row=True)), place)
        return
    yield from _held(panel, jsonschema_rs.Draft7Validator(schema.panel(is_row=False)), place)
    own = schema.panels.get(kind)
    if own is None:
        known = ", ".join(sorted(schema.panels))
        yield Mistake(place, f"there is no kind of panel {kind!r} in Grafana itself.", f"one of {known}.", "E-GRAF-005")
        return
    parts = own["properties"]
    if "options" in parts:
        yield from _held(
            _get(panel, "options") or {}, jsonschema_rs.Draft7Validator(parts["options"]), place, "options"
        )
    yield from _fields(panel, parts.get("custom"), place, schema)
    for target in _get(panel, "targets") or []:
        if _is_influx(target, panel):
            yield from _held(target, schema.of("query"), place, f"query {_text(target, 'refId')}")


def _fields(panel: Json, custom: Mapping[str, Any] | None, place: str, schema: Schema) -> Iterator[Mistake]:
    """Settings of fields: what the panel's kind adds, links, and each override as if it stood for all fields."""
    defaults = schema.panel(is_row=False)["properties"]["fieldConfig"]["properties"]["defaults"]
    general = jsonschema_rs.Draft7Validator(defaults)
    special = jsonschema_rs.Draft7Validator({**custom, "required": []}) if custom else None
    config = _get(panel, "fieldConfig")
    found = _get(config, "defaults") or {}
    if special and _get(found, "custom"):
        yield from _held(_get(found, "custom"), special, place, "fieldConfig.defaults.custom")
    for link in _get(found, "links") or []:
        yield from _held(link, schema.of("link"), place, "link")
    for override in _get(config, "overrides") or []:
        for setting in _get(override, "properties") or []:
            name = _text(setting, "id")
            value = {name.removeprefix("custom."): _get(setting, "value")}
            validator = special if name.startswith("custom.") and special else general
            yield from _held(value, validator, place, f"override {name}")


def _held(part: Json, validator: "jsonschema_rs.Draft7Validator", place: str, what: str = "") -> Iterator[Mistake]:
    for number, error in enumerate(validator.iter_errors(part)):
        if number >= _SAID_MOST:
            return
        path = ".".join(str(step) for step in (what, *error.instance_path) if step != "")
        said = error.message if len(error.message) <= 200 else f"{error.message[:200]} …"
        yield Mistake(place, f"{path}: {said}." if path else f"{said}.", _FIX, "E-GRAF-004")


def _twice(panels: Sequence[Json], where: str) -> Iterator[Mistake]:
    seen: dict[int, str] = {}
    for one in (msgspec.convert(panel, _Placed) for panel in panels):
        if one.id in seen:
            what = f"the panels {seen[one.id]!r} and {one.title!r} have the same id {one.id}."
            yield Mistake(where, what, "number the panels from 1 on.", "E-GRAF-006")
        elif one.id is not None:
            seen[one.id] = one.title


def _overlapping(panels: Sequence[Json], where: str) -> Iterator[Mistake]:
    """Grafana moves what overlaps, so the page would not look as it was drawn."""
    placed = [msgspec.convert(panel, _Placed) for panel in panels]
    for number, one in enumerate(placed):
        box = one.grid_pos
        if box.w < 1 or box.h < 1 or box.x < 0 or box.x + box.w > _WIDTH:
            yield Mistake(where, f"the panel {one.title!r} is not within the {_WIDTH} columns.", _FIX, "E-GRAF-007")
        for other in placed[:number]:
            if _touch(box, other.grid_pos):
                what = f"the panels {other.title!r} and {one.title!r} overlap."
                yield Mistake(where, what, "give each a gridPos of its own.", "E-GRAF-007")


def _touch(one: _Box, other: _Box) -> bool:
    return (
        one.x < other.x + other.w and other.x < one.x + one.w and one.y < other.y + other.h and other.y < one.y + one.h
    )


def _is_influx(part: Json, panel: Json) -> bool:
    """By its own data source, or that of its panel."""
    source = _get(part, "datasource") or _get(panel, "datasource")
    return _text(source, "type") == "influxdb"


def _inner(panel: Json) -> Sequence[Json]:
    """The panels inside a collapsed row."""
    found = _get(panel, "panels")
    return found if isinstance(found, list) else []


def _listed(part: Json) -> list[Json]:
    found = _get(part, "list")
    return found if isinstance(found, list) else []


def _without(part: Json, key: str) -> Json:
    return {name: value for name, value in part.items() if name != key} if isinstance(part, Mapping) else part


def _get(part: Json, key: str) -> Any:
    return part.get(key) if isinstance(part, Mapping) else None


def _text(part: Json, key: str) -> str:
    found = _get(part, key)
    return found if isinstance(found, str) else ""
