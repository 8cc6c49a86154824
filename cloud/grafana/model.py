"""A dashboard as its file holds it: the Classic JSON of Grafana, as far as ours use it.

Names are Grafana's, in snake case. What a kind of panel has of its own (`options`, `custom`) stands as it is
written; `cloud.grafana.schema_check` holds all of it against the types that Grafana publishes.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Options = Mapping[str, Json]


class _Part(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What is at its default is left out, as Grafana does."""


class DataSource(_Part, frozen=True, kw_only=True):
    """Which data source answers, by its uid."""

    type: str
    uid: str


class Target(_Part, frozen=True, kw_only=True):
    """One InfluxQL query of a panel."""

    ref_id: str
    datasource: DataSource
    query: str
    raw_query: bool = False
    result_format: str
    alias: str = ""


class GridPos(_Part, frozen=True, kw_only=True):
    """Where a panel is: the page is 24 wide, a row of the grid some 38 pixels high."""

    h: int
    w: int
    x: int
    y: int


class Step(_Part, frozen=True, kw_only=True):
    """From `value` on, this colour; None is from the lowest on."""

    color: str
    value: float | None


class Thresholds(_Part, frozen=True, kw_only=True):
    """The steps of a colour scale, the lowest first."""

    mode: str
    steps: tuple[Step, ...]


class Link(_Part, frozen=True, kw_only=True):
    """Where a click on a value leads."""

    title: str
    url: str
    target_blank: bool = False


class Field(_Part, frozen=True, kw_only=True):
    """How values are shown."""

    color: Options | None = None
    custom: Options | None = None
    decimals: int | None = None
    links: tuple[Link, ...] = ()
    mappings: tuple[Options, ...] = ()
    max: float | None = None
    min: float | None = None
    no_value: str = ""
    thresholds: Thresholds | None = None
    unit: str = ""


class Override(_Part, frozen=True, kw_only=True):
    """Other settings for the fields that the matcher finds."""

    matcher: Options
    properties: tuple[Options, ...]


class FieldConfig(_Part, frozen=True, kw_only=True):
    """Of a panel: for all fields, and for some."""

    defaults: Field
    overrides: tuple[Override, ...]


class Panel(_Part, frozen=True, kw_only=True):
    """One panel. `interval` is the shortest step of a query, `time_from` its own time range."""

    id: int = 0
    type: str
    title: str
    description: str = ""
    grid_pos: GridPos
    datasource: DataSource | None = None
    interval: str = ""
    time_from: str = ""
    field_config: FieldConfig | None = None
    options: Options
    targets: tuple[Target, ...] = ()
    transformations: tuple[Options, ...] = ()


class Variable(_Part, frozen=True, kw_only=True):
    """What a dashboard may be asked for. `refresh` 2: again when the time range changes; `hide` 2: not shown."""

    name: str
    type: str
    label: str = ""
    query: str
    datasource: DataSource | None = None
    multi: bool = False
    include_all: bool = False
    all_value: str = ""
    current: Options
    refresh: int = 0
    sort: int = 0
    hide: int = 0
    skip_url_sync: bool = False


class AnnotationTarget(_Part, frozen=True, kw_only=True):
    """The query of an annotation, and which of its columns is the text and which are tags."""

    ref_id: str
    query: str
    query_type: str
    from_annotations: bool = False
    text_column: str
    tags_column: str


class Annotation(_Part, frozen=True, kw_only=True):
    """Marks on every chart of a dashboard."""

    name: str
    datasource: DataSource
    enable: bool = False
    icon_color: str
    target: AnnotationTarget


class DashboardLink(_Part, frozen=True, kw_only=True):
    """At the top of a dashboard: to one address, or to all dashboards with a tag."""

    title: str
    type: str
    icon: str
    tooltip: str
    url: str = ""
    tags: tuple[str, ...]
    as_dropdown: bool
    include_vars: bool
    keep_time: bool
    target_blank: bool


class Annotations(_Part, frozen=True, kw_only=True):
    """All of a dashboard."""

    list: tuple[Annotation, ...]


class Templating(_Part, frozen=True, kw_only=True):
    """The variables of a dashboard."""

    list: tuple[Variable, ...]


class TimeRange(_Part, frozen=True, kw_only=True):
    """What a dashboard opens with."""

    from_: str = msgspec.field(name="from")
    to: str


class Dashboard(_Part, frozen=True, kw_only=True):
    """The whole file."""

    uid: str
    title: str
    description: str
    tags: tuple[str, ...]
    editable: bool
    graph_tooltip: int
    links: tuple[DashboardLink, ...]
    annotations: Annotations
    templating: Templating
    time: TimeRange
    timezone: str
    refresh: str
    schema_version: int
    panels: tuple[Panel, ...]
