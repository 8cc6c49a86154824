"""GET /city: what there is. The board asks once and knows every name, place and limit."""

import msgspec
from litestar import get

from cloud.api.desk import OnDesk
from wire.alarm import Level
from wire.inventory import Box, Inventory, Sensor, Site
from wire.quantities import QUANTITIES, Quantity


class CityLimit(msgspec.Struct, frozen=True):
    """One level of one rule; `limit` in the unit of `quantity`; `source` says where the number comes from."""

    rule: str
    quantity: str
    level: Level
    limit: float
    source: str


class CitySensor(msgspec.Struct, frozen=True):
    """`quantities` are what a good poll of it yields, by name (see `City.quantities`)."""

    id: str
    box: str
    quantities: tuple[str, ...]
    limits: tuple[CityLimit, ...]


class CitySite(msgspec.Struct, frozen=True):
    """`longitude` and `latitude`: WGS-84 degrees, null when not known."""

    id: str
    name: str
    name_en: str
    kind: str
    district: str
    longitude: float | None
    latitude: float | None
    sensors: tuple[CitySensor, ...]


class CityBox(msgspec.Struct, frozen=True):
    """One edge agent."""

    id: str
    name: str


class City(msgspec.Struct, frozen=True):
    """The inventory without how devices are wired. `version` changes when sensors.yaml changes.

    `districts` maps each district's id to its name. Units are UCUM codes.
    """

    name: str
    name_en: str
    is_demonstration: bool
    version: str
    districts: dict[str, str]
    quantities: tuple[Quantity, ...]
    sites: tuple[CitySite, ...]
    boxes: tuple[CityBox, ...]


@get("/city", tags=["city"], summary="Sites, sensors, limits and boxes")
async def city(desk: OnDesk) -> City:
    """The inventory, as it is configured."""
    inventory = desk.inventory
    return City(
        name=inventory.name,
        name_en=inventory.name_en,
        is_demonstration=inventory.is_demonstration,
        version=inventory.version,
        districts=dict(inventory.districts),
        quantities=tuple(QUANTITIES.values()),
        sites=tuple(_site(site, inventory) for site in inventory.sites.values()),
        boxes=tuple(_box(box) for box in inventory.boxes.values()),
    )


def _site(site: Site, inventory: Inventory) -> CitySite:
    return CitySite(
        id=site.id,
        name=site.name,
        name_en=site.name_en,
        kind=site.kind,
        district=site.district,
        longitude=site.longitude,
        latitude=site.latitude,
        sensors=tuple(_sensor(inventory.sensors[sensor]) for sensor in site.sensors),
    )


def _sensor(sensor: Sensor) -> CitySensor:
    limits = tuple(
        CityLimit(rule.name, rule.quantity, level.level, level.limit, level.source)
        for rule in sensor.rules
        if rule.quantity  # the rule that judges the sensor itself has no limit
        for level in rule.levels
    )
    return CitySensor(sensor.id, sensor.box, sensor.profile.quantities, limits)


def _box(box: Box) -> CityBox:
    return CityBox(box.id, box.name)
