"""GET /sites/{site}: everything that is known of one site, for the page that a person opens when it is red."""

from collections.abc import Sequence
from datetime import date

import msgspec
from litestar import get
from litestar.params import FromPath

from cloud.access.actor import Actor, Right, require_sight
from cloud.access.permits import sees_district
from cloud.alarming.alarm_answer import AlarmAnswer, answers
from cloud.alarming.rule_answer import RuleAnswer, rule_answer
from cloud.api.desk import Desk, OnDesk, site_named
from cloud.api.doors import OnActor
from cloud.cases.case_answer import CaseAnswer, answer
from cloud.cases.case_filter import CaseFilter, conditions
from cloud.cases.case_flow import Case
from cloud.compliance.installation import lapses
from cloud.live import LiveValue
from wire.inventory import Contact, Inventory, Line, Sensor, Site
from wire.located import Mistakes, block_of

CASES_MAX = 10
_CALLERS = frozenset({Right.HANDLE, Right.DISPATCH, Right.MAINTAIN})
"""Who has any of these rights may have to call somebody, and is told whom."""


class SiteSensor(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor as it is configured. `title` is maker and model, `unit` the Modbus unit identifier.

    `every_s`: between two samples of what it is asked most often, null for a recording. Days are days in China;
    `calibration_due` is the last on which the calibration holds. `zero`: of points, as they were at commissioning.
    """

    id: str
    box: str
    box_name: str
    line: str
    profile: str
    title: str
    unit: int
    every_s: float | None
    commissioned: date | None
    calibrated: date | None
    calibration_due: date | None
    serial: str
    zero: dict[str, float]
    constants: dict[str, float]
    quantities: tuple[str, ...]
    rules: tuple[RuleAnswer, ...]


class SiteFile(msgspec.Struct, frozen=True, kw_only=True):
    """`longitude` and `latitude`: WGS-84 degrees, null when not known. `contact`: null for those who only look on.

    `alarms` are those that are not normal, the worst first. `cases`: open ones first, each the newest first, at
    most 10; also those that an alarm of this site has joined.
    """

    id: str
    name: str
    name_en: str
    kind: str
    district: str
    district_name: str
    street: str
    owner: str
    contact: Contact | None
    permit: str
    longitude: float | None
    latitude: float | None
    sensors: tuple[SiteSensor, ...]
    values: Sequence[LiveValue]
    alarms: Sequence[AlarmAnswer]
    cases: Sequence[CaseAnswer]


@get("/sites/{site:str}", tags=["city"], summary="One site")
async def site_file(desk: OnDesk, actor: OnActor, site: FromPath[str]) -> SiteFile:
    """What stands there, how it is judged, how it is now, whom to call, and what people did about it."""
    known = site_named(desk, site)
    if not sees_district(actor, known.district):
        require_sight(actor, known.district, where=f"site {site}")
    inventory = desk.inventory
    return SiteFile(
        id=known.id,
        name=known.name,
        name_en=known.name_en,
        kind=known.kind,
        district=known.district,
        district_name=inventory.districts.get(known.district, known.district),
        street=known.street,
        owner=known.owner,
        contact=known.contact if actor.rights & _CALLERS else None,
        permit=known.permit,
        longitude=known.longitude,
        latitude=known.latitude,
        sensors=tuple(_sensor(inventory.sensors[sensor], inventory) for sensor in known.sensors),
        values=desk.live.of(known.sensors),
        alarms=[alarm for alarm in answers(await desk.ledger.alarms()) if alarm.site == known.id],
        cases=await _cases(desk, actor, known),
    )


def _sensor(sensor: Sensor, inventory: Inventory) -> SiteSensor:
    box = inventory.boxes[sensor.box]
    line = next(line for line in box.lines if line.key == sensor.line)
    return SiteSensor(
        id=sensor.id,
        box=box.id,
        box_name=box.name,
        line=line.key,
        profile=sensor.profile.name,
        title=sensor.profile.title,
        unit=sensor.unit,
        every_s=_every_s(sensor, line),
        commissioned=sensor.commissioned,
        calibrated=sensor.calibrated,
        calibration_due=lapses(sensor),
        serial=sensor.serial,
        zero=dict(sensor.zero),
        constants=dict(sensor.constants),
        quantities=sensor.quantities,
        rules=tuple(rule_answer(rule) for rule in sensor.rules),
    )


def _every_s(sensor: Sensor, line: Line) -> float | None:
    """As its source takes it: its own, or the line's, or the profile's."""
    blocks = sensor.profile.parts.values()
    own_s = sensor.every_s or block_of(line.options, line.where, Mistakes()).duration("every", default=0.0)
    return own_s or min((block.every_s for block in blocks), default=None)


async def _cases(desk: Desk, actor: Actor, site: Site) -> list[CaseAnswer]:
    """Those that the actor may see."""
    now_ns = desk.now()
    found: list[Case] = []
    for is_open in (True, False):
        wanted = conditions(CaseFilter(is_open=is_open, site=site.id), actor, now_ns)
        found += await desk.ledger.cases(wanted, limit=CASES_MAX - len(found))
    return [answer(case, actor, desk.ledger.practice, now_ns) for case in found]
