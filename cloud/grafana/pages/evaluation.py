"""Evaluation: what can honestly be counted from readings and alarm events. Rates of cases are on the board."""

from cloud.grafana import look, queries
from cloud.grafana.draft import Draft, Query
from cloud.grafana.look import COLOURS, Words
from cloud.grafana.pages import page
from cloud.grafana.pages.page import KINDS, MAIN, Page
from cloud.grafana.panels import bars, chart, number, table, text
from cloud.grafana.queries import IN_DISTRICT
from wire.alarm import Level
from wire.reading import FAULTY

_CHATTERS = 3


def build(language: str) -> Page:
    """Of the districts chosen."""
    return Page(
        "egret-evaluation",
        Words("白鹭 · 考核评价", "Egret · Evaluation"),
        Words(
            "由读数与报警事件能数出的；案卷的率在看板。",
            "What readings and events tell; rates of cases are on the board.",
        ),
        (
            _on_the_board(),
            _alarms(),
            _cases(),
            _busiest(),
            _without_value(),
            *(_complete(kind, quantity) for kind, quantity in MAIN.items()),
            _daily(),
            _by_district(),
            _chattering(language),
            page.noisiest(language, IN_DISTRICT),
        ),
        variables=("district",),
        opens_with="now-7d",
    )


def _on_the_board() -> Draft:
    return text(
        Words("按时率、返工率与案卷明细在看板", "On-time rate, rework and their cases are on the board"),
        Words(
            "立案、派遣、处置、结案的按时率只在台账中，不在时序库：见 [考核评价](${board}/#/evaluation)，"
            "每个数字可点到案卷。此页各图只数读数与报警事件。",
            "How many cases were filed, dispatched, handled and closed in time stands in the ledger and not in this"
            " store: see [evaluation](${board}/#/evaluation), where each figure leads to its cases. The panels here"
            " count readings and alarm events.",
        ),
        height=5,
    )


def _alarms() -> Draft:
    return number(
        Words("报警触发与升级", "Alarms raised or escalated"),
        Words("时间范围内，按级别。", "In the time range, by level."),
        *(Query(queries.begun(queries.at_level(level), IN_DISTRICT), words) for level, words in look.LEVELS.items()),
        width=12,
    )


def _cases() -> Draft:
    return number(
        Words("有事件的案卷", "Cases with events"),
        Words(
            "不同案卷号的个数；人工上报而无报警的案卷不在此数。",
            "Different numbers; a case without an alarm is not here.",
        ),
        Query(queries.cases_count(IN_DISTRICT)),
        width=4,
    )


def _busiest() -> Draft:
    return number(
        Words("最忙的 10 分钟", "Busiest 10 minutes"),
        Words("触发与升级次数。", "Alarms raised or escalated."),
        Query(queries.busiest("10m", IN_DISTRICT)),
        steps=look.scale([(10, COLOURS[Level.YELLOW])]),
        width=4,
    )


def _without_value() -> Draft:
    return number(
        Words("带故障标志的读数", "Readings with a flag of fault"),
        Words("主要量，按量。", "Of the main quantities."),
        Query(queries.flagged_count(sorted(set(MAIN.values())), int(FAULTY), IN_DISTRICT), "$m"),
        width=4,
    )


def _complete(kind: str, quantity: str) -> Draft:
    return chart(
        Words(
            f"有读数的传感器（每 10 min）· {KINDS[kind].zh}", f"Sensors with a reading, every 10 min · {KINDS[kind].en}"
        ),
        Words(
            "看板的完整率以同样的 10 min 区间计，并知道应有多少传感器；此处只见掉下去的时刻。",
            "The board's completeness counts the same intervals and knows how many sensors there should be; here you"
            " see when they fell.",
        ),
        Query(
            queries.reporting_over_time(quantity, "sensor", "district", queries.of_kind(kind), IN_DISTRICT),
            "$tag_district",
        ),
        width=8,
        interval="10m",
        decimals=0,
    )


def _daily() -> Draft:
    return page.events_by_level("6h", IN_DISTRICT, width=8)


def _by_district() -> Draft:
    return bars(
        Words("各区报警", "Alarms by district"),
        Words("每 6 h 触发与升级次数。", "Raised or escalated, every 6 h."),
        Query(queries.events_by("6h", "district", IN_DISTRICT), "$tag_district"),
        interval="6h",
        width=8,
    )


def _chattering(language: str) -> Draft:
    return table(
        Words(f"抖动报警（触发 {_CHATTERS} 次以上）", f"Chattering alarms, raised {_CHATTERS} times or more"),
        Words("延时或回差过小，或安装松动。", "A delay or a deadband is too small, or a mount is loose."),
        queries.chattering(_CHATTERS, IN_DISTRICT),
        *page.frequency_columns(language),
        width=8,
    )
