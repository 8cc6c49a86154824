"""How our dashboards look: the board's four colours, units as Grafana names them, limits as bands of colour.

What is not wrong is grey: a chart has no colours but those of its limits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from cloud.grafana.model import Json, Options, Step, Thresholds
from wire import limit_sets
from wire.alarm import Change, Level
from wire.inventory import RuleConfig
from wire.quantities import QUANTITIES

COLOURS = {Level.RED: "#d11f2d", Level.ORANGE: "#e8710a", Level.YELLOW: "#e3b505", Level.BLUE: "#1f6feb"}
"""As in cloud/board/base.css."""
GREY = "#7d8794"
DARK = "#4a5361"
_NONE = "transparent"
_UNITS = {
    "deg": "degree",
    "Cel": "celsius",
    "m": "lengthm",
    "mm": "lengthmm",
    "bar": "pressurebar",
    "m/s2": "accMS2",
    "m/s": "velocityms",
    "kN": "forcekN",
    "V": "volt",
    "MBy": "decmbytes",
    "%": "percent",
    "ms": "ms",
    "1": "short",
}
"""UCUM to Grafana; a unit that Grafana does not have is written behind the number."""


@dataclass(frozen=True, slots=True)
class Words:
    """One thing said in both languages."""

    zh: str
    en: str

    def in_(self, language: str) -> str:
        """`zh` or `en`."""
        return self.en if language == "en" else self.zh

    @property
    def both(self) -> str:
        """Chinese first."""
        return f"{self.zh}\n\n{self.en}"


LEVELS = {
    Level.RED: Words("Ⅰ 红", "I red"),
    Level.ORANGE: Words("Ⅱ 橙", "II orange"),
    Level.YELLOW: Words("Ⅲ 黄", "III yellow"),
    Level.BLUE: Words("Ⅳ 蓝", "IV blue"),
}
_CHANGES = {
    Change.RAISED: Words("触发", "raised"),
    Change.ESCALATED: Words("升级", "escalated"),
    Change.LOWERED: Words("降级", "lowered"),
    Change.CLEARED: Words("恢复", "cleared"),
}


def unit(quantity: str) -> str:
    """Of a quantity, in Grafana's word."""
    ucum = QUANTITIES[quantity].unit
    return _UNITS.get(ucum) or f"suffix: {QUANTITIES[quantity].symbol}"


def name(quantity: str) -> Words:
    """What people call it."""
    known = QUANTITIES[quantity]
    return Words(known.zh, known.en)


@cache
def rules(kind: str) -> Sequence[RuleConfig]:
    """The limit rules of the set that is shipped for a kind of site; what judges the sensor itself is none."""
    return tuple(rule for rule in limit_sets.shipped()[kind] if rule.kind != limit_sets.OF_THE_SENSOR)


def bands(kind: str, quantity: str, *, base: str = _NONE) -> Thresholds:
    """The shipped limits of a quantity at a kind of site, each in the colour of its level."""
    levels = [limit for rule in rules(kind) if rule.quantity == quantity for limit in rule.levels]
    return scale([(limit.limit, COLOURS[limit.level]) for limit in levels], base=base)


def scale(steps: Sequence[tuple[float, str]], *, base: str = GREY) -> Thresholds:
    """`base` below the first step."""
    return Thresholds(
        mode="absolute", steps=(Step(color=base, value=None), *(Step(color=c, value=v) for v, c in steps))
    )


def level_texts(language: str) -> Options:
    """Red → Ⅰ 红 on its colour."""
    texts: dict[str, Json] = {
        level.value: {"text": words.in_(language), "color": COLOURS[level], "index": index}
        for index, (level, words) in enumerate(LEVELS.items())
    }
    return {"type": "value", "options": texts}


def change_texts(language: str) -> Options:
    """Raised → 触发; dark while it stands, nothing when it is over."""
    texts: dict[str, Json] = {
        change.value: {
            "text": words.in_(language),
            "color": _NONE if change is Change.CLEARED else GREY if change is Change.LOWERED else DARK,
            "index": index,
        }
        for index, (change, words) in enumerate(_CHANGES.items())
    }
    return {"type": "value", "options": texts}
