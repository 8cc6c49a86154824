"""The city as sensors.yaml describes it: sites, boxes, lines, sensors and limits, parsed once.

`wire.sensors_yaml` reads the file; everything here is frozen and already checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from wire.alarm import Level
from wire.profile import Profile
from wire.quantities import Statistic, statistic_of

UNREGISTERED = "_unregistered"
"""The site of readings whose sensor the inventory does not know: stored and shown, never dropped."""
CALIBRATION_DAYS = 365
"""How long a calibration holds unless the file says otherwise. Judgement: once a year, like the yearly
verification that JJG 693 asks of gas alarms (known in the field, not re-read); tilt sensors have no such rule."""


LONGEST_S = 600.0
"""Between two readings of a sensor: presence is counted in intervals of ten minutes with a value
(docs/operate/compliance.md)."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One level of one limit rule.

    `limit` is in the rule's quantity's unit; delays in seconds. `source` names the standard and
    clause, or says "judgement": a limit for people's safety never comes from nowhere.
    """

    level: Level
    limit: float
    on_delay_s: float
    source: str


@dataclass(frozen=True, slots=True)
class RuleConfig:
    """One rule of a limit set, as the file `edge/rules/{kind}.py` understands it.

    `name` is the word in the alarm's id. `levels` are ordered from mild to worst. A level clears
    when the value has been below limit - deadband for `off_delay_s` seconds. A rule of kind `fault`
    judges the sensor itself: its `quantity` is empty and its levels' `limit` is 0.
    """

    name: str
    kind: str
    quantity: str
    deadband: float
    off_delay_s: float
    levels: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class ReportPolicy:
    """What of a sensor's samples leaves the box. Rules look at every sample all the same.

    `every_s`: one sample in each interval of so many seconds, 0 for every sample. `deadbands`: also a sample in
    which a quantity has moved this far from what was reported last; `has_statistics`: beside the sample, minimum,
    mean, maximum and deviation of the interval. Around an alarm, `before_s` and `after_s`, every sample leaves; a
    minute each is judgement.
    """

    every_s: float = 0.0
    deadbands: Mapping[str, float] = field(default_factory=dict)
    has_statistics: bool = False
    before_s: float = 60.0
    after_s: float = 60.0

    @property
    def is_everything(self) -> bool:
        """Does every sample leave?"""
        return not self.every_s


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor: where it hangs, how it is read, what it may not exceed.

    `id` is `{site}-{key}`. `unit` is the Modbus unit identifier, `address` what it is known by to a source that finds
    its sensors otherwise (`wire.addresses`). `every_s` is the sampling interval; None takes the profile's. `zero` maps
    a point of the profile to the value it had when the site was commissioned, 0 before. `constants` are the site's
    numbers that a profile's expressions name (`site.sensor_height`). `settings` are the raw values that its device is
    to keep, by the profile's names; what is not named may be as it is. `commissioned` and `calibrated` are days in
    local time, None when nobody has written them down; a calibration holds for `calibration_days`.
    """

    id: str
    site: str
    box: str
    line: str
    profile: Profile
    unit: int
    every_s: float | None
    zero: Mapping[str, float]
    constants: Mapping[str, float]
    rules: tuple[RuleConfig, ...]
    commissioned: date | None = None
    calibrated: date | None = None
    calibration_days: int = CALIBRATION_DAYS
    serial: str = ""
    report: ReportPolicy = ReportPolicy()
    address: str = ""
    settings: Mapping[str, int] = field(default_factory=dict)

    def interval_s(self, line_every_s: float | None, usual_s: float) -> float:
        """How often it is sampled: as it says, else its line, else as usual; never more often than it bears."""
        return max(self.every_s or line_every_s or usual_s, self.profile.timing.min_poll_s)

    @property
    def quantities(self) -> tuple[str, ...]:
        """What it always reports: what its device publishes, and the statistics of that."""
        measured = self.profile.quantities
        if not self.report.has_statistics:
            return measured
        usual = [one for one in Statistic if one is not Statistic.COUNT]
        return (*measured, *(statistic_of(quantity, one) for quantity in measured for one in usual))


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call about a site. `checked` is the day somebody last reached them, None when nobody has."""

    name: str
    phone: str
    email: str
    checked: date | None


class Exposure(StrEnum):
    """Terrain category (地面粗糙度) of GB 50009: how freely the wind reaches a site."""

    A = "A"
    """Sea, island, shore, lake shore, desert."""
    B = "B"
    """Fields, villages, hills, scattered houses."""
    C = "C"
    """A town, densely built."""
    D = "D"
    """A town, densely built and with high houses."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place with sensors. `longitude` and `latitude` are WGS-84 degrees, None when not known.

    `street` is the subdistrict (街道) it lies in, `owner` who is answerable for the structure, `permit` the
    number it is allowed under; each is empty when not known. `where` is where the file has its coordinates, or
    the site when there are none. `height_m` is its top above ground, `area_m2` the face that the wind meets,
    `inspected` the day somebody last looked it over; each is None when not known.
    """

    id: str
    name: str
    name_en: str
    kind: str
    district: str
    longitude: float | None
    latitude: float | None
    sensors: tuple[str, ...]
    street: str = ""
    owner: str = ""
    contact: Contact | None = None
    permit: str = ""
    where: str = ""
    height_m: float | None = None
    area_m2: float | None = None
    exposure: Exposure | None = None
    inspected: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One port of a box.

    `options` is the block of the file that the source kind's own `Config` reads; `where` is its
    place in the file.
    """

    box: str
    key: str
    source: str
    options: Mapping[str, object]
    where: str
    sensors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """How far a box's spool may grow, in bytes, before its oldest readings go. Alarm events never go.

    `most` bounds the spool's file, beside which SQLite's log has 5 MiB; `keep_free` is what readings leave
    free on its disk: alarm events may use it. The defaults are judgement: 512 MiB hold 30 days of 40
    readings a second (5.2 bytes each, measured), 64 MiB some 30 000 alarm events.

    `ring`: the bytes within `most` that samples which report policies hold back may have, for `ring_s` at most:
    64 MiB hold 3.7 days of 40 a second.

    `keep_s`: how long what has its receipt is kept within the same bounds, for a cloud that was restored from a backup.
    Two days are judgement: a backup every night, and a day to notice what is missing.
    """

    most: int = 512 * 2**20
    keep_free: int = 64 * 2**20
    ring: int = 64 * 2**20
    ring_s: float = 7 * 86_400.0
    keep_s: float = 2 * 86_400.0


@dataclass(frozen=True, slots=True)
class Box:
    """One edge agent and its lines. `budget`: bytes that it may send and receive in a month, 0 for any."""

    id: str
    name: str
    lines: tuple[Line, ...]
    spool: SpoolLimits = SpoolLimits()
    budget: int = 0


@dataclass(frozen=True, slots=True)
class Tags:
    """How the store labels a reading (`docs/wire.md`, the time-series schema)."""

    site: str
    sensor: str
    box: str
    kind: str
    district: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """The whole city. `version` is a hash of the file, carried in every alarm event."""

    name: str
    name_en: str
    is_demonstration: bool
    version: str
    districts: Mapping[str, str]
    sites: Mapping[str, Site]
    boxes: Mapping[str, Box]
    sensors: Mapping[str, Sensor]

    @property
    def lines(self) -> tuple[Line, ...]:
        """Of all boxes."""
        return tuple(line for box in self.boxes.values() for line in box.lines)

    def tags(self, sensor: str, box: str) -> Tags:
        """Labels for a reading of `sensor` that came from `box`; an unknown sensor belongs to `_unregistered`.

        A box that speaks of itself has no site; its district is the one of its first sensor.
        """
        known = self.sensors.get(sensor)
        if sensor in self.boxes:
            return Tags("", sensor, box, "box", self._district_of(self.boxes[sensor]))
        if known is None:
            return Tags(UNREGISTERED, sensor, box, "unknown", "unknown")
        site = self.sites[known.site]
        return Tags(site.id, sensor, box, site.kind, site.district)

    def box_of(self, sensor: str) -> str:
        """The box that may speak of it: the one it hangs on, a box of itself; empty for what is not known."""
        known = self.sensors.get(sensor)
        return known.box if known else sensor if sensor in self.boxes else ""

    def _district_of(self, box: Box) -> str:
        sensors = (sensor for line in box.lines for sensor in line.sensors)
        return next((self.sites[self.sensors[sensor].site].district for sensor in sensors), "unknown")
