"""One page a kind of site: the same first panels for all, then what the kind has of its own."""

from collections.abc import Callable, Mapping, Sequence

from cloud.grafana import look, queries
from cloud.grafana.draft import Draft, Query
from cloud.grafana.look import GREY, Words
from cloud.grafana.pages import page
from cloud.grafana.pages.page import KINDS, MAIN, TO_SITE, Page
from cloud.grafana.panels import chart, column, leads_to, number, states, table
from cloud.grafana.queries import AT_SITE, IN_DISTRICT

_LIMITS = Words("色带为出厂限值。", "On the shipped limits.")
_IF_MEASURED = Words(
    "色带为出厂限值。只有直接测此量的传感器才有数据。", "On the shipped limits. Only of sensors that measure just this."
)


def build(kind: str, language: str) -> Page:
    """Of the sites of one kind."""
    own = _OWN[kind](kind)
    return Page(
        f"egret-{kind}",
        Words(f"白鹭 · {KINDS[kind].zh}", f"Egret · {KINDS[kind].en}"),
        Words(
            f"{KINDS[kind].zh}点位：数值与限值、报警、传感器。", "Sites of one kind: values, limits, alarms, sensors."
        ),
        (
            _worst(kind),
            _reporting(kind),
            _standing(kind),
            _events(kind),
            *_values(kind, own, language),
            _temperature(kind, width=12 if len(own) % 2 else 24),
            page.standing_table(language, _rules_of(kind), *_here()),
        ),
        variables=("district", f"{kind}_site"),
    )


def _values(kind: str, own: Sequence[Draft], language: str) -> Sequence[Draft]:
    """What is judged first, unless no device of the library measures it: then what is computed in its place."""
    quantities = sorted({rule.quantity for rule in look.rules(kind)}, key=lambda name: (name != MAIN[kind], name))
    judged = [draft for quantity in quantities for draft in _judged(kind, quantity, language)]
    return [*judged, *own] if MAIN[kind] in quantities else [*own, *judged]


def _here() -> tuple[str, str]:
    return IN_DISTRICT, AT_SITE


def _rules_of(kind: str) -> str:
    return queries.by_rules([rule.name for rule in look.rules(kind)])


def _standing(kind: str) -> Draft:
    return number(
        Words("未恢复报警", "Standing alarms"),
        Words("本类规则的报警，级别见下表。", "Of the rules of this kind; their levels are in the table below."),
        Query(queries.standing_count(None, _rules_of(kind), *_here())),
        steps=look.scale([(1, look.DARK)]),
        time_from=page.STANDING_FOR,
    )


def _events(kind: str) -> Draft:
    return number(
        Words("报警触发与升级", "Alarms raised or escalated"),
        Words("时间范围内的次数。", "How often in the time range."),
        Query(queries.begun(_rules_of(kind), *_here())),
    )


def _series(kind: str, quantity: str, aggregate: str, every: str = "$__interval") -> Query:
    text = queries.over_time(quantity, aggregate, "site", queries.of_kind(kind), *_here(), every=every)
    return Query(text, "$tag_site")


def _worst(kind: str) -> Draft:
    """Of the main quantity; where its limits are for its effective value, of that over 10 minutes."""
    quantity = MAIN[kind]
    filters = (queries.of_kind(kind), *_here())
    text = queries.highest(quantity, *filters)
    if kind == "bridge":
        quantity, text = "accel_rms", queries.highest_deviation(quantity, "site", "10m", *filters)
    known = look.name(quantity)
    return number(
        Words(f"最大 · {known.zh}", f"Highest · {known.en}"),
        Words("时间范围内所选点位的最大值。", "Of the chosen sites in the time range."),
        Query(text),
        unit=look.unit(quantity),
        steps=look.bands(kind, quantity, base=GREY),
    )


def _reporting(kind: str) -> Draft:
    return number(
        Words("15 分钟内有读数的点位", "Sites with a reading, 15 min"),
        Words("以主要量计。", "Counted by the main quantity."),
        Query(queries.reporting(MAIN[kind], "site", queries.of_kind(kind), *_here())),
        time_from="15m",
    )


def _judged(kind: str, quantity: str, language: str) -> Sequence[Draft]:
    """What has limits: values over time, the stretches over a limit, and the ten highest."""
    known = look.name(quantity)
    text = queries.worst_by(quantity, "site", 10, queries.of_kind(kind), *_here())
    bands = look.bands(kind, quantity, base=GREY)
    return (
        chart(
            known,
            _LIMITS if quantity == MAIN[kind] else _IF_MEASURED,
            _series(kind, quantity, "max({})"),
            unit=look.unit(quantity),
            bands=look.bands(kind, quantity),
            links=TO_SITE,
            width=16,
        ),
        table(
            Words(f"最高的 10 个点位 · {known.zh}", f"Ten highest sites · {known.en}"),
            Words("时间范围内的最大值及其时刻。", "The highest value of the time range, and when."),
            text,
            column(
                "worst",
                known.in_(language),
                {"id": "unit", "value": look.unit(quantity)},
                {"id": "color", "value": {"mode": "thresholds"}},
                {"id": "custom.cellOptions", "value": {"type": "color-text"}},
                {
                    "id": "thresholds",
                    "value": {"mode": bands.mode, "steps": [{"color": s.color, "value": s.value} for s in bands.steps]},
                },
            ),
            column(
                "site",
                Words("点位", "Site").in_(language),
                leads_to("→ 站点 / site", "${board}/#/sites/${__value.raw}"),
            ),
            width=8,
        ),
        states(
            Words(f"越限时段 · {known.zh}", f"Over a limit · {known.en}"),
            Words(
                "以区间最大值对出厂限值着色；报警另有延时与回差。",
                "The highest of each interval against the shipped limits; alarms have delays and a deadband besides.",
            ),
            _series(kind, quantity, "max({})"),
            bands=bands,
            unit=look.unit(quantity),
            links=TO_SITE,
            height=8,
        ),
    )


def _temperature(kind: str, width: int) -> Draft:
    title, about = Words("温度", "Temperature"), Words("传感器所感。", "As sensed.")
    return _plain(kind, "temperature", "mean({})", title, about, width=width)


def _plain(
    kind: str,
    quantity: str,
    aggregate: str,
    title: Words,
    about: Words,
    every: str = "$__interval",
    *,
    width: int = 12,
) -> Draft:
    return chart(
        title,
        about,
        _series(kind, quantity, aggregate, every),
        unit=look.unit(quantity),
        links=TO_SITE,
        width=width,
        interval="1m" if every == "$__interval" else every,
    )


def _billboard(kind: str) -> tuple[Draft, ...]:
    noise = Words("每 10 min 标准差：风振、松动。", "Standard deviation every 10 min: wind, a loose mount.")
    axis = Words("距安装零位。", "From the zero of the commissioning.")
    return (
        _plain(kind, "tilt_x", "mean({})", look.name("tilt_x"), axis),
        _plain(kind, "tilt_y", "mean({})", look.name("tilt_y"), axis),
        _plain(kind, "tilt", "stddev({})", Words("倾角 σ（10 min）", "Tilt σ, 10 min"), noise, "10m"),
    )


def _gas(kind: str) -> tuple[Draft, ...]:
    about = Words("区间均值：缓慢泄漏看得见。", "The mean of the interval shows a slow leak.")
    return (_plain(kind, "gas_lel", "mean({})", Words("平均浓度", "Mean concentration"), about),)


def _drainage(kind: str) -> tuple[Draft, ...]:
    rate = "derivative(mean({}), 1h)"
    rising = Words("水位变化速度（每小时）", "Water level, change an hour")
    return (
        _plain(kind, "water_level", rate, rising, Words("正值为上涨。", "Above zero it rises.")),
        _plain(kind, "pressure", "mean({})", look.name("pressure"), Words("探头所感压力。", "At the probe.")),
    )


def _bridge(kind: str) -> tuple[Draft, ...]:
    rms = Words("竖向加速度有效值（10 min，计算）", "Vertical acceleration, 10 min RMS, computed")
    deviation = Words(
        "由竖向加速度读数算得：均值为零时标准差即有效值。",
        "Computed from the readings: with a mean of zero the standard deviation is the RMS.",
    )
    peak = Words("竖向加速度峰峰值", "Vertical acceleration, peak to peak")
    return (
        chart(
            rms,
            deviation,
            _series(kind, "accel_z", "stddev({})", "10m"),
            unit=look.unit("accel_rms"),
            bands=look.bands(kind, "accel_rms"),
            links=TO_SITE,
            interval="10m",
        ),
        _plain(kind, "accel_z", "spread({})", peak, Words("区间最大减最小。", "Highest less lowest of an interval.")),
        _plain(
            kind, "accel_x", "stddev({})", Words("横向加速度 σ（10 min）", "Lateral acceleration σ"), deviation, "10m"
        ),
    )


def _road(kind: str) -> tuple[Draft, ...]:
    about = Words("区间均值。", "The mean of the interval.")
    return (_plain(kind, "tilt", "mean({})", Words("井盖倾角（均值）", "Cover tilt, mean"), about),)


_OWN: Mapping[str, Callable[[str], tuple[Draft, ...]]] = {
    "billboard": _billboard,
    "gas": _gas,
    "drainage": _drainage,
    "bridge": _bridge,
    "road": _road,
}
