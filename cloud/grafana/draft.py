"""A panel before it has a place, and how a page's panels are laid out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cloud.grafana.look import Words
from cloud.grafana.model import DataSource, Field, FieldConfig, GridPos, Options, Override, Panel, Target

SOURCE = DataSource(type="influxdb", uid="egret")
MIN_INTERVAL = "1m"
_WIDTH = 24


@dataclass(frozen=True, slots=True)
class Query:
    """One query and the name of what it gives; `alias` may name tags: `$tag_site`."""

    text: str
    alias: Words | str = ""

    def name(self, language: str) -> str:
        """In the language of the page."""
        return self.alias if isinstance(self.alias, str) else self.alias.in_(language)


@dataclass(frozen=True, slots=True)
class Draft:
    """A panel before it has a place: `width` of 24, `height` in rows of the grid."""

    kind: str
    title: Words
    about: Words
    options: Options
    queries: tuple[Query, ...] = ()
    fields: Field = field(default_factory=Field)
    overrides: tuple[Override, ...] = ()
    is_table: bool = False
    width: int = 12
    height: int = 8
    time_from: str = ""
    interval: str = MIN_INTERVAL

    def placed(self, number: int, x: int, y: int, language: str) -> Panel:
        """With its place."""
        shape = "table" if self.is_table else "time_series"
        return Panel(
            id=number,
            type=self.kind,
            title=self.title.in_(language),
            description=self.about.both,
            grid_pos=GridPos(h=self.height, w=self.width, x=x, y=y),
            datasource=SOURCE if self.queries else None,
            interval=self.interval if self.queries else "",
            time_from=self.time_from,
            field_config=FieldConfig(defaults=self.fields, overrides=self.overrides),
            options=self.options,
            targets=tuple(
                Target(
                    ref_id=chr(ord("A") + at),
                    datasource=SOURCE,
                    query=query.text,
                    raw_query=True,
                    result_format=shape,
                    alias=query.name(language),
                )
                for at, query in enumerate(self.queries)
            ),
        )


def laid_out(drafts: Sequence[Draft], language: str) -> tuple[Panel, ...]:
    """From left to right, and on a new row where the next does not fit any more."""
    placed = []
    x = y = height = 0
    for number, draft in enumerate(drafts, 1):
        if x + draft.width > _WIDTH:
            x, y, height = 0, y + height, 0
        placed.append(draft.placed(number, x, y, language))
        x, height = x + draft.width, max(height, draft.height)
    return tuple(placed)
