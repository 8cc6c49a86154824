"""A commissioned sensor in sensors.yaml: its site, box and line where they are missing, and what was measured of it.

The file is checked as `egret check` does before it takes the place of the old one, which stays beside it.
"""

import stat
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path

import msgspec

from edge.field.city_line import new_line, port_of
from edge.field.record import Found, Plan, Record
from edge.field.zero import Zero, has_zero
from wire.addresses import is_ble
from wire.city_check import load_checked
from wire.crs import Crs
from wire.errors import ConfigError, Mistake, Unsafe
from wire.inventory import Box, Inventory
from wire.limit_sets import shipped
from wire.profile import Profile
from wire.sensors_yaml import SCHEMA
from wire.site_blocks import DECIMALS
from wire.whole_file import sync_folder, write_whole
from wire.yaml_text import Bare, Entry, Flow, YamlText


def new_city(plan: Plan, profile: Profile) -> str:
    """A sensors.yaml of nothing yet, for who stands at the pole without the city's."""
    limits = {"limits": plan.kind} if plan.kind in shipped() else {}
    text = YamlText(f"schema: {SCHEMA}\ncrs: WGS-84\n")
    text.put(["city"], Flow(name=plan.district))
    text.put(["districts"], Flow({plan.district: plan.district}))
    text.put(["kinds"], {plan.kind: Flow(profile=profile.name, **limits)})
    return f"{text.text}boxes:\nsites:\n"


def with_sensor(text: str, record: Record, profile: Profile, day: str) -> str:
    """The file's text with it; what stands there of it is brought up to date. `day`: of today, local."""
    plan, found = record.plan, record.found
    assert found is not None
    city = YamlText(text)
    if not city.has("boxes", plan.box):
        city.put(["boxes", plan.box], {"name": plan.box, "lines": {plan.line: new_line(plan, found, profile)}})
    elif not city.has("boxes", plan.box, "lines", plan.line):
        city.put(["boxes", plan.box, "lines", plan.line], new_line(plan, found, profile))
    sensor = _sensor(city, record, found, day)
    if not city.has("sites", plan.site):
        city.put(["sites", plan.site], _site(plan, sensor, city.value("crs")))
    elif not city.has("sites", plan.site, "sensors", plan.key):
        city.put(["sites", plan.site, "sensors", plan.key], Flow(sensor))
    else:
        there = ["sites", plan.site, "sensors", plan.key]
        for key in _outlived(record, profile):
            if city.has(*there, key):
                city.take_out([*there, key])
        for key, value in sensor.items():
            city.put([*there, key], value)
    return city.text


def _outlived(record: Record, profile: Profile) -> list[str]:
    """What the file may say of the device that this one has replaced, and this one has not."""
    assert record.found is not None
    has = {"unit": record.found.unit, "address": record.found.known_by, "zero": record.zero or has_zero(profile)}
    return [key for key, value in has.items() if not value]


def with_zero(text: str, plan: Plan, zero: Zero, file: str) -> str:
    """The file's text with another zero of a sensor that stands there. Raises ConfigError where it does not."""
    city = YamlText(text)
    if not city.has("sites", plan.site, "sensors", plan.key):
        what = f"there is no sensor {plan.sensor!r} yet."
        raise ConfigError([Mistake(file, what, "`egret site commission` writes the whole sensor.", "E-FIELD-025")])
    city.put(["sites", plan.site, "sensors", plan.key, "zero"], Flow(zero.baseline))
    return city.text


def _site(plan: Plan, sensor: Mapping[str, Entry], crs: str) -> dict[str, Entry]:
    """`crs`: what the file's places are in; a plan's is WGS-84."""
    site: dict[str, Entry] = {"name": plan.name, "kind": plan.kind, "district": plan.district}
    if plan.at:
        site["at"] = [round(degrees, DECIMALS) for degrees in plan.at]
        site |= {"crs": Crs.WGS84} if crs != Crs.WGS84 else {}
    site["sensors"] = {plan.key: Flow(sensor)}
    return site | {key: value for key, value in (("street", plan.street), ("owner", plan.owner)) if value}


def _sensor(city: YamlText, record: Record, found: Found, day: str) -> dict[str, Entry]:
    plan = record.plan
    sensor: dict[str, Entry] = {"line": f"{plan.box}/{plan.line}"}
    if found.unit:
        sensor["unit"] = Bare(f"0x{found.unit:02X}")
    if found.known_by:
        quoted = is_ble(found.known_by)  # digits with colons are a number of base 60 to other readers of YAML
        sensor["address"] = Bare(f'"{found.known_by}"') if quoted else found.known_by
    kind = city.value("sites", plan.site, "kind") or plan.kind
    named = city.has("sites", plan.site, "sensors", plan.key, "profile")
    if named or city.value("kinds", kind, "profile") != found.model:
        sensor["profile"] = found.model
    if plan.constants:
        sensor["constants"] = Flow(plan.constants)
    if record.zero:
        sensor["zero"] = Flow(record.zero.baseline)
    sensor["commissioned"] = Bare(day)
    return sensor | ({"serial": plan.serial} if plan.serial else {})


def offered(record: Record, city: Inventory) -> Plan:
    """The plan, filled up with what the file says of the site and the sensor: people need not say it again.

    A neighbour's line is offered where it is of the same kind and another device can hang on it; to a Bluetooth sensor
    the box's own line for such ones.
    """
    plan, found = _of_the_site(record, city), record.found
    box = city.boxes.get(plan.box)
    is_new = plan.sensor not in city.sensors and plan.line == Plan().line
    if box and found and found.known_by and is_new:
        return msgspec.structs.replace(plan, line=_line_in_the_air(box, found.source, plan.line))
    return plan


def _line_in_the_air(box: Box, source: str, usual: str) -> str:
    """The box's line of that source; where it has none the usual name, unless that is taken."""
    sources = {line.key: line.source for line in box.lines}
    return next((key for key in sources if sources[key] == source), source if usual in sources else usual)


def _of_the_site(record: Record, city: Inventory) -> Plan:
    plan, found = record.plan, record.found
    site, sensor = city.sites.get(plan.site), city.sensors.get(plan.sensor)
    if site is None:
        return plan
    at = (site.latitude, site.longitude) if site.latitude is not None and site.longitude is not None else None
    known: dict[str, object] = {name: getattr(site, name) for name in ("name", "kind", "district", "street", "owner")}
    known |= {"at": at} | ({"serial": sensor.serial, "constants": sensor.constants} if sensor else {})
    like = sensor or next((city.sensors[name] for name in site.sensors), None)
    if like and plan.box in ("", like.box):
        known["box"] = like.box
        line = next(one for one in city.lines if (one.box, one.key) == (like.box, like.line))
        if found and line.source == found.source and (sensor or found.unit):
            plan = msgspec.structs.replace(plan, line=line.key)
            known["port"] = port_of(line)
    return msgspec.structs.replace(plan, **{name: one for name, one in known.items() if not getattr(plan, name)})


def read(path: Path) -> str:
    """Its text to the last byte; empty where there is no file. Raises OSError."""
    return path.read_bytes().decode() if path.exists() else ""


def write(path: Path, before: str, text: str, library: Mapping[str, Profile], stamp: str) -> Inventory:
    """Checked, then in one step, if it still is as `before`, which is kept as `sensors.yaml.STAMP`.

    Raises ConfigError, Unsafe where it is read-only or somebody else has changed it, and OSError.
    """
    path = path.resolve()  # the file, where this is a link to it
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
    if not mode & stat.S_IWUSR:
        fix = "it is read-only because something else writes it: put the sensor in there, or name a copy."
        raise Unsafe("this file is read-only.", where=str(path), fix=fix, code="E-FIELD-048")
    draft = path.with_name(f"{path.name}.draft")
    try:
        write_whole(draft, text.encode(), mode)
        draft.chmod(mode)
        inventory = _checked(draft, path.name, library)
        if read(path) != before:
            raise Unsafe(
                "somebody else has changed this file meanwhile; nothing was written.",
                where=str(path),
                fix="see what was changed, and repeat.",
                code="E-FIELD-049",
            )
        kept = path.with_name(f"{path.name}.{stamp}")
        if before and not kept.exists():
            write_whole(kept, before.encode(), mode)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)
    return inventory


def _checked(draft: Path, name: str, library: Mapping[str, Profile]) -> Inventory:
    """Mistakes are those of the file `name`."""
    try:
        return load_checked(draft, library)
    except ConfigError as error:
        named = [Mistake(*(said.replace(draft.name, name) for said in astuple(one))) for one in error.mistakes]
        raise ConfigError(named) from error
