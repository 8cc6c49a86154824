"""Sites and their sensors as the file writes them, completed with the defaults of the site's kind."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from wire.crs import WORDS, Crs, to_wgs84
from wire.dates import read_date, read_period_days
from wire.inventory import CALIBRATION_DAYS, Contact, Exposure, ReportPolicy, RuleConfig, Sensor, Site
from wire.located import Block, nearest
from wire.profile import Profile
from wire.report_block import check_report, read_report
from wire.setting_block import read_settings
from wire.topics import IDENTIFIER

UNIT_MIN, UNIT_MAX = 1, 247
LATITUDE_MAX, LONGITUDE_MAX = 90.0, 180.0
DECIMALS = 7
"""Of degrees: a centimetre."""
HEIGHT_MIN_M, HEIGHT_MAX_M = 0.1, 550.0
"""Nothing of the wind is said above: there GB 50009 ends, too (not re-read in the standard's text)."""
AREA_MIN_M2, AREA_MAX_M2 = 0.1, 10_000.0
EXPOSURES = tuple(exposure.value for exposure in Exposure)
_LINE = re.compile(r"([^/\s]+)/([^/\s]+)")


@dataclass(frozen=True, slots=True)
class Known:
    """What sites and sensors may refer to: names of districts, lines by "box/line", profiles, limit sets.

    `crs` is what a site's place is written in, unless the site says otherwise.
    """

    districts: Mapping[str, str]
    lines: frozenset[tuple[str, str]]
    profiles: Mapping[str, Profile]
    limits: Mapping[str, tuple[RuleConfig, ...]]
    crs: Crs = Crs.WGS84


@dataclass(frozen=True, slots=True)
class Template:
    """What a sensor takes from its site's kind unless it says otherwise; empty means the sensor must say it."""

    profile: str = ""
    limits: str = ""
    every_s: float | None = None
    constants: Mapping[str, float] = field(default_factory=dict)
    calibration_days: int = CALIBRATION_DAYS
    report: ReportPolicy = field(default_factory=ReportPolicy)
    settings: Mapping[str, int] = field(default_factory=dict)
    """Of devices of its profile."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A sensor and the block it was read from."""

    sensor: Sensor
    block: Block


def read_template(block: Block, known: Known) -> Template:
    """One entry of `kinds:`."""
    profile = block.text("profile", "")
    template = Template(
        profile=profile,
        limits=block.text("limits", ""),
        every_s=block.duration("every") if "every" in block else None,
        constants=numbers(block, "constants"),
        calibration_days=read_period_days(block, "calibration") or CALIBRATION_DAYS,
        report=read_report(block) or ReportPolicy(),
        settings=read_settings(block, known.profiles.get(profile)),
    )
    if template.profile:
        _profile(block, template.profile, known)
    if template.limits:
        _rules(block, template.limits, known)
    block.done()
    return template


def read_site(name: str, block: Block, templates: Mapping[str, Template], known: Known) -> tuple[Site, list[Placed]]:
    """One entry of `sites:` with its sensors; what is wrong is collected, and a sensor that cannot be is left out."""
    kind, district = block.text("kind"), block.text("district")
    if kind and kind not in templates:
        block.wrong("kind", f"there is no kind {kind!r}.", nearest(kind, templates), "E-CITY-007")
    if district and district not in known.districts:
        block.wrong("district", f"there is no district {district!r}.", nearest(district, known.districts), "E-CITY-008")
    latitude, longitude = _place(block, known.crs)
    placed = [
        found
        for key, entry in block.mapping("sensors").blocks()
        if (found := _sensor(name, key, entry, templates.get(kind), known))
    ]
    site = Site(
        id=name,
        name=block.text("name"),
        name_en=block.text("name_en", ""),
        kind=kind,
        district=district,
        longitude=longitude,
        latitude=latitude,
        sensors=tuple(found.sensor.id for found in placed),
        street=block.text("street", ""),
        owner=block.text("owner", ""),
        contact=_contact(block),
        permit=block.text("permit", ""),
        where=block.place("at"),
        height_m=block.number("height", HEIGHT_MIN_M, HEIGHT_MAX_M) if "height" in block else None,
        area_m2=block.number("area", AREA_MIN_M2, AREA_MAX_M2) if "area" in block else None,
        exposure=Exposure(block.choice("exposure", EXPOSURES)) if "exposure" in block else None,
        inspected=read_date(block, "inspected"),
    )
    block.done()
    return site, placed


def numbers(block: Block, key: str) -> dict[str, float]:
    """A mapping of names to numbers that may be left out."""
    entries = block.mapping(key, optional=True)
    return {name: entries.number(name) for name in entries}


def check_identifier(block: Block, key: str, identifier: str) -> None:
    """Ids travel in MQTT topics and tags of the store."""
    if not IDENTIFIER.fullmatch(identifier):
        fix = "use 1 to 64 letters, digits, - and _, beginning with a letter or digit"
        block.wrong(key, f"the id {identifier!r} is not allowed.", fix, "E-CITY-001")


def _sensor(site: str, key: str, block: Block, kind: Template | None, known: Known) -> Placed | None:
    """`kind` is None when the site's is unknown: that is said at the site, not at each of its sensors."""
    template = kind or Template()
    needed = None if kind else ""
    box, line = _line(block, known)
    profile = _profile(block, block.text("profile", template.profile or needed), known)
    rules = _rules(block, block.text("limits", template.limits or needed), known)
    every_s = block.duration("every") if "every" in block else template.every_s
    zero, constants = numbers(block, "zero"), {**template.constants, **numbers(block, "constants")}
    unit = block.integer("unit", default=profile.link.unit if profile else UNIT_MIN)
    commissioned, calibrated = read_date(block, "commissioned"), read_date(block, "calibrated")
    calibration_days = read_period_days(block, "calibration") or template.calibration_days
    serial, address = block.text("serial", ""), block.text("address", "")
    report = read_report(block) or template.report
    settings = read_settings(block, profile)
    block.done()
    if profile is None:
        return None
    _check_unit(block, unit, profile)
    _check_interval(block, every_s, profile)
    check_report(block, report, profile)
    _check_names(block, profile, zero, constants)
    return Placed(
        Sensor(
            id=f"{site}-{key}",
            site=site,
            box=box,
            line=line,
            profile=profile,
            unit=unit,
            every_s=every_s,
            zero={name: zero.get(name, 0.0) for name in _needed(profile, "zero")},
            constants=constants,
            rules=tuple(rule for rule in rules if _can_judge(rule, profile)),
            commissioned=commissioned,
            calibrated=calibrated,
            calibration_days=calibration_days,
            serial=serial,
            report=report,
            address=address,
            settings={**(template.settings if profile.name == template.profile else {}), **settings},
        ),
        block,
    )


def _contact(block: Block) -> Contact | None:
    if "contact" not in block:
        return None
    entry = block.mapping("contact")
    contact = Contact(
        name=entry.text("name"),
        phone=entry.text("phone", ""),
        email=entry.text("email", ""),
        checked=read_date(entry, "checked"),
    )
    entry.done()
    return contact


def _can_judge(rule: RuleConfig, profile: Profile) -> bool:
    """Does the sensor measure what the rule judges? Of some that is not known before they are read."""
    return profile.is_open or not rule.quantity or rule.quantity in profile.quantities


def _line(block: Block, known: Known) -> tuple[str, str]:
    text = block.text("line")
    found = _LINE.fullmatch(text)
    if not found:
        if text:
            block.wrong("line", f"{text!r} is no line.", "write box/line, for example XM-TA-01/a", "E-CITY-009")
        return "", ""
    if (found[1], found[2]) not in known.lines:
        fix = nearest(text, [f"{box}/{key}" for box, key in known.lines])
        block.wrong("line", f"there is no line {text!r} among the boxes.", fix, "E-CITY-009")
    return found[1], found[2]


def _profile(block: Block, name: str, known: Known) -> Profile | None:
    if name and name not in known.profiles and "profile" in block:
        fix = f"{nearest(name, known.profiles)}, or add firmware-configs/{name}/profile.yaml"
        block.wrong("profile", f"there is no profile {name!r}.", fix, "E-CITY-006")
    return known.profiles.get(name)


def _rules(block: Block, name: str, known: Known) -> tuple[RuleConfig, ...]:
    if name and name not in known.limits and "limits" in block:
        block.wrong("limits", f"there is no limit set {name!r}.", nearest(name, known.limits), "E-CITY-010")
    return known.limits.get(name, ())


def _check_unit(block: Block, unit: int, profile: Profile) -> None:
    if not UNIT_MIN <= unit <= UNIT_MAX:
        fix = f"write the address the device is set to; see firmware-configs/{profile.name}/README.md"
        block.wrong("unit", f"unit identifier {unit} is outside {UNIT_MIN}..{UNIT_MAX}.", fix, "E-CITY-005")


def _check_interval(block: Block, every_s: float | None, profile: Profile) -> None:
    shortest_s = profile.timing.min_poll_s
    if every_s is not None and every_s < shortest_s:
        what = f"every {every_s:g} s is faster than {profile.name} can answer."
        block.wrong("every", what, f"write every: {shortest_s:g}s or more", "E-CITY-013")


def _check_names(block: Block, profile: Profile, zero: Mapping[str, float], constants: Mapping[str, float]) -> None:
    """A profile's expressions name `zero.*`, 0 until the site is commissioned, and `site.*`, which must be given."""
    for name in sorted(_needed(profile, "site") - constants.keys()):
        what = f"profile {profile.name} needs the site's number {name!r}."
        fix = f"write constants: {{{name}: …}}; see firmware-configs/{profile.name}/README.md"
        block.wrong("constants", what, fix, "E-CITY-014")
    for name in sorted(zero.keys() - _needed(profile, "zero")):
        fix = nearest(name, sorted(_needed(profile, "zero")))
        block.wrong("zero", f"profile {profile.name} has no zero {name!r}.", fix, "E-CITY-015")


def _needed(profile: Profile, group: str) -> set[str]:
    expressions = [value.expression for value in profile.derived] + [check.condition for check in profile.checks]
    names = {name.partition(".") for expression in expressions for name in expression.names}
    return {rest for head, _, rest in names if head == group and rest}


def _place(block: Block, crs: Crs) -> tuple[float | None, float | None]:
    """Latitude and longitude in WGS-84, or neither when the site has none yet; `crs` unless the site names its own."""
    crs = Crs(block.choice("crs", WORDS, default=crs))
    if "at" not in block:
        return None, None
    at = block.sequence("at")
    values = at.numbers()
    if len(values) != 2:
        what = "'at' is not two numbers."
        block.wrong("at", what, "write [latitude, longitude], for example [24.7231, 118.1523]", "E-CITY-011")
        return None, None
    latitude, longitude = values
    if abs(latitude) <= LATITUDE_MAX and abs(longitude) <= LONGITUDE_MAX:
        latitude, longitude = to_wgs84(crs, latitude, longitude)
        return round(latitude, DECIMALS), round(longitude, DECIMALS)
    fix = "write [latitude, longitude] in degrees"
    if abs(longitude) <= LATITUDE_MAX and abs(latitude) <= LONGITUDE_MAX:
        fix = f"latitude comes first: [{longitude:g}, {latitude:g}]"
    block.wrong("at", f"[{latitude:g}, {longitude:g}] is no place on Earth.", fix, "E-CITY-011")
    return None, None
