"""GET /city: what there is. The board asks once and knows every name, place and limit."""

from collections.abc import Iterable

import msgspec
from litestar import Response, Router, get

from cloud.api import packed
from cloud.api.packed import AnyRequest
from wire.alarm import Level
from wire.inventory import Inventory, Sensor, Site
from wire.quantities import QUANTITIES, STATISTICS, Quantity


class CityLimit(msgspec.Struct, frozen=True):
    """One level of one rule; `limit` in the unit of `quantity`; `source` says where the number comes from."""

    rule: str
    quantity: str
    level: Level
    limit: float
    source: str


class CityQuantity(msgspec.Struct, frozen=True):
    """What values of this name mean. `drawn_with`: the quantity whose limits belong beside them.

    That is the quantity itself; of a minimum, mean or maximum (`tilt_max`) what it is of; of a deviation none.
    """

    name: str
    unit: str
    decimals: int
    zh: str
    en: str
    drawn_with: str


class CityMake(msgspec.Struct, frozen=True):
    """What many sensors have in common. `quantities` are what they report, by name (`City.quantities`).

    `report_s`: one reading leaves the box in each so many seconds, if nothing else asks for more; 0: every sample.
    """

    profile: str
    quantities: tuple[str, ...]
    limits: tuple[CityLimit, ...]
    report_s: float


class CitySensor(msgspec.Struct, frozen=True):
    """`make` is its place in `City.makes`."""

    id: str
    box: str
    make: int


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

    `districts` maps each district's id to its name. Units are UCUM codes. `grafana` is the address of the city's
    Grafana, or empty.
    """

    name: str
    name_en: str
    is_demonstration: bool
    version: str
    districts: dict[str, str]
    quantities: tuple[CityQuantity, ...]
    grafana: str
    makes: tuple[CityMake, ...]
    sites: tuple[CitySite, ...]
    boxes: tuple[CityBox, ...]


def router(inventory: Inventory, grafana: str) -> Router:
    """The route, with its answer made once."""
    made = packed.pack(msgspec.json.encode(_city(inventory, grafana)), is_made_once=True)

    @get("/", summary="Sites, sensors, limits and boxes", sync_to_thread=False)
    def city(request: AnyRequest) -> Response[City]:
        """The inventory, as it is configured."""
        return packed.answer(made, request)  # type: ignore[return-value]  # a City, encoded

    return Router("/api/v1/city", route_handlers=[city], tags=["city"])


def _city(inventory: Inventory, grafana: str) -> City:
    makes: dict[CityMake, int] = {}
    sites = tuple(_site(site, inventory, makes) for site in inventory.sites.values())
    return City(
        name=inventory.name,
        name_en=inventory.name_en,
        is_demonstration=inventory.is_demonstration,
        version=inventory.version,
        districts=dict(inventory.districts),
        quantities=tuple(_quantity(one) for one in (*QUANTITIES.values(), *_statistics(inventory))),
        grafana=grafana,
        makes=tuple(makes),
        sites=sites,
        boxes=tuple(CityBox(box.id, box.name) for box in inventory.boxes.values()),
    )


def _statistics(inventory: Inventory) -> Iterable[Quantity]:
    """Those that a sensor of the city reports."""
    reported = {name for sensor in inventory.sensors.values() for name in sensor.quantities}
    return (found for name, found in STATISTICS.items() if name in reported)


def _quantity(known: Quantity) -> CityQuantity:
    return CityQuantity(known.name, known.unit, known.decimals, known.zh, known.en, known.drawn_with)


def _site(site: Site, inventory: Inventory, makes: dict[CityMake, int]) -> CitySite:
    sensors = [inventory.sensors[sensor] for sensor in site.sensors]
    return CitySite(
        id=site.id,
        name=site.name,
        name_en=site.name_en,
        kind=site.kind,
        district=site.district,
        longitude=site.longitude,
        latitude=site.latitude,
        sensors=tuple(CitySensor(one.id, one.box, makes.setdefault(_make(one), len(makes))) for one in sensors),
    )


def _make(sensor: Sensor) -> CityMake:
    limits = tuple(
        CityLimit(rule.name, rule.quantity, level.level, level.limit, level.source)
        for rule in sensor.rules
        if rule.quantity  # the rule that judges the sensor itself has no limit
        for level in rule.levels
    )
    return CityMake(sensor.profile.name, sensor.quantities, limits, sensor.report.every_s)
