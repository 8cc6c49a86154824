"""The JSON Schema of sensors.yaml, for editors: it knows the keys and words that `wire.sensors_yaml` reads.

An editor shows what it can say while one types; `egret check` says the rest (addresses taken twice,
names that refer to nothing, lines that are too busy).
"""

from collections.abc import Mapping

from wire.alarm import Level
from wire.crs import WORDS
from wire.quantities import QUANTITIES
from wire.sensors_yaml import SCHEMA
from wire.site_blocks import (
    AREA_MAX_M2,
    AREA_MIN_M2,
    EXPOSURES,
    HEIGHT_MAX_M,
    HEIGHT_MIN_M,
    LATITUDE_MAX,
    LONGITUDE_MAX,
    UNIT_MAX,
    UNIT_MIN,
)
from wire.topics import IDENTIFIER

Schema = dict[str, object]

_TEXT: Schema = {"type": "string"}
_NUMBERS: Schema = {"type": "object", "additionalProperties": {"type": "number"}}
_WORDS: Schema = {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
_DURATION: Schema = {"type": "string", "pattern": r"^\d+(\.\d+)? ?(ms|s|min|h|d)$", "examples": ["500ms", "5s"]}
_SIZE: Schema = {
    "type": "string",
    "pattern": r"^\d{1,6}(\.\d{1,6})? ?(KiB|MiB|GiB|MB|GB)$",
    "examples": ["512 MiB", "8 GiB"],
}
_DATE: Schema = {"type": "string", "format": "date", "examples": ["2026-03-14"]}
_CRS: Schema = {"enum": list(WORDS)}
_PERIOD: Schema = {"type": "string", "pattern": r"^[1-9]\d{0,4} ?[dy]$", "examples": ["365d", "1y"]}


def sensors_schema() -> Schema:
    """JSON Schema, draft 2020-12."""
    sections: Schema = {
        "schema": {"const": SCHEMA},
        "crs": {**_CRS, "description": "the coordinate system of every `at:`; GCJ-02 is some 500 m off WGS-84"},
        "city": _object({"name": _TEXT, "name_en": _TEXT, "demonstration": {"type": "boolean"}}, ["name"]),
        "districts": _named(_described(_TEXT, "the district's name")),
        "limits": _named(_limit_set()),
        "kinds": _named(_object(_template(), [])),
        "boxes": _named(
            _object(
                {"name": _TEXT, "spool": _spool(), "ring": _ring(), "budget": _budget(), "lines": _named(_line())},
                ["lines"],
            )
        ),
        "sites": _named(_site()),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Egret: the city's sites, boxes, lines and sensors",
        **_object(sections, [key for key in sections if key != "limits"]),
    }


def _limit_set() -> Schema:
    level = _object({"limit": {"type": "number"}, "on_delay": _DURATION, "source": _TEXT}, [])
    levels = _object(dict.fromkeys((level.value for level in Level), level), [])
    rule = {
        "kind": _described(_TEXT, "limit, or fault for the sensor itself"),
        "quantity": {"enum": list(QUANTITIES)},
        "deadband": {"type": "number", "minimum": 0},
        "off_delay": _DURATION,
        "levels": levels,
    }
    return _object({"from": _described(_TEXT, "the set it starts from"), "rules": _named(_object(rule, []))}, ["rules"])


def _template() -> Schema:
    return {
        "profile": _described(_TEXT, "a folder of firmware-configs"),
        "limits": _described(_TEXT, "a limit set, shipped or from `limits:`"),
        "every": _described(_DURATION, "sampling interval; else the profile's"),
        "constants": _described(_NUMBERS, "the site's numbers that the profile names"),
        "settings": _described(_WORDS, "what the device is to keep, in the profile's words: {bandwidth: 5Hz}"),
        "calibration": _described(_PERIOD, "how long a calibration holds; a year unless written"),
        "report": _report(),
    }


def _report() -> Schema:
    change: Schema = {quantity: {"type": "number", "exclusiveMinimum": 0} for quantity in QUANTITIES}
    policy: Schema = {
        "every": _described(_DURATION, "one sample in each such interval leaves the box; 0s: every sample"),
        "change": _described(_object(change, []), "also a sample that has moved so far, in the quantity's unit"),
        "statistics": {"type": "boolean", "description": "beside it minimum, mean, maximum, deviation of the interval"},
    }
    for word in ("before", "after"):
        policy[word] = _described(_DURATION, f"every sample so long {word} an alarm leaves all the same; 60s")
    return _object(policy, [])


def _spool() -> Schema:
    limits: Schema = {
        "most": _described(_SIZE, "of its file, before the oldest readings go; 512 MiB unless written"),
        "keep_free": _described(_SIZE, "what readings leave free on its disk, for alarms; 64 MiB unless written"),
        "keep": _described(_DURATION, "what has its receipt, for a cloud that asks again; 48h unless written"),
    }
    return _object(limits, [])


def _ring() -> Schema:
    limits: Schema = {
        "most": _described(_SIZE, "bytes of held-back samples, within the spool's; 64 MiB unless written"),
        "keep": _described(_DURATION, "for how long; 7d unless written"),
    }
    return _object(limits, [])


def _budget() -> Schema:
    return {
        **_described(_SIZE, "data a month, for which readings give way; none unless written"),
        "examples": ["500 MB"],
    }


def _line() -> Schema:
    source = _described(_TEXT, "a source kind, for example modbus_rtu; its options stand beside it")
    return {"type": "object", "properties": {"source": source}, "required": ["source"]}


def _site() -> Schema:
    sensor: Schema = {
        "line": {"type": "string", "pattern": "^[^/ ]+/[^/ ]+$", "description": "box/line"},
        "unit": {"type": "integer", "minimum": UNIT_MIN, "maximum": UNIT_MAX},
        "address": _described(
            _TEXT, "what it is known by through the air or on another platform: devEUI, AA:BB:…, a name"
        ),
        **_template(),
        "zero": _described(_NUMBERS, "what each point read when the site was commissioned"),
        "commissioned": _described(_DATE, "the day it was taken into service"),
        "calibrated": _described(_DATE, "the day of its last calibration"),
        "serial": _described(_TEXT, "the serial number on its plate"),
    }
    contact: Schema = {
        "name": _TEXT,
        "phone": _described(_TEXT, "in quotes, so that a leading 0 stays"),
        "email": _TEXT,
        "checked": _described(_DATE, "the day somebody last reached them"),
    }
    degrees = [
        _between(-bound, bound, name) for name, bound in (("latitude", LATITUDE_MAX), ("longitude", LONGITUDE_MAX))
    ]
    site: Schema = {
        "name": _TEXT,
        "name_en": _TEXT,
        "kind": _described(_TEXT, "one of `kinds:`"),
        "district": _described(_TEXT, "one of `districts:`"),
        "at": {"type": "array", "prefixItems": degrees, "minItems": 2, "maxItems": 2},
        "crs": {**_CRS, "description": "of this site's `at:`, when it is not the file's"},
        "sensors": _named(_object(sensor, ["line"])),
        "street": _described(_TEXT, "the subdistrict (街道)"),
        "owner": _described(_TEXT, "who is answerable for the structure"),
        "contact": _object(contact, ["name"]),
        "permit": _described(_TEXT, "the number it is allowed under"),
        "height": _between(HEIGHT_MIN_M, HEIGHT_MAX_M, "m, its top above ground"),
        "area": _between(AREA_MIN_M2, AREA_MAX_M2, "m², the face that the wind meets"),
        "exposure": {"enum": list(EXPOSURES), "description": "terrain category of GB 50009"},
        "inspected": _described(_DATE, "the day somebody last looked it over"),
    }
    return _object(site, ["name", "kind", "district", "sensors"])


def _object(properties: Mapping[str, object], required: list[str]) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def _named(entry: Schema) -> Schema:
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^{IDENTIFIER.pattern}$"},
        "additionalProperties": entry,
    }


def _between(minimum: float, maximum: float, words: str) -> Schema:
    return {"type": "number", "minimum": minimum, "maximum": maximum, "description": words}


def _described(schema: Schema, words: str) -> Schema:
    return {**schema, "description": words}
