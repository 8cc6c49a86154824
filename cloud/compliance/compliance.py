"""Does an installation fulfil what is asked of it? An automatic filing check with reasons.

What an approval window needs to approve in a blink (秒批秒办): each requirement with what was found and,
where it failed, what mends it. Arithmetic only: see `cloud.compliance.requirements` for what is asked and why.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

import msgspec

from cloud.cases.case_flow import Case
from cloud.compliance.installation import NEEDED, Facts, Item, Text, Verdict, lapses, main_quantity
from cloud.compliance.presence import SECOND_NS, Presence, Series
from cloud.compliance.requirements import REQUIREMENTS
from cloud.tables.boxes import BoxState
from wire.alarm import Level
from wire.dates import CHINA
from wire.inventory import Inventory, Sensor, Site

SERIOUS = (Level.RED, Level.ORANGE)


class Measured(msgspec.Struct, frozen=True):
    """What the cloud knows of an installation beside the inventory: counted, reported, its open cases."""

    presence: tuple[Presence, ...]
    boxes: tuple[BoxState, ...]
    cases: tuple[Case, ...] = ()


class SensorRecord(msgspec.Struct, frozen=True):
    """One line of the certificate's table. `present` of `intervals` 10-minute intervals have a value."""

    id: str
    model: str
    serial: str
    commissioned: date | None
    calibrated: date | None
    calibrated_until: date | None
    quantities: tuple[str, ...]
    present: int
    intervals: int


class Compliance(msgspec.Struct, frozen=True):
    """The verdict on one installation at `time_ns`; days are days in China.

    `failed` are the ids of the items that failed. `valid_until` is the last day on which nothing has
    lapsed by itself, null when it is not compliant; the shares of time online may fail any day before.
    `longitude` and `latitude`: WGS-84 degrees. `district` is its name.
    """

    site: str
    name: str
    name_en: str
    kind: str
    city: str
    is_demonstration: bool
    inventory_version: str
    district: str
    street: str
    owner: str
    permit: str
    longitude: float | None
    latitude: float | None
    time_ns: int
    is_compliant: bool
    valid_until: date | None
    failed: tuple[str, ...]
    items: tuple[Item, ...]
    remarks: tuple[Text, ...]
    sensors: tuple[SensorRecord, ...]


def watched(site: Site, inventory: Inventory) -> tuple[Series, ...]:
    """What must be counted before `assess`: each sensor's main quantity, and whatever the kind of site asks for."""
    return tuple(
        Series(sensor.id, quantity, _since_ns(sensor))
        for sensor in (inventory.sensors[name] for name in site.sensors)
        for quantity in _quantities(site.kind, sensor)
    )


def assess(site: Site, inventory: Inventory, measured: Measured, now_ns: int) -> Compliance:
    """The verdict at `now_ns` (UTC). `measured.presence` answers `watched`."""
    sensors = tuple(inventory.sensors[name] for name in site.sensors)
    facts = Facts(site, sensors, measured.presence, {box.box: box for box in measured.boxes}, now_ns)
    items = tuple(requirement(facts) for requirement in REQUIREMENTS)
    failed = tuple(item.id for item in items if item.verdict is Verdict.FAILED)
    own = {(one.sensor, one.quantity): one for one in measured.presence}
    return Compliance(
        site=site.id,
        name=site.name,
        name_en=site.name_en,
        kind=site.kind,
        city=inventory.name,
        is_demonstration=inventory.is_demonstration,
        inventory_version=inventory.version,
        district=inventory.districts.get(site.district, site.district),
        street=site.street,
        owner=site.owner,
        permit=site.permit,
        longitude=site.longitude,
        latitude=site.latitude,
        time_ns=now_ns,
        is_compliant=not failed,
        valid_until=None if failed else min((item.lapses for item in items if item.lapses), default=None),
        failed=failed,
        items=items,
        remarks=_remarks(measured.cases),
        sensors=tuple(_record(site, sensor, own) for sensor in sensors),
    )


def _quantities(kind: str, sensor: Sensor) -> tuple[str, ...]:
    asked = [name for group in NEEDED.get(kind, ()) for name in group]
    main = main_quantity(kind, sensor)
    # What a recording holds is not known before it is read, so all is asked for.
    found = [main, *(name for name in asked if sensor.profile.is_open or name in sensor.profile.quantities)]
    return tuple(dict.fromkeys(name for name in found if name))


def _since_ns(sensor: Sensor) -> int:
    """From the day after it was commissioned: that day is not a whole one."""
    if sensor.commissioned is None:
        return 0
    midnight = datetime.combine(sensor.commissioned + timedelta(days=1), time(), CHINA)
    return int(midnight.timestamp()) * SECOND_NS


def _record(site: Site, sensor: Sensor, own: Mapping[tuple[str, str], Presence]) -> SensorRecord:
    counted = own.get((sensor.id, main_quantity(site.kind, sensor)))
    return SensorRecord(
        id=sensor.id,
        model=sensor.profile.title,
        serial=sensor.serial,
        commissioned=sensor.commissioned,
        calibrated=sensor.calibrated,
        calibrated_until=lapses(sensor),
        quantities=sensor.profile.quantities,
        present=counted.present if counted else 0,
        intervals=counted.intervals if counted else 0,
    )


def _remarks(cases: Sequence[Case]) -> tuple[Text, ...]:
    """Not part of the definition: whoever approves should see it all the same."""
    return tuple(_remark(case) for case in cases if case.level in SERIOUS)


def _remark(case: Case) -> Text:
    drill, drill_en = ("，演练", ", drill") if case.is_drill else ("", "")
    return Text(
        f"未结案卷 {case.number}，{case.level}{drill}：{case.title}",
        f"open case {case.number} ({case.level}{drill_en}): {case.title_en}",
    )
