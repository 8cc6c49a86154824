"""The quantities Egret knows: one unit each, what people call them, how finely they are kept.

A reading's value is always in its quantity's unit (UCUM code, ucum.org), and is rounded to
`resolution` at decoding, so that what a rule sees, what the spool holds and what the store
keeps is the same number. The resolution is finer than the sensors of `firmware-configs/`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quantity:
    """`decimals`: digits kept after the point, in `unit`."""

    name: str
    unit: str
    decimals: int
    zh: str
    en: str

    @property
    def symbol(self) -> str:
        """The unit as people write it: ° for deg."""
        return _SYMBOLS.get(self.unit, self.unit)


_SYMBOLS = {"deg": "°", "Cel": "°C", "%{LEL}": "%LEL", "m/s2": "m/s²", "um/m": "µm/m", "1": ""}

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
    Quantity("rain", "mm", 2, "降雨量", "rain"),
    Quantity("supply_voltage", "V", 3, "供电电压", "supply voltage"),
    Quantity("spool_depth", "1", 0, "积压读数", "readings waiting in the spool"),
)

QUANTITIES: dict[str, Quantity] = {row.name: row for row in _ROWS}
UNKNOWN_DECIMALS = 6


def rounded(quantity: str, value: float) -> float:
    """`value` at the resolution its quantity is kept in; a quantity we do not list keeps six decimals."""
    known = QUANTITIES.get(quantity)
    return round(value, known.decimals if known else UNKNOWN_DECIMALS)


def amount(quantity: str, value: float | None) -> str:
    """`0.57 deg`, for people."""
    known = QUANTITIES.get(quantity)
    unit = f" {known.unit}" if known else ""
    return "no value" if value is None else f"{value:.6g}{unit}"
