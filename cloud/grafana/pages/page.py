"""What a page is, and the panels that several pages show."""

from collections.abc import Sequence
from dataclasses import dataclass

from cloud.grafana import look, queries
from cloud.grafana.draft import Draft, Query
from cloud.grafana.look import COLOURS, GREY, LEVELS, Words
from cloud.grafana.model import Link, Override
from cloud.grafana.panels import SITE_LINK, bars, coloured, coloured_cell, column, leads_to, number, table
from wire.alarm import Level

MAIN = {"billboard": "tilt", "gas": "gas_lel", "drainage": "water_level", "bridge": "accel_z", "road": "tilt"}
"""By whose values a site of a kind counts as reporting; as `cloud.compliance.installation.main_quantity`."""
KINDS = {
    "billboard": Words("户外广告", "Billboards"),
    "gas": Words("燃气", "Gas"),
    "drainage": Words("排水", "Drainage"),
    "bridge": Words("桥梁", "Bridges"),
    "road": Words("道路", "Roads"),
}
TO_SITE = (Link(title="→ 站点 / site", url=SITE_LINK, target_blank=True),)
TO_DISTRICT = (
    Link(title="→ 区 / district", url="/d/egret-district?var-district=${__field.labels.district}&${__url_time_range}"),
)
STANDING_FOR = "30d"
_STANDING = Words(
    "最近 30 天内最后一次事件不是“恢复”的报警。与看板相比：搁置、停用和更早触发的报警以看板为准。",
    "Alarms whose last event of the last 30 days is not a return to normal. The board decides about what is"
    " shelved, out of service, or older.",
)


@dataclass(frozen=True, slots=True)
class Page:
    """A dashboard before it is put together. `variables` are names of `cloud.grafana.dashboards.VARIABLES`."""

    uid: str
    title: Words
    about: Words
    drafts: Sequence[Draft]
    variables: Sequence[str] = ()
    opens_with: str = "now-6h"


def standing_by_level(*filters: str, width: int = 12) -> Draft:
    """Four figures, grey at nought."""
    return number(
        Words("未恢复报警", "Standing alarms"),
        _STANDING,
        *(Query(queries.standing_count(level, *filters), words) for level, words in LEVELS.items()),
        overrides=coloured([(ref_id, COLOURS[level]) for ref_id, level in zip("ABCD", Level, strict=True)]),
        width=width,
        time_from=STANDING_FOR,
    )


def standing_table(language: str, *filters: str, width: int = 24) -> Draft:
    """Each with its site and its case, a click away."""
    return table(
        Words("未恢复报警一览", "Alarms that stand"),
        _STANDING,
        queries.standing(*filters),
        *alarm_columns(language),
        width=width,
        time_from=STANDING_FOR,
    )


def events_table(language: str, *filters: str) -> Draft:
    """The newest 200."""
    return table(
        Words("最近的报警事件", "Newest alarm events"),
        Words("时间范围内最近 200 条。", "The newest 200 of the time range."),
        queries.events(200, *filters),
        *alarm_columns(language),
        width=24,
        height=12,
    )


def events_by_level(every: str, *filters: str, width: int = 12) -> Draft:
    """Stacked in the levels' colours."""
    return bars(
        Words("报警触发与升级", "Alarms raised or escalated"),
        Words(f"每 {every}，按级别。", f"Every {every}, by level."),
        *(
            Query(queries.events_over_time(every, queries.at_level(level), *filters), words)
            for level, words in LEVELS.items()
        ),
        colours=[COLOURS[level] for level in LEVELS],
        interval=every,
        width=width,
    )


def noisiest(language: str, *filters: str) -> Draft:
    """The ten alarms that come most often."""
    return table(
        Words("报得最多的 10 个", "Ten that are raised most"),
        Words("触发与升级次数。", "How often raised or escalated."),
        queries.noisiest(10, *filters),
        *frequency_columns(language),
        width=8,
    )


def boxes_offline(*filters: str, width: int = 6) -> Draft:
    """The alarms that the cloud raises for boxes."""
    return number(
        Words("离线网关", "Boxes offline"),
        Words(
            "网关离线 120 s 后由云端报警；此处数其未恢复者。",
            "The cloud raises an alarm when a box is gone for 120 s; those that stand.",
        ),
        Query(queries.standing_count(None, queries.by_rules(["offline"]), *filters)),
        steps=look.scale([(1, COLOURS[Level.YELLOW])], base=GREY),
        width=width,
        time_from=STANDING_FOR,
    )


def frequency_columns(language: str) -> tuple[Override, ...]:
    """Titles of the columns of alarms that are counted."""
    return (
        column("times", Words("次数", "Times").in_(language)),
        column("sensor", Words("传感器", "Sensor").in_(language)),
        column("rule", Words("规则", "Rule").in_(language)),
    )


def alarm_columns(language: str) -> tuple[Override, ...]:
    """Titles, colours and links of the columns of alarms."""
    names = {
        "sensor": Words("传感器", "Sensor"),
        "rule": Words("规则", "Rule"),
        "value": Words("值", "Value"),
        "limit": Words("限值", "Limit"),
    }
    return (
        column("colour", Words("级别", "Level").in_(language), *coloured_cell(look.level_texts(language))),
        column(
            "event",
            Words("事件", "Event").in_(language),
            {"id": "mappings", "value": [look.change_texts(language)]},
        ),
        column(
            "site",
            Words("点位", "Site").in_(language),
            leads_to("→ 站点 / site", "${board}/#/sites/${__value.raw}"),
        ),
        column(
            "case", Words("案卷", "Case").in_(language), leads_to("→ 案卷 / case", "${board}/#/cases/${__value.raw}")
        ),
        *(column(name, words.in_(language)) for name, words in names.items()),
    )
