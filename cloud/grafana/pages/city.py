"""The city: what stands, what is near its limits, and whether everything reports."""

from cloud.grafana import look, queries
from cloud.grafana.draft import Draft, Query
from cloud.grafana.look import Words
from cloud.grafana.pages import page
from cloud.grafana.pages.page import KINDS, MAIN, Page
from cloud.grafana.panels import chart, number, text

_NEAREST = Words(
    "各区最大值，色带为出厂限值。限值以现场配置为准：`egret check` 与看板所示。",
    "The highest of each district on the shipped limits. What holds on site is in sensors.yaml and on the board.",
)


def build(language: str) -> Page:
    """Of the whole city."""
    return Page(
        "egret-city",
        Words("白鹭 · 全市", "Egret · City"),
        Words("全市态势：未恢复报警、各类点位最大值、数据是否在来。", "The whole city at a glance."),
        (
            page.standing_by_level(width=12),
            page.boxes_offline(width=4),
            _cases(),
            _alarms_standing(),
            _reporting(),
            page.standing_table(language, width=16),
            page.events_by_level("30m", width=8),
            *(_nearest(kind, quantity) for kind, quantity in MAIN.items() if kind != "bridge"),
            _bridges(),
            _arriving(),
            _to_the_board(),
        ),
    )


def _cases() -> Draft:
    return number(
        Words("24 小时内有事件的案卷", "Cases with events, 24 h"),
        Words("不同案卷号的个数。", "Different case numbers."),
        Query(queries.cases_count()),
        width=4,
        time_from="24h",
    )


def _alarms_standing() -> Draft:
    return number(
        Words("未恢复报警总数", "Standing in all"),
        Words("各级合计。", "Of all levels."),
        Query(queries.standing_count(None)),
        width=4,
        time_from=page.STANDING_FOR,
    )


def _reporting() -> Draft:
    return number(
        Words("15 分钟内有读数的传感器", "Sensors with a reading, 15 min"),
        Words("按点位类别，以其主要量计。", "By kind of site, counted by its main quantity."),
        *(
            Query(queries.reporting(quantity, "sensor", queries.of_kind(kind)), KINDS[kind])
            for kind, quantity in MAIN.items()
        ),
        width=24,
        time_from="15m",
    )


def _nearest(kind: str, quantity: str) -> Draft:
    known = look.name(quantity)
    return chart(
        Words(f"{KINDS[kind].zh} · {known.zh}", f"{KINDS[kind].en} · {known.en}"),
        _NEAREST,
        Query(queries.over_time(quantity, "max({})", "district", queries.of_kind(kind)), "$tag_district"),
        unit=look.unit(quantity),
        bands=look.bands(kind, quantity),
        links=page.TO_DISTRICT,
        width=8,
    )


def _bridges() -> Draft:
    return chart(
        Words("桥梁 · 竖向加速度有效值（10 min）", "Bridges · vertical acceleration, 10 min RMS"),
        Words(
            "以标准差计：加速度均值为零时即有效值。",
            "As the standard deviation, which is the RMS where the mean is zero.",
        ),
        Query(
            queries.over_time("accel_z", "stddev({})", "district", queries.of_kind("bridge"), every="10m"),
            "$tag_district",
        ),
        unit=look.unit("accel_rms"),
        bands=look.bands("bridge", "accel_rms"),
        links=page.TO_DISTRICT,
        width=8,
        interval="10m",
    )


def _arriving() -> Draft:
    return chart(
        Words("每分钟读数", "Readings a minute"),
        Words("各类点位主要量的入库条数。", "Of the main quantities, as stored, by kind of site."),
        Query(queries.readings_per(sorted(set(MAIN.values())), "1m", "kind"), "$tag_kind · $m"),
        width=8,
    )


def _to_the_board() -> Draft:
    return text(
        Words("看板", "The board"),
        Words(
            "地图、确认、派遣与结案在 [看板](${board}/#/)。这里只看，不处置。",
            "Map, acknowledging, dispatching and closing are on [the board](${board}/#/). This page shows, and handles"
            " nothing.",
        ),
    )
