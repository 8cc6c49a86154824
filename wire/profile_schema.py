"""The JSON Schema of profile.yaml, for editors: it knows the keys and words that `wire.profile_yaml` reads.

An editor shows what it can say while one types; `egret check` says the rest (registers within their
block, names in expressions, units).
"""

from wire import acts_schema, message_schema
from wire import schema_parts as parts
from wire.block_plan import BITS_MAX, COUNT_MAX
from wire.message_yaml import FIELDS_MAX
from wire.profile import PointType
from wire.profile_expressions import QUALITIES
from wire.profile_points import BYTE_TYPES, FRAME_MAX, REF_BASES, REGISTER_TYPES, TEXT_TYPES
from wire.profile_yaml import LEVELS
from wire.registers import ORDERS
from wire.schema_parts import Schema


def profile_schema() -> Schema:
    """JSON Schema, draft 2020-12."""
    sections: Schema = {
        "profile": parts.described(parts.TEXT, "the folder's name, <vendor>-<model>"),
        "kind": parts.described(parts.TEXT, "what it measures: tilt, gas, level, vibration"),
        "title": parts.described(parts.TEXT, "maker and model, as people say it"),
        "evidence": _evidence(),
        "link": message_schema.link(),
        "timing": _timing(),
        **message_schema.sections(),
        "blocks": parts.named(_block()),
        "points": parts.named(_point()),
        "derive": parts.named(_derived()),
        "checks": parts.listed(_check()),
        "vectors": parts.listed(_vector()),
        **acts_schema.sections(),
    }
    optional = {"blocks", "derive", "checks", *acts_schema.sections(), *message_schema.sections()}
    required = [key for key in sections if key not in optional]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Egret device profile",
        **parts.mapping(sections, required),
    }


def _evidence() -> Schema:
    return parts.mapping(
        {
            "level": parts.described(parts.choice(LEVELS), "how far the profile can be trusted"),
            "source": parts.described(parts.TEXT, "document and page, or file"),
            "open": parts.described(parts.listed(parts.TEXT), "what nobody has verified yet"),
        },
        ["level", "source"],
    )


def _timing() -> Schema:
    return parts.mapping(
        {
            "timeout": parts.described(parts.duration(), "wait this long for a reply"),
            "gap": parts.described(parts.duration(), "silence before a request; never less than 3.5 characters"),
            "late_max": parts.described(parts.duration(), "a late reply may still come until then"),
            "min_poll": parts.described(parts.duration(), "shortest interval between two polls"),
            "after_write": parts.described(parts.duration(), "how long the device is busy after a write"),
            "silence": parts.described(parts.duration(), "a device that speaks by itself is silent after so long"),
        },
        ["min_poll"],
    )


def _block() -> Schema:
    return parts.mapping(
        {
            "fc": parts.described(parts.integer(1, 4), "1 coils, 2 discrete inputs, 3 holding, 4 input registers"),
            "addr": parts.described(parts.integer(0, 0xFFFF), "0-based protocol address"),
            "ref": parts.described(parts.integer(0, 0xFFFF), "the number printed in the manual"),
            "ref_base": parts.described(parts.choice(REF_BASES), "how printed numbers count"),
            "count": parts.described(parts.integer(1, BITS_MAX), "registers in one request, at most 125, or bits"),
            "every": parts.described(parts.duration(), "sampling interval"),
            "max_hole": parts.described(
                parts.integer(0, COUNT_MAX), "read with the next block when at most so many registers lie between"
            ),
            "once": parts.described({"type": "boolean"}, "reading changes the device: never asked again blindly"),
            "before": parts.mapping(
                {
                    "reg": parts.described(parts.integer(0, 0xFFFF), "register that starts the measurement"),
                    "value": parts.integer(0, 0xFFFF),
                    "wait": parts.described(parts.duration(), "how long it measures"),
                },
                ["reg", "value", "wait"],
            ),
        },
        ["fc", "count", "every"],
        oneOf=[{"required": ["addr"]}, {"required": ["ref", "ref_base"]}],
    )


def _point() -> Schema:
    return parts.mapping(
        {
            "in": parts.described(parts.TEXT, "its block"),
            "reg": parts.described(parts.integer(0, 0xFFFF), "0-based protocol address, in a block with addr"),
            "ref": parts.described(parts.integer(0, 0xFFFF), "printed number, in a block with ref"),
            "at": parts.described(parts.integer(0, FRAME_MAX), "its first byte in a frame or an entry, from 0"),
            "field": parts.described(parts.integer(0, FIELDS_MAX - 1), "its field in a line, from 0"),
            "type": parts.choice(tuple(dict.fromkeys((*REGISTER_TYPES, PointType.BIT, *BYTE_TYPES, *TEXT_TYPES)))),
            "order": parts.described(parts.choice(ORDERS), "word and byte order; 32-bit types only, and then required"),
            "mask": parts.described(parts.integer(1, 0xFFFF_FFFF), "bits that count, before shift"),
            "shift": parts.integer(0, 31),
            "scale": parts.described({"type": ["number", "string"]}, "factor, also as a fraction: 16/32768"),
            "offset": parts.NUMBER,
            "unit": parts.described(parts.TEXT, "UCUM code"),
            "range": parts.described(parts.RANGE, "span"),
            "invalid": parts.described(parts.listed(parts.NUMBER), "raw values that mean: no value"),
            "require": parts.described({"type": "integer"}, "raw value that proves the model"),
            "codes": parts.described(parts.WORDS_BY_NUMBER, "raw value to state"),
            "bits": parts.described(parts.WORDS_BY_NUMBER, "bit number to flag"),
            "means": parts.quantity(),
        },
        ["in", "type"],
        oneOf=[{"required": [key]} for key in ("reg", "ref", "at", "field")],
    )


def _derived() -> Schema:
    return parts.mapping(
        {"expr": parts.expression(), "unit": parts.described(parts.TEXT, "UCUM code"), "means": parts.quantity()},
        ["expr"],
    )


def _check() -> Schema:
    qualities = tuple(dict.fromkeys(quality for quality, _ in QUALITIES))
    reasons = tuple(dict.fromkeys(why for _, why in QUALITIES))
    return parts.mapping(
        {
            "if": parts.expression(),
            "quality": parts.choice(qualities),
            "why": parts.described(parts.choice(reasons), "NAMUR NE 107"),
            "say": parts.described(parts.TEXT, "what people are told"),
            "stuck": parts.described(parts.listed(parts.TEXT), "points of which at least one must change"),
            "for": parts.duration(),
        },
        [],
        oneOf=[{"required": ["if", "quality", "why", "say"]}, {"required": ["stuck", "for"]}],
    )


def _vector() -> Schema:
    return parts.mapping(
        {
            "block": parts.TEXT,
            "hex": parts.described(parts.TEXT, "the block's registers, or the bytes, as the line carries them"),
            "text": parts.described(parts.TEXT, "what a device of lines sends"),
            "ask": parts.described(parts.TEXT, "the request that this answers, in hexadecimal bytes"),
            "given": parts.described(
                {"type": "object", "additionalProperties": parts.NUMBER}, "zero.* and site.* numbers"
            ),
            "want": parts.described({"type": "object"}, "values they must decode to"),
            "source": parts.described(parts.TEXT, "where they are printed, or how they were computed"),
        },
        ["want", "source"],
        oneOf=[{"required": ["hex"]}, {"required": ["text"]}],
    )
