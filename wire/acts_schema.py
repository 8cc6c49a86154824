"""The JSON Schema of what a profile.yaml says may be done to a device: identity, settings, procedures."""

from collections.abc import Mapping

from wire import schema_parts as parts
from wire.acts_yaml import EFFECTS, WRITES
from wire.schema_parts import Schema


def sections() -> Mapping[str, object]:
    """The sections by name; a profile may leave out each of them."""
    return {
        "identity": parts.named(_identity()),
        "settings": parts.named(_setting()),
        "procedures": {
            "type": "object",
            "propertyNames": {"pattern": parts.NAME},
            "additionalProperties": parts.described(parts.listed(parts.TEXT), "steps, see docs/develop/profiles.md"),
        },
        "protected": parts.named(_protected()),
    }


def _identity() -> Schema:
    return parts.mapping(
        {
            "fc": parts.described(parts.integer(3, 4), "function code: 3 holding, 4 input registers"),
            "addr": parts.described(parts.integer(0, 0xFFFF), "0-based protocol address"),
            "type": parts.choice(("u16", "i16")),
            "mask": parts.described(parts.integer(1, 0xFFFF), "bits that count, before shift"),
            "shift": parts.integer(0, 15),
            "is": parts.described(parts.listed({"type": "integer"}), "raw values that prove the model"),
            "not": parts.described(parts.listed({"type": "integer"}), "raw values that another model has"),
            "range": parts.described(parts.RANGE, "raw values between which this model stays"),
            "say": parts.described(parts.TEXT, "what the register holds"),
        },
        ["fc", "addr", "say"],
    )


def _setting() -> Schema:
    return parts.mapping(
        {
            "reg": parts.described(parts.integer(0, 0xFFFF), "holding register, 0-based"),
            "fc": parts.described({"enum": list(WRITES)}, "function code that writes it; 6 unless written"),
            "cmd": parts.described(parts.TEXT, "bytes that tell a device of messages: FF AA 03 {value} 00"),
            "codes": parts.described(parts.WORDS_BY_NUMBER, "raw value to choice"),
            "range": parts.described(parts.RANGE, "raw values that may be written, where there are no codes"),
            "scale": parts.described({"type": ["number", "string"]}, "people see raw times scale"),
            "unit": parts.described(parts.TEXT, "UCUM code"),
            "effect": parts.described(parts.choice(EFFECTS), "when it begins to hold"),
            "say": parts.described(parts.TEXT, "what people should know"),
        },
        ["effect"],
        oneOf=[{"required": ["reg"]}, {"required": ["cmd"]}],
    )


def _protected() -> Schema:
    return parts.mapping(
        {
            "addr": parts.described(parts.integer(0, 0xFFFF), "first holding register, 0-based"),
            "count": parts.described(parts.integer(1, 0x10000), "how many; 1 unless written"),
            "but": parts.described(parts.listed({"type": "integer"}), "values that may be written all the same"),
            "say": parts.described(parts.TEXT, "what they hold"),
        },
        ["addr", "say"],
    )
