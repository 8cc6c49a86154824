"""A dashboard's file read again, whoever wrote it: what its queries ask, and how they name what they get."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wire.errors import ConfigError, Mistake

_LABEL = re.compile(r"__field\.labels\.(\w+)")
_ALIAS_TAG = re.compile(r"\$(?:\{)?tag_(\w+)")


class _Target(msgspec.Struct, frozen=True, rename="camel"):
    ref_id: str = ""
    query: str = ""
    alias: str = ""
    result_format: str = "time_series"
    hide: bool = False


class _Link(msgspec.Struct, frozen=True):
    url: str = ""


class _Defaults(msgspec.Struct, frozen=True):
    links: list[_Link] = []


class _Matcher(msgspec.Struct, frozen=True):
    id: str
    options: object = None


class _Override(msgspec.Struct, frozen=True):
    matcher: _Matcher


class _Fields(msgspec.Struct, frozen=True):
    defaults: _Defaults = _Defaults()
    overrides: list[_Override] = []


class _Panel(msgspec.Struct, frozen=True, rename="camel"):
    type: str = ""
    title: str = ""
    interval: str = ""
    time_from: str = ""
    targets: list[_Target] = []
    field_config: _Fields = _Fields()
    panels: "list[_Panel]" = []


class _Current(msgspec.Struct, frozen=True):
    value: object = ""


class _Variable(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    type: str
    query: object = ""
    multi: bool = False
    include_all: bool = False
    all_value: str | None = None
    current: _Current = _Current()


class _AnnotationTarget(msgspec.Struct, frozen=True, rename="camel"):
    query: str = ""
    text_column: str = ""
    tags_column: str = ""


class _Annotation(msgspec.Struct, frozen=True):
    name: str = ""
    enable: bool = True
    target: _AnnotationTarget = _AnnotationTarget()


class _Annotations(msgspec.Struct, frozen=True):
    list: tuple[_Annotation, ...] = ()


class _Templating(msgspec.Struct, frozen=True):
    list: tuple[_Variable, ...] = ()


class _Time(msgspec.Struct, frozen=True):
    from_: str = msgspec.field(name="from", default="now-6h")


class _Dashboard(msgspec.Struct, frozen=True):
    uid: str = ""
    time: _Time = _Time()
    panels: list[_Panel] = []
    templating: _Templating = _Templating()
    annotations: _Annotations = _Annotations()


@dataclass(frozen=True, slots=True)
class Asked:
    """One query as it stands in the file, and what must be in its answer.

    `where` names it for people. `range` and `interval` are Grafana's words, empty for the dashboard's own.
    `columns` and `tags` are what the panel refers to by name.
    """

    where: str
    query: str
    range: str = ""
    interval: str = ""
    columns: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a dashboard. `query` is empty for a constant, `value` for one that is asked for."""

    name: str
    query: str
    value: str
    is_multi: bool
    all_value: str | None


@dataclass(frozen=True, slots=True)
class DashboardFile:
    """All that a dashboard asks a data source."""

    uid: str
    opens_with: str
    variables: tuple[Variable, ...]
    panels: tuple[Asked, ...]
    annotations: tuple[Asked, ...]


def read(content: bytes, where: str) -> DashboardFile:
    """Raises ConfigError when the file is no dashboard."""
    try:
        found = msgspec.json.decode(content, type=_Dashboard)
    except msgspec.MsgspecError as error:
        fix = 'take the file as `egret grafana export` or Grafana\'s "Export as code, Classic" writes it.'
        raise ConfigError([Mistake(where, f"this is no dashboard: {error}.", fix, "E-GRAF-001")]) from error
    return DashboardFile(
        uid=found.uid,
        opens_with=found.time.from_,
        variables=tuple(_variable(one) for one in found.templating.list),
        panels=tuple(asked for panel in _all(found.panels) for asked in _panel(panel, where)),
        annotations=tuple(_annotation(one, where) for one in found.annotations.list if one.enable and one.target.query),
    )


def read_file(path: Path) -> tuple[DashboardFile, bytes]:
    """Read and as it stands. Raises ConfigError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        mistake = Mistake(str(path), f"cannot be read: {error.strerror}.", "check its name and mode", "E-GRAF-002")
        raise ConfigError([mistake]) from error
    return read(content, str(path)), content


def _all(panels: list[_Panel]) -> Iterator[_Panel]:
    """Those inside collapsed rows, too."""
    for panel in panels:
        yield panel
        yield from _all(panel.panels)


def _panel(panel: _Panel, where: str) -> Iterator[Asked]:
    named = frozenset(str(one.matcher.options) for one in panel.field_config.overrides if one.matcher.id == "byName")
    labels = frozenset(label for link in panel.field_config.defaults.links for label in _LABEL.findall(link.url))
    for target in panel.targets:
        if target.hide or not target.query:
            continue
        is_table = target.result_format == "table"
        yield Asked(
            where=f"{where}: panel {panel.title!r}, query {target.ref_id}",
            query=target.query,
            range=panel.time_from,
            interval=panel.interval,
            columns=named if is_table else frozenset(),
            tags=labels | frozenset(_ALIAS_TAG.findall(target.alias)),
        )


def _annotation(one: _Annotation, where: str) -> Asked:
    columns = {one.target.text_column, *one.target.tags_column.replace(" ", "").split(",")}
    return Asked(f"{where}: annotation {one.name!r}", one.target.query, columns=frozenset(columns - {""}))


def _variable(one: _Variable) -> Variable:
    query = one.query if isinstance(one.query, str) else ""
    if isinstance(one.query, Mapping):
        query = str(one.query.get("query", ""))
    is_asked = one.type == "query"
    value = one.current.value if isinstance(one.current.value, str) else ""
    return Variable(
        name=one.name,
        query=query if is_asked else "",
        value="" if is_asked else value or query,
        is_multi=one.multi or one.include_all,
        all_value=one.all_value or None,
    )
