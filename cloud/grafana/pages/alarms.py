"""Alarms and cases: what stands, what happened, what keeps coming back."""

from cloud.grafana import look, queries
from cloud.grafana.draft import Draft, Query
from cloud.grafana.look import COLOURS, Words
from cloud.grafana.pages import page
from cloud.grafana.pages.page import Page
from cloud.grafana.panels import bars, number, states, table, text
from cloud.grafana.queries import IN_DISTRICT
from wire.alarm import Level


def build(language: str) -> Page:
    """Of the districts chosen."""
    return Page(
        "egret-alarms",
        Words("白鹭 · 报警与案卷", "Egret · Alarms and cases"),
        Words("未恢复报警、事件流、反复报警、案卷。", "What stands, what happened, what keeps coming back."),
        (
            page.standing_by_level(IN_DISTRICT),
            _cases(),
            _busiest(),
            page.standing_table(language, IN_DISTRICT),
            _stretches(language),
            page.events_by_level("30m", IN_DISTRICT),
            _by_district(),
            page.noisiest(language, IN_DISTRICT),
            _beginnings(language),
            page.events_table(language, IN_DISTRICT),
            _to_the_board(),
        ),
        variables=("district",),
        opens_with="now-24h",
    )


def _cases() -> Draft:
    return number(
        Words("有事件的案卷", "Cases with events"),
        Words("时间范围内不同案卷号的个数。", "Different case numbers in the time range."),
        Query(queries.cases_count(IN_DISTRICT)),
    )


def _busiest() -> Draft:
    return number(
        Words("最忙的 10 分钟", "Busiest 10 minutes"),
        Words(
            "触发与升级次数；EEMUA 191：每位值守员平均应少于 1，超过 10 为报警洪水（凭记忆引用，未重读原文）。",
            "Alarms raised or escalated. EEMUA 191: less than 1 for one operator on average, more than 10 is a flood"
            " (quoted from memory, not re-read).",
        ),
        Query(queries.busiest("10m", IN_DISTRICT)),
        steps=look.scale([(10, COLOURS[Level.YELLOW])]),
    )


def _stretches(language: str) -> Draft:
    return states(
        Words("报警起止", "Alarms, from when to when"),
        Words(
            "每个报警一行，深色为未恢复；级别见事件表。",
            "A row for each alarm, dark while it stands; its levels are in the table of events.",
        ),
        Query(queries.raised_to_cleared(IN_DISTRICT), "$tag_sensor / $tag_rule"),
        mappings=(look.change_texts(language),),
    )


def _by_district() -> Draft:
    return bars(
        Words("各区报警触发与升级", "Alarms raised or escalated, by district"),
        Words("每小时。", "Every hour."),
        Query(queries.events_by("1h", "district", IN_DISTRICT), "$tag_district"),
        interval="1h",
    )


def _beginnings(language: str) -> Draft:
    return table(
        Words("案卷与其报警", "Cases and their alarms"),
        Words(
            "开案与并入案卷的报警；阶段、时限与责任单位在看板。",
            "Alarms that opened a case or joined one; stage, deadline and unit are on the board.",
        ),
        queries.case_beginnings(200, IN_DISTRICT),
        *(one for one in page.alarm_columns(language) if one.matcher["options"] not in ("event", "limit")),
        width=16,
    )


def _to_the_board() -> Draft:
    title = Words("处置在看板", "Handling is on the board")
    return text(
        title,
        Words(
            "确认、搁置、派遣、核查、结案在 [看板](${board}/#/)，案卷页为 `#/cases/案卷号`。",
            "Acknowledging, shelving, dispatching, verifying and closing are on [the board](${board}/#/); a case is"
            " `#/cases/number`.",
        ),
    )
