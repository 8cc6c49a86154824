"""The fleet: boxes and sensors, as far as readings and alarms tell of them.

How boxes themselves are, they say in readings of their own (source `health`); how a box's version and configuration
stand is on the board.
"""

from cloud.grafana import look, queries
from cloud.grafana.draft import Draft, Query
from cloud.grafana.look import COLOURS, GREY, Words
from cloud.grafana.model import Step
from cloud.grafana.pages import page
from cloud.grafana.pages.page import MAIN, Page
from cloud.grafana.panels import bars, chart, column, history, number, states, table, text
from cloud.grafana.queries import IN_DISTRICT, ON_BOX
from wire.alarm import Level
from wire.reading import FAULTY

_QUANTITIES = sorted(set(MAIN.values()))
_FAULT = queries.by_rules(["fault"])
_OFFLINE = queries.by_rules(["offline"])
_OF_SENSORS = ("colour", "event", "site", "sensor", "rule", "case")
"""A fault has no limit, and no value."""
_HERE = (IN_DISTRICT, ON_BOX)
_HEALTH = (
    ("supply_voltage", "battery_voltage"),
    ("cpu_temperature",),
    ("modem_signal",),
    ("data_used",),
    ("disk_free",),
    ("disk_wear",),
    ("clock_error",),
    ("spool_depth",),
)
"""What a box says of itself, a panel each."""


def build(language: str) -> Page:
    """Of the boxes chosen."""
    return Page(
        "egret-fleet",
        Words("白鹭 · 设备", "Egret · Fleet"),
        Words("网关与传感器：离线、无应答、数据节拍。", "Boxes and sensors: offline, silent, the beat of the data."),
        (
            page.boxes_offline(IN_DISTRICT),
            _boxes_reporting(),
            _faults(),
            _silences(),
            _beat(),
            _stretches(language, "网关离线时段", "Boxes offline, from when to when", _OFFLINE),
            _stretches(language, "传感器故障时段", "Sensors at fault, from when to when", _FAULT),
            _by_flag(),
            _by_box(),
            *(_health(*quantities) for quantities in _HEALTH),
            _newest(language),
            _standing_faults(language),
            _elsewhere(),
        ),
        variables=("district", "box"),
    )


def _boxes_reporting() -> Draft:
    return number(
        Words("15 分钟内有读数的网关", "Boxes with a reading, 15 min"),
        Words(
            "以温度读数计：设备库中每种设备都测温度。",
            "Counted by temperature, which every device of the library measures.",
        ),
        Query(queries.reporting("temperature", "box", *_HERE)),
        time_from="15m",
    )


def _faults() -> Draft:
    return number(
        Words("故障传感器", "Sensors at fault"),
        Words("规则 fault 未恢复者。", "Alarms of rule fault that stand."),
        Query(queries.standing_count(None, _FAULT, IN_DISTRICT)),
        steps=look.scale([(1, COLOURS[Level.YELLOW])]),
        time_from=page.STANDING_FOR,
    )


def _silences() -> Draft:
    return number(
        Words("带故障标志的读数", "Readings with a flag of fault"),
        Words("时间范围内，主要量。", "Of the main quantities, in the time range."),
        Query(queries.flagged_count(_QUANTITIES, int(FAULTY), *_HERE), "$m"),
    )


def _beat() -> Draft:
    return history(
        Words("数据节拍（每 10 min 读数）", "The beat of the data, readings in 10 min"),
        Words("每网关与量一行；空白处没有数据。", "A row for each box and quantity; a gap is a time without data."),
        Query(queries.readings_per(_QUANTITIES, "10m", "box", *_HERE), "$tag_box · $m"),
        steps=(Step(color="#c3c9d1", value=None), Step(color=GREY, value=1)),
        interval="10m",
    )


def _stretches(language: str, zh: str, en: str, rule: str) -> Draft:
    return states(
        Words(zh, en),
        Words(
            "深色为未恢复。时间范围之前触发的不在此图。",
            "Dark while it stands. What began before the range is not here.",
        ),
        Query(queries.raised_to_cleared(rule, IN_DISTRICT), "$tag_sensor"),
        mappings=(look.change_texts(language),),
        width=12,
        height=7,
    )


def _by_flag() -> Draft:
    return bars(
        Words("带故障标志的读数", "Readings with a flag of fault"),
        Words("每 30 min，按网关；标志见 wire/reading.py。", "Every 30 min, by box; flags as in wire/reading.py."),
        Query(queries.flagged(_QUANTITIES, int(FAULTY), "30m", "box", *_HERE), "$tag_box · $m"),
        interval="30m",
    )


def _by_box() -> Draft:
    return bars(
        Words("每 10 分钟读数，按网关", "Readings in 10 min, by box"),
        Words("主要量的入库条数。", "Of the main quantities, as stored."),
        Query(queries.readings_per(_QUANTITIES, "10m", "box", *_HERE), "$tag_box · $m"),
        interval="10m",
    )


def _health(*quantities: str) -> Draft:
    names = [look.name(quantity) for quantity in quantities]
    return chart(
        Words("、".join(one.zh for one in names), ", ".join(one.en for one in names)),
        Words("网关自述（source: health），按网关。", "As the box says itself (source: health), by box."),
        *(
            Query(queries.over_time(quantity, "max({})", "box", *_HERE), f"$tag_box · {name.zh}")
            for quantity, name in zip(quantities, names, strict=True)
        ),
        unit=look.unit(quantities[0]),
        width=6,
    )


def _newest(language: str) -> Draft:
    return table(
        Words("各网关最新读数", "Newest reading of each box"),
        Words("温度；时刻即数据之龄。", "The temperature; its time is the age of the data."),
        queries.newest("temperature", "box", *_HERE),
        column("newest", Words("温度", "Temperature").in_(language), {"id": "unit", "value": look.unit("temperature")}),
        column("box", Words("网关", "Box").in_(language)),
        width=8,
    )


def _standing_faults(language: str) -> Draft:
    return table(
        Words("故障传感器与离线网关", "Sensors at fault, boxes offline"),
        Words("未恢复者。", "Those that stand."),
        queries.standing(queries.by_rules(["fault", "offline"]), IN_DISTRICT, columns=_OF_SENSORS),
        *(one for one in page.alarm_columns(language) if one.matcher["options"] in _OF_SENSORS),
        width=16,
        time_from=page.STANDING_FOR,
    )


def _elsewhere() -> Draft:
    return text(
        Words("不在此库的", "What is not in this store"),
        Words(
            "时钟是否可信、版本与配置见 [看板](${board}/#/) 的网关页，或云端的 `/metrics`。",
            "Who keeps a box's clock, its version and its configuration are on [the board](${board}/#/) and in"
            " the cloud's `/metrics`.",
        ),
    )
