"""The quantities Egret knows: one unit each, what people call them, how finely they are kept.

A reading's value is always in its quantity's unit (UCUM code, ucum.org), and is rounded to
`resolution` at decoding, so that what a rule sees, what the spool holds and what the store
keeps is the same number. The resolution is finer than the sensors of `firmware-configs/`.

`QUANTITIES` are measured. `STATISTICS` are what a box says of a stretch of their samples (`tilt_max`): they are
stored and drawn as any quantity, but no device measures them and no rule judges them.
"""

from dataclasses import dataclass
from enum import StrEnum


class Statistic(StrEnum):
    """Of the samples of one window that can be used. The word ends the quantity's name."""

    MIN = "min"
    MEAN = "mean"
    MAX = "max"
    STD = "std"
    """About their mean, of all of them (divided by n)."""
    COUNT = "count"
    """How many they were."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """`decimals`: digits kept after the point, in `unit`.

    `base` and `statistic`: of a statistic, the quantity it is of, and which it is. `drawn_with` is the quantity
    whose limits mean something beside its values: that of a minimum, mean or maximum, never of a deviation.
    """

    name: str
    unit: str
    decimals: int
    zh: str
    en: str
    base: str = ""
    statistic: Statistic | None = None

    @property
    def drawn_with(self) -> str:
        """Its own name for what is measured; empty for none."""
        return "" if self.statistic in {Statistic.STD, Statistic.COUNT} else self.base or self.name

    @property
    def symbol(self) -> str:
        """The unit as people write it: ° for deg."""
        return _SYMBOLS.get(self.unit, self.unit)


_SYMBOLS = {
    "deg": "°",
    "Cel": "°C",
    "%{LEL}": "%LEL",
    "[ppm]": "ppm",
    "[ppm].m": "ppm·m",
    "m/s2": "m/s²",
    "m3/h": "m³/h",
    "um/m": "µm/m",
    "MBy": "MB",
    "dB[mW]": "dBm",
    "1": "",
}

_ROWS = (
    Quantity("tilt", "deg", 3, "合成倾角", "resultant tilt"),
    Quantity("tilt_x", "deg", 3, "横向倾角", "tilt, x axis"),
    Quantity("tilt_y", "deg", 3, "纵向倾角", "tilt, y axis"),
    Quantity("temperature", "Cel", 2, "温度", "temperature"),
    Quantity("gas_lel", "%{LEL}", 2, "可燃气体浓度", "combustible gas"),
    Quantity("water_level", "m", 4, "水位", "water level"),
    Quantity("pressure", "bar", 5, "压力", "pressure"),
    Quantity("accel_x", "m/s2", 5, "加速度 X", "acceleration, x axis"),
    Quantity("accel_y", "m/s2", 5, "加速度 Y", "acceleration, y axis"),
    Quantity("accel_z", "m/s2", 5, "加速度 Z", "acceleration, z axis"),
    Quantity("accel_rms", "m/s2", 5, "加速度有效值", "acceleration, RMS"),
    Quantity("strain", "um/m", 3, "应变", "strain"),
    Quantity("force", "kN", 4, "力", "force"),
    Quantity("settlement", "mm", 2, "沉降", "settlement"),
    Quantity("wind_speed", "m/s", 2, "风速", "wind speed"),
    Quantity("wind_gust", "m/s", 2, "阵风风速", "wind gust"),
    Quantity("wind_direction", "deg", 1, "风向", "wind direction"),
    Quantity("rain", "mm", 2, "降雨量", "rain"),
    Quantity("rain_rate", "mm/h", 2, "雨强", "rain intensity"),
    Quantity("humidity", "%", 1, "相对湿度", "relative humidity"),
    Quantity("flow", "m3/h", 3, "流量", "flow"),
    Quantity("water_speed", "m/s", 3, "流速", "speed of the water"),
    Quantity("gas_ppm", "[ppm]", 1, "气体浓度", "gas concentration"),
    Quantity("methane_column", "[ppm].m", 1, "甲烷柱浓度", "methane along the beam"),
    Quantity("cover_open", "1", 0, "井盖或门打开", "cover or door open"),
    Quantity("relay_closed", "1", 0, "继电器闭合", "relay closed"),
    Quantity("displaced", "1", 0, "移位", "moved out of its place"),
    Quantity("power", "W", 1, "功率", "power"),
    Quantity("battery_charge", "%", 0, "电池电量", "battery charge"),
    Quantity("supply_voltage", "V", 3, "供电电压", "supply voltage"),
    Quantity("battery_voltage", "V", 3, "电池电压", "battery voltage"),
    Quantity("cpu_temperature", "Cel", 1, "处理器温度", "processor temperature"),
    Quantity("disk_free", "MBy", 0, "磁盘剩余", "disk space left"),
    Quantity("disk_wear", "%", 0, "闪存磨损", "flash wear"),
    Quantity("modem_signal", "%", 0, "移动信号", "modem signal"),
    Quantity("radio_signal", "dB[mW]", 0, "无线信号强度", "radio signal"),
    Quantity("data_used", "MBy", 1, "已用流量", "mobile data used"),
    Quantity("clock_error", "ms", 3, "时钟误差", "clock error"),
    Quantity("spool_depth", "1", 0, "积压读数", "readings waiting in the spool"),
)

_OF = {
    Statistic.MIN: ("最小值", "minimum"),
    Statistic.MEAN: ("平均值", "mean"),
    Statistic.MAX: ("最大值", "maximum"),
    Statistic.STD: ("标准差", "standard deviation"),
    Statistic.COUNT: ("有效样本数", "usable samples"),
}
_FINER = {Statistic.MEAN, Statistic.STD}
"""Kept with one digit more than a sample."""


def _statistic(row: Quantity, statistic: Statistic) -> Quantity:
    zh, en = _OF[statistic]
    name = statistic_of(row.name, statistic)
    unit, decimals = (row.unit, row.decimals + (statistic in _FINER)) if statistic is not Statistic.COUNT else ("1", 0)
    return Quantity(name, unit, decimals, f"{row.zh}·{zh}", f"{row.en}, {en}", row.name, statistic)


def statistic_of(quantity: str, statistic: Statistic) -> str:
    """`tilt_max`."""
    return f"{quantity}_{statistic}"


QUANTITIES: dict[str, Quantity] = {row.name: row for row in _ROWS}
STATISTICS: dict[str, Quantity] = {
    found.name: found for row in _ROWS for statistic in Statistic for found in [_statistic(row, statistic)]
}
UNKNOWN_DECIMALS = 6


def known(quantity: str) -> Quantity | None:
    """What is measured, or a statistic of it; None for a name that we do not list."""
    return QUANTITIES.get(quantity) or STATISTICS.get(quantity)


def decimals(quantity: str) -> int:
    """Digits kept after the point; six of a quantity we do not list."""
    found = known(quantity)
    return found.decimals if found else UNKNOWN_DECIMALS


def rounded(quantity: str, value: float) -> float:
    """`value` at the resolution its quantity is kept in."""
    return round(value, decimals(quantity))


def amount(quantity: str, value: float | None) -> str:
    """`0.57 deg`, for people."""
    found = known(quantity)
    unit = f" {found.unit}" if found else ""
    return "no value" if value is None else f"{value:.6g}{unit}"
