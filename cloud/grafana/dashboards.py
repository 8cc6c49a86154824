"""The dashboards put together: variables, annotations and links around the pages' panels. Deterministic."""

from collections.abc import Mapping, Sequence

import msgspec

from cloud.grafana.draft import SOURCE, laid_out
from cloud.grafana.look import COLOURS, LEVELS, Words
from cloud.grafana.model import (
    Annotation,
    Annotations,
    AnnotationTarget,
    Dashboard,
    DashboardLink,
    Templating,
    TimeRange,
    Variable,
)
from cloud.grafana.pages import alarms, city, district, evaluation, fleet, kinds
from cloud.grafana.pages.page import KINDS, MAIN, Page
from cloud.grafana.queries import IN_DISTRICT
from wire.alarm import Change

FOLDER_UID, FOLDER_TITLE = "egret", "白鹭 Egret · 出厂"
TAG = "egret"
BOARD = "http://127.0.0.1:8480"
"""The board's address where nobody says another; as cloud.yaml has it."""
_SCHEMA_VERSION = 41
"""Of Grafana 12's Classic JSON; a newer Grafana migrates it when it is opened."""
_PURPLE = "#7a5cc0"


def build(language: str, board: str) -> Sequence[Dashboard]:
    """All dashboards, `zh` or `en`, with links to the board at `board`."""
    pages = [
        city.build(language),
        district.build(language),
        *(kinds.build(kind, language) for kind in KINDS),
        fleet.build(language),
        alarms.build(language),
        evaluation.build(language),
    ]
    return [_dashboard(page, language, board) for page in pages]


def files(language: str, board: str) -> Mapping[str, bytes]:
    """`egret-city.json` … and what stands in them."""
    return {f"{one.uid}.json": written(one) for one in build(language, board)}


def written(dashboard: object) -> bytes:
    """As a file: indented, with a line break at its end."""
    return msgspec.json.format(msgspec.json.encode(dashboard), indent=2) + b"\n"


def _dashboard(page: Page, language: str, board: str) -> Dashboard:
    return Dashboard(
        uid=page.uid,
        title=page.title.in_(language),
        description=page.about.both,
        tags=(TAG,),
        editable=True,
        graph_tooltip=1,
        links=_links(language),
        annotations=Annotations(list=tuple(_annotations(page, language))),
        templating=Templating(list=(_board(board), *(_variable(name, language) for name in page.variables))),
        time=TimeRange(from_=page.opens_with, to="now"),
        timezone="browser",
        refresh="1m",
        schema_version=_SCHEMA_VERSION,
        panels=laid_out(page.drafts, language),
    )


def _links(language: str) -> tuple[DashboardLink, ...]:
    return (
        DashboardLink(
            title=Words("白鹭看板", "Board").in_(language),
            type="link",
            icon="external link",
            tooltip="",
            url="${board}/#/",
            tags=(),
            as_dropdown=False,
            include_vars=False,
            keep_time=False,
            target_blank=True,
        ),
        DashboardLink(
            title=Words("其他页", "Other pages").in_(language),
            type="dashboards",
            icon="apps",
            tooltip="",
            tags=(TAG,),
            as_dropdown=True,
            include_vars=True,
            keep_time=True,
            target_blank=False,
        ),
    )


def _board(board: str) -> Variable:
    """A constant, which no address can change: a link that somebody sends leads where we said."""
    value = board.rstrip("/")
    return Variable(
        name="board", type="constant", query=value, current={"text": value, "value": value}, hide=2, skip_url_sync=True
    )


def _variable(name: str, language: str) -> Variable:
    """`district` → `site` or `box`, each narrowed by the one before."""
    kind, _, is_site = name.partition("_")
    if is_site:
        name, label = "site", Words("点位", "Site")
        query = f'SHOW TAG VALUES FROM "{MAIN[kind]}" WITH KEY = "site" WHERE "kind" = \'{kind}\' AND {IN_DISTRICT}'
    elif name == "box":
        label = Words("网关", "Box")
        query = f'SHOW TAG VALUES FROM "temperature" WITH KEY = "box" WHERE {IN_DISTRICT}'
    else:
        label = Words("区", "District")
        query = 'SHOW TAG VALUES FROM "temperature" WITH KEY = "district"'
    return Variable(
        name=name,
        type="query",
        label=label.in_(language),
        query=query,
        datasource=SOURCE,
        multi=True,
        include_all=True,
        all_value=".*",
        current={"text": ["All"], "value": ["$__all"]},
        refresh=2,
        sort=1,
    )


def _annotations(page: Page, language: str) -> Sequence[Annotation]:
    """Alarms by level, and cases: on every chart of the page, narrowed by its district."""
    where = f" AND {IN_DISTRICT}" if "district" in page.variables else ""
    begins = f"(\"event\" = '{Change.RAISED}' OR \"event\" = '{Change.ESCALATED}')"
    marks = [
        _annotation(
            Words(f"报警 {words.zh}", f"Alarms {words.en}").in_(language),
            COLOURS[level],
            f"{begins} AND \"level\" = '{level}'{where}",
        )
        for level, words in LEVELS.items()
    ]
    opened = f"\"event\" = '{Change.RAISED}' AND \"case\" != ''{where}"
    return [*marks, _annotation(Words("案卷", "Cases").in_(language), _PURPLE, opened, text="case")]


def _annotation(name: str, colour: str, where: str, text: str = "sensor") -> Annotation:
    """The text is one column and the tags are others: no column that may be empty is asked for."""
    columns = [column for column in ("event", "rule", "level", "sensor", "case") if column != text]
    selected = ", ".join(f'"{column}"' for column in (text, *columns))
    return Annotation(
        name=name,
        datasource=SOURCE,
        enable=True,
        icon_color=colour,
        target=AnnotationTarget(
            ref_id="annotation",
            query=f'SELECT {selected} FROM "alarm" WHERE $timeFilter AND {where}',
            query_type="tags",
            from_annotations=True,
            text_column=text,
            tags_column=",".join(columns),
        ),
    )
