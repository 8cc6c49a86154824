"""One district, or some: its sites by kind, its alarms, and whether its sensors report."""

from cloud.grafana import look, queries
from cloud.grafana.draft import Draft, Query
from cloud.grafana.look import Words
from cloud.grafana.pages import page
from cloud.grafana.pages.page import KINDS, MAIN, Page
from cloud.grafana.panels import chart, number
from cloud.grafana.queries import IN_DISTRICT


def build(language: str) -> Page:
    """Of the districts chosen."""
    return Page(
        "egret-district",
        Words("白鹭 · 区", "Egret · District"),
        Words("所选各区：报警、各类点位、数据是否在来。", "The chosen districts: alarms, sites by kind, what arrives."),
        (
            page.standing_by_level(IN_DISTRICT, width=12),
            page.boxes_offline(IN_DISTRICT, width=6),
            _cases(),
            page.standing_table(language, IN_DISTRICT, width=16),
            page.events_by_level("30m", IN_DISTRICT, width=8),
            *(_sites(kind, quantity) for kind, quantity in MAIN.items() if kind != "bridge"),
            _bridges(),
            _reporting(),
        ),
        variables=("district",),
    )


def _cases() -> Draft:
    return number(
        Words("时间范围内有事件的案卷", "Cases with events"),
        Words("不同案卷号的个数。", "Different case numbers in the time range."),
        Query(queries.cases_count(IN_DISTRICT)),
        width=6,
    )


def _sites(kind: str, quantity: str) -> Draft:
    known = look.name(quantity)
    return chart(
        Words(f"{KINDS[kind].zh} · {known.zh}", f"{KINDS[kind].en} · {known.en}"),
        Words("每个点位的最大值，色带为出厂限值。", "The highest of each site on the shipped limits."),
        Query(queries.over_time(quantity, "max({})", "site", queries.of_kind(kind), IN_DISTRICT), "$tag_site"),
        unit=look.unit(quantity),
        bands=look.bands(kind, quantity),
        links=page.TO_SITE,
    )


def _bridges() -> Draft:
    return chart(
        Words("桥梁 · 竖向加速度有效值（10 min）", "Bridges · vertical acceleration, 10 min RMS"),
        Words("以标准差计，色带为出厂限值。", "As the standard deviation, on the shipped limits."),
        Query(
            queries.over_time("accel_z", "stddev({})", "site", queries.of_kind("bridge"), IN_DISTRICT, every="10m"),
            "$tag_site",
        ),
        unit=look.unit("accel_rms"),
        bands=look.bands("bridge", "accel_rms"),
        links=page.TO_SITE,
        interval="10m",
    )


def _reporting() -> Draft:
    return chart(
        Words("有读数的传感器（每 10 min）", "Sensors with a reading, every 10 min"),
        Words(
            "各区有合成倾角读数的传感器数；下降即有传感器或网关没有数据。",
            "Sensors with a resultant tilt, by district; where the line falls, sensors or boxes are silent.",
        ),
        Query(queries.reporting_over_time("tilt", "sensor", "district", IN_DISTRICT), "$tag_district"),
        interval="10m",
        decimals=0,
    )
