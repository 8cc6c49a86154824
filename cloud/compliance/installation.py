"""An installation as it is judged: its site, sensors and boxes, what was counted, and the words for a verdict."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import msgspec

from cloud.compliance.presence import SECOND_NS, Presence
from cloud.tables.boxes import BoxState
from wire.dates import CHINA
from wire.inventory import Sensor, Site

"""Days of commissioning, calibration and checking are days there."""
BILLBOARD = "billboard"
NEEDED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    BILLBOARD: (("tilt",), ("temperature",)),
    "gas": (("gas_lel",),),
    "drainage": (("water_level",),),
    "bridge": (("accel_rms", "accel_x", "accel_y", "accel_z", "strain", "tilt"),),
    "road": (("tilt", "settlement"),),
}
"""By kind of site: of each group one quantity at least must be measured; the first is what its sensors are for."""


class Verdict(StrEnum):
    """Of one requirement."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"


class Text(msgspec.Struct, frozen=True):
    """One sentence in two languages."""

    zh: str
    en: str


class Item(msgspec.Struct, frozen=True):
    """One requirement as judged. `fix` is null unless it failed; `lapses` is the last day that it holds by itself."""

    id: str
    title: Text
    verdict: Verdict
    found: Text
    fix: Text | None
    source: str
    lapses: date | None = None


class Facts(msgspec.Struct, frozen=True):
    """What an installation is judged by. `boxes` are those that have ever reported, by name."""

    site: Site
    sensors: tuple[Sensor, ...]
    presence: tuple[Presence, ...]
    boxes: Mapping[str, BoxState]
    now_ns: int

    @property
    def today(self) -> date:
        """In China."""
        return local(self.now_ns).date()


def local(time_ns: int) -> datetime:
    """In China, to the second."""
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC).astimezone(CHINA)


def main_quantity(kind: str, sensor: Sensor) -> str:
    """What a sensor is there for, by whose values it counts as online; empty when nobody can say."""
    groups = NEEDED.get(kind, ())
    if sensor.profile.is_open:
        return groups[0][0] if groups else ""
    measured = sensor.profile.quantities
    return next((name for group in groups for name in group if name in measured), measured[0] if measured else "")


def lapses(sensor: Sensor) -> date | None:
    """The last day on which its calibration holds."""
    return sensor.calibrated + timedelta(days=sensor.calibration_days) if sensor.calibrated else None
