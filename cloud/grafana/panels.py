"""Kinds of panels: each function gives a draft that a page lays into its grid."""

from collections.abc import Sequence

from cloud.grafana import look
from cloud.grafana.draft import MIN_INTERVAL, Draft, Query
from cloud.grafana.look import GREY, Words
from cloud.grafana.model import (
    Field,
    Link,
    Options,
    Override,
    Step,
    Thresholds,
)

SITE_LINK = "${board}/#/sites/${__field.labels.site}"
_TOOLTIP: Options = {"mode": "multi", "sort": "desc"}
_LEGEND: Options = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
_LAST: Options = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def chart(  # noqa: PLR0913 - what a chart may be told
    title: Words,
    about: Words,
    *queries: Query,
    unit: str = "short",
    bands: Thresholds | None = None,
    links: tuple[Link, ...] = (),
    width: int = 12,
    interval: str = MIN_INTERVAL,
    decimals: int | None = None,
) -> Draft:
    """Lines over time, grey, on the coloured bands of the limits."""
    custom: Options = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 0,
        "showPoints": "auto",
        "spanNulls": False,
        **({"axisSoftMin": 0} if bands else {}),
        "thresholdsStyle": {"mode": "area" if bands else "off"},
    }
    fields = Field(
        color={"mode": "shades", "fixedColor": GREY},
        custom=custom,
        unit=unit,
        thresholds=bands,
        links=links,
        decimals=decimals,
    )
    options: Options = {"legend": _LEGEND, "tooltip": _TOOLTIP}
    return Draft("timeseries", title, about, options, queries, fields, width=width, interval=interval)


def bars(
    title: Words, about: Words, *queries: Query, colours: Sequence[str] = (), interval: str, width: int = 12
) -> Draft:
    """Numbers over time, stacked; each query in its own colour if there are as many."""
    custom: Options = {
        "drawStyle": "bars",
        "lineWidth": 0,
        "fillOpacity": 80,
        "barAlignment": 1,
        "stacking": {"mode": "normal", "group": "A"},
    }
    fields = Field(color={"mode": "shades", "fixedColor": GREY}, custom=custom, unit="short", decimals=0, min=0)
    overrides = tuple(
        Override(
            matcher={"id": "byFrameRefID", "options": chr(ord("A") + at)},
            properties=({"id": "color", "value": {"mode": "fixed", "fixedColor": colour}},),
        )
        for at, colour in enumerate(colours)
    )
    options: Options = {"legend": _LEGEND, "tooltip": _TOOLTIP}
    return Draft("timeseries", title, about, options, queries, fields, overrides, width=width, interval=interval)


def number(
    title: Words,
    about: Words,
    *queries: Query,
    unit: str = "short",
    steps: Thresholds | None = None,
    overrides: tuple[Override, ...] = (),
    width: int = 6,
    time_from: str = "",
) -> Draft:
    """Large figures, grey until a step is reached."""
    fields = Field(
        color={"mode": "thresholds"},
        mappings=({"type": "special", "options": {"match": "null", "result": {"text": "0"}}},),
        no_value="0",
        unit=unit,
        thresholds=steps or look.scale([]),
    )
    options: Options = {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "reduceOptions": _LAST,
        "showPercentChange": False,
        "textMode": "value_and_name" if any(query.alias for query in queries) else "value",
        "wideLayout": True,
    }
    return Draft("stat", title, about, options, queries, fields, overrides, width=width, height=4, time_from=time_from)


def coloured(ref_ids: Sequence[tuple[str, str]]) -> tuple[Override, ...]:
    """Of each query (A, B, …): grey at 0, its colour from 1 on."""
    return tuple(
        Override(
            matcher={"id": "byFrameRefID", "options": ref_id},
            properties=({"id": "thresholds", "value": _from_one(colour)},),
        )
        for ref_id, colour in ref_ids
    )


def _from_one(colour: str) -> Options:
    return {"mode": "absolute", "steps": [{"color": GREY, "value": None}, {"color": colour, "value": 1}]}


def table(
    title: Words,
    about: Words,
    query: str,
    *columns: Override,
    unit: str = "",
    width: int = 12,
    height: int = 8,
    time_from: str = "",
) -> Draft:
    """Rows, the columns as the query names them."""
    fields = Field(color={"mode": "fixed", "fixedColor": GREY}, custom={"align": "auto", "filterable": True}, unit=unit)
    options: Options = {"showHeader": True, "cellHeight": "sm", "frameIndex": 0}
    return Draft(
        "table",
        title,
        about,
        options,
        (Query(query),),
        fields,
        columns,
        is_table=True,
        width=width,
        height=height,
        time_from=time_from,
    )


def column(name: str, title: str, *properties: Options) -> Override:
    """One column of a table."""
    return Override(
        matcher={"id": "byName", "options": name}, properties=({"id": "displayName", "value": title}, *properties)
    )


def leads_to(title: str, url: str) -> Options:
    """A click on the cell opens `url`."""
    return {"id": "links", "value": [{"title": title, "url": url, "targetBlank": True}]}


def coloured_cell(*mappings: Options) -> Sequence[Options]:
    """The cell is filled with the colour of its mapping."""
    return (
        {"id": "mappings", "value": list(mappings)},
        {"id": "custom.cellOptions", "value": {"type": "color-background", "mode": "basic"}},
    )


def states(  # noqa: PLR0913 - what a row of states may be told
    title: Words,
    about: Words,
    query: Query,
    *,
    mappings: tuple[Options, ...] = (),
    bands: Thresholds | None = None,
    unit: str = "short",
    links: tuple[Link, ...] = (),
    width: int = 24,
    height: int = 10,
) -> Draft:
    """A row each, its stretches in the colour of its state."""
    fields = Field(
        color={"mode": "thresholds"},
        custom={"fillOpacity": 85, "lineWidth": 0},
        mappings=mappings,
        thresholds=bands or look.scale([]),
        unit=unit,
        links=links,
    )
    options: Options = {
        "alignValue": "left",
        "mergeValues": True,
        "rowHeight": 0.85,
        "showValue": "never",
        "legend": {**_LEGEND, "showLegend": False},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return Draft("state-timeline", title, about, options, (query,), fields, width=width, height=height)


def history(title: Words, about: Words, query: Query, *, steps: tuple[Step, ...], interval: str) -> Draft:
    """A row each, one cell an interval."""
    fields = Field(
        color={"mode": "thresholds"},
        custom={"fillOpacity": 80, "lineWidth": 0},
        thresholds=Thresholds(mode="absolute", steps=steps),
        unit="short",
    )
    options: Options = {
        "colWidth": 0.9,
        "rowHeight": 0.85,
        "showValue": "never",
        "legend": {**_LEGEND, "showLegend": False},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return Draft("status-history", title, about, options, (query,), fields, width=24, height=10, interval=interval)


def text(title: Words, content: Words, *, width: int = 24, height: int = 4) -> Draft:
    """Words, in both languages; `${board}` in them is the board's address."""
    options: Options = {"mode": "markdown", "content": content.both}
    return Draft("text", title, title, options, width=width, height=height)
