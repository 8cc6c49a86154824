"""The JSON Schema of profile.yaml, for editors: it knows the keys and words that `wire.profile_yaml` reads.

An editor shows what it can say while one types; `egret check` says the rest (registers within their
block, names in expressions, units).
"""

from collections.abc import Mapping

from wire.expression import LENGTH_MAX
from wire.profile_points import COUNT_MAX, REF_BASES, TYPES
from wire.profile_yaml import FRAMES, LEVELS, QUALITIES
from wire.quantities import QUANTITIES
from wire.registers import ORDERS

Schema = dict[str, object]

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_NAME = "^[a-z][a-z0-9_]*$"
_WORDS_BY_NUMBER: Schema = {"type": "object", "additionalProperties": _TEXT}


def profile_schema() -> Schema:
    """JSON Schema, draft 2020-12."""
    sections: Schema = {
        "profile": _described(_TEXT, "the folder's name, <vendor>-<model>"),
        "kind": _described(_TEXT, "what it measures: tilt, gas, level, vibration"),
        "title": _described(_TEXT, "maker and model, as people say it"),
        "evidence": _evidence(),
        "link": _link(),
        "timing": _timing(),
        "blocks": _named(_block()),
        "points": _named(_point()),
        "derive": _named(_derived()),
        "checks": _list(_check()),
        "vectors": _list(_vector()),
    }
    required = [key for key in sections if key not in ("derive", "checks")]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Egret device profile",
        **_object(sections, required),
    }


def _evidence() -> Schema:
    return _object(
        {
            "level": _described(_choice(LEVELS), "how far the profile can be trusted"),
            "source": _described(_TEXT, "document and page, or file"),
            "open": _described(_list(_TEXT), "what nobody has verified yet"),
        },
        ["level", "source"],
    )


def _link() -> Schema:
    properties: Schema = {
        "modbus": _choice(("rtu",)),
        "baud": _integer(300, 921_600),
        "frame": _described(_choice(FRAMES), "data bits, parity, stop bits"),
        "unit": _described(_integer(1, 247), "unit identifier as delivered"),
    }
    return _object(properties, list(properties))


def _timing() -> Schema:
    return _object(
        {
            "timeout": _described(_duration(), "wait this long for a reply"),
            "gap": _described(_duration(), "silence before a request; never less than 3.5 characters"),
            "late_max": _described(_duration(), "a late reply may still come until then"),
            "min_poll": _described(_duration(), "shortest interval between two polls"),
        },
        ["timeout", "late_max", "min_poll"],
    )


def _block() -> Schema:
    return _object(
        {
            "fc": _described(_integer(3, 4), "function code: 3 holding, 4 input registers"),
            "addr": _described(_integer(0, 0xFFFF), "0-based protocol address"),
            "ref": _described(_integer(0, 0xFFFF), "the number printed in the manual"),
            "ref_base": _described(_choice(REF_BASES), "how printed numbers count"),
            "count": _described(_integer(1, COUNT_MAX), "registers in one request"),
            "every": _described(_duration(), "sampling interval"),
        },
        ["fc", "count", "every"],
        oneOf=[{"required": ["addr"]}, {"required": ["ref", "ref_base"]}],
    )


def _point() -> Schema:
    return _object(
        {
            "in": _described(_TEXT, "its block"),
            "reg": _described(_integer(0, 0xFFFF), "0-based protocol address, in a block with addr"),
            "ref": _described(_integer(0, 0xFFFF), "printed number, in a block with ref"),
            "type": _choice(TYPES),
            "order": _described(_choice(ORDERS), "word and byte order; 32-bit types only, and then required"),
            "mask": _described(_integer(1, 0xFFFF_FFFF), "bits that count, before shift"),
            "shift": _integer(0, 31),
            "scale": _described({"type": ["number", "string"]}, "factor, also as a fraction: 16/32768"),
            "offset": _NUMBER,
            "unit": _described(_TEXT, "UCUM code"),
            "range": _described(
                {"type": "array", "prefixItems": [_NUMBER, _NUMBER], "minItems": 2, "maxItems": 2}, "span"
            ),
            "invalid": _described(_list(_NUMBER), "raw values that mean: no value"),
            "require": _described({"type": "integer"}, "raw value that proves the model"),
            "codes": _described(_WORDS_BY_NUMBER, "raw value to state"),
            "bits": _described(_WORDS_BY_NUMBER, "bit number to flag"),
            "means": _quantity(),
        },
        ["in", "type"],
        oneOf=[{"required": ["reg"]}, {"required": ["ref"]}],
    )


def _derived() -> Schema:
    return _object({"expr": _expression(), "unit": _described(_TEXT, "UCUM code"), "means": _quantity()}, ["expr"])


def _check() -> Schema:
    qualities = tuple(dict.fromkeys(quality for quality, _ in QUALITIES))
    reasons = tuple(dict.fromkeys(why for _, why in QUALITIES))
    return _object(
        {
            "if": _expression(),
            "quality": _choice(qualities),
            "why": _described(_choice(reasons), "NAMUR NE 107"),
            "say": _described(_TEXT, "what people are told"),
            "stuck": _described(_list(_TEXT), "points of which at least one must change"),
            "for": _duration(),
        },
        [],
        oneOf=[{"required": ["if", "quality", "why", "say"]}, {"required": ["stuck", "for"]}],
    )


def _vector() -> Schema:
    return _object(
        {
            "block": _TEXT,
            "hex": _described(_TEXT, "the block's registers as the line carries them"),
            "given": _described({"type": "object", "additionalProperties": _NUMBER}, "zero.* and site.* numbers"),
            "want": _described({"type": "object"}, "values they must decode to"),
            "source": _described(_TEXT, "where they are printed, or how they were computed"),
        },
        ["block", "hex", "want", "source"],
    )


def _object(properties: Mapping[str, object], required: list[str], **more: object) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False, **more}


def _named(entry: Schema) -> Schema:
    return {"type": "object", "propertyNames": {"pattern": _NAME}, "additionalProperties": entry}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _choice(words: tuple[str, ...]) -> Schema:
    return {"enum": list(words)}


def _integer(lowest: int, highest: int) -> Schema:
    return {"type": "integer", "minimum": lowest, "maximum": highest}


def _duration() -> Schema:
    return {"type": "string", "pattern": r"^\d+(\.\d+)?\s?(ms|s|min|h|d)$"}


def _expression() -> Schema:
    return {"type": ["string", "number"], "maxLength": LENGTH_MAX}


def _quantity() -> Schema:
    return _described(_choice(tuple(QUANTITIES)), "the quantity it is published as")


def _described(schema: Schema, words: str) -> Schema:
    return {**schema, "description": words}
